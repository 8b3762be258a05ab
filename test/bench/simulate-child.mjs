// Simulates one program in a process of its own, so that the peak of memory is the simulation's alone.
//   node simulate-child.mjs PROGRAM IMAGES      prints one JSON object; IMAGES made-up images, one worker, WASM kernels
import { readFileSync } from 'node:fs';
import { readProgram } from '../../dist/program/read.js';
import { simulate } from '../../dist/simulate/simulate.js';
import { randomStream, uniform } from '../../dist/random.js';

const [path, images] = process.argv.slice(2);
const program = readProgram(readFileSync(path), path);
const { network } = program;
const size = network.imageShape.reduce((a, b) => a * b, 1);
const count = Number(images);
const bytes = Uint8Array.from(uniform(randomStream(1), size * count), (u) => 256 * u);
const trace = await simulate(program, { images: bytes, count, shape: network.imageShape }, { timing: 'functional', seed: 1, workers: 1, kernels: 'wasm' });
console.log(JSON.stringify({
  peakBytes: process.resourceUsage().maxRSS * 1024, seconds: trace.wallSeconds,
  neurons: network.populations.reduce((n, p) => n + p.shape[0] * p.shape[1] * p.shape[2], 0), parameters: program.source.parameters,
}));
