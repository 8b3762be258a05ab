// Opens a model, or opens and lowers it, in a process of its own, and prints seconds and peak memory as JSON.
import { Reporter } from '../../dist/diagnostics.js';
import { importOnnx } from '../../dist/onnx/import-onnx.js';

const [, , path, whole] = process.argv;
const report = new Reporter();
const began = performance.now();
const { graph } = importOnnx(path, { report });
const imported = (performance.now() - began) / 1000;
let lowered = null;
if (whole === 'lower') {
  const { lower } = await import('../../dist/lower/lower.js');
  const { createKernels } = await import('../../dist/kernels/kernels.js');
  lower(graph, { report, kernels: createKernels() });
  lowered = (performance.now() - began) / 1000;
}
console.log(JSON.stringify({ imported, lowered, nodes: graph.nodes.length, peakBytes: process.resourceUsage().maxRSS * 1024 }));
