// The gradient of the image through a spiking network: the float64 reference is held against finite
// differences of the smoothed model, and the kernels against the reference.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKernels } from '../../src/kernels/kernels.js';
import { createImageDifferentiator } from '../../src/learn/image-gradient.js';
import { lossOf, type SurrogateShape } from '../../src/learn/learning-problem.js';
import { surrogateShapes } from '../../src/learn/learning-problem.js';
import { readParameters } from '../../src/learn/parameters.js';
import { referenceBptt, type ReferenceOptions } from '../../src/learn/reference-bptt.js';
import { randomStream } from '../../src/random.js';
import { randomSpiking } from './random-spiking.js';
import { probabilities, sentSpikes, withRelays } from './relays.js';

const optionsOf = (shape: SurrogateShape, smooth: boolean): ReferenceOptions => ({ surrogate: { shape, width: 0.8 }, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0, smooth });

/** Largest difference from central differences over the largest slope. */
function worstError(seed: number, shape: SurrogateShape, options: Parameters<typeof randomSpiking>[1] & { readonly relays?: boolean }): number {
  const made = randomSpiking(seed, options);
  const network = options.relays === true ? withRelays(made.network) : made.network;
  const at = Float64Array.from(readParameters(network));
  const run = (image: Float32Array) => referenceBptt(network, at, { ...made, image, sent: options.relays === true ? Array.from({ length: network.timesteps }, () => probabilities(network, image)) : [] }, optionsOf(shape, true));
  const { imageGradient } = run(made.image);
  const size = imageGradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  expect(size).toBeGreaterThan(0);
  return Math.max(...Array.from(made.image, (x, i) => {
    const [up, down] = [x + 1e-3, x - 1e-3].map((v) => made.image.with(i, v));
    return Math.abs((run(up).loss - run(down).loss) / (up[i] - down[i]) - imageGradient[i]) / size;
  }));
}

describe('the reference', () => {
  for (const shape of ['arctangent', 'fast-sigmoid'] as const) {
    it(`is the gradient of the smoothed model: ${shape}`, () => {
      for (const code of ['bias', 'rate'] as const) for (const seed of [1, 2]) expect(worstError(seed, shape, { code, leak: seed === 2 ? 0.9 : 1 })).toBeLessThan(1e-3);
    });
  }
  it('goes straight through Poisson spikes as if they were their probabilities', () => {
    for (const seed of [3, 4, 5]) expect(worstError(seed, 'arctangent', { code: 'rate', relays: true })).toBeLessThan(1e-3);
  });
});

function compare(seed: number, shape: SurrogateShape, options: Parameters<typeof randomSpiking>[1] & { readonly relays?: boolean }): void {
  const made = randomSpiking(seed, options);
  const network = options.relays === true ? withRelays(made.network) : made.network;
  const stream = randomStream(seed);
  const kernels = createKernels();
  const got = createImageDifferentiator(network, { shape, width: 0.8 }, kernels).differentiate(made.image, (scores) => lossOf(scores, made, { distillation: 0, temperature: 1 }).slope, stream);
  const sent = options.relays === true ? sentSpikes(network, made.image, seed) : [];
  const want = referenceBptt(network, Float64Array.from(readParameters(network)), { ...made, sent }, optionsOf(shape, false));
  got.scores.forEach((s, c) => expect(s).toBeCloseTo(want.scores[c], 4));
  const size = want.imageGradient.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-6);
  expect(want.imageGradient.reduce((a, b, i) => Math.max(a, Math.abs(b - got.gradient[i])), 0) / size).toBeLessThan(1e-4);
}

describe('the kernels', () => {
  it('equal the reference for any structure, surrogate and input code', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(...surrogateShapes), fc.constantFrom('bias' as const, 'rate' as const), fc.boolean(), (seed, shape, code, relays) => {
      compare(seed, shape, { code, relays: relays && code === 'rate' });
    }), { numRuns: 120, seed: 5 });
  });
  it('equal the reference with signed neurons and over blocks of channels', () => {
    for (let seed = 1; seed <= 6; seed++) compare(seed, 'triangle', { code: 'bias', retract: 0.3 });
    for (let seed = 1; seed <= 3; seed++) compare(seed, 'arctangent', { code: 'bias', channels: [61, 71] });
  });
});
