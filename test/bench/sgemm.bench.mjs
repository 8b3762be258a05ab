// The float matrix product, one thread, beside OpenBLAS's single thread in the same run. OpenBLAS is
// called from a small C program that is compiled here if a C compiler and cblas.h are at hand;
// otherwise its rows are null and say why. Both take turns, each counts its best call, and time is
// processor time, so that a busy machine hurts both alike. `run()` gives rows of the table.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEvaluator } from '../../dist/graph/evaluate.js';
import { createKernels } from '../../dist/kernels/kernels.js';
import { multiply, multiplyScratchBytes, writeFloats, writeOffsets } from '../../dist/kernels/sgemm.js';

const ROUNDS = 4;
const BAR = 0.4;
/** The convolution 64 -> 64 channels, 3 x 3, on 32 pictures of 32 x 32, as a matrix product. */
const CONV = { channels: 64, side: 32, pictures: 32 };
const CASES = [
  { name: '512 x 512 x 512', rows: 512, columns: 512, depth: 512 },
  { name: '1024 x 1024 x 1024', rows: 1024, columns: 1024, depth: 1024 },
  { name: 'conv 64 to 64, 3 x 3, 32 x 32, 32 pictures', rows: CONV.channels, columns: CONV.side ** 2 * CONV.pictures, depth: CONV.channels * 9, conv: true },
];

const flop = ({ rows, columns, depth }) => 2 * rows * columns * depth;
const numbers = (length) => Float32Array.from({ length }, (_, i) => (i % 7) - 3);

const processorMilliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Best GFLOP per processor second of a few calls. */
function best(work, operations) {
  let least = Infinity;
  for (let i = 0; i < 8; i++) {
    const start = processorMilliseconds();
    work();
    least = Math.min(least, processorMilliseconds() - start);
  }
  return operations / least / 1e6;
}

/** A plain product of matrices in the kernels' memory; packing them is inside the measured time. */
function plainProduct({ rows, columns, depth }) {
  const kernels = createKernels();
  const { memory } = kernels;
  const source = writeFloats(kernels, numbers(rows * depth));
  const left = memory.reserve(kernels.call.packed_left_length(rows, depth) * 4);
  const right = writeFloats(kernels, numbers(depth * columns));
  const rightRows = writeOffsets(kernels, depth, (k) => k * columns);
  const rightColumns = writeOffsets(kernels, columns, (j) => j);
  const result = memory.reserve(rows * columns * 4);
  const scratch = memory.reserve(multiplyScratchBytes(kernels));
  return () => {
    kernels.call.pack_left(rows, depth, source, depth, 0, 1, left);
    multiply(kernels, {
      rows, columns, depth, left, bias: 0, right, rightRows, rightColumns, group: columns, rightGroupStride: 0,
      result, resultRowStride: columns, resultGroupStride: 0, accumulate: false, scratch,
    });
  };
}

/** The whole layer as the engine runs it: copying in and out, padding and gathering pixels included. */
function convolution() {
  const { channels, side, pictures } = CONV;
  const shape = [channels, side, side];
  const window = { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] };
  const graph = {
    nodes: [
      { kind: 'input', id: 'x', inputs: [], shape },
      { kind: 'conv', id: 'y', inputs: ['x'], shape, weight: numbers(channels * channels * 9), bias: numbers(channels), window, groups: 1 },
    ],
    outputs: ['y'],
  };
  const evaluator = createEvaluator(graph, createKernels());
  const images = numbers(pictures * channels * side * side);
  return () => evaluator.run(images, pictures);
}

/** A function that gives OpenBLAS's GFLOP/s for all cases, or the reason why there is none. */
function openblas() {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-bench-'));
  const program = join(folder, 'openblas-sgemm');
  const sizes = CASES.flatMap((c) => [c.rows, c.columns, c.depth]).map(String);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('cc', ['-O2', fileURLToPath(new URL('./openblas-sgemm.c', import.meta.url)), '-o', program, '-lopenblas'], { stdio: 'ignore' });
  } catch {
    remove();
    return 'no C compiler with cblas.h and libopenblas on this machine';
  }
  const measure = () => execFileSync(program, sizes, { env: { ...process.env, OPENBLAS_NUM_THREADS: '1' }, encoding: 'utf8' }).trim().split('\n').map(Number);
  return { measure, remove };
}

export async function run() {
  const peer = openblas();
  const works = CASES.map((c) => (c.conv ? convolution() : plainProduct(c)));
  const ours = CASES.map(() => 0);
  const theirs = CASES.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    works.forEach((work, i) => { ours[i] = Math.max(ours[i], best(work, flop(CASES[i]))); });
    if (typeof peer !== 'string') peer.measure().forEach((g, i) => { theirs[i] = Math.max(theirs[i], g); });
  }
  if (typeof peer !== 'string') peer.remove();
  return CASES.flatMap((c, i) => {
    const measure = `SGEMM in WASM, ${c.name}, one thread`;
    const ratio = typeof peer === 'string'
      ? { measure: `${measure}, of OpenBLAS`, value: null, unit: 'ratio', bar: BAR, why: peer }
      : { measure: `${measure}, of OpenBLAS`, value: ours[i] / theirs[i], unit: 'ratio', bar: BAR, ratioTo: `OpenBLAS ${theirs[i].toFixed(1)} GFLOP/s` };
    return [{ measure, value: ours[i], unit: 'GFLOP/s', bar: null }, ratio];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run());
