// Student's t against the tables of NIST/SEMATECH (e-Handbook of Statistical Methods, 1.3.6.7.2), and an interval worked out by hand.
import { describe, expect, it } from 'vitest';
import { estimate, studentQuantile } from '../../src/audit/estimate.js';

describe('Student\'s t', () => {
  it.each([[1, 0.05, 12.706], [2, 0.05, 4.303], [5, 0.05, 2.571], [10, 0.05, 2.228], [30, 0.05, 2.042], [100, 0.05, 1.984], [5, 0.01, 4.032], [20, 0.002, 3.552]])('with %i degrees of freedom is beyond its quantile at %f', (freedom, significance, t) => {
    expect(Math.abs(studentQuantile(freedom, significance) - t)).toBeLessThan(6e-4);
  });
});

describe('an estimate', () => {
  it('has the interval of its repetitions', () => {
    const { mean, interval } = estimate([1, 2, 3]); // deviation 1, so 4.303 / sqrt(3)
    expect(mean).toBe(2);
    expect(interval![0]).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 5);
    expect(interval![1]).toBeCloseTo(2 + 4.302653 / Math.sqrt(3), 5);
    expect(estimate([1, 2, 3], 0.01).interval![1]).toBeGreaterThan(interval![1]);
  });
  it('of one value has none', () => expect(estimate([7])).toEqual({ mean: 7, interval: null, values: [7] }));
});
