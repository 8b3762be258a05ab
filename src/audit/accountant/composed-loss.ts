/**
 * The loss of a whole run on a grid: each phase's loss of one step, tilted, to the power of its steps
 * in frequencies, the phases multiplied, and the tilt taken off again. The grid is a ring; what may lie above it
 * is bounded (Chernoff) and counted as an infinite loss, and an allowance for rounding is added to each
 * probability, so that every delta read from the result is an upper bound.
 */
import { transform, twiddles } from './fourier.js';
import type { Phase } from './mechanism.js';
import { gridLoss, type Direction, type GridLoss } from './privacy-loss.js';

/** Where the grid of a composition lies. */
export interface Grid {
  /** Distance of the losses, in nats. */
  readonly step: number;
  /** A power of two. */
  readonly points: number;
  /** The least loss that the ring holds. */
  readonly low: number;
  readonly tilt: number;
  /** The tilt for Chernoff's bound of what lies above the ring. */
  readonly highTilt: number;
  /** Bound of the tail of one step's noise that counts as infinite loss. */
  readonly tail: number;
}

/** The composed loss: `masses[k]` is the probability of (first + k) * step; all of them are bounds from above. */
export interface ComposedLoss extends GridLoss {
  readonly step: number;
}

export function composeLoss(phases: readonly Phase[], direction: Direction, grid: Grid): ComposedLoss {
  const { step, points, tilt, highTilt } = grid;
  const length = points;
  const turn = twiddles(length);
  const [magnitude, phase] = [new Float64Array(length / 2 + 1), new Float64Array(length / 2 + 1)]; // ln and angle of the product
  let [centre, logScale, logAbove, finite, steps] = [0, 0, 0, 0, 0];
  for (const part of phases) {
    const loss = gridLoss(part, direction, step, grid.tail);
    const tilted = tiltLoss(loss, step, tilt);
    multiply({ magnitude, phase }, ringOf(tilted, length), part.steps, turn);
    centre += part.steps * tilted.centre;
    logScale += part.steps * tilted.logSum;
    logAbove += part.steps * logMoment(loss, step, highTilt);
    finite += part.steps * Math.log1p(-loss.infinite);
    steps += part.steps;
  }
  const ring = backTransform({ magnitude, phase }, turn);
  const first = Math.floor(grid.low / step);
  const above = Math.min(1, Math.exp(logAbove - highTilt * (first + length) * step));
  const masses = untilt(ring, { first, centre, step, tilt, logScale, steps });
  return { first, step, masses, infinite: Math.min(1, above - Math.expm1(finite)) };
}

interface Tilted {
  readonly weights: Float64Array;
  readonly first: number;
  /** The grid point nearest to the tilted mean. */
  readonly centre: number;
  /** ln E[exp(tilt * loss)] over the finite losses. */
  readonly logSum: number;
}

/** The probabilities times exp(tilt * loss), made to sum to 1. */
function tiltLoss({ first, masses }: GridLoss, step: number, tilt: number): Tilted {
  const weights = new Float64Array(masses.length);
  const most = tilt * step * (tilt > 0 ? first + masses.length - 1 : first);
  let [sum, moment] = [0, 0];
  for (let k = 0; k < masses.length; k++) {
    if (masses[k] <= 0) continue;
    const weight = masses[k] * Math.exp(tilt * step * (first + k) - most);
    weights[k] = weight;
    sum += weight;
    moment += weight * k;
  }
  for (let k = 0; k < weights.length; k++) weights[k] /= sum;
  return { weights, first, centre: first + Math.round(moment / sum), logSum: most + Math.log(sum) };
}

/** ln E[exp(tilt * loss)] over the finite losses. */
function logMoment({ first, masses }: GridLoss, step: number, tilt: number): number {
  const most = tilt * step * (tilt > 0 ? first + masses.length - 1 : first);
  let sum = 0;
  for (let k = 0; k < masses.length; k++) sum += Math.max(0, masses[k]) * Math.exp(tilt * step * (first + k) - most);
  return most + Math.log(sum);
}

/** On the ring with the centre at 0, which keeps the angles small that are multiplied by the steps. */
function ringOf({ weights, first, centre }: Tilted, length: number): Float64Array {
  const ring = new Float64Array(length);
  for (let k = 0, at = (((first - centre) % length) + length) % length; k < weights.length; k++, at = at + 1 === length ? 0 : at + 1) ring[at] += weights[k];
  return ring;
}

interface Spectrum { readonly magnitude: Float64Array; readonly phase: Float64Array }

function multiply({ magnitude, phase }: Spectrum, re: Float64Array, steps: number, turn: ReturnType<typeof twiddles>): void {
  const im = new Float64Array(re.length);
  transform(re, im, turn);
  for (let k = 0; k < magnitude.length; k++) {
    magnitude[k] += 0.5 * steps * Math.log(re[k] * re[k] + im[k] * im[k]);
    phase[k] += steps * Math.atan2(im[k], re[k]);
  }
}

/** From half a spectrum of a real sequence to the sequence. */
function backTransform({ magnitude, phase }: Spectrum, turn: ReturnType<typeof twiddles>): Float64Array {
  const length = 2 * (magnitude.length - 1);
  const [re, im] = [new Float64Array(length), new Float64Array(length)];
  for (let k = 0; k < magnitude.length; k++) {
    const size = Math.exp(magnitude[k]) / length;
    re[k] = size * Math.cos(phase[k]);
    im[k] = size * Math.sin(phase[k]);
    if (k === 0 || k === length / 2) continue;
    re[length - k] = re[k];
    im[length - k] = -im[k];
  }
  transform(im, re, turn); // exchanged: the inverse
  return re;
}

interface Untilt {
  readonly first: number;
  readonly centre: number;
  readonly step: number;
  readonly tilt: number;
  readonly logScale: number;
  readonly steps: number;
}

/**
 * Takes the tilt off and turns the ring so that it begins at `first`. Each weight gets its part of what the transforms
 * can have rounded away. Their error, as a Euclidean norm, is some units in the last place of that of the ring, times the
 * steps; by Cauchy and Schwarz a sum over the n or 1 / (tilt * step) points that count feels that over the root of their number.
 */
function untilt(ring: Float64Array, { first, centre, step, tilt, logScale, steps }: Untilt): Float64Array {
  const length = ring.length;
  const error = 4 * Number.EPSILON * (steps + Math.log2(length)) * Math.sqrt(ring.reduce((sum, p) => sum + p * p, 0));
  const allowance = error * Math.sqrt(Math.max(1 / length, tilt * step));
  const masses = new Float64Array(length);
  const offset = (((first - centre) % length) + length) % length;
  for (let k = 0; k < length; k++) {
    const weight = Math.max(0, ring[(offset + k) % length]) + allowance;
    masses[k] = weight * Math.exp(logScale - tilt * step * (first + k));
  }
  return masses;
}
