/**
 * The tight accountant: epsilon of a run at a delta from the distribution of its privacy loss
 * (Koskela et al. 2020; Doroshenko et al. 2022). The figure is an upper bound and close to the true one: the grid
 * is chosen so that it adds at most about 1e-4 of epsilon. No central limit anywhere: that underestimates.
 */
import { composeLoss, type ComposedLoss, type Grid } from './composed-loss.js';
import { checkRun, type Phase } from './mechanism.js';
import type { Direction } from './privacy-loss.js';
import { cumulant, gentleTilt, reach, saddlePoint, sampleRun, type SaddlePoint, type SampledRun } from './saddle-point.js';

export interface TightEpsilon {
  /** Any true epsilon at this delta is at most this. 0 if delta alone covers the run. */
  readonly epsilon: number;
  /** By at most about how much the grid exceeds the true value. */
  readonly excess: number;
  /** Which neighbour decides: the data set with the record removed, or with one added. */
  readonly direction: Direction;
}

/** Share of epsilon that the grid may add. */
const PRECISION = 1e-4;
const MOST_POINTS = 2 ** 20;
const LEAST_POINTS = 2 ** 12;
/** Of the grid of one step. */
const MOST_CELLS = 2 ** 20;
/** Share of delta kept for what rounding does to the masses of a step: 1e-13 of each, times the steps. */
const RESERVE = 1e-7;

/**
 * Epsilon of all phases together at `delta`, the larger of both directions. Errors: `audit/...` for values that no
 * mechanism has; with `examples`, the number of records, also for a delta of 1 / examples or more.
 */
export function tightEpsilon(phases: readonly Phase[], delta: number, examples?: number): TightEpsilon {
  checkRun(phases, delta, examples);
  if (everSampled(phases) <= delta) return { epsilon: 0, excess: 0, direction: 'remove' };
  const symmetric = phases.every((p) => p.rate === 1);
  const remove = epsilonOf(phases, delta, 'remove');
  if (symmetric) return remove;
  const add = epsilonOf(phases, delta, 'add', remove.epsilon);
  return add.epsilon > remove.epsilon ? add : remove;
}

/** About the epsilon of a run, within some per cent: for searches, never for claims. */
export const roughEpsilon = (phases: readonly Phase[], delta: number): number =>
  saddlePoint(sampleRun(phases, 'remove', tailFor(phases, delta)), delta).epsilon;

/** The probability that a record is in any step bounds how far the two outcomes can differ at all. */
const everSampled = (phases: readonly Phase[]): number => -Math.expm1(phases.reduce((sum, { rate, steps }) => sum + steps * Math.log1p(-rate), 0));

const tailFor = (phases: readonly Phase[], delta: number): number => (1e-8 * delta) / phases.reduce((sum, p) => sum + p.steps, 0);

const MOST_PLANS = 6;
/** Points of the grids that only find out where epsilon lies. */
const COARSE_POINTS = 2 ** 13;

/**
 * Plans coarse grids around the estimated epsilon and then around the computed one, until that no longer comes out clearly
 * lower; then the fine grid. `floor`: where epsilon is not above it, the other direction counts and the coarse answer will do.
 */
function epsilonOf(phases: readonly Phase[], delta: number, direction: Direction, floor = 0): TightEpsilon {
  const run = sampleRun(phases, direction, tailFor(phases, delta));
  const saddle = saddlePoint(run, delta);
  const solve = (near: number, mostPoints: number): TightEpsilon => {
    const grid = planGrid({ phases, run, delta, mostPoints }, saddle, near);
    const epsilon = Math.max(0, epsilonAt(composeLoss(phases, direction, grid), delta * (1 - RESERVE)));
    return { epsilon, excess: coarseness(phases, saddle, near) * grid.step ** 2, direction };
  };
  let near = Math.max(floor, saddle.epsilon);
  for (let plan = 0; plan < MOST_PLANS; plan++) {
    const { epsilon, excess } = solve(near, COARSE_POINTS);
    if (epsilon <= floor) return { epsilon, excess, direction };
    const settled = epsilon > near * 0.95 && epsilon < Infinity;
    near = epsilon < Infinity ? epsilon : near - 2 * saddle.spread;
    if (settled) break;
  }
  return solve(near, MOST_POINTS);
}

interface Planned {
  readonly phases: readonly Phase[];
  readonly run: SampledRun;
  readonly delta: number;
  readonly mostPoints: number;
}

/**
 * What a grid of step h adds to epsilon, over h^2: (tilt + 1) / 8 for each step of the run, by Hoeffding's bound of the
 * variance that rounding to the grid brings, and 1 / (2 epsilon) once, for the straight line between two points of delta.
 */
const coarseness = (phases: readonly Phase[], { tilt }: SaddlePoint, epsilon: number): number =>
  (phases.reduce((sum, p) => sum + p.steps, 0) * (tilt + 1)) / 8 + (epsilon > 0 ? 0.5 / epsilon : 0);

/** Lays the grid around `near`: fine enough for the precision, wide enough for all but a 1e-8th of delta. */
function planGrid({ phases, run, delta, mostPoints }: Planned, saddle: SaddlePoint, near: number): Grid {
  const tilt = gentleTilt(run, { ...saddle, epsilon: near }, delta);
  const { low, high, highTilt } = reach(run, { tilt, saddle: saddle.tilt, epsilon: near, logMissed: Math.log(1e-8 * delta) });
  const wanted = Math.max(near, 0.1 * cumulant(run, tilt).spread, Number.MIN_VALUE);
  const fine = Math.sqrt((PRECISION * wanted) / coarseness(phases, saddle, wanted));
  const bottom = Math.min(low, near - 1 / saddle.tilt);
  const range = Math.max(...run.samples.map(({ losses }) => Math.abs(losses[losses.length - 1] - losses[0])));
  const width = Math.max(high, near) - bottom;
  const points = Math.min(mostPoints, Math.max(LEAST_POINTS, 2 ** Math.ceil(Math.log2(width / fine))));
  return { step: Math.max(width / points, range / Math.min(MOST_CELLS, 8 * mostPoints)), points, low: bottom, tilt, highTilt, tail: tailFor(phases, delta) };
}

/**
 * Solves delta(epsilon) = infinite + sum over losses above epsilon of p (1 - exp(epsilon - loss)) for epsilon, from
 * the largest loss down; between two grid points the sum is a straight line in exp(epsilon).
 */
export function epsilonAt({ first, step, masses, infinite }: ComposedLoss, delta: number): number {
  if (infinite >= delta) return Infinity;
  let [mass, weighted] = [infinite, 0]; // weighted: sum of p exp(here - loss)
  for (let k = masses.length - 1; k >= 0; k--) {
    weighted = weighted * Math.exp(-step) + masses[k];
    mass += masses[k];
    const next = mass - weighted * Math.exp(-step); // delta at the grid point below
    if (next >= delta) return (first + k) * step + Math.log((mass - delta) / weighted);
  }
  return first * step;
}

/** delta(epsilon) of a composed loss, an upper bound; epsilon no less than the least loss of the grid. */
export function deltaAt({ first, step, masses, infinite }: ComposedLoss, epsilon: number): number {
  let delta = infinite;
  for (let k = masses.length - 1; k >= 0 && (first + k) * step > epsilon; k--) delta -= masses[k] * Math.expm1(epsilon - (first + k) * step);
  return Math.min(1, delta);
}
