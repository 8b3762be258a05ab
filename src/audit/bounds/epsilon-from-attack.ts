/**
 * Lower bounds on epsilon from the counts of an attack: what a mechanism cannot be better than, at a significance.
 * A small bound proves nothing about privacy, since a weak attack gives one too; a bound above the claimed epsilon
 * proves a fault.
 */
import { binomialProbability } from '../accountant/log-gamma.js';
import { normalCdf, normalQuantile } from '../accountant/normal-tails.js';
import { checkCounts, clopperPearson } from './clopper-pearson.js';

/** Counts of an attack whose threshold was fixed on other runs. */
export interface AttackCounts {
  /** Members that it called members, of `members`. */
  readonly truePositives: number;
  readonly members: number;
  /** Non-members that it called members, of `nonMembers`. */
  readonly falsePositives: number;
  readonly nonMembers: number;
}

export interface RateBounds {
  /** The true positive rate is at least this. */
  readonly truePositiveRate: number;
  /** The false positive rate is at most this. */
  readonly falsePositiveRate: number;
}

/** Both rates at once: they hold together at 1 - `significance`. */
export function rateBounds(counts: AttackCounts, significance = 0.05): RateBounds {
  const { truePositives, members, falsePositives, nonMembers } = counts;
  checkCounts([['the number of true positives', truePositives, members], ['the number of false positives', falsePositives, nonMembers]], significance);
  return {
    truePositiveRate: clopperPearson(truePositives, members, significance).low,
    falsePositiveRate: clopperPearson(falsePositives, nonMembers, significance).high,
  };
}

/**
 * ln((TPR - delta) / FPR) with TPR at its lower and FPR at its upper bound, at least 0 (Jagielski, Ullman and Oprea 2020;
 * Nasr et al. 2021). The trials have to be independent: one run of the mechanism each.
 */
export function epsilonFromRates(counts: AttackCounts, delta: number, significance = 0.05): number {
  const { truePositiveRate, falsePositiveRate } = rateBounds(counts, significance);
  return truePositiveRate > delta ? Math.max(0, Math.log((truePositiveRate - delta) / falsePositiveRate)) : 0;
}

/** The mu of a Gaussian mechanism from the same bounds, at least 0 (Nasr et al. 2023). Valid only where the trade-off is that of a Gaussian. */
export function gaussianMuFromRates(counts: AttackCounts, significance = 0.05): number {
  const { truePositiveRate, falsePositiveRate } = rateBounds(counts, significance);
  return Math.max(0, normalQuantile(truePositiveRate) - normalQuantile(falsePositiveRate));
}

/** delta of a Gaussian mechanism of mu = sensitivity / noise at epsilon (Balle and Wang 2018, Theorem 8). */
export const gaussianDelta = (mu: number, epsilon: number): number =>
  normalCdf(mu / 2 - epsilon / mu) - Math.exp(epsilon) * normalCdf(-mu / 2 - epsilon / mu);

/** epsilon of a Gaussian mechanism of mu at delta, exact; 0 for mu = 0. */
export function gaussianEpsilon(mu: number, delta: number): number {
  if (mu === 0 || gaussianDelta(mu, 0) <= delta) return 0;
  let high = 1;
  while (gaussianDelta(mu, high) > delta) high *= 2;
  return halve((epsilon) => gaussianDelta(mu, epsilon) > delta, 0, high);
}

/** Canaries of one training run: each of `canaries` was in with probability 1/2. */
export interface OneRun {
  readonly canaries: number;
  /** How many guesses were made; fixed before the run. */
  readonly guesses: number;
  readonly right: number;
}

/**
 * Epsilon from one run (Steinke, Nasr and Jagielski 2023, Appendix D): the largest that the number of right
 * guesses rejects at `significance`; 0 if it rejects none.
 */
export function epsilonFromOneRun(run: OneRun, delta: number, significance = 0.05): number {
  checkCounts([['the number of guesses', run.guesses, run.canaries], ['the number of right guesses', run.right, run.guesses]], significance);
  const rejected = (epsilon: number): boolean => oneRunPValue(run, delta, epsilon) < significance;
  if (!rejected(0)) return 0;
  let high = 1;
  while (rejected(high)) high *= 2;
  return halve(rejected, 0, high);
}

/**
 * The probability, at most, of so many right guesses under (epsilon, delta): min(1, b + 2 m delta a) with q = 1/(1 + exp(-epsilon)),
 * b = P[Bin(r, q) >= v] and a = max over i = 1..v of P[v - i <= Bin(r, q) < v] / i.
 */
export function oneRunPValue({ canaries, guesses, right }: OneRun, delta: number, epsilon: number): number {
  const success = 1 / (1 + Math.exp(-epsilon));
  let atLeast = 0;
  for (let k = guesses; k >= right; k--) atLeast += binomialProbability(k, guesses, success);
  let [below, steepest] = [0, 0];
  for (let i = 1; i <= right && delta > 0; i++) {
    below += binomialProbability(right - i, guesses, success);
    steepest = Math.max(steepest, below / i);
  }
  return Math.min(1, atLeast + 2 * canaries * delta * steepest);
}

/** Where a condition that holds at `low` and not at `high` ends, from below. */
function halve(holds: (x: number) => boolean, low: number, high: number): number {
  let [yes, no] = [low, high];
  for (let i = 0; i < 60; i++) {
    const middle = (yes + no) / 2;
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}
