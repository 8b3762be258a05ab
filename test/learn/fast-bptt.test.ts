// The kernels give the reference's spikes exactly and its gradient within float32 rounding.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKernels } from '../../src/kernels/kernels.js';
import { createLearner } from '../../src/learn/fast-bptt.js';
import type { KernelOptions } from '../../src/learn/learning-stages.js';
import { surrogateShapes, type LearningOptions } from '../../src/learn/learning-problem.js';
import { layoutOf, readParameters } from '../../src/learn/parameters.js';
import { referenceBptt } from '../../src/learn/reference-bptt.js';
import { randomStream } from '../../src/random.js';
import { randomSpiking } from './random-spiking.js';
import { sentSpikes, withRelays } from './relays.js';

const kernels = createKernels();

/** Spikes of -1 that the tests have seen. */
let taken = 0;

/** Largest difference of each kind of parameter, over that kind's largest slope. */
function compare(seed: number, options: KernelOptions, shape?: Parameters<typeof randomSpiking>[1] & { readonly relays?: boolean }): void {
  const { network: made, ...drawn } = randomSpiking(seed, shape);
  const network = shape?.relays === true ? withRelays(made) : made;
  const sample = { ...drawn, stream: randomStream(seed), sent: shape?.relays === true ? sentSpikes(network, drawn.image, seed) : [] };
  const parameters = readParameters(network);
  const want = referenceBptt(network, Float64Array.from(parameters), sample, { ...options, smooth: false });
  const mark = kernels.memory.mark();
  const learner = createLearner(network, options, kernels);
  learner.load(parameters);
  learner.clear();
  const got = learner.learn(sample.image, sample);
  const gradient = new Float32Array(parameters.length).fill(NaN);
  learner.readGradient(gradient);
  kernels.memory.release(mark);
  expect(got.spikes).toEqual(want.spikes.map((s) => s.reduce((n, step) => n + step.reduce((a, b) => a + Math.abs(b), 0), 0)));
  taken += want.spikes.reduce((sum, s) => sum + s.reduce((n, step) => n + step.reduce((a, b) => a + (b < 0 ? 1 : 0), 0), 0), 0);
  expect(got.loss).toBeCloseTo(want.loss, 4);
  got.scores.forEach((s, c) => expect(s).toBeCloseTo(want.scores[c], 4));
  for (const { kind, index, offset, length } of layoutOf(network).slots) {
    if (kind === 'threshold' && index === network.populations.length - 1) continue;
    if (kind === 'leak' && network.populations[index].neuron.model !== 'lif') continue;
    const exact = want.gradient.subarray(offset, offset + length);
    const size = exact.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-6);
    const worst = exact.reduce((a, b, i) => Math.max(a, Math.abs(b - gradient[offset + i])), 0);
    expect(worst / size, `${kind} ${index}`).toBeLessThan(1e-4);
  }
}

const base: LearningOptions = { surrogate: { shape: 'boxcar', width: 0.25 }, loss: { distillation: 0.5, temperature: 2 }, time: 'exact', ratePenalty: 0 };
const shapes = fc.constantFrom(...surrogateShapes);

describe('the learning kernels', () => {
  it('equal the reference on random networks', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), shapes, fc.constantFrom('exact' as const, 'sltt' as const), fc.constantFrom(0, 1.5), (seed, shape, time, ratePenalty) => {
      compare(seed, { ...base, surrogate: { shape, width: 0.7 }, time, ratePenalty });
    }), { numRuns: 150, seed: 3 });
  });
  it('equal the reference when the gradient through time is cut into windows or taken at some steps', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), shapes, fc.constantFrom('truncated' as const, 'sampled' as const), fc.integer({ min: 1, max: 7 }), fc.constantFrom(0, 1e9), (seed, shape, kind, steps, tracedBelow) => {
      compare(seed, { ...base, surrogate: { shape, width: 0.7 }, time: { kind, steps }, tracedBelow, denseAbove: seed % 2 });
    }), { numRuns: 150, seed: 4 });
  });
  it('equal the reference when the gradient of the spikes is computed densely', () => {
    for (let seed = 1; seed <= 40; seed++) compare(seed, { ...base, surrogate: { shape: 'arctangent', width: 1 }, denseAbove: 0 });
  });
  it('equal the reference when it is never computed densely', () => {
    for (let seed = 1; seed <= 40; seed++) compare(seed, { ...base, surrogate: { shape: 'arctangent', width: 1 }, denseAbove: 2 });
  });
  it('equal the reference when weight gradients always go over innovations, and never', () => {
    for (let seed = 1; seed <= 40; seed++) for (const tracedBelow of [0, 1e9]) compare(seed, { ...base, surrogate: { shape: 'triangle', width: 0.6 }, time: seed % 4 === 0 ? 'sltt' : 'exact', tracedBelow });
  });
  it('equal the reference with signed neurons, by every way through the kernels', () => {
    taken = 0;
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), shapes, fc.constantFrom(0, 0.3, 0.5), fc.constantFrom(0, 1.5), (seed, shape, retract, ratePenalty) => {
      compare(seed, { ...base, surrogate: { shape, width: 0.7 }, time: seed % 4 === 0 ? 'sltt' : 'exact', ratePenalty, denseAbove: [0, 0.55, 2][seed % 3], tracedBelow: [0, 1, 1e9][seed % 5 % 3] }, { retract });
    }), { numRuns: 150, seed: 4 });
    for (let seed = 1; seed <= 6; seed++) for (const tracedBelow of [0, 1e9]) compare(seed, { ...base, surrogate: { shape: 'triangle', width: 0.6 }, tracedBelow }, { channels: [61, 71], retract: 0 });
    expect(taken).toBeGreaterThan(1000);
  });
  it('equal the reference with the Poisson code, whose spikes are drawn and have no gradient', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), shapes, fc.constantFrom(0, 1e9), (seed, shape, tracedBelow) => {
      compare(seed, { ...base, surrogate: { shape, width: 0.7 }, tracedBelow, denseAbove: seed % 2 }, { code: 'rate', relays: true });
    }), { numRuns: 60, seed: 5 });
  });
  it('equal the reference over blocks of 32 channels and words of 64', () => {
    for (let seed = 1; seed <= 6; seed++) compare(seed, { ...base, surrogate: { shape: 'triangle', width: 0.6 } }, { channels: [61, 71] });
  });
});

it('a gradient adds up over images and is cleared', () => {
  const { network, ...sample } = randomSpiking(8);
  const learner = createLearner(network, base, createKernels());
  learner.load(readParameters(network));
  const run = (times: number): Float32Array => {
    learner.clear();
    for (let i = 0; i < times; i++) learner.learn(sample.image, sample);
    const out = new Float32Array(layoutOf(network).length);
    learner.readGradient(out);
    return out;
  };
  const [once, twice, again] = [run(1), run(2), run(1)];
  expect(again).toEqual(once);
  twice.forEach((g, i) => expect(g).toBeCloseTo(2 * once[i], 4));
});
