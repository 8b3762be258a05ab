/**
 * The mean of a few independent repetitions with its interval by Student's t. P(|T| > t) with n degrees of freedom is the incomplete
 * beta function I_x(n/2, 1/2) at x = n / (n + t^2) (Abramowitz and Stegun 26.5.27), from which the quantiles are taken.
 */
import { betaQuantile } from './bounds/clopper-pearson.js';

export interface Estimate {
  readonly mean: number;
  /** 95 % unless told; null with a single value. */
  readonly interval: readonly [low: number, high: number] | null;
  /** One a repetition. */
  readonly values: readonly number[];
}

/** The t that |T| exceeds with probability `significance`. */
export function studentQuantile(freedom: number, significance = 0.05): number {
  const x = betaQuantile(significance, freedom / 2, 0.5);
  return Math.sqrt((freedom * (1 - x)) / x);
}

export function estimate(values: readonly number[], significance = 0.05): Estimate {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { mean, interval: null, values };
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
  const half = (studentQuantile(n - 1, significance) * deviation) / Math.sqrt(n);
  return { mean, interval: [mean - half, mean + half], values };
}
