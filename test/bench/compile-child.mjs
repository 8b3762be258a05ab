// Compiles one model in a process of its own, so that the peak of memory is the compiler's alone.
//   node compile-child.mjs MODEL TARGET      prints one JSON object
import { compileModel } from '../../dist/compile.js';
import { loadTarget } from '../../dist/target/load-target.js';

const [model, target] = process.argv.slice(2);
const began = performance.now();
const { bytes, summary } = await compileModel(model, { target: loadTarget(target), timesteps: 32, seed: 1, normalisation: { scale: 255, mean: [0.5], std: [0.25] } });
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage();
const { cores, chips, neurons, synapses, parameters, passes } = summary;
console.log(JSON.stringify({ seconds, processorSeconds: (user + system) / 1e6, peakBytes: process.resourceUsage().maxRSS * 1024, programBytes: bytes.length, cores, chips, neurons, synapses, parameters, passes }));
