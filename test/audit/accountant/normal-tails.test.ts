// Tails of the normal distribution and ln Gamma against 50-digit values, out to arguments where erfc itself underflows.
import { describe, expect, it } from 'vitest';
import { binomialProbability, logChoose, logGamma } from '../../../src/audit/accountant/log-gamma.js';
import { erfc, logErfc, logNormalCdf, normalCdf, normalQuantile, scaledErfc } from '../../../src/audit/accountant/normal-tails.js';
import { relativeError, tailValues } from '../vectors.js';

const ACCURACY = 4e-15;

describe('tails of the normal distribution', () => {
  it.each(tailValues.tails)('at x = $x', ({ x, erfc: complement, logErfc: log, logCdf }) => {
    if (Number(complement) > 1e-290) expect(relativeError(erfc(x), Number(complement))).toBeLessThan(ACCURACY);
    else expect(erfc(x)).toBeLessThan(1e-290);
    expect(relativeError(logErfc(x), Number(log))).toBeLessThan(ACCURACY);
    if (Number(logCdf) < -1e-300) expect(relativeError(logNormalCdf(x), Number(logCdf))).toBeLessThan(ACCURACY);
    else expect(logNormalCdf(x)).toBeCloseTo(0, 15);
  });

  it('the scaled function falls like 1 / (x sqrt(pi))', () => {
    expect(scaledErfc(0)).toBeCloseTo(1, 14);
    expect(scaledErfc(1e12) * 1e12 * Math.sqrt(Math.PI)).toBeCloseTo(1, 14);
    expect(scaledErfc(Infinity)).toBe(0);
  });

  it('are those of nothing and everything at the ends', () => {
    expect([normalCdf(-Infinity), normalCdf(0), normalCdf(Infinity)]).toEqual([0, 0.5, 1]);
    expect([logNormalCdf(-Infinity), 1 + logNormalCdf(Infinity)]).toEqual([-Infinity, 1]);
    expect(erfc(NaN)).toBeNaN();
  });

  it.each(tailValues.quantiles)('quantile of $p', ({ p, x }) => {
    expect(Math.abs(normalQuantile(p) - Number(x))).toBeLessThan(1e-14 * Math.max(1, Math.abs(Number(x))));
  });

  it('quantiles of 0 and 1, and of what is no probability', () => {
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(-0.1), normalQuantile(1.1)]).toEqual([-Infinity, Infinity, NaN, NaN]);
  });
});

describe('ln Gamma', () => {
  it.each(tailValues.logGamma)('at $x', ({ x, value }) => {
    expect(Math.abs(logGamma(x) - Number(value))).toBeLessThan(1e-14 * Math.max(1, Math.abs(Number(value))));
  });

  it('binomial probabilities sum to 1 and follow Pascal', () => {
    expect(Math.exp(logChoose(10, 3))).toBeCloseTo(120, 10);
    expect(Array.from({ length: 41 }, (_, k) => binomialProbability(k, 40, 0.3)).reduce((a, b) => a + b)).toBeCloseTo(1, 13);
    expect([binomialProbability(0, 5, 0), binomialProbability(5, 5, 1), binomialProbability(4, 5, 1)]).toEqual([1, 1, 0]);
  });
});
