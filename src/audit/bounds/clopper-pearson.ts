/**
 * The exact interval of a probability from successes in independent trials (Clopper and Pearson, Biometrika 26, 1934).
 * It never covers less often than it says, also for 0 of n, which is where attacks at small false
 * positive rates are read.
 */
import { Reporter } from '../../diagnostics.js';
import { logGamma } from '../accountant/log-gamma.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Reports counts that are no counts and a significance outside (0, 1). `counts` are [what, count, of]. */
export function checkCounts(counts: readonly (readonly [what: string, count: number, of: number])[], significance: number): void {
  const report = new Reporter();
  for (const [what, count, of] of counts) {
    if (!(Number.isInteger(count) && count >= 0 && count <= of)) report.report('audit/counts-outside', { kind: 'nowhere' }, { what, count, of });
  }
  if (!(significance > 0 && significance < 1)) report.report('audit/significance-outside', { kind: 'nowhere' }, { significance });
  report.finish();
}

/** The two-sided interval at 1 - `significance`: half of it may be missed on each side. [0, 1] for no trials. */
export function clopperPearson(successes: number, trials: number, significance = 0.05): Interval {
  checkCounts([['the number of trials', trials, Number.MAX_SAFE_INTEGER], ['the number of successes', successes, trials]], significance);
  return { low: lowerBound(successes, trials, significance / 2), high: 1 - lowerBound(trials - successes, trials, significance / 2) };
}

/** The probability at which `successes` or more come up in a share `miss` of the experiments. */
function lowerBound(successes: number, trials: number, miss: number): number {
  return successes === 0 ? 0 : betaQuantile(miss, successes, trials - successes + 1);
}

/** The x with I_x(a, b) = p, by halving: 1e-15 or an ulp, whichever is larger. */
export function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 1100 && high - low > 2 ** -52 * high; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function I_x(a, b); a, b > 0, x in [0, 1]. Abramowitz and Stegun 26.5.8. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  return front / fraction(x, a, b);
}

/** The continued fraction 1 + d1/(1 + d2/(1 + ...)) by the method of Lentz (Applied Optics 15, 1976). */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let [value, numerator, denominator] = [1, 1, 0];
  for (let n = 1; n < 100_000; n++) {
    const m = n >> 1;
    const d = n % 2 === 0 ? (m * (b - m) * x) / ((a + n - 1) * (a + n)) : (-(a + m) * (a + b + m) * x) / ((a + n - 1) * (a + n));
    denominator = 1 / (1 + d * denominator || tiny);
    numerator = 1 + d / numerator || tiny;
    const change = numerator * denominator;
    value *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return value;
}
