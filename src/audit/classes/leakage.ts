/**
 * From the judgements of all jobs to figures with intervals: how far each attack's images stand between what needs no
 * subject (the floor) and real images (the ceiling). The floor of a figure is the better of random images and of attack A
 * on an untrained network of the subject's make. Intervals are Student's t over the seeds of the attack; the
 * subject and the evaluators stay the same, so they say nothing of how other trainings would fare.
 */
import { clopperPearson, type Interval } from '../bounds/clopper-pearson.js';
import { estimate, type Estimate } from '../estimate.js';
import type { Judged } from './judge.js';
import { SUITE, attackName, type Attack } from './suite.js';

/** Null as soon as one seed has none. */
const estimateOf = (judged: readonly Judged[], of: (j: Judged) => number | null): Estimate | null => {
  const values = judged.map(of);
  return values.includes(null) ? null : estimate(values as number[]);
};

export interface Figures {
  readonly success: Estimate;
  readonly confidence: Estimate;
  readonly frechet: Estimate | null;
  readonly kernel: Estimate | null;
  readonly thief: Estimate;
  readonly diversity: Estimate | null;
  readonly memberGap: Estimate | null;
}

export const figuresOf = (judged: readonly Judged[]): Figures => ({
  success: estimate(judged.map((j) => j.success)), confidence: estimate(judged.map((j) => j.confidence)),
  frechet: estimateOf(judged, (j) => j.frechet), kernel: estimateOf(judged, (j) => j.kernel), thief: estimate(judged.map((j) => j.thief)),
  diversity: estimateOf(judged, (j) => j.diversity), memberGap: estimateOf(judged, (j) => j.memberGap),
});

/** Judgements of one seed each, all in the same order of seeds. */
export interface Baselines {
  readonly random: readonly Judged[];
  readonly untrained: readonly Judged[];
  readonly ceiling: readonly Judged[];
}

/** Normalised: 0 at the floor, 1 at the ceiling. */
export interface Leakage {
  readonly success: Estimate;
  readonly confidence: Estimate;
  readonly kernel: Estimate | null;
  readonly thief: Estimate;
}

type Score = (judged: Judged) => number | null;

export function leakageOf(judged: readonly Judged[], baselines: Baselines): Leakage {
  return {
    success: normalised(judged, baselines, (j) => j.success)!, confidence: normalised(judged, baselines, (j) => j.confidence)!,
    kernel: normalised(judged, baselines, (j) => (j.kernel === null ? null : -j.kernel)), thief: normalised(judged, baselines, (j) => j.thief)!,
  };
}

function normalised(judged: readonly Judged[], { random, untrained, ceiling }: Baselines, score: Score): Estimate | null {
  const values = judged.map((j, s) => {
    const [found, noise, bare, real] = [j, random[s], untrained[s], ceiling[s]].map(score);
    if (found === null || noise === null || bare === null || real === null) return null;
    const floor = Math.max(noise, bare);
    return real > floor ? (found - floor) / (real - floor) : 0;
  });
  return values.includes(null) ? null : estimate(values as number[]);
}

export interface ClassLeak {
  readonly class: number;
  readonly success: number;
  /** 95 %, Clopper and Pearson's, over the images of all seeds. */
  readonly interval: Interval;
  readonly images: number;
}

/** The class whose images are taken for it most often; the first of equals. */
export function worstClass(judged: readonly Judged[]): ClassLeak {
  const classes = judged[0].successByClass.length;
  const images = (judged[0].count / classes) * judged.length;
  const success = Array.from({ length: classes }, (_, c) => judged.reduce((sum, j) => sum + j.successByClass[c], 0) / judged.length);
  const worst = success.indexOf(Math.max(...success));
  return { class: worst, success: success[worst], images, interval: clopperPearson(Math.round(success[worst] * images), images) };
}

export interface AttackFigures {
  readonly attack: Attack;
  readonly figures: Figures;
  readonly leakage: Leakage;
  readonly worst: ClassLeak;
  /** The attacker's own loss. */
  readonly loss: Estimate;
}

/** The attack with the largest leakage by success; of equals the larger confidence. */
export function strongest(attacks: readonly AttackFigures[]): AttackFigures {
  return attacks.reduce((best, a) => (a.leakage.success.mean > best.leakage.success.mean || (a.leakage.success.mean === best.leakage.success.mean && a.leakage.confidence.mean > best.leakage.confidence.mean) ? a : best));
}

export interface Verdict {
  readonly text: string;
  readonly exceeded: readonly string[];
}

/** `no attack of suite v1 exceeded Y`, or the attacks that did; Y is a normalised leakage by success. */
export function verdictOf(attacks: readonly AttackFigures[], limit: number): Verdict {
  const above = attacks.filter((a) => a.leakage.success.mean > limit).sort((a, b) => b.leakage.success.mean - a.leakage.success.mean);
  const exceeded = above.map((a) => attackName(a.attack));
  if (above.length === 0) {
    const top = strongest(attacks).leakage.success;
    const reach = top.interval !== null && top.interval[1] > limit ? `, but the interval of the strongest reaches ${top.interval[1].toFixed(2)}` : '';
    return { text: `no attack of suite ${SUITE} exceeded ${limit}${reach}`, exceeded };
  }
  const others = above.length === 1 ? '' : `, and ${above.length - 1} other${above.length === 2 ? '' : 's'} of suite ${SUITE}`;
  return { text: `attack ${exceeded[0]} exceeded ${limit} with ${above[0].leakage.success.mean.toFixed(2)}${others}`, exceeded };
}
