/**
 * The comparison at equal accuracy: each pruned network against the same seed's dense network, stopped early where it was as right
 * on the test images. A partner is as right to within half a point; without one, or where the pruned network only guesses, there is no comparison. Seeds are
 * the repetitions, Student's t gives the interval, and a level's outcome is told at 95 % for all levels together.
 */
import { estimate, type Estimate } from '../estimate.js';

/** Half a point. */
export const MATCHED_WITHIN = 0.005;
/** Seeds with a partner that a comparison takes. */
export const LEAST_PAIRS = 5;

/** A pruned network and its partner; differences are pruned less stopped. */
export interface MatchedPair {
  readonly seed: number;
  /** Step at which the dense network was stopped. */
  readonly step: number;
  readonly accuracyDifference: number;
  /** Of the area under the curve of each attack that is compared. */
  readonly areaDifferences: readonly number[];
}

export type Outcome = 'weaker' | 'stronger' | 'unresolved' | 'not-compared';

export interface Matched {
  readonly pairs: readonly MatchedPair[];
  readonly accuracyDifference: Estimate | null;
  /** One an attack, 95 % for each alone; null with fewer than two pairs. */
  readonly areaDifferences: readonly (Estimate | null)[];
  /** Of the first attack: against sparser networks it is weaker, stronger, neither at 95 % for all levels together, or too few have a partner. */
  readonly outcome: Outcome;
}

/** `levels`: how many share the doubt. */
export function compareMatched(pairs: readonly MatchedPair[], attacks: number, levels: number): Matched {
  const few = pairs.length < 2;
  const of = (a: number): number[] => pairs.map((p) => p.areaDifferences[a]);
  const joint = pairs.length < LEAST_PAIRS ? null : estimate(of(0), 0.05 / levels).interval;
  return {
    pairs, accuracyDifference: few ? null : estimate(pairs.map((p) => p.accuracyDifference)),
    areaDifferences: Array.from({ length: attacks }, (_, a) => (few ? null : estimate(of(a)))),
    outcome: joint === null ? 'not-compared' : joint[1] < 0 ? 'weaker' : joint[0] > 0 ? 'stronger' : 'unresolved',
  };
}

/** So near is as good as equal: the search for a partner ends. */
const CLOSE = MATCHED_WITHIN / 4;
/** How far from where halving leads it goes. */
const NEIGHBOURS = 8;

/**
 * A kept state whose accuracy is close to `wanted`, or the nearest of those around: by halving, since accuracy rises with learning, and
 * then outwards among the neighbours, earlier ones first, since it does so with noise. Few are asked with `accuracyAt`.
 */
export async function matchingState(wanted: number, states: number, accuracyAt: (state: number) => Promise<number>): Promise<{ readonly state: number; readonly accuracy: number }> {
  let [low, high] = [0, states - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await accuracyAt(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  let best = { state: low, accuracy: await accuracyAt(low) };
  for (let far = 1; far <= NEIGHBOURS && Math.abs(best.accuracy - wanted) > CLOSE; far++) {
    for (const state of [low - far, low + far]) {
      if (state < 0 || state >= states) continue;
      const accuracy = await accuracyAt(state);
      if (Math.abs(accuracy - wanted) < Math.abs(best.accuracy - wanted)) best = { state, accuracy };
    }
  }
  return best;
}

export interface LevelOutcome {
  readonly sparsity: number;
  readonly outcome: Outcome;
  /** Of the area under the curve, at equal accuracy; null without a comparison. */
  readonly difference: Estimate | null;
}

/**
 * What may be said of sparsity and privacy, in words. That sparser networks gave away less is said of levels whose comparison at equal
 * accuracy shows it, and of nothing else: neither correlation nor the finished dense network is enough.
 */
export function sparsityVerdict(levels: readonly LevelOutcome[], attack: string): string {
  const of = (outcome: Outcome): readonly LevelOutcome[] => levels.filter((l) => l.outcome === outcome);
  const at = (found: readonly LevelOutcome[]): string => found.map((l) => `${(100 * l.sparsity).toFixed(1)} %`).join(', ');
  const by = (found: readonly LevelOutcome[]): string => found.map(({ difference }) => (difference?.interval == null ? '' : `${Math.abs(difference.mean).toFixed(3)} (${difference.interval.map((d) => Math.abs(d)).sort((a, b) => a - b).map((d) => d.toFixed(3)).join(' to ')})`)).join(', ');
  const [weaker, stronger, unresolved, missing] = [of('weaker'), of('stronger'), of('unresolved'), of('not-compared')];
  if (missing.length === levels.length) return `No statement on sparsity and privacy: at no sparsity have ${LEAST_PAIRS} seeds a pruned network that does more than guess and a dense one of the same accuracy to within half a point, and without that comparison a lower leakage may be nothing but a lower accuracy.`;
  return [
    ...(weaker.length === 0 ? [] : [`At equal accuracy the sparser network was more private against ${attack} at sparsity ${at(weaker)}: the area under its curve was lower by ${by(weaker)} than for dense networks stopped at the same accuracy.`]),
    ...(stronger.length === 0 ? [] : [`At equal accuracy the sparser network was less private against ${attack} at sparsity ${at(stronger)}: the area under its curve was higher by ${by(stronger)} than for dense networks stopped at the same accuracy.`]),
    ...(unresolved.length === 0 ? [] : [`At equal accuracy no difference was resolved at sparsity ${at(unresolved)}.`]),
    ...(missing.length === 0 ? [] : [`At sparsity ${at(missing)} fewer than ${LEAST_PAIRS} seeds have a pruned network that does more than guess and a dense partner of the same accuracy: nothing is said of it.`]),
    'This holds for this architecture, these images and these attacks.',
  ].join(' ');
}
