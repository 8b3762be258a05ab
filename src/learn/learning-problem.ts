/**
 * What learning through time is about, shared by the float64 reference and the fast kernels: the
 * surrogate that stands for the spike's missing derivative, the loss on the output's mean, and the
 * options of one gradient.
 *
 *   z = u / threshold - 1        u: potential before the reset; the spike is [z > 0]
 *   boxcar        h(z) = 1 / 2w                    where |z| < w
 *   triangle      h(z) = (1 - |z| / w) / w         where |z| < w
 *   arctangent    h(z) = 1 / (w (1 + (pi z / w)^2))  everywhere
 *   fast-sigmoid  h(z) = 1 / (2 w (1 + |z| / w)^2)   everywhere
 *
 * Each h integrates to one; its primitive is a smoothed spike.
 */
import type { TimeFlow } from '../kernels/learning-layer.js';
import type { RandomStream } from '../random.js';
import type { Population, SpikingNetwork } from '../spiking/network.js';

export type SurrogateShape = 'boxcar' | 'triangle' | 'arctangent' | 'fast-sigmoid';
export const surrogateShapes: readonly SurrogateShape[] = ['boxcar', 'triangle', 'arctangent', 'fast-sigmoid'];

export interface Surrogate {
  readonly shape: SurrogateShape;
  /** w, in thresholds. */
  readonly width: number;
}

/** Half-width .25 costs no visible accuracy and keeps the backward pass sparse. */
export const DEFAULT_SURROGATE: Surrogate = { shape: 'boxcar', width: 0.25 };

/** h(z): the derivative that stands for the spike's. */
export function surrogateSlope({ shape, width: w }: Surrogate, z: number): number {
  switch (shape) {
    case 'boxcar': return Math.abs(z) < w ? 1 / (2 * w) : 0;
    case 'triangle': return Math.max(0, 1 - Math.abs(z) / w) / w;
    case 'arctangent': return 1 / (w * (1 + (Math.PI * z / w) ** 2));
    case 'fast-sigmoid': return 1 / (2 * w * (1 + Math.abs(z) / w) ** 2);
  }
}

/** The primitive of h, from 0 to 1: the smoothed spike. */
export function smoothSpike({ shape, width: w }: Surrogate, z: number): number {
  switch (shape) {
    case 'boxcar': return Math.min(1, Math.max(0, (z + w) / (2 * w)));
    case 'triangle': {
      const x = Math.min(1, Math.max(-1, z / w));
      return x < 0 ? (1 + x) ** 2 / 2 : 1 - (1 - x) ** 2 / 2;
    }
    case 'arctangent': return 0.5 + Math.atan(Math.PI * z / w) / Math.PI;
    case 'fast-sigmoid': return 0.5 + z / (2 * (w + Math.abs(z)));
  }
}

export interface LossOptions {
  /** m: share of the distillation from the teacher; 1 - m is the share of the cross-entropy on the target. */
  readonly distillation: number;
  /** Temperature of the distillation. */
  readonly temperature: number;
}

/** What one image is taught: all arrays have one number a class. */
export interface Lesson {
  /** Probabilities. */
  readonly target: ArrayLike<number>;
  /** The teacher's scores (logits). */
  readonly teacher: ArrayLike<number>;
  /** Of the Poisson code, which needs one: draws the input's spikes. */
  readonly stream?: RandomStream;
}

/**
 * How far the gradient goes back in time. With l the leak and a_t = dL/du_t, dL/dv_t = k_{t+1} l a_{t+1}:
 *
 *   exact      k_t = 1: through all steps
 *   sltt       k_t = 0: not from step to step (SLTT; Meng et al., ICCV 2023)
 *   truncated  k_t = 0 where T - t is a multiple of K (t > 0), else 1: through windows of K steps, counted from the last
 *   sampled    k_t = 0, and a_t = 0 but at the K steps floor((j + 1) T / K) - 1 (SLTT-K with evenly spaced steps)
 *
 * An output that integrates passes its gradient to every step that takes part.
 */
export type TimeGradient = 'exact' | 'sltt' | { readonly kind: 'truncated' | 'sampled'; readonly steps: number };

export interface LearningOptions {
  readonly surrogate: Surrogate;
  readonly loss: LossOptions;
  readonly time: TimeGradient;
  /** Adds this times the synaptic operations per multiply-accumulate of the ANN, summed over all T, to the loss. */
  readonly ratePenalty: number;
}

/** k of each of T steps and whether it takes part; `integrates`: of a population that only sums its input. */
export function timeFlow(time: TimeGradient, steps: number, integrates: boolean): TimeFlow {
  const each = (of: (t: number) => boolean): number[] => Array.from({ length: steps }, (_, t) => (of(t) ? 1 : 0));
  const all = each(() => true);
  if (time === 'exact') return { keep: all, part: all };
  if (time === 'sltt') return { keep: integrates ? all : each(() => false), part: all };
  switch (time.kind) {
    case 'truncated': return { keep: integrates ? all : each((t) => time.steps > 1 && (t === 0 || (steps - t) % time.steps !== 0)), part: all };
    case 'sampled': {
      const count = Math.min(time.steps, steps);
      const chosen = new Set(Array.from({ length: count }, (_, j) => Math.floor(((j + 1) * steps) / count) - 1));
      return { keep: each(() => false), part: each((t) => chosen.has(t)) };
    }
  }
}

/** Probabilities of scores at a temperature. */
export function softmax(scores: ArrayLike<number>, temperature: number): Float64Array {
  const scaled = Float64Array.from(scores, (s) => s / temperature);
  const most = scaled.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = scaled.map((s) => Math.exp(s - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

export interface LossAndSlope {
  readonly loss: number;
  /** d loss / d score, per class. */
  readonly slope: Float64Array;
}

/**
 * (1 - m) cross-entropy(target, p) + m t^2 KL(teacher at t, p at t) of the mean scores. The factor t^2
 * keeps the second gradient's size independent of the temperature (Hinton et al. 2015).
 */
export function lossOf(scores: ArrayLike<number>, { target, teacher }: Lesson, { distillation: m, temperature: t }: LossOptions): LossAndSlope {
  const plain = softmax(scores, 1);
  const warm = softmax(scores, t);
  const wanted = softmax(teacher, t);
  let mass = 0;
  let loss = 0;
  for (let c = 0; c < plain.length; c++) {
    mass += target[c];
    if (target[c] > 0) loss -= (1 - m) * target[c] * Math.log(plain[c]);
    if (wanted[c] > 0 && m > 0) loss += m * t * t * wanted[c] * Math.log(wanted[c] / warm[c]);
  }
  return { loss, slope: plain.map((p, c) => (1 - m) * (mass * p - target[c]) + m * t * (warm[c] - wanted[c])) };
}

/**
 * Per population: what one spike adds to the rate penalty, without its factor. A spike is worth its mean
 * fan-out; the sum over all neurons, if each spiked once, is one.
 */
export function spikePrices({ populations, projections }: SpikingNetwork): Float64Array {
  const fanOut = Float64Array.from(populations, (p) => projections.filter((q) => q.source === p.id).reduce((sum, q) => {
    const target = populations.find((t) => t.id === q.target)!;
    return sum + (q.weight.length * target.shape[1] * target.shape[2] * q.pool[0] * q.pool[1]) / (p.shape[0] * p.shape[1] * p.shape[2]);
  }, 0));
  const total = populations.reduce((sum, p, i) => sum + fanOut[i] * p.shape[0] * p.shape[1] * p.shape[2], 0);
  return total > 0 ? fanOut.map((f) => f / total) : fanOut;
}

export const leakOf = ({ neuron }: Population): number => (neuron.model === 'lif' ? neuron.leak : 1);
