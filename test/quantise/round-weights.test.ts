// Rounding that keeps sums, and the orders and sums of weights.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { fanInSums, largestSum, normalisedWeights, toEventOrder } from '../../src/quantise/normalised-weights.js';
import { roundKeepingSums } from '../../src/quantise/round-weights.js';
import { roundToBias } from '../../src/quantise/integer-network.js';
import { plainWindow } from '../../src/spiking/linear-paths.js';
import { populationId, type Projection } from '../../src/spiking/network.js';

const projection = (weight: Float32Array, options: Partial<Projection> = {}): Projection =>
  ({ id: 'p', source: populationId('a'), target: populationId('b'), weight, window: plainWindow([1, 1]), groups: 1, pool: [1, 1], delay: 0, ...options });

describe('roundKeepingSums', () => {
  const steps = fc.double({ min: -100, max: 100, noNaN: true });

  it('rounds to a neighbour, keeps each channel\'s sum within half a step, and leaves zeros alone', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.oneof({ weight: 3, arbitrary: steps }, { weight: 1, arbitrary: fc.constant(0) }), { minLength: 1, maxLength: 60 }), (outputs, values) => {
      const fanIn = Math.ceil(values.length / outputs);
      const weight = Float32Array.from({ length: outputs * fanIn }, (_, i) => values[i] ?? 0);
      const { rounded } = roundKeepingSums(weight, outputs, 127);
      weight.forEach((w, i) => {
        expect(Math.abs(rounded[i] - w)).toBeLessThan(1);
        if (w === 0) expect(rounded[i]).toBe(0);
      });
      for (let o = 0; o < outputs; o++) {
        const sum = (v: Float32Array | Int8Array): number => [...v.subarray(o * fanIn, (o + 1) * fanIn)].reduce((a, b) => a + b, 0);
        expect(Math.abs(sum(rounded) - sum(weight))).toBeLessThanOrEqual(0.5 + 1e-6);
      }
    }), { seed: 1, numRuns: 300 });
  });

  it('moves the weights that lie closest to the middle', () => {
    // nearest gives 0, 0, 0, 1 and loses 0.9: the 0.4 moves up
    expect([...roundKeepingSums(Float32Array.of(0.2, 0.4, 0.3, 1), 1, 127).rounded]).toEqual([0, 1, 0, 1]);
    expect([...roundKeepingSums(Float32Array.of(-0.2, -0.4, -0.3, -1), 1, 127).rounded]).toEqual([0, -1, 0, -1]);
  });

  it('stays inside the mantissa and states the relative error', () => {
    expect([...roundKeepingSums(Float32Array.of(200, -200), 2, 127).rounded]).toEqual([127, -127]);
    expect(roundKeepingSums(Float32Array.of(3, 4), 1, 127).error).toBe(0);
    expect(roundKeepingSums(Float32Array.of(2.25, 0.75), 1, 127).error).toBeCloseTo(Math.sqrt(0.125 / 5.625), 6);
    expect(roundKeepingSums(new Float32Array(3), 1, 127).error).toBe(0);
  });
});

it('normalisedWeights divides by the target channel\'s threshold', () => {
  expect([...normalisedWeights(projection(Float32Array.of(1, 2, 3, 4)), Float32Array.of(2, 4))]).toEqual([0.5, 1, 0.75, 1]);
});

it('fanInSums adds up each sign per output channel, times the pooled cell', () => {
  const sums = fanInSums(Int8Array.of(1, -2, 3, -4, -5, 6), { pool: [2, 3], signed: false }, 2);
  expect([[...sums.positive], [...sums.negative]]).toEqual([[24, 36], [12, 54]]);
});

it('toEventOrder lays the weights of one source channel at one tap side by side', () => {
  // [Co 4, Ci / groups 2, 1, 2], numbered by their place
  const weight = Int8Array.from({ length: 16 }, (_, i) => i);
  const window = plainWindow([1, 2]);
  expect([...toEventOrder(weight, { window, groups: 1 }, 4)]).toEqual([0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15]);
  // two groups: channels 0, 1 drive outputs 0, 1; channels 2, 3 drive outputs 2, 3
  expect([...toEventOrder(weight, { window, groups: 2 }, 4)]).toEqual([0, 4, 2, 6, 8, 12, 10, 14, 1, 5, 3, 7, 9, 13, 11, 15]);
});

describe('roundToBias', () => {
  const format = { mantissaMax: 4095, exponentMax: 7 };

  it('is exact up to the mantissa, then to the nearest step of its exponent, then saturates', () => {
    expect([4095, -4095, 0.4, -0.6].map((v) => roundToBias(v, format) + 0)).toEqual([4095, -4095, 0, -1]);
    expect([4097, 4098.9, 8189, 131041].map((v) => roundToBias(v, format))).toEqual([4098, 4098, 8190, 131040]);
    expect([1e9, -1e9].map((v) => roundToBias(v, format))).toEqual([4095 * 128, -4095 * 128]);
  });

  it('is off by at most half a step of the smallest exponent that fits, and keeps what it gave', () => {
    fc.assert(fc.property(fc.double({ min: -524160, max: 524160, noNaN: true }), (value) => {
      const rounded = roundToBias(value, format);
      expect(Math.abs(rounded - value)).toBeLessThanOrEqual(Math.max(1, Math.abs(value) / 4095) * 0.5001 * (Math.abs(value) > 4095 ? 2 : 1));
      expect(roundToBias(rounded, format) === rounded).toBe(true);
    }), { seed: 4, numRuns: 300 });
  });
});

it('largestSum finds the same from weights in event order', () => {
  const window = { kernel: [2, 3], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] } as const;
  for (const [groups, inputs, outputs] of [[1, 4, 6], [2, 4, 6], [4, 4, 4]]) {
    const weight = Int8Array.from({ length: (6 * inputs * outputs) / groups }, (_, i) => ((i * 89) % 255) - 127);
    for (const signed of [false, true]) {
      const { positive, negative } = fanInSums(weight, { pool: [2, 2], signed }, outputs);
      expect(largestSum(toEventOrder(weight, { window, groups }, outputs), { pool: [2, 2], signed, groups }, [inputs, outputs])).toBe(Math.max(...positive, ...negative));
    }
  }
});
