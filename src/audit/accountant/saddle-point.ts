/**
 * Where to look: the cumulant K(t) = ln E[exp(t L)] of the composed loss L and, from it, about which epsilon
 * belongs to a delta and how far the loss reaches. The tight accountant lays its grid by these
 * and tilts the loss by exp(t L), so that what it computes is largest where the answer lies. Only the bounds of
 * `reach` enter a claim; the estimate (Alghamdi et al., "The saddle-point method in differential privacy",
 * 2023) is never reported.
 */
import type { Phase } from './mechanism.js';
import { sampleLoss, type Direction, type LossSample } from './privacy-loss.js';

export interface Cumulant {
  /** K(t) in nats. */
  readonly value: number;
  /** K'(t): the mean loss once tilted. */
  readonly mean: number;
  /** The square root of K''(t). */
  readonly spread: number;
}

export interface SampledRun {
  readonly samples: readonly LossSample[];
  readonly steps: readonly number[];
}

export const sampleRun = (phases: readonly Phase[], direction: Direction, tail: number): SampledRun =>
  ({ samples: phases.map((p) => sampleLoss(p, direction, tail)), steps: phases.map((p) => p.steps) });

/** K and its derivatives at t, for the whole run. */
export function cumulant({ samples, steps }: SampledRun, t: number): Cumulant {
  let [value, mean, variance] = [0, 0, 0];
  samples.forEach(({ losses, logMasses }, i) => {
    let most = -Infinity;
    for (let k = 0; k < losses.length; k++) most = Math.max(most, logMasses[k] + t * losses[k]);
    const centre = losses[losses.length >> 1];
    let [sum, first, second] = [0, 0, 0];
    for (let k = 0; k < losses.length; k++) {
      const weight = Math.exp(logMasses[k] + t * losses[k] - most);
      const loss = losses[k] - centre;
      sum += weight;
      first += weight * loss;
      second += weight * loss * loss;
    }
    value += steps[i] * (most + Math.log(sum));
    mean += steps[i] * (centre + first / sum);
    variance += steps[i] * Math.max(0, second / sum - (first / sum) ** 2);
  });
  return { value, mean, spread: Math.sqrt(variance) };
}

export interface SaddlePoint extends Cumulant {
  readonly tilt: number;
  /** About the epsilon of the delta asked for; may be below 0. */
  readonly epsilon: number;
}

const [LEAST_TILT, MOST_TILT] = [1e-3, 1e8];

/** The saddle point for `delta`: 50 halvings of the range of tilts, over which the estimated delta falls. */
export function saddlePoint(run: SampledRun, delta: number): SaddlePoint {
  let [low, high] = [Math.log(LEAST_TILT), Math.log(MOST_TILT)];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (estimate(run, Math.exp(middle)).logDelta > Math.log(delta)) low = middle;
    else high = middle;
  }
  return estimate(run, Math.exp((low + high) / 2));
}

function estimate(run: SampledRun, tilt: number): SaddlePoint & { readonly logDelta: number } {
  const k = cumulant(run, tilt);
  const epsilon = k.mean - 1 / tilt - 1 / (1 + tilt);
  const curvature = k.spread ** 2 + 1 / tilt ** 2 + 1 / (1 + tilt) ** 2;
  const logDelta = k.value - tilt * epsilon - Math.log(tilt) - Math.log1p(tilt) - 0.5 * Math.log(2 * Math.PI * curvature);
  return { ...k, tilt, epsilon, logDelta };
}

/** Nats by which the tilted loss may stand above delta at epsilon: what rounding costs stays 1e10 times below delta. */
const HEADROOM = 7;

/**
 * The least tilt that still lifts the tail out of the rounding of doubles: it leaves exp(K(t) - t epsilon) at most
 * exp(HEADROOM) times delta. A larger one would wrap more of the far tail around the ring.
 */
export function gentleTilt(run: SampledRun, { tilt, epsilon, value }: Pick<SaddlePoint, 'tilt' | 'epsilon' | 'value'>, delta: number): number {
  const enough = Math.max(Math.log(delta) + HEADROOM, value - tilt * epsilon + 1);
  let [low, high] = [0, tilt];
  if (enough >= 0) return 0;
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (cumulant(run, middle).value - middle * epsilon > enough) low = middle;
    else high = middle;
  }
  return high;
}

/** Steps of the tilt at which the bounds of `reach` are tried: in units of one over the spread, and of the saddle point. */
const TRIES = [0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 14, 20] as const;
const FACTORS = [0.5, 0.7, 0.8, 0.9, 1, 1.05, 1.1, 1.2, 1.4] as const;

export interface Reach {
  readonly low: number;
  readonly high: number;
  /** The tilt at which Chernoff's bound gave `high`. */
  readonly highTilt: number;
}

export interface ReachNeed {
  /** Of the ring. */
  readonly tilt: number;
  readonly saddle: number;
  /** The loss from which on the result has to be clean. */
  readonly epsilon: number;
  /** ln of the probability that may be missed or wrap around. */
  readonly logMissed: number;
}

/**
 * Between which losses the run has to be followed. Above `high` lies a probability of at most exp(logMissed). What lies
 * above `high` comes back a ring's length lower, times exp(tilt * length): that is as little from `epsilon` on. Of the tilted
 * loss, exp(logMissed) at most lies below `low`. All by Chernoff's bound, the best of some tilts.
 */
export function reach(run: SampledRun, { tilt, saddle, epsilon, logMissed }: ReachNeed): Reach {
  const here = cumulant(run, tilt);
  const unit = 1 / Math.max(here.spread, 1e-12);
  let [low, high, highTilt, length] = [-Infinity, Infinity, tilt, Infinity];
  for (const up of [...TRIES.map((c) => tilt + c * unit), ...FACTORS.map((f) => saddle * f)]) {
    if (up <= tilt) continue;
    const { value } = cumulant(run, up);
    const bound = (value - logMissed) / up;
    if (bound < high) [high, highTilt] = [bound, up];
    length = Math.min(length, (value - up * epsilon - logMissed) / (up - tilt));
  }
  for (const c of TRIES) {
    const down = tilt - c * unit;
    low = Math.max(low, (logMissed + here.value - cumulant(run, down).value) / (tilt - down));
  }
  return { low, high: Math.max(high, low + length), highTilt };
}
