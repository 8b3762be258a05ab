// The noise for a budget: as close as the reference, always on the safe side, prior phases counted, each refusal word for word.
import { describe, expect, it } from 'vitest';
import { noiseForBudget } from '../../../src/audit/accountant/noise-for-budget.js';
import { tightEpsilon } from '../../../src/audit/accountant/tight-epsilon.js';
import { CompileError } from '../../../src/diagnostics.js';
import { vectors } from '../vectors.js';

describe('noise for a budget', () => {
  it.each(vectors.inverse)('q $q, $steps steps, epsilon $target', ({ q, steps, delta, target, sigma_tight }) => {
    const { noise, epsilon } = noiseForBudget({ rate: q, steps }, { epsilon: target, delta });
    expect(noise).toBeGreaterThan(sigma_tight * (1 - 1e-5));
    expect(noise).toBeLessThan(sigma_tight * (1 + 3e-4));
    expect(noise).toBe(Number(noise.toPrecision(5)));
    expect(epsilon).toBeLessThanOrEqual(target);
    expect(tightEpsilon([{ rate: q, noise, steps }], delta).epsilon).toBe(epsilon);
  });

  it('counts what has been spent', () => {
    const spent = [{ rate: 0.01, noise: 1.5, steps: 500 }];
    const { noise, epsilon } = noiseForBudget({ rate: 0.01, steps: 500 }, { epsilon: 2, delta: 1e-5, spent });
    expect(noise).toBeGreaterThan(noiseForBudget({ rate: 0.01, steps: 500 }, { epsilon: 2, delta: 1e-5 }).noise);
    expect(tightEpsilon([...spent, { rate: 0.01, noise, steps: 500 }], 1e-5).epsilon).toBe(epsilon);
    expect(epsilon).toBeGreaterThan(1.99);
  });
});

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('a budget that no noise meets', () => {
  it('audit/epsilon-unreachable', () => {
    expect(refusal(() => noiseForBudget({ rate: 1, steps: 100_000 }, { epsilon: 1e-6, delta: 1e-5 }))).toMatch(
      /^error\[audit\/epsilon-unreachable\] for --epsilon: epsilon 0.000001 at delta 0.00001 is not reached: even a noise multiplier of 100000 leaves 0.007\d+\n {2}hint: take a larger epsilon or delta, fewer steps or a smaller sampling rate$/);
  });

  it('audit/noise-not-needed', () => {
    expect(refusal(() => noiseForBudget({ rate: 1e-9, steps: 10 }, { epsilon: 1, delta: 1e-5 }))).toBe(
      'error[audit/noise-not-needed] for --epsilon: epsilon 1 at delta 0.00001 holds already at a noise multiplier of 0.01, the least that is searched, where epsilon is 0\n'
      + '  hint: such a budget asks for no noise worth its name; take a smaller epsilon or delta');
  });

  it('audit/budget-spent', () => {
    expect(refusal(() => noiseForBudget({ rate: 0.01, steps: 10 }, { epsilon: 3, delta: 1e-5, spent: [{ rate: 0.01, noise: 1, steps: 10_000 }] }))).toMatch(
      /^error\[audit\/budget-spent\] for --phase: the phases given have spent the budget: they alone have epsilon 6\.18\d at delta 0.00001, the target is 3\n {2}hint: no noise makes further steps free; take a larger epsilon, or train on data that these phases did not see$/);
  });
});
