// The float64 reference is the true gradient of the model in which the spike is the surrogate's primitive.
import { describe, expect, it } from 'vitest';
import { referenceBptt, type ReferenceOptions } from '../../src/learn/reference-bptt.js';
import { readParameters } from '../../src/learn/parameters.js';
import { smoothSpike, surrogateShapes, surrogateSlope, timeFlow, type SurrogateShape, type TimeGradient } from '../../src/learn/learning-problem.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { dice, randomSpiking } from './random-spiking.js';

const shapes = surrogateShapes;
const optionsOf = (shape: SurrogateShape): ReferenceOptions => ({
  surrogate: { shape, width: 0.8 }, loss: { distillation: 0.4, temperature: 3 }, time: 'exact', ratePenalty: 0.7, smooth: true,
});

/** Largest difference of the gradient from central differences, over the largest slope, on some 60 parameters. */
function worstError(seed: number, shape: SurrogateShape, options: Parameters<typeof randomSpiking>[1]): number {
  const { network, ...sample } = randomSpiking(seed, options);
  verifySpikingNetwork(network);
  const at = Float64Array.from(readParameters(network));
  const { gradient } = referenceBptt(network, at, sample, optionsOf(shape));
  const size = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const d = dice(seed + 1000);
  const places = Array.from({ length: 60 }, () => d.between(0, at.length - 1)).concat(Array.from({ length: 40 }, (_, k) => at.length - 1 - k));
  const step = 1e-6;
  const learnable = (i: number): boolean => i < at.length - network.populations.length || network.populations[i - at.length + network.populations.length].neuron.model === 'lif';
  return Math.max(...places.filter(learnable).map((i) => {
    const loss = (x: number): number => referenceBptt(network, at.with(i, x), sample, optionsOf(shape)).loss;
    return Math.abs((loss(at[i] + step) - loss(at[i] - step)) / (2 * step) - gradient[i]) / size;
  }));
}

describe('the reference gradient', () => {
  for (const shape of shapes) {
    for (const reset of ['soft', 'hard'] as const) {
      it(`is that of the smoothed model: ${shape}, ${reset} reset`, () => {
        for (const seed of [1, 2, 3]) expect(worstError(seed, shape, { reset })).toBeLessThan(1e-6);
      });
    }
  }
  it('is that of the smoothed model with leaks and with the rate code', () => {
    expect(worstError(11, 'arctangent', { leak: 0.8, code: 'rate' })).toBeLessThan(1e-6);
    expect(worstError(12, 'triangle', { leak: 0.8, code: 'bias' })).toBeLessThan(1e-6);
  });
  for (const shape of shapes) {
    it(`is that of the smoothed model with signed neurons: ${shape}`, () => {
      for (const seed of [1, 2, 3, 4]) for (const retract of [0, 0.5]) expect(worstError(seed, shape, { retract })).toBeLessThan(1e-6);
    });
  }
  it('of slt time lacks what flows from step to step', () => {
    const { network, ...sample } = randomSpiking(5, { code: 'bias' });
    const at = Float64Array.from(readParameters(network));
    const exact = referenceBptt(network, at, sample, { ...optionsOf('arctangent'), smooth: false });
    const sltt = referenceBptt(network, at, sample, { ...optionsOf('arctangent'), smooth: false, time: 'sltt' });
    expect(sltt.loss).toBe(exact.loss);
    expect(sltt.gradient).not.toEqual(exact.gradient);
  });
  it('in windows of K steps is that of sltt for K = 1 and exact for K = T, and between them differs from both', () => {
    const { network, ...sample } = randomSpiking(7, { code: 'bias', leak: 0.9 });
    const at = Float64Array.from(readParameters(network));
    const gradient = (time: TimeGradient): Float64Array => referenceBptt(network, at, sample, { ...optionsOf('arctangent'), smooth: false, time }).gradient;
    expect(gradient({ kind: 'truncated', steps: 1 })).toEqual(gradient('sltt'));
    expect(gradient({ kind: 'truncated', steps: network.timesteps })).toEqual(gradient('exact'));
    expect(gradient({ kind: 'truncated', steps: 2 })).not.toEqual(gradient('exact'));
    expect(gradient({ kind: 'truncated', steps: 2 })).not.toEqual(gradient('sltt'));
    expect(gradient({ kind: 'sampled', steps: network.timesteps })).toEqual(gradient('sltt'));
  });
  it('at sampled steps is the part of the sltt gradient that these steps give', () => {
    expect(timeFlow({ kind: 'sampled', steps: 2 }, 6, false).part).toEqual([0, 0, 1, 0, 0, 1]);
    expect(timeFlow({ kind: 'truncated', steps: 4 }, 6, false).keep).toEqual([1, 1, 0, 1, 1, 1]);
    const { network, ...sample } = randomSpiking(7, { code: 'bias', leak: 0.9 });
    const at = Float64Array.from(readParameters(network));
    const gradient = (time: TimeGradient): Float64Array => referenceBptt(network, at, sample, { ...optionsOf('boxcar'), ratePenalty: 0, smooth: false, time }).gradient;
    const one = gradient({ kind: 'sampled', steps: 1 });
    expect(one.some((g) => g !== 0)).toBe(true);
    expect(one).not.toEqual(gradient('sltt'));
  });
});

it('each surrogate is the slope of its primitive', () => {
  for (const shape of shapes) {
    for (const z of [-2, -0.61, -0.2, 0.13, 0.5, 1.7]) {
      const s = { shape, width: 0.6 };
      expect((smoothSpike(s, z + 1e-6) - smoothSpike(s, z - 1e-6)) / 2e-6).toBeCloseTo(surrogateSlope(s, z), 7);
    }
  }
});
