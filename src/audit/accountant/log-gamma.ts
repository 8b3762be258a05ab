/**
 * The logarithm of the gamma function and of binomial coefficients and probabilities. Orders of the Renyi
 * accountant reach 1024 and attack counts reach thousands, where the numbers themselves overflow.
 */

const HALF_LOG_TWO_PI = 0.9189385332046727418;
/** B(2k) / (2k (2k - 1)), Bernoulli numbers B: Stirling's series (Abramowitz and Stegun 6.1.40). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400] as const;
const SERIES_FROM = 12;

/** ln Gamma(x) for x > 0: Stirling's series, reached from small x by ln Gamma(x) = ln Gamma(x + 1) - ln x. */
export function logGamma(x: number): number {
  if (!(x > 0)) return NaN;
  let product = 1;
  let y = x;
  for (; y < SERIES_FROM; y++) product *= y;
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = (series / (y * y)) + STIRLING[k];
  return (y - 0.5) * Math.log(y) - y + HALF_LOG_TWO_PI + series / y - Math.log(product);
}

/** ln of n! / (k! (n - k)!) for whole numbers 0 <= k <= n. */
export const logChoose = (n: number, k: number): number => (k === 0 || k === n ? 0 : logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1));

/** The probability of exactly k successes in n trials of probability p. */
export function binomialProbability(k: number, n: number, p: number): number {
  if (p === 0 || p === 1) return k === n * p ? 1 : 0;
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}
