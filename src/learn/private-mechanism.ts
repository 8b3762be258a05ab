/**
 * The mechanism of differentially private training, apart from networks: it sees gradients as vectors.
 * In each step (Abadi et al., "Deep learning with differential privacy", CCS 2016, with Poisson sampling):
 *
 *   every record is in with probability q, independently of all others
 *   g_i <- g_i * min(1, C / |g_i|)          |g_i| over all parameters jointly; a g_i that is not finite counts as 0
 *   release (sum of g_i + N(0, (sigma C)^2)) / B     B: the expected batch, public; noise drawn anew in every step
 *
 * A step without any record is a step like all others: it releases noise and is counted. The three parts
 * are values so that tests can put a faulty one in the place of each and show that the audit notices.
 */
import { addNormals, uniforms, type RandomBits } from './random-bits.js';

export interface MechanismSettings {
  /** Number of records. */
  readonly examples: number;
  /** q. */
  readonly rate: number;
  /** sigma: standard deviation of the noise over the clipping norm. */
  readonly noise: number;
  /** C. */
  readonly clip: number;
  /** B = q times the number of records, as announced. */
  readonly expectedBatch: number;
}

export interface Mechanism {
  /** The records of the next step, ascending; may be none. */
  readonly sample: () => Uint32Array;
  /** Adds a record's gradient, clipped, to a sum. */
  readonly add: (sum: Float32Array | Float64Array, gradient: Float32Array) => void;
  /** The noisy mean that leaves the mechanism. `sum` is overwritten. */
  readonly release: (sum: Float64Array) => Float64Array;
}

export function privateMechanism({ examples, rate, noise, clip, expectedBatch }: MechanismSettings, bits: RandomBits): Mechanism {
  return {
    sample: () => {
      const draws = uniforms(bits, examples);
      const chosen: number[] = [];
      for (let i = 0; i < examples; i++) if (draws[i] < rate) chosen.push(i);
      return Uint32Array.from(chosen);
    },
    add: (sum, gradient) => addClipped(sum, gradient, clip),
    release: (sum) => {
      addNormals(bits, noise * clip, sum);
      for (let i = 0; i < sum.length; i++) sum[i] /= expectedBatch;
      return sum;
    },
  };
}

/** Room for the rounding of float32 sums, so that the norm of what is added never exceeds C. */
const SLACK = 1 - 1e-6;

/** Adds `gradient` times min(1, clip / norm); nothing where the norm is not a finite number. */
export function addClipped(sum: Float32Array | Float64Array, gradient: Float32Array, clip: number): void {
  let square = 0;
  for (let i = 0; i < gradient.length; i++) square += gradient[i] * gradient[i];
  const norm = Math.sqrt(square);
  if (!Number.isFinite(norm)) return;
  const factor = norm > clip * SLACK ? (clip * SLACK) / norm : 1;
  for (let i = 0; i < gradient.length; i++) sum[i] += factor * gradient[i];
}
