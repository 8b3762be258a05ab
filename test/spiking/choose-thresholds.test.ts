// The rules for thresholds, each against its definition.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal, randomStream } from '../../src/random.js';
import { chooseThresholds, outputRange, type ThresholdRequest } from '../../src/spiking/choose-thresholds.js';

const request = (sample: readonly (readonly number[])[], options: Partial<ThresholdRequest> = {}): ThresholdRequest =>
  ({ sample: sample.map((v) => Float32Array.from(v).sort()), statistics: undefined, cap: Infinity, timesteps: 8, ...options });

/** Sum of squares of what T levels below the threshold leave of the positive values. */
const error = (values: readonly number[], threshold: number, T: number): number =>
  values.filter((v) => v > 0).reduce((sum, v) => sum + (v - (threshold / T) * Math.min(T, Math.round((v * T) / threshold))) ** 2, 0);

describe('optimal', () => {
  it('is the best of 32 candidates up to the largest value', () => {
    fc.assert(fc.property(fc.array(fc.float({ min: -2, max: 3, noNaN: true }), { minLength: 1, maxLength: 40 }), fc.constantFrom(2, 8, 32), (values, timesteps) => {
      const largest = Math.max(...values);
      fc.pre(largest > 1e-3);
      const [threshold] = chooseThresholds({ rule: 'optimal' }, request([values], { timesteps }));
      const candidates = Array.from({ length: 32 }, (_, k) => (largest * (k + 1)) / 32);
      const least = Math.min(...candidates.map((c) => error(values, c, timesteps)));
      expect(candidates.some((c) => Math.abs(c - threshold) < 1e-6 * largest)).toBe(true);
      // values at the middle between two levels may round either way
      expect(error(values, threshold, timesteps)).toBeLessThanOrEqual(least * 1.001 + 1e-6 * largest ** 2);
    }), { seed: 1, numRuns: 200 });
  });

  it('clips the tail of a bell when steps are few, and hardly any of it when they are many', () => {
    const values = [...normal(randomStream(1), 2048)];
    const few = chooseThresholds({ rule: 'optimal' }, request([values], { timesteps: 4 }))[0];
    const many = chooseThresholds({ rule: 'optimal' }, request([values], { timesteps: 256 }))[0];
    expect(few).toBeLessThan(0.8 * Math.max(...values));
    expect(many).toBeGreaterThan(few);
    expect(many).toBeGreaterThan(0.95 * Math.max(...values));
  });
});

it('statistics: so many deviations above the mean', () => {
  const statistics = { mean: Float32Array.of(1, -0.5), deviation: Float32Array.of(0.5, 2) };
  const chosen = chooseThresholds({ rule: 'statistics', deviations: 3 }, request([[0, 9], [0, 9]], { statistics }));
  expect([...chosen]).toEqual([2.5, 5.5]);
  // a layer without statistics falls back to its sample
  expect([...chooseThresholds({ rule: 'statistics', deviations: 3 }, request([[-1, 4]]))]).toEqual([4]);
});

it('percentile: the value that so many hundredths of the sample lie below', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  const at = (percent: number): number => chooseThresholds({ rule: 'percentile', percent }, request([hundred]))[0];
  expect([at(50), at(99), at(100)]).toEqual([51, 100, 100]);
});

describe('every rule', () => {
  it('never goes below a fifth of the layer\'s median, so that dead channels do not set the layer\'s scale', () => {
    const chosen = chooseThresholds({ rule: 'percentile', percent: 100 }, request([[10], [0.1], [-3], [12], [8]]));
    expect([...chosen]).toEqual([10, 2, 2, 12, 8]);
  });

  it('gives a layer that never fires thresholds of its own size, so that its weights still fit', () => {
    expect([...chooseThresholds({ rule: 'optimal' }, request([[-1, -200], [-3]]))]).toEqual([40, 40]);
    expect([...chooseThresholds({ rule: 'optimal' }, request([[0], [0]]))]).toEqual([Math.fround(0.2), Math.fround(0.2)]);
  });

  it('stops at the cap of a ReLU6, the floor too', () => {
    expect([...chooseThresholds({ rule: 'percentile', percent: 100 }, request([[9], [3]], { cap: 6 }))]).toEqual([6, 3]);
    expect([...chooseThresholds({ rule: 'optimal' }, request([[-1]], { cap: 0.125 }))]).toEqual([0.125]);
  });
});

it('outputRange is the largest magnitude of any score, for every class', () => {
  expect([...outputRange(request([[-7, 1], [0, 5]]).sample)]).toEqual([7, 7]);
  expect([...outputRange(request([[0], [0]]).sample)]).toEqual([1, 1]);
});
