/**
 * The other way round: how much noise a run needs so that its epsilon at a delta is at most a target. The answer is
 * rounded up and checked with the tight accountant itself, so that the claim holds for the figure as printed.
 */
import { fail, Reporter } from '../../diagnostics.js';
import { checkDelta, checkPhase, LEAST_NOISE, type Phase } from './mechanism.js';
import { roughEpsilon, tightEpsilon } from './tight-epsilon.js';

export interface Budget {
  readonly epsilon: number;
  readonly delta: number;
  /** Phases that have run, or whose noise is settled; they count towards epsilon. */
  readonly spent?: readonly Phase[];
  /** Number of records, if delta is to be held against it. */
  readonly examples?: number;
}

export interface NoiseForBudget {
  /** Noise multiplier, five significant digits, rounded up. */
  readonly noise: number;
  /** The epsilon that this noise gives, at most the target. */
  readonly epsilon: number;
}

export const MOST_NOISE = 1e5;
/** The search ends where epsilon is this share below its target; the noise is then as close. */
const PRECISION = 1e-4;
const MOST_TRIES = 60;
const EPSILON = { kind: 'option', option: '--epsilon' } as const;

/**
 * The least noise multiplier, within 2e-4, with which `steps` steps at `rate` after `budget.spent` stay within the budget.
 * Throws `audit/budget-spent`, `audit/epsilon-unreachable` and `audit/noise-not-needed` where there is none, and
 * the refusals of `checkPhase` and `checkDelta`.
 */
export function noiseForBudget({ rate, steps }: Pick<Phase, 'rate' | 'steps'>, budget: Budget): NoiseForBudget {
  const report = new Reporter();
  checkBudget({ rate, steps }, budget, report);
  report.finish();
  const { epsilon: target, delta, spent = [] } = budget;
  const run = (noise: number): readonly Phase[] => [...spent, { rate, noise, steps }];
  const epsilonOf = (noise: number): number => tightEpsilon(run(noise), delta).epsilon;
  refuseSpent(spent, budget);
  const rough = (noise: number): number => roughEpsilon(run(noise), delta);

  let [low, high, epsilon] = [LEAST_NOISE, MOST_NOISE, 0]; // the budget is broken at low, kept at high
  let next = roughNoise(rough, target);
  for (let i = 0; i < MOST_TRIES && high / low > 1 + 1e-5 && epsilon < target * (1 - PRECISION); i++) {
    const tried = Math.min(Math.max(next, low === LEAST_NOISE ? low : low * (1 + 1e-6)), high === MOST_NOISE ? high : high / (1 + 1e-6));
    const found = epsilonOf(tried);
    if (tried === LEAST_NOISE && found <= target) fail('audit/noise-not-needed', EPSILON, { epsilon: target, delta, noise: tried, reached: rounded(found) });
    if (tried === MOST_NOISE && found > target) fail('audit/epsilon-unreachable', EPSILON, { epsilon: target, delta, noise: tried, reached: rounded(found) });
    if (found <= target) [high, epsilon] = [tried, found];
    else low = tried;
    next = i < 6 && found > 0 ? tried * (found / (target * (1 - PRECISION / 2))) ** slope(rough, tried) : Math.sqrt(low * high);
    if (i >= 6 && next / low < 1.5 && low === LEAST_NOISE) next = low;
    if (i >= 6 && high / next < 1.5 && high === MOST_NOISE) next = high;
  }
  for (let noise = ceiling(high); ; noise = ceiling(noise * (1 + 2e-5))) {
    const reached = epsilonOf(noise);
    if (reached <= target) return { noise, epsilon: reached };
  }
}

/** Reports every value that no mechanism or budget has. */
export function checkBudget({ rate, steps }: Pick<Phase, 'rate' | 'steps'>, { epsilon, delta, spent = [], examples }: Budget, report: Reporter): void {
  checkPhase({ rate, steps, noise: 1 }, (name) => ({ kind: 'option', option: `--${name}` }), report);
  spent.forEach((phase) => checkPhase(phase, () => ({ kind: 'option', option: '--phase' }), report));
  checkDelta(delta, examples, report);
  if (!(epsilon > 0 && Number.isFinite(epsilon))) report.report('audit/epsilon-not-positive', EPSILON, { epsilon });
}

function refuseSpent(spent: readonly Phase[], { epsilon, delta }: Budget): void {
  if (spent.length === 0) return;
  const used = tightEpsilon(spent, delta).epsilon;
  if (used >= epsilon) fail('audit/budget-spent', { kind: 'option', option: '--phase' }, { epsilon, delta, spent: rounded(used) });
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** Up to five significant digits. */
function ceiling(noise: number): number {
  const nearest = Number(noise.toPrecision(5));
  return nearest >= noise ? nearest : Number((nearest + 10 ** (Math.floor(Math.log10(noise)) - 4)).toPrecision(5));
}

/** Where the rough epsilon meets the target, by halving in the logarithm. */
function roughNoise(rough: (noise: number) => number, target: number): number {
  if (rough(LEAST_NOISE) <= target) return LEAST_NOISE;
  if (rough(MOST_NOISE) > target) return MOST_NOISE;
  let [low, high] = [Math.log(LEAST_NOISE), Math.log(MOST_NOISE)];
  for (let i = 0; i < 22; i++) {
    const middle = (low + high) / 2;
    if (rough(Math.exp(middle)) > target) low = middle;
    else high = middle;
  }
  return Math.exp(high);
}

/** -d ln noise / d ln epsilon of the rough epsilon, kept between 0.1 and 3. */
function slope(rough: (noise: number) => number, noise: number): number {
  const [here, there] = [rough(noise), rough(noise * 1.01)];
  const found = here > 0 && there > 0 && there < here ? Math.log(1.01) / Math.log(here / there) : 1;
  return Math.min(3, Math.max(0.1, found));
}
