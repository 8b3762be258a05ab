// The Renyi accountant against all rows of dp_vectors.json, against quadrature with 50 digits, and in composition.
import { describe, expect, it } from 'vitest';
import { logMoment, renyiDivergence, renyiEpsilon, renyiEpsilons } from '../../../src/audit/accountant/renyi.js';
import { relativeError, tailValues, vectors } from '../vectors.js';

describe('Renyi epsilon', () => {
  it.each(vectors.vectors)('$name', (v) => {
    const { classic, improved } = renyiEpsilons([{ rate: v.q, noise: v.sigma, steps: v.steps }], v.delta);
    expect([classic.order, improved.order]).toEqual([v.eps_rdp_classic_order, v.eps_rdp_improved_order]);
    expect(relativeError(classic.epsilon, v.eps_rdp_classic)).toBeLessThan(1e-9); // the bar is 1e-6
    expect(relativeError(improved.epsilon, v.eps_rdp_improved)).toBeLessThan(1e-9);
  });

  it('of phases with other settings each', () => {
    const { mechs, delta, eps_improved, order } = vectors.heterogeneous;
    const phases = mechs.map(([rate, noise, steps]) => ({ rate, noise, steps }));
    const found = renyiEpsilon(phases, delta, 'improved', Array.from({ length: 31 }, (_, i) => i + 2));
    expect(found.order).toBe(order);
    expect(relativeError(found.epsilon, eps_improved)).toBeLessThan(1e-9);
  });

  it('is nothing where delta covers the run', () => {
    expect(renyiEpsilon([{ rate: 1e-6, noise: 10, steps: 1 }], 0.01, 'improved').epsilon).toBe(0);
  });
});

describe('moments', () => {
  it.each(vectors.rdp_primitives)('q $q, sigma $sigma, order $alpha', ({ q, sigma, alpha, log_A, rdp }) => {
    expect(relativeError(logMoment(alpha, { rate: q, noise: sigma }), Number(log_A))).toBeLessThan(5e-8);
    expect(relativeError(renyiDivergence([{ rate: q, noise: sigma, steps: 1 }], alpha), Number(rdp))).toBeLessThan(5e-8);
  });

  it.each(tailValues.moments)('by quadrature: q $rate, sigma $noise, order $order', ({ rate, noise, order, logMoment: wanted }) => {
    expect(relativeError(logMoment(order, { rate, noise }), Number(wanted))).toBeLessThan(5e-8);
  });

  it('of the Gaussian itself: a (a - 1) / (2 s^2)', () => {
    expect(logMoment(3.5, { rate: 1, noise: 2 })).toBeCloseTo((3.5 * 2.5) / 8, 14);
  });

  it('whole and fractional orders meet', () => {
    const at = (order: number): number => logMoment(order, { rate: 0.02, noise: 0.9 });
    expect(relativeError((at(4 - 1e-7) + at(4 + 1e-7)) / 2, at(4))).toBeLessThan(1e-9);
  });
});
