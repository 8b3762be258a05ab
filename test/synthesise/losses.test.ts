// Each part of the loss: its gradient is that of the sentence above it, by central differences.
import { describe, expect, it } from 'vitest';
import { normal, randomStream } from '../../src/random.js';
import { addStatisticsGradient } from '../../src/synthesise/batch-norm-matching.js';
import { crossEntropyGradient, hardTarget } from '../../src/synthesise/data-impressions.js';
import { addLikenessGradient } from '../../src/synthesise/diversity.js';
import { addPriorGradient } from '../../src/synthesise/image-prior.js';
import { noise } from '../graph/build-graph.js';

/** Largest difference between `gradient` and central differences of `loss` at `x`. */
function worst(x: Float32Array, gradient: Float32Array, loss: (x: Float64Array) => number): number {
  const at = Float64Array.from(x);
  const errors = Array.from(x, (_, i) => {
    const quotient = (loss(at.with(i, at[i] + 1e-5)) - loss(at.with(i, at[i] - 1e-5))) / 2e-5;
    return Math.abs(quotient - gradient[i]);
  });
  return Math.max(...errors);
}

const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;

it('cross-entropy at a temperature, per image', () => {
  const scores = noise(1, 12);
  const targets = Float32Array.from([0.7, 0.1, 0.1, 0.1, ...hardTarget(4, 2), 0, 0.5, 0.25, 0.25]);
  const loss = (s: Float64Array): number => {
    let sum = 0;
    for (let n = 0; n < 3; n++) {
      const row = s.subarray(n * 4, n * 4 + 4);
      const total = row.reduce((a, v) => a + Math.exp(v / 20), 0);
      row.forEach((v, c) => { sum -= targets[n * 4 + c] * (v / 20 - Math.log(total)); });
    }
    return sum;
  };
  expect(worst(scores, crossEntropyGradient(scores, targets, 4, 20), loss)).toBeLessThan(1e-7);
});

it('cross-entropy of scores whose exponentials overflow stays a number', () => {
  expect([...crossEntropyGradient(Float32Array.of(1e4, -1e4), hardTarget(2, 1), 2, 1)]).toEqual([1, -1]);
});

describe('batch-norm statistics', () => {
  const known = { mean: Float32Array.of(0.5, -1), deviation: Float32Array.of(2, 0.8) };
  const terms = (x: Float64Array): number => mean([0, 1].map((c) => {
    const seen = [0, 1, 2].flatMap((n) => [...x.subarray((n * 2 + c) * 4, (n * 2 + c) * 4 + 4)]);
    const m = mean(seen);
    const s = Math.sqrt(mean(seen.map((v) => (v - m) ** 2)));
    return ((m - known.mean[c]) / known.deviation[c]) ** 2 + (s / known.deviation[c] - 1) ** 2;
  }));

  it('the gradient of mean and deviation over batch and places, and the loss', () => {
    const value = noise(2, 24);
    const gradient = new Float32Array(24);
    const loss = addStatisticsGradient(value, gradient, known, { count: 3, weight: 5 });
    expect(loss).toBeCloseTo(terms(Float64Array.from(value)), 6);
    expect(worst(value, gradient, (x) => 5 * terms(x))).toBeLessThan(1e-6);
  });

  it('a channel that never moved does not drown the others, nor does a constant one divide by zero', () => {
    const gradient = new Float32Array(24);
    const loss = addStatisticsGradient(new Float32Array(24).fill(1), gradient, { mean: Float32Array.of(0, 0), deviation: Float32Array.of(1, 0) }, { count: 3, weight: 1 });
    expect(loss).toBeLessThan(250);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  it('adds to what is there', () => {
    const gradient = new Float32Array(24).fill(100);
    addStatisticsGradient(noise(2, 24), gradient, known, { count: 3, weight: 1 });
    expect(gradient.every((g) => g > 90)).toBe(true);
  });
});

describe('likeness within a batch', () => {
  const cosines = (x: Float64Array): number => {
    const rows = [0, 1, 2].map((n) => x.subarray(n * 4, n * 4 + 4));
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * b[i], 0);
    const cosine = (a: Float64Array, b: Float64Array): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    return mean(rows.flatMap((a, i) => rows.filter((_, j) => j !== i).map((b) => cosine(a, b))));
  };

  it('the gradient of the cosines, and their mean', () => {
    const value = noise(3, 12);
    const gradient = new Float32Array(12);
    expect(addLikenessGradient(value, gradient, 3, 2)).toBeCloseTo(cosines(Float64Array.from(value)), 6);
    expect(worst(value, gradient, (x) => 2 * 3 * cosines(x))).toBeLessThan(1e-6);
  });

  it('a single image is like no other; an empty feature vector is no division by zero', () => {
    expect(addLikenessGradient(noise(3, 4), new Float32Array(4), 1, 1)).toBe(0);
    const gradient = new Float32Array(8);
    addLikenessGradient(new Float32Array(8), gradient, 2, 1);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});

it('total variation and l2, each picture for itself, channels and edges apart', () => {
  const pictures = Float32Array.from(normal(randomStream(4), 2 * 2 * 3 * 4));
  const gradient = new Float32Array(pictures.length);
  addPriorGradient(pictures, gradient, [2, 3, 4], { totalVariation: 3, l2: 0.5 });
  const loss = (x: Float64Array): number => {
    let sum = 0;
    x.forEach((v, i) => {
      sum += (0.5 * v * v) / 24;
      if (i % 4 < 3) sum += (3 * (x[i + 1] - v) ** 2) / 24;
      if (Math.floor(i / 4) % 3 < 2) sum += (3 * (x[i + 4] - v) ** 2) / 24;
    });
    return sum;
  };
  expect(worst(pictures, gradient, loss)).toBeLessThan(1e-6);
});
