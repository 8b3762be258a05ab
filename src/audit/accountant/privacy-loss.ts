/**
 * The privacy loss of one step, exactly and on a grid. With the record, the noisy sum has density
 * P = (1-q) N(0, s^2) + q N(1, s^2); without it Q = N(0, s^2), lengths in units of the clipping norm.
 * The loss at x is L(x) = ln P/Q = ln(1-q + q exp((2x-1)/(2 s^2))). Removing the record compares P with Q and
 * the loss is drawn by x ~ P; adding it compares Q with P, the loss is -L and x ~ Q. On the grid stands a
 * pair of distributions that is at least as easy to tell apart ("connect the dots", Doroshenko et al. 2022):
 * the mass between two grid points goes to both of them so that its probability under P and under Q stays.
 * The shares are integrated, where the published differences of hockey-stick values cancel to 1e-8.
 */
import { gaussLegendre, type Quadrature } from './gauss-legendre.js';
import type { Phase } from './mechanism.js';
import { normalCdf } from './normal-tails.js';

export type Direction = 'remove' | 'add';
type Mechanism = Pick<Phase, 'rate' | 'noise'>;

/** Losses and their probabilities under the upper distribution (P when removing, Q when adding). */
export interface LossSample {
  readonly losses: Float64Array;
  readonly logMasses: Float64Array;
}

/** A loss on multiples of a grid step: `masses[k]` is the probability of the loss (first + k) * step. */
export interface GridLoss {
  readonly first: number;
  readonly masses: Float64Array;
  /** Probability of an unbounded loss, into which the truncated tail goes. */
  readonly infinite: number;
}

/** L(x), without overflow at large x and without cancellation at small rates. */
export function lossAt(x: number, { rate, noise }: Mechanism): number {
  const u = (2 * x - 1) / (2 * noise * noise);
  if (rate === 1) return u;
  return u > 0 ? u + Math.log(rate + (1 - rate) * Math.exp(-u)) : Math.log1p(rate * Math.expm1(u));
}

/** The x at which L(x) = loss; -Infinity for losses at or below the infimum ln(1-q). */
export function pointOf(loss: number, { rate, noise }: Mechanism): number {
  if (rate === 1) return noise * noise * loss + 0.5;
  if (loss > 1) return noise * noise * (loss + Math.log1p((rate - 1) * Math.exp(-loss)) - Math.log(rate)) + 0.5;
  const ratio = Math.expm1(loss) / rate;
  return ratio <= -1 ? -Infinity : noise * noise * Math.log1p(ratio) + 0.5;
}

/** Where x is taken into account: beyond, each tail of the noise has a probability of at most `tail`. */
function support(noise: number, tail: number): readonly [number, number] {
  const z = Math.sqrt(-2 * Math.log(2 * tail)); // the tail beyond z is at most exp(-z^2/2) / 2
  return [-noise * z, 1 + noise * z];
}

/** Lengths over which the density of x and exp(L(x)) change. */
const roughness = (noise: number): number => Math.min(noise, noise * noise);

const MOST_POINTS = 20_000;

/** The loss by the trapezoidal rule, which for such densities converges exponentially: for moments and estimates, not for claims. */
export function sampleLoss(mechanism: Mechanism, direction: Direction, tail: number): LossSample {
  const { noise } = mechanism;
  const [low, high] = support(noise, tail);
  const count = Math.min(MOST_POINTS, Math.ceil((high - low) / (roughness(noise) / 4)));
  const width = (high - low) / count;
  const losses = new Float64Array(count + 1);
  const logMasses = new Float64Array(count + 1);
  for (let i = 0; i <= count; i++) {
    const x = low + i * width;
    const loss = lossAt(x, mechanism);
    losses[i] = direction === 'remove' ? loss : -loss;
    logMasses[i] = Math.log(width) + logDensity(x, direction === 'remove' ? loss : 0, noise);
  }
  return { losses, logMasses };
}

/** ln of N(0, s^2) at x times exp(loss). */
const logDensity = (x: number, loss: number, noise: number): number => loss - (x * x) / (2 * noise * noise) - Math.log(noise * Math.sqrt(2 * Math.PI));

const FEW = gaussLegendre(3);
const MANY = gaussLegendre(8);

/** The loss on multiples of `step`; `tail` bounds the probability that goes to the infinite loss. */
export function gridLoss(mechanism: Mechanism, direction: Direction, step: number, tail: number): GridLoss {
  const { rate, noise } = mechanism;
  const [low, high] = support(noise, tail);
  const way = direction === 'remove' ? 1 : -1; // the loss grows with way * x
  const [start, end] = way === 1 ? [low, high] : [high, low];
  const first = Math.floor((way * lossAt(start, mechanism)) / step);
  const cells = Math.max(1, Math.ceil((way * lossAt(end, mechanism)) / step) - first);
  const masses = new Float64Array(cells + 1);
  const work: Spread = { mechanism, way, step, first, masses };
  let from = start;
  for (let cell = 0; cell < cells; cell++) {
    const upper = way * pointOf(way * (first + cell + 1) * step, mechanism);
    const to = cell === cells - 1 ? end : way * Math.max(way * from, Math.min(way * end, upper));
    spread(work, cell, from, to);
    from = to;
  }
  // Beyond the ends: the low losses are rounded up to a grid point above them, the high ones up to infinity.
  const above = direction === 'remove' ? (1 - rate) * normalCdf(-end / noise) + rate * normalCdf((1 - end) / noise) : normalCdf(end / noise);
  const below = direction === 'remove' ? (1 - rate) * normalCdf(start / noise) + rate * normalCdf((start - 1) / noise) : normalCdf(-start / noise);
  masses[1] += below;
  return { first, masses, infinite: above };
}

interface Spread {
  readonly mechanism: Mechanism;
  readonly way: 1 | -1;
  readonly step: number;
  readonly first: number;
  readonly masses: Float64Array;
}

/** Shares out the mass of x between `from` and `to`, whose losses lie in one cell, to the two ends of the cell. */
function spread({ mechanism, way, step, first, masses }: Spread, cell: number, from: number, to: number): void {
  const width = Math.abs(to - from);
  if (width === 0) return;
  const rough = roughness(mechanism.noise);
  const pieces = Math.ceil(width / (rough / 4));
  const rule: Quadrature = width < rough / 50 ? FEW : MANY;
  const base = (first + cell) * step;
  const whole = -Math.expm1(-step);
  for (let piece = 0; piece < pieces; piece++) {
    const half = (to - from) / (2 * pieces);
    const centre = from + (2 * piece + 1) * half;
    for (let k = 0; k < rule.points.length; k++) {
      const x = centre + half * rule.points[k];
      const loss = lossAt(x, mechanism);
      const mass = Math.abs(half) * rule.weights[k] * Math.exp(logDensity(x, way === 1 ? loss : 0, mechanism.noise));
      const share = -Math.expm1(base - way * loss) / whole;
      masses[cell] += mass * (1 - share);
      masses[cell + 1] += mass * share;
    }
  }
}
