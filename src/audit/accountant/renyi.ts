/**
 * Renyi differential privacy of the Poisson-subsampled Gaussian, the cross-check of the tight accountant:
 * a bound at each order a, added over steps and phases, and two ways from there to (epsilon, delta).
 * With A(a) = E[((1-q) + q exp((2z-1)/(2 s^2)))^a] over z ~ N(0, s^2), one step has
 * rho(a) = ln A(a) / (a-1) (Mironov, Talwar and Zhang, arXiv 1908.10530, section 3.3). Fractional orders
 * are exact: their series alternates and keeps its signs. Looser than the tight accountant, by
 * much for few steps.
 */
import { logChoose } from './log-gamma.js';
import type { Phase } from './mechanism.js';
import { logErfc } from './normal-tails.js';

/** Tenths from 1.1 to 10.9, whole orders to 63, then powers of 2: the default of google/differential-privacy. */
export const RENYI_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (11 + i) / 10), ...Array.from({ length: 53 }, (_, i) => 11 + i), 128, 256, 512, 1024,
];

/** How rho becomes epsilon. */
export type Conversion = 'classic' | 'improved';

export const CONVERSION_SOURCES: Readonly<Record<Conversion, string>> = {
  classic: 'Mironov 2017, Proposition 3',
  improved: 'Balle et al. 2020, Theorem 21; Canonne, Kamath and Steinke 2020, Proposition 12',
};

export interface RenyiEpsilon {
  readonly epsilon: number;
  /** The order at which epsilon is least. */
  readonly order: number;
}

/** ln A(a) of one step; a > 1, 0 < rate <= 1, noise in units of the clipping norm. */
export function logMoment(order: number, { rate, noise }: Pick<Phase, 'rate' | 'noise'>): number {
  if (rate === 1) return (order * (order - 1)) / (2 * noise * noise);
  return Number.isInteger(order) ? wholeMoment(order, rate, noise) : fractionalMoment(order, rate, noise);
}

/** rho(a) over all phases: sum of steps * ln A(a) / (a - 1). */
export const renyiDivergence = (phases: readonly Phase[], order: number): number =>
  phases.reduce((sum, phase) => sum + phase.steps * logMoment(order, phase), 0) / (order - 1);

/** The least epsilon over the orders at `delta`, by the conversion asked for. An upper bound. */
export function renyiEpsilon(phases: readonly Phase[], delta: number, conversion: Conversion, orders: readonly number[] = RENYI_ORDERS): RenyiEpsilon {
  return leastEpsilon(orders.map((order) => ({ order, rho: renyiDivergence(phases, order) })), delta, conversion);
}

/** Both conversions from one pass over the orders. */
export function renyiEpsilons(phases: readonly Phase[], delta: number, orders: readonly number[] = RENYI_ORDERS): Readonly<Record<Conversion, RenyiEpsilon>> {
  const curve = orders.map((order) => ({ order, rho: renyiDivergence(phases, order) }));
  return { classic: leastEpsilon(curve, delta, 'classic'), improved: leastEpsilon(curve, delta, 'improved') };
}

function leastEpsilon(curve: readonly { readonly order: number; readonly rho: number }[], delta: number, conversion: Conversion): RenyiEpsilon {
  let best: RenyiEpsilon = { epsilon: Infinity, order: curve[0].order };
  for (const { order, rho } of curve) {
    const epsilon = converted(rho, order, delta, conversion);
    if (epsilon < best.epsilon) best = { epsilon, order };
  }
  return best;
}

function converted(rho: number, order: number, delta: number, conversion: Conversion): number {
  if (conversion === 'classic') return rho - Math.log(delta) / (order - 1);
  if (delta * delta + Math.expm1(-rho) > 0) return 0; // the total variation is at most sqrt(1 - exp(-rho))
  if (order <= 1.01) return Infinity; // the terms in a - 1 lose their digits
  return Math.max(0, rho + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1));
}

/** Sum over k of C(a,k) (1-q)^(a-k) q^k exp((k^2-k)/(2 s^2)), in logarithms. */
function wholeMoment(order: number, rate: number, noise: number): number {
  const [logIn, logOut] = [Math.log(rate), Math.log1p(-rate)];
  const terms = Array.from({ length: order + 1 }, (_, k) => logChoose(order, k) + (order - k) * logOut + k * logIn + (k * k - k) / (2 * noise * noise));
  // The terms without the exponential sum to 1; what exp((k^2-k)/(2 s^2)) adds to that is far smaller than 1 for mild mechanisms.
  const most = terms.reduce((a, b) => Math.max(a, b));
  if (most > 1) return most + Math.log(terms.reduce((sum, t) => sum + Math.exp(t - most), 0));
  return Math.log1p(terms.reduce((sum, t, k) => sum - Math.exp(t) * Math.expm1(-(k * k - k) / (2 * noise * noise)), 0));
}

/** A term this much under the sum, in logarithms, ends the series; its rest is estimated. */
const NEGLIGIBLE = 30;
const MOST_TERMS = 1_000_000;

/**
 * Sum over i of C(a,i) [(1-q)^j q^i exp((i^2-i)/(2 s^2)) erfc((i-z0)/(sqrt2 s))/2 + q^j (1-q)^i exp((j^2-j)/(2 s^2))
 * erfc((z0-j)/(sqrt2 s))/2], j = a - i, z0 = s^2 ln(1/q - 1) + 1/2. C(a,i) alternates in sign from i = floor(a) + 1 on.
 */
function fractionalMoment(order: number, rate: number, noise: number): number {
  const [logIn, logOut] = [Math.log(rate), Math.log1p(-rate)];
  const doubled = 2 * noise * noise;
  const width = Math.SQRT2 * noise;
  const middle = noise * noise * (logOut - logIn) + 0.5;
  let logCoefficient = 0;
  let sign = 1;
  let scale = -Infinity; // the sum is total * exp(scale)
  let total = 0;
  for (let i = 0, before = Infinity; i < MOST_TERMS; i++) {
    const j = order - i;
    const low = logCoefficient + j * logOut + i * logIn + (i * i - i) / doubled - Math.LN2 + logErfc((i - middle) / width);
    const high = logCoefficient + j * logIn + i * logOut + (j * j - j) / doubled - Math.LN2 + logErfc((middle - j) / width);
    const most = Math.max(low, high);
    if (most > scale) [total, scale] = [total * Math.exp(scale - most), most];
    const term = sign * (Math.exp(low - scale) + Math.exp(high - scale));
    const last = i > order + 1 && most < before && most < scale + Math.log(total) - NEGLIGIBLE;
    total += last ? term / (1 + Math.exp(most - before)) : term; // the rest as an alternating geometric series
    if (last) return scale + Math.log(total);
    before = most;
    logCoefficient += Math.log(Math.abs(j)) - Math.log(i + 1);
    if (j < 0) sign = -sign;
  }
  return Infinity; // an order that does not settle bounds nothing
}
