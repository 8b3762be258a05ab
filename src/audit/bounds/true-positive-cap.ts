/**
 * How many members any attack can find at a given rate of false alarms. From (epsilon, delta) alone the cap is loose;
 * the trade-off curve of the mechanism itself gives a tighter one: by the lemma of Neyman and Pearson the
 * best test calls those outcomes members that have the largest privacy loss.
 */
import { fail } from '../../diagnostics.js';
import { composeLoss, type ComposedLoss } from '../accountant/composed-loss.js';
import { checkRun, type Phase } from '../accountant/mechanism.js';
import { reach, sampleRun } from '../accountant/saddle-point.js';

/** min(1, exp(epsilon) FPR + delta, 1 - exp(-epsilon) (1 - delta - FPR)): the cap that (epsilon, delta) implies. */
export function capFromEpsilon(epsilon: number, delta: number, falsePositiveRate: number): number {
  checkRate(falsePositiveRate);
  return Math.min(1, Math.exp(epsilon) * falsePositiveRate + delta, 1 - Math.exp(-epsilon) * (1 - delta - falsePositiveRate));
}

/** Probability that the grid may miss at either end; it is added to the cap. */
const MISSED = 1e-12;
const POINTS = 2 ** 17;

/**
 * The cap on the true positive rate at each false positive rate by the mechanism's own trade-off curve: an upper bound,
 * above the exact curve by rounding the loss to a grid. Members are told from non-members by one record more.
 */
export function capsFromMechanism(phases: readonly Phase[], falsePositiveRates: readonly number[]): readonly number[] {
  checkRun(phases, 0.5);
  falsePositiveRates.forEach(checkRate);
  const curve = tradeOff(phases);
  return falsePositiveRates.map((rate) => capAt(curve, rate));
}

function tradeOff(phases: readonly Phase[]): ComposedLoss {
  const tail = MISSED / phases.reduce((sum, p) => sum + p.steps, 0);
  const run = sampleRun(phases, 'remove', tail);
  const { low, high, highTilt } = reach(run, { tilt: 0, saddle: 1, epsilon: 0, logMissed: Math.log(MISSED) });
  return composeLoss(phases, 'remove', { step: (high - low) / POINTS, points: POINTS, low, tilt: 0, highTilt, tail });
}

/** Takes losses from the largest down until their probability without the record is used up. */
function capAt({ first, step, masses, infinite }: ComposedLoss, falsePositiveRate: number): number {
  let [caught, alarms] = [infinite, 0];
  for (let k = masses.length - 1; k >= 0; k--) {
    const alarm = masses[k] * Math.exp(-(first + k) * step);
    if (alarms + alarm >= falsePositiveRate) return Math.min(1, caught + masses[k] * ((falsePositiveRate - alarms) / alarm || 0));
    caught += masses[k];
    alarms += alarm;
  }
  return 1;
}

function checkRate(rate: number): void {
  if (!(rate >= 0 && rate <= 1)) fail('audit/false-positive-rate-outside', { kind: 'nowhere' }, { rate });
}
