/**
 * Random points of the probability simplex. A Dirichlet sample is a vector of gamma samples divided by
 * its sum; since concentrations here go down to a thousandth, where a gamma sample is often below the
 * smallest number, everything is kept as logarithms.
 */
import { normal, substream, uniform, type RandomStream } from '../random.js';

/** Probabilities drawn from the Dirichlet distribution with these concentrations, all above zero. */
export function dirichlet(concentration: ArrayLike<number>, stream: RandomStream): Float64Array {
  const logs = Float64Array.from(concentration, (shape, i) => logGamma(shape, substream(stream, i)));
  const largest = logs.reduce((a, b) => Math.max(a, b));
  const weights = logs.map((l) => Math.exp(l - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/**
 * The logarithm of a gamma sample of the given shape and scale 1, by the method of Marsaglia and Tsang ("A
 * simple method for generating gamma variables", ACM TOMS 26, 2000); a shape below 1 is raised by one
 * and the sample multiplied by u^(1/shape).
 */
export function logGamma(shape: number, stream: RandomStream): number {
  if (!(shape > 0)) throw new RangeError(`gamma: the shape is ${shape}, it must be above 0`);
  if (shape < 1) {
    const [u] = uniform(substream(stream, 'raise'), 1);
    return logGamma(shape + 1, substream(stream, 'raised')) + Math.log(u + HALF_STEP) / shape;
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    const tried = substream(stream, attempt);
    const [x] = normal(substream(tried, 'normal'), 1);
    const [u] = uniform(substream(tried, 'uniform'), 1);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(u + HALF_STEP) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/** Half a step of the 32-bit uniform numbers: keeps them away from zero. */
const HALF_STEP = 2 ** -33;
