// A lowered network written as ONNX and read again: the same nodes, weights and scores, for this reader and for ONNX Runtime.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { evaluateParallel } from '../../src/graph/evaluate-parallel.js';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { lower } from '../../src/lower/lower.js';
import { importOnnx, importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { writeOnnx } from '../../src/onnx/write-onnx.js';
import { randomStream, uniform } from '../../src/random.js';
import { modelFile, maxPoolSpec, plainSpec, transposedSpec } from '../compile/tiny-models.js';

const lowered = (graph: Graph): Graph<CoreNode> => lower(graph, { report: new Reporter(), kernels: createKernels() });
const read = (bytes: Uint8Array): Graph<CoreNode> => lowered(importOnnxBytes(bytes, { name: 'written.onnx', layout: 'NCHW', report: new Reporter() }).graph);
/** Nodes by name: a reader may sort them otherwise. */
const contents = (graph: Graph<CoreNode>): unknown => new Map(graph.nodes.filter((n) => n.kind !== 'input').map((n) => [n.id, [n.kind, n.shape, n.inputs.length, 'weight' in n ? [n.weight, n.bias] : null, 'cap' in n ? n.cap : null]]));

describe('writing ONNX', () => {
  const files: readonly (readonly [string, () => string])[] = [
    ['plain', () => modelFile('written-plain', plainSpec())], ['max pool', () => modelFile('written-pool', maxPoolSpec)], ['transposed', () => modelFile('written-transposed', transposedSpec)],
    ['residual', () => 'models/resnet8_cifar10/model.onnx'],
  ];
  it.each(files)('keeps a lowered network: %s', async (_, path) => {
    const graph = lowered(importOnnx(path(), { layout: path().includes('resnet') ? 'NHWC' : 'NCHW', report: new Reporter() }).graph);
    const bytes = writeOnnx(graph, 'test');
    expect(Buffer.compare(bytes, writeOnnx(graph, 'test'))).toBe(0);
    const again = read(bytes);
    const { shape } = graph.nodes[0];
    const images = Float32Array.from(uniform(randomStream(3), 2 * shape.reduce((a, b) => a * b, 1)));
    const [before, after] = [await evaluateParallel(graph, images, 2, { workers: 1 }), await evaluateParallel(again, images, 2, { workers: 1 })];
    expect(after).toEqual(before);
    expect(contents(again)).toEqual(contents(graph));
    const session = await InferenceSession.create(bytes);
    const { [session.outputNames[0]]: answer } = await session.run({ [session.inputNames[0]]: new Tensor('float32', images, [2, ...shape]) });
    (answer.data as Float32Array).forEach((v, i) => expect(v).toBeCloseTo(before[i], 3));
  });

  it('writes the cap of a rectifier', () => {
    const graph = lowered(importOnnx(modelFile('written-cap', plainSpec()), { layout: 'NCHW', report: new Reporter() }).graph);
    const capped: Graph<CoreNode> = { ...graph, nodes: graph.nodes.map((n) => (n.kind === 'relu' ? { ...n, cap: 0.5 } : n)) };
    expect(contents(read(writeOnnx(capped, 'test')))).toEqual(contents(capped));
  });
});
