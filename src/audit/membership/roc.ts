/**
 * How well scores tell members from non-members: the curve of true against false positive rates over all thresholds, the area
 * under it with the interval of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988), the largest difference of both
 * rates, and the members found at small rates of false alarms. Equal scores share a threshold.
 */
import { normalQuantile } from '../accountant/normal-tails.js';
import { clopperPearson, type Interval } from '../bounds/clopper-pearson.js';

export interface Roc {
  readonly members: number;
  readonly nonMembers: number;
  /** Members and non-members called members as the threshold falls, a point each distinct score, from none to all. */
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  /** The score from which on a point calls members; Infinity for the first. */
  readonly thresholds: Float64Array;
  /** Probability that a member scores above a non-member, ties half. */
  readonly area: number;
}

/** The curve of scores that are higher for members; `members` has a 1 for each member. Scores are numbers. */
export function rocOf(scores: ArrayLike<number>, members: ArrayLike<number>): Roc {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const points: (readonly [tp: number, fp: number, at: number])[] = [[0, 0, Infinity]];
  let [tp, fp, area] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    const at = scores[order[i]];
    if (Number.isNaN(at)) throw new RangeError('internal: a score is no number');
    const before = [tp, fp];
    for (; i < order.length && scores[order[i]] === at; i++) {
      if (members[order[i]] === 1) tp++;
      else fp++;
    }
    area += (fp - before[1]) * (tp + before[0]) / 2;
    points.push([tp, fp, at]);
  }
  const column = (k: 0 | 1 | 2): Float64Array => Float64Array.from(points, (p) => p[k]);
  return { members: tp, nonMembers: fp, truePositives: column(0), falsePositives: column(1), thresholds: column(2), area: area / (tp * fp) };
}

/** The interval of the area at 1 - `significance`. Perfect separation has no variance: there the bound is what 0 errors of the smaller group allow. */
export function areaInterval({ members: m, nonMembers: n, truePositives, falsePositives, area }: Roc, significance = 0.05): Interval {
  const quantile = normalQuantile(1 - significance / 2);
  // placements: of each member the share of non-members below it, and the other way round
  let [members, nonMembers] = [0, 0];
  for (let k = 1; k < truePositives.length; k++) {
    const [tp, fp] = [truePositives[k] - truePositives[k - 1], falsePositives[k] - falsePositives[k - 1]];
    members += tp * (1 - (falsePositives[k] - fp / 2) / n - area) ** 2;
    nonMembers += fp * ((truePositives[k] - tp / 2) / m - area) ** 2;
  }
  const deviation = Math.sqrt(members / ((m - 1) * m) + nonMembers / ((n - 1) * n));
  if (!(deviation > 0)) {
    const few = clopperPearson(0, Math.min(m, n), significance).high;
    return area > 0.5 ? { low: 1 - few, high: 1 } : area < 0.5 ? { low: 0, high: few } : { low: 0.5, high: 0.5 };
  }
  return { low: Math.max(0, area - quantile * deviation), high: Math.min(1, area + quantile * deviation) };
}

/** The largest TPR - FPR over all thresholds: never below 0, and upward biased, since the threshold is chosen on the same images. */
export function advantageOf({ truePositives, falsePositives, members, nonMembers }: Roc): number {
  return truePositives.reduce((most, tp, k) => Math.max(most, tp / members - falsePositives[k] / nonMembers), 0);
}

/** So many false alarms have to be expected before a rate is stated: 1 % needs 10,000 non-members. */
export const LEAST_FALSE_ALARMS = 100;

/** Non-members that a false positive rate needs. */
export const nonMembersFor = (falsePositiveRate: number): number => Math.ceil(LEAST_FALSE_ALARMS / falsePositiveRate - 1e-9);

export interface RateAt {
  readonly falsePositiveRate: number;
  /** Counts at the lowest threshold that keeps to the rate. */
  readonly truePositives: number;
  readonly falsePositives: number;
  /** Null where the rate is not resolvable. */
  readonly truePositiveRate: number | null;
  /** Clopper and Pearson, 95 %, for the threshold at hand; null where the rate is not resolvable. */
  readonly interval: Interval | null;
  readonly resolvable: boolean;
}

/** The members found at a false positive rate of at most `rate`. */
export function rateAt({ truePositives, falsePositives, members, nonMembers }: Roc, rate: number): RateAt {
  let k = 0;
  while (k + 1 < falsePositives.length && falsePositives[k + 1] <= rate * nonMembers + 1e-9) k++;
  const resolvable = nonMembers >= nonMembersFor(rate);
  const tp = truePositives[k];
  return {
    falsePositiveRate: rate, truePositives: tp, falsePositives: falsePositives[k], resolvable,
    truePositiveRate: resolvable ? tp / members : null, interval: resolvable ? clopperPearson(tp, members) : null,
  };
}

export interface BalancedAccuracy {
  readonly value: number;
  /** 95 %, normal, from the variances of both rates. */
  readonly interval: Interval;
}

/**
 * (TPR + 1 - FPR) / 2 of thresholds chosen on one half of the images and applied to the other, both ways round: no image is judged
 * by a threshold that it helped to choose. `half` has a 0 or 1 for each image.
 */
export function balancedAccuracy(scores: ArrayLike<number>, members: ArrayLike<number>, half: ArrayLike<number>): BalancedAccuracy {
  let [hits, of, rejected, outOf] = [0, 0, 0, 0];
  for (const side of [0, 1]) {
    const at = bestThreshold(scores, members, half, 1 - side);
    for (let i = 0; i < scores.length; i++) {
      if (half[i] !== side) continue;
      if (members[i] === 1) { of++; if (scores[i] >= at) hits++; }
      else { outOf++; if (scores[i] < at) rejected++; }
    }
  }
  const [tpr, tnr] = [hits / of, rejected / outOf];
  const deviation = Math.sqrt((tpr * (1 - tpr)) / of + (tnr * (1 - tnr)) / outOf) / 2;
  const value = (tpr + tnr) / 2;
  return { value, interval: { low: Math.max(0, value - 1.959963984540054 * deviation), high: Math.min(1, value + 1.959963984540054 * deviation) } };
}

function bestThreshold(scores: ArrayLike<number>, members: ArrayLike<number>, half: ArrayLike<number>, side: number): number {
  const chosen = Array.from({ length: scores.length }, (_, i) => i).filter((i) => half[i] === side);
  const { truePositives, falsePositives, thresholds, members: m, nonMembers: n } = rocOf(chosen.map((i) => scores[i]), chosen.map((i) => members[i]));
  let best = 0;
  truePositives.forEach((tp, k) => { if (tp / m - falsePositives[k] / n > truePositives[best] / m - falsePositives[best] / n) best = k; });
  return thresholds[best];
}
