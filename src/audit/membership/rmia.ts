/**
 * The relative attack (RMIA; Zarifzadeh, Liu and Shokri, "Low-cost high-power membership inference attacks", ICML 2024), offline:
 * an image's probability p(x) is set against what networks give it that did not learn it, and that ratio against those
 * of images z of the population:
 *
 *   p_hat(x) = (1 + a) / 2 * mean of p(x) over references without x + (1 - a) / 2
 *   score(x) = share of z with (p(x) / p_hat(x)) / (p(z) / p_hat(z)) > gamma
 *
 * `a` corrects for the missing references with x; it is tuned on a reference that plays the subject, whose members are known.
 */
import { rocOf } from './roc.js';

/** Images as the attack sees them, all arrays [images]. */
export interface RelativeSignals {
  /** p of the label in the subject. */
  readonly subject: ArrayLike<number>;
  /** Mean of p of the label over references without the image. */
  readonly outside: ArrayLike<number>;
}

export const GAMMA = 1;
/** What is tried for `a`. */
const GRID = Array.from({ length: 11 }, (_, k) => k / 10);
/** Where no tuning is possible: what the paper found for its image sets. */
export const UNTUNED_A = 0.3;
const LEAST = 1e-300;

const ratios = ({ subject, outside }: RelativeSignals, a: number): Float64Array =>
  Float64Array.from(outside, (out, i) => subject[i] / Math.max(LEAST, ((1 + a) / 2) * out + (1 - a) / 2));

/** One score an image, the share of the population that it beats strictly; from 0 to 1. */
export function rmiaScores(images: RelativeSignals, population: RelativeSignals, a: number, gamma = GAMMA): Float64Array {
  const beaten = ratios(population, a).sort();
  return ratios(images, a).map((r) => below(beaten, r / gamma) / beaten.length);
}

/** How many of the sorted values are below x. */
function below(sorted: Float64Array, x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first `a` of the grid with the largest area under the curve, for a reference that plays the subject; `members` are its own. */
export function tuneA(images: RelativeSignals, population: RelativeSignals, members: ArrayLike<number>): number {
  let [best, area] = [GRID[0], -1];
  for (const a of GRID) {
    const found = rocOf(rmiaScores(images, population, a), members).area;
    if (found > area) [best, area] = [a, found];
  }
  return best;
}
