// Private learning of a small spiking network: gradients of one image at a time, clipped as the float64
// reference says; the same bytes for any worker count and after any interruption; refusals word for word.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { kernelBuild } from '../../src/kernels/kernels.js';
import { viewOf } from '../../src/learn/augment.js';
import { buildNetwork } from '../../src/learn/build-network.js';
import { ADAM } from '../../src/learn/optimiser.js';
import { learnableMask, readParameters } from '../../src/learn/parameters.js';
import { start, type PrivateInit } from '../../src/learn/private-task.js';
import { seededBits } from '../../src/learn/random-bits.js';
import { readArchitecture } from '../../src/learn/read-architecture.js';
import { referenceBptt } from '../../src/learn/reference-bptt.js';
import { clippingUnits, trainPrivately, type PrivateOptions, type PrivateProgress } from '../../src/learn/train-privately.js';
import { randomStream } from '../../src/random.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { smallLesson } from './small-lesson.js';

const { network, set: lesson } = smallLesson(120);
const set = { count: 120, images: lesson.images, labels: Uint16Array.from({ length: 120 }, (_, i) => i % 4) };
const folder = mkdtempSync(join(tmpdir(), 'private-'));
afterAll(() => rmSync(folder, { recursive: true }));
const surrogate = { shape: 'triangle', width: 1 } as const;
const options = (changes: Partial<PrivateOptions> = {}): PrivateOptions => ({
  mechanism: { examples: 120, rate: 0.5, noise: 0.05, clip: 1, expectedBatch: 60 }, steps: 6, seed: 4, workers: 1, surrogate,
  rate: 0.02, optimiser: ADAM, schedule: { kind: 'cosine', floor: 0.02 }, learn: ['weight', 'host', 'bias', 'threshold'], data: 'd', bits: seededBits(randomStream(9)), ...changes,
});
const learn = async (changes: Partial<PrivateOptions> = {}): Promise<Float32Array> => readParameters((await trainPrivately(network, set, options(changes))).network);
const message = async (job: () => Promise<unknown>): Promise<string> => {
  try { await job(); } catch (error) { expect(error).toBeInstanceOf(CompileError); return (error as Error).message.replaceAll(folder, 'FOLDER'); }
  throw new Error('nothing was refused');
};

describe('the sum of a chunk', () => {
  const parameters = readParameters(network);
  const mask = learnableMask(network, new Set(['weight', 'host', 'bias', 'threshold'] as const));
  const units = clippingUnits(network).map((u, i) => (mask[i] === 1 ? u : 0));
  const references = Array.from({ length: 12 }, (_, i) => {
    const target = new Float64Array(4);
    target[set.labels[i]] = 1;
    const { gradient } = referenceBptt(network, Float64Array.from(parameters), { image: set.images.slice(i * 36, (i + 1) * 36), target, teacher: target }, { surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0, smooth: false });
    return gradient.map((g, p) => g * units[p]);
  });
  const norms = references.map((g) => Math.sqrt(g.reduce((s, x) => s + x * x, 0)));
  const chunk = (clip: number, images: readonly number[], changes: Partial<PrivateInit> = {}): Float64Array => {
    const sums = new Float64Array(parameters.length);
    start({ network, options: { surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, kernels: kernelBuild('wasm')!, set, parameters, sums, units, clip, augmentation: { views: 1, shift: 0, mirror: false }, background: [0], seed: 1, ...changes })({ images: Uint32Array.from(images), chunk: 0, version: 0 });
    return sums;
  };

  it('is that of the reference, image by image, each clipped over all parameters jointly', () => {
    const clip = [...norms].sort((a, b) => a - b)[6]; // half of them are longer
    const wanted = new Float64Array(parameters.length);
    references.forEach((g, i) => g.forEach((x, p) => { wanted[p] += x * Math.min(1, clip / norms[i]); }));
    const found = chunk(clip, references.map((_, i) => i));
    const most = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    found.forEach((x, p) => expect(Math.abs(x - wanted[p])).toBeLessThan(1e-5 * most));
    expect(found.filter((_, p) => mask[p] === 0).every((x) => x === 0)).toBe(true);
    expect(found.some((x, p) => x !== 0 && p >= parameters.length - 3 - 20)).toBe(true); // thresholds are among what is clipped
  });

  it('of one image is no longer than the clip, and nothing where the image is not finite', () => {
    for (const clip of [1e-3, 0.1]) expect(Math.hypot(...chunk(clip, [3]))).toBeLessThanOrEqual(clip);
    const broken = { ...set, images: set.images.slice().fill(NaN, 0, 36) };
    expect(chunk(1, [0], { set: broken }).every((x) => x === 0)).toBe(true);
    expect(chunk(1, [0, 1], { set: broken })).toEqual(chunk(1, [1]));
  });

  it('of views is their mean before the clip: as many views as one likes stay within it', () => {
    const one = chunk(100, [5]);
    expect(chunk(100, [5], { augmentation: { views: 4, shift: 0, mirror: false } }).every((x, p) => Math.abs(x - one[p]) < 1e-6)).toBe(true);
    const moved = chunk(100, [5], { augmentation: { views: 4, shift: 2, mirror: true } });
    expect(moved).not.toEqual(one);
    expect(Math.hypot(...chunk(0.01, [5], { augmentation: { views: 8, shift: 2, mirror: true } }))).toBeLessThanOrEqual(0.01);
  });
});

it('a view is the image moved, with the background at the border', () => {
  const image = Float32Array.of(1, 2, 3, 4);
  const views = new Set(Array.from({ length: 60 }, (_, k) => viewOf(image, [1, 2, 2], [9], { shift: 1, mirror: false, stream: { key0: k, key1: 1 } }).join()));
  expect(views.size).toBe(9);
  expect([...views]).toEqual(expect.arrayContaining(['1,2,3,4', '9,9,1,2', '9,1,9,3', '4,9,9,9']));
  expect(viewOf(image, [1, 2, 2], [0], { shift: 0, mirror: true, stream: { key0: 1, key1: 1 } }).join()).toMatch(/^(1,2,3,4|2,1,4,3)$/);
});

describe('private learning', () => {
  it('learns, and tells nothing of a batch', async () => {
    const seen: PrivateProgress[] = [];
    const { network: learned } = await trainPrivately(network, set, options({ steps: 40, onStep: (p) => seen.push(p) }));
    verifySpikingNetwork(learned);
    expect(Object.keys(seen[0]).sort()).toEqual(['images', 'rate', 'step', 'steps']);
    expect(new Set(seen.map((p) => p.images))).toEqual(new Set([60]));
    const right = (values: Float32Array): number => Array.from({ length: 120 }, (_, i) => {
      const target = new Float64Array(4);
      const { scores } = referenceBptt(network, Float64Array.from(values), { image: set.images.slice(i * 36, (i + 1) * 36), target, teacher: target }, { surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0, smooth: false });
      return scores.indexOf(Math.max(...scores)) === set.labels[i];
    }).filter(Boolean).length;
    expect(right(readParameters(learned))).toBeGreaterThan(right(readParameters(network)) + 30);
  });

  it('gives the same bytes for any number of workers', async () => {
    const big = { mechanism: { ...options().mechanism, rate: 0.9, expectedBatch: 108 }, steps: 3 };
    expect(await learn({ ...big, workers: 3, bits: seededBits(randomStream(9)) })).toEqual(await learn({ ...big, bits: seededBits(randomStream(9)) }));
  });

  it('steps without any image are steps: they move the weights by noise', async () => {
    const mechanism = { examples: 120, rate: 1e-9, noise: 1, clip: 1, expectedBatch: 10 };
    const sgd = { kind: 'sgd', momentum: 0 } as const;
    const rate = 0.5;
    const after = await learn({ mechanism, steps: 4, optimiser: sgd, rate, schedule: { kind: 'constant' }, learn: ['weight', 'host'] });
    const before = readParameters(network);
    const moved = Array.from(after, (x, i) => x - before[i]).filter((x) => x !== 0);
    // 4 steps of rate 0.5 with noise 1 / 10: deviation 0.1; chi-square of n: n +- sqrt(2 n)
    const n = moved.length;
    expect(n).toBe(72 + 8 * 72 + 4 * 72);
    expect(Math.abs(moved.reduce((s, x) => s + (x / 0.1) ** 2, 0) - n)).toBeLessThan(5 * Math.sqrt(2 * n));
  });

  it('takes its batches and noise from the cryptographic generator: two runs differ', async () => {
    const { bits: _, ...plain } = options({ steps: 1 });
    const run = async (): Promise<Float32Array> => readParameters((await trainPrivately(network, set, plain)).network);
    expect(await run()).not.toEqual(await run());
  });

  it('goes on from a checkpoint, and refuses one of other data or settings', async () => {
    const path = join(folder, 'c');
    const checkpoint = { path, everySteps: 1 };
    const stop = new AbortController();
    const first = trainPrivately(network, set, options({ checkpoint, signal: stop.signal, onStep: (p) => { if (p.step === 3) stop.abort(new Error('stopped')); } }));
    await expect(first).rejects.toThrow('stopped');
    const steps: number[] = [];
    await trainPrivately(network, set, options({ checkpoint, onStep: (p) => steps.push(p.step) }));
    expect(steps).toEqual([4, 5, 6]);
    expect(await message(() => trainPrivately(network, set, options({ checkpoint, data: 'changed' })))).toBe([
      'error[learn/data-changed] in FOLDER/c: the data set has changed since the checkpoint was written: its SHA-256 was d, now it is changed',
      '  hint: give the data set of that job; the steps spent on the old one protect nobody in the new one, so start with another checkpoint file'].join('\n'));
    expect(await message(() => learn({ checkpoint, rate: 1 }))).toContain('learn/checkpoint-of-another-job');
    expect(await message(() => learn({ checkpoint, mechanism: { ...options().mechanism, noise: 3 } }))).toContain('learn/checkpoint-of-another-job');
  });

  it('draws the spikes of the Poisson code anew in every step, the same for any number of workers', async () => {
    const architecture = readArchitecture(JSON.stringify({
      name: 'p', image: [1, 6, 6], normalisation: { scale: 255, mean: [0], std: [1] }, timesteps: 6, code: 'poisson', neuron: { model: 'if', reset: 'soft', start: 0.5 },
      surrogate: { shape: 'triangle', width: 1 }, layers: [{ kind: 'conv', channels: 6, kernel: 3 }, { kind: 'fc', units: 4 }],
    }), 'p');
    const poisson = buildNetwork(architecture, 2);
    const course = async (changes: Partial<PrivateOptions>): Promise<Float32Array> => readParameters((await trainPrivately(poisson, set, options({ learn: ['weight', 'bias'], ...changes }))).network);
    const [one, three, other] = [await course({ workers: 1 }), await course({ workers: 3 }), await course({ seed: 5 })];
    expect(three).toEqual(one);
    expect(other).not.toEqual(one); // the noise and the batches are those of `bits`: only the spikes differ
    expect(one.every(Number.isFinite)).toBe(true);
    const parameters = readParameters(poisson);
    const sums = new Float64Array(parameters.length);
    const job = start({ network: poisson, options: { surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, kernels: kernelBuild('wasm')!, set, parameters, sums, units: new Float64Array(sums.length).fill(1), clip: 1, augmentation: { views: 1, shift: 0, mirror: false }, background: [0], seed: 1 });
    const sumOf = (version: number): number[] => { job({ images: Uint32Array.of(0, 1), chunk: 0, version }); return [...sums]; };
    const [first, second, again] = [sumOf(0), sumOf(1), sumOf(0)];
    expect(again).toEqual(first);
    expect(second).not.toEqual(first); // the same images at the same weights, other spikes
  });

  it('says what is wrong with its settings, and that it diverged', async () => {
    expect(await message(() => learn({ mechanism: { ...options().mechanism, clip: 0 }, rate: -1 }))).toMatch(/the learning rate is -1[\s\S]*the clipping norm is 0/);
    expect(await message(() => learn({ rate: 1e38, optimiser: { kind: 'sgd', momentum: 0 }, mechanism: { ...options().mechanism, noise: 1e4 } }))).toContain('learn/diverged');
    expect(await message(() => trainPrivately(network, { ...set, count: 7 }, options()))).toContain('learn/images-differ');
  });
});
