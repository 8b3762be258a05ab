// The tight accountant: every row of dp_vectors.json within 1e-3 and never below the true value, closed forms, composition.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeLoss } from '../../../src/audit/accountant/composed-loss.js';
import { gridLoss, lossAt, pointOf } from '../../../src/audit/accountant/privacy-loss.js';
import { renyiEpsilon } from '../../../src/audit/accountant/renyi.js';
import { deltaAt, epsilonAt, tightEpsilon } from '../../../src/audit/accountant/tight-epsilon.js';
import { gaussianEpsilon } from '../../../src/audit/bounds/epsilon-from-attack.js';
import { relativeError, tailValues, vectors } from '../vectors.js';

/** The reference stands 1e-5 or so above the true epsilon, a bound computed more coarsely must not come out further below it. */
const REFERENCE_EXCESS = 1e-5;

describe('tight epsilon', () => {
  it.each(vectors.vectors)('$name', (v) => {
    const { epsilon } = tightEpsilon([{ rate: v.q, noise: v.sigma, steps: v.steps }], v.delta);
    expect(relativeError(epsilon, v.eps_pld)).toBeLessThan(1e-3);
    expect(epsilon).toBeGreaterThan(v.eps_pld * (1 - REFERENCE_EXCESS));
    expect(epsilon).toBeLessThan(v.eps_rdp_improved);
  });

  it('is above the central limit wherever that underestimates', () => {
    const subsampled = vectors.vectors.filter((v) => v.q < 1 && v.detail.gdp_clt_NOT_A_BOUND !== null);
    expect(subsampled.length).toBeGreaterThan(15);
    for (const v of subsampled.slice(0, 6)) expect(tightEpsilon([{ rate: v.q, noise: v.sigma, steps: v.steps }], v.delta).epsilon).toBeGreaterThan(v.detail.gdp_clt_NOT_A_BOUND!);
  });

  it.each(tailValues.oneStep)('one step by the closed form: q $rate, sigma $noise, delta $delta', ({ rate, noise, delta, epsilon }) => {
    const found = tightEpsilon([{ rate, noise, steps: 1 }], delta).epsilon;
    expect(found).toBeGreaterThanOrEqual(Number(epsilon));
    expect(found).toBeLessThan(Number(epsilon) * 1.0002);
  });

  it.each([[0.3, 1e-5, 7], [2, 1e-9, 100], [20, 1e-5, 5000], [5, 1e-40, 30], [0.05, 1e-5, 1]])('Gaussian of noise %d at delta %d in %d steps', (noise, delta, steps) => {
    const exact = gaussianEpsilon(Math.sqrt(steps) / noise, delta);
    const { epsilon } = tightEpsilon([{ rate: 1, noise, steps }], delta);
    expect(epsilon).toBeGreaterThanOrEqual(exact);
    expect(epsilon).toBeLessThan(exact * 1.0003);
  });

  it('phases add up: split and joined runs agree, their order does not count', () => {
    const whole = tightEpsilon([{ rate: 0.01, noise: 1, steps: 1000 }], 1e-5).epsilon;
    expect(relativeError(tightEpsilon([{ rate: 0.01, noise: 1, steps: 400 }, { rate: 0.01, noise: 1, steps: 600 }], 1e-5).epsilon, whole)).toBeLessThan(1e-6);
    const [a, b] = [{ rate: 0.01, noise: 1, steps: 500 }, { rate: 0.05, noise: 2, steps: 200 }];
    const [ab, ba] = [tightEpsilon([a, b], 1e-5).epsilon, tightEpsilon([b, a], 1e-5).epsilon];
    expect(relativeError(ab, ba)).toBeLessThan(1e-9);
    expect(ab).toBeGreaterThan(tightEpsilon([a], 1e-5).epsilon);
    expect(ab).toBeLessThan(renyiEpsilon([a, b], 1e-5, 'improved').epsilon);
  });

  it('is 0 where no record is likely enough to be in any step', () => {
    expect(tightEpsilon([{ rate: 1e-8, noise: 0.5, steps: 10 }], 1e-6).epsilon).toBe(0);
  });

  it('grows with rate and steps, falls with noise and delta', () => {
    fc.assert(fc.property(fc.double({ min: 0.001, max: 0.5, noNaN: true }), fc.double({ min: 0.6, max: 6, noNaN: true }), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 3, max: 9 }), (rate, noise, steps, digits) => {
      const delta = 10 ** -digits;
      const of = (q: number, s: number, t: number, d: number): number => tightEpsilon([{ rate: q, noise: s, steps: t }], d).epsilon;
      const here = of(rate, noise, steps, delta);
      const slack = here * 1e-3 + 1e-6;
      expect(of(rate * 1.3, noise, steps, delta)).toBeGreaterThan(here - slack);
      expect(of(rate, noise, steps * 2, delta)).toBeGreaterThan(here - slack);
      expect(of(rate, noise * 1.3, steps, delta)).toBeLessThan(here + slack);
      expect(of(rate, noise, steps, delta * 10)).toBeLessThan(here + slack);
      expect(here).toBeLessThan(renyiEpsilon([{ rate, noise, steps }], delta, 'classic').epsilon * (1 + 1e-3));
    }), { numRuns: 4, seed: 5 });
  });
});

describe('the loss on a grid', () => {
  it('keeps the mass under both distributions', () => {
    for (const direction of ['remove', 'add'] as const) {
      for (const [rate, noise, step] of [[0.01, 1, 1e-3], [0.3, 0.5, 0.05], [1, 2, 1e-2], [1e-4, 0.8, 0.01]]) {
        const { first, masses, infinite } = gridLoss({ rate, noise }, direction, step, 1e-16);
        const upper = masses.reduce((a, b) => a + b, 0);
        const lower = masses.reduce((a, p, k) => a + p * Math.exp(-(first + k) * step), 0);
        expect(Math.abs(upper + infinite - 1)).toBeLessThan(1e-12);
        expect(Math.abs(lower - 1)).toBeLessThan(1e-12);
        expect(masses.every((p) => p >= -1e-18)).toBe(true);
      }
    }
  });

  it('a point has the loss that leads back to it', () => {
    for (const rate of [1e-6, 0.01, 0.7, 1]) {
      for (const x of [-1, 0, 0.4, 2, 9]) expect(pointOf(lossAt(x, { rate, noise: 1.3 }), { rate, noise: 1.3 })).toBeCloseTo(x, rate === 1e-6 ? 7 : 10);
    }
    expect(pointOf(Math.log1p(-0.3) - 1e-9, { rate: 0.3, noise: 1 })).toBe(-Infinity);
  });

  it('delta and epsilon of a composition belong together', () => {
    const composed = composeLoss([{ rate: 0.1, noise: 1, steps: 10 }], 'remove', { step: 1e-3, points: 2 ** 15, low: -4, tilt: 2, highTilt: 6, tail: 1e-16 });
    for (const delta of [1e-3, 1e-5, 1e-7]) expect(relativeError(deltaAt(composed, epsilonAt(composed, delta)), delta)).toBeLessThan(1e-9);
  });

  it('the answer does not depend on the tilt', () => {
    const at = (tilt: number): number => epsilonAt(composeLoss([{ rate: 0.02, noise: 1, steps: 100 }], 'remove', { step: 2e-3, points: 2 ** 14, low: -6, tilt, highTilt: 8, tail: 1e-16 }), 1e-5);
    expect(relativeError(at(3), at(0))).toBeLessThan(1e-7);
  });
});
