// Lower bounds from attack counts and caps on attacks, against dp_vectors.json and closed forms.
import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile } from '../../../src/audit/accountant/normal-tails.js';
import { tightEpsilon } from '../../../src/audit/accountant/tight-epsilon.js';
import { betaQuantile, clopperPearson, incompleteBeta } from '../../../src/audit/bounds/clopper-pearson.js';
import { epsilonFromOneRun, epsilonFromRates, gaussianDelta, gaussianEpsilon, gaussianMuFromRates, oneRunPValue, rateBounds } from '../../../src/audit/bounds/epsilon-from-attack.js';
import { capFromEpsilon, capsFromMechanism } from '../../../src/audit/bounds/true-positive-cap.js';
import { CompileError } from '../../../src/diagnostics.js';
import { relativeError, tailValues, vectors } from '../vectors.js';

const rows = (kind: string) => vectors.audit_bounds.filter((v) => v.kind === kind);
const counts = (v: Readonly<Record<string, number>>) => ({ truePositives: v.tp, members: v.n_in, falsePositives: v.fp, nonMembers: v.n_out });

describe('Clopper and Pearson', () => {
  it.each(tailValues.incompleteBeta)('I_$x($a, $b)', ({ x, a, b, value }) => expect(relativeError(incompleteBeta(x, a, b), Number(value))).toBeLessThan(2e-12));

  it('0 and all of n have one-sided closed forms', () => {
    expect(clopperPearson(0, 1000)).toEqual({ low: 0, high: expect.closeTo(1 - 0.025 ** (1 / 1000), 14) });
    expect(clopperPearson(50, 50, 0.1)).toEqual({ low: expect.closeTo(0.05 ** (1 / 50), 14), high: 1 });
    expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it('a quantile leads back', () => expect(incompleteBeta(betaQuantile(0.025, 12, 89), 12, 89)).toBeCloseTo(0.025, 13));

  it('misses at most its significance on each side', () => {
    for (const p of [0.01, 0.3]) {
      const n = 60;
      const missed = Array.from({ length: n + 1 }, (_, k) => k).filter((k) => clopperPearson(k, n, 0.1).low > p);
      const lost = missed.length === 0 ? 0 : incompleteBeta(p, missed[0], n - missed[0] + 1);
      expect(lost).toBeLessThanOrEqual(0.05);
    }
  });
});

describe('epsilon from an attack', () => {
  it.each(rows('clopper_pearson'))('$tp of $n_in, $fp of $n_out', (v) => {
    const bounds = rateBounds(counts(v), v.significance);
    expect(relativeError(bounds.truePositiveRate, v.tpr_lb)).toBeLessThan(1e-11);
    expect(relativeError(bounds.falsePositiveRate, v.fpr_ub)).toBeLessThan(1e-11);
    expect(relativeError(epsilonFromRates(counts(v), v.delta, v.significance), v.eps_lb)).toBeLessThan(1e-10);
  });

  it.each(rows('gdp'))('as a Gaussian: $tp of $n_in, $fp of $n_out', (v) => {
    const mu = gaussianMuFromRates(counts(v), v.significance);
    expect(relativeError(mu, v.mu_lb)).toBeLessThan(1e-10);
    expect(relativeError(gaussianEpsilon(mu, v.delta), v.eps_lb)).toBeLessThan(1e-9);
  });

  it.each(rows('one_run_steinke'))('one run: $v of $r right, $m canaries', (v) => {
    const found = epsilonFromOneRun({ canaries: v.m, guesses: v.r, right: v.v }, v.delta, v.p);
    expect(Math.abs(found - v.eps_lb_own)).toBeLessThan(1e-8);
  });

  it('one run: guessing nothing or by chance shows nothing; the p-value grows with epsilon', () => {
    expect(epsilonFromOneRun({ canaries: 100, guesses: 0, right: 0 }, 1e-5)).toBe(0);
    const at = (epsilon: number): number => oneRunPValue({ canaries: 500, guesses: 100, right: 80 }, 1e-5, epsilon);
    expect([at(0.5) < at(1), at(1) < at(2)]).toEqual([true, true]);
  });

  it('a chance attack shows nothing', () => expect(epsilonFromRates({ truePositives: 50, members: 1000, falsePositives: 50, nonMembers: 1000 }, 1e-5)).toBe(0));

  it('the Gaussian of mu 1: published value, and epsilon leads back to delta', () => {
    expect(gaussianEpsilon(1, 1e-5)).toBeCloseTo(4.377178095681225, 9);
    expect(relativeError(gaussianDelta(2.5, gaussianEpsilon(2.5, 1e-7)), 1e-7)).toBeLessThan(1e-9);
    expect(gaussianEpsilon(0, 1e-5)).toBe(0);
  });
});

describe('the cap on true positives', () => {
  it.each(rows('tpr_cap'))('epsilon $eps at FPR $fpr', (v) => expect(relativeError(capFromEpsilon(v.eps, v.delta, v.fpr), v.tpr_max)).toBeLessThan(1e-12));

  it('of a Gaussian is Phi(mu + Phi^-1(FPR)), met from above', () => {
    const rates = [1e-4, 0.001, 0.01, 0.1, 0.5, 0.9];
    for (const [noise, steps] of [[1, 1], [10, 50], [3, 2000]]) {
      const mu = Math.sqrt(steps) / noise;
      capsFromMechanism([{ rate: 1, noise, steps }], rates).forEach((cap, i) => {
        const exact = normalCdf(mu + normalQuantile(rates[i]));
        expect(cap).toBeGreaterThanOrEqual(exact - 1e-12);
        expect(cap - exact).toBeLessThan(2e-4);
      });
    }
  });

  it('of one subsampled step is the mixture of guessing and the Gaussian, met from above', () => {
    const rates = [1e-3, 0.01, 0.2];
    const [rate, noise] = [0.1, 0.7];
    capsFromMechanism([{ rate, noise, steps: 1 }], rates).forEach((cap, i) => {
      const exact = (1 - rate) * rates[i] + rate * normalCdf(1 / noise + normalQuantile(rates[i]));
      expect(cap).toBeGreaterThanOrEqual(exact - 1e-12);
      expect(cap - exact).toBeLessThan(1e-5);
    });
  });

  it('lies under the cap of any (epsilon, delta) of the run and over guessing', () => {
    const phases = [{ rate: 256 / 60000, noise: 1.1, steps: 3515 }];
    const caps = capsFromMechanism(phases, [0.001, 0.01, 0.1]);
    for (const delta of [1e-5, 1e-3, 0.02]) {
      const { epsilon } = tightEpsilon(phases, delta);
      caps.forEach((cap, i) => {
        const rate = [0.001, 0.01, 0.1][i];
        expect(cap).toBeGreaterThan(rate);
        expect(cap).toBeLessThan(capFromEpsilon(epsilon, delta, rate) + 1e-6);
      });
    }
  });
});

describe('what is no attack', () => {
  const said = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof CompileError) return error.message;
      throw error;
    }
    return 'accepted';
  };

  it('audit/counts-outside, all at once, with audit/significance-outside', () => {
    expect(said(() => epsilonFromRates({ truePositives: 11, members: 10, falsePositives: 0.5, nonMembers: 10 }, 1e-5, 0))).toBe(
      'error[audit/counts-outside]: the number of true positives is a whole number from 0 to 10, found 11\n'
      + '  hint: give counts of the same attack: how many were tried and how many of those hit\n'
      + 'error[audit/counts-outside]: the number of false positives is a whole number from 0 to 10, found 0.5\n'
      + '  hint: give counts of the same attack: how many were tried and how many of those hit\n'
      + 'error[audit/significance-outside]: a significance is above 0 and below 1, found 0\n'
      + '  hint: take 0.05 for a 95 % interval');
  });

  it('audit/false-positive-rate-outside', () => {
    expect(said(() => capFromEpsilon(1, 1e-5, 1.5))).toBe('error[audit/false-positive-rate-outside]: a false positive rate is from 0 to 1, found 1.5\n  hint: attacks are usually read at 0.01 and 0.001');
  });

  it('audit/no-phases', () => {
    expect(said(() => tightEpsilon([], 1e-5))).toBe('error[audit/no-phases]: there is nothing to account for: no phase is given\n  hint: give rate, noise and steps of at least one phase');
  });
});
