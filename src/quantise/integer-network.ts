/**
 * The spiking network in a target's integers. One step of a neuron, all numbers 32-bit integers:
 *
 *   a = sum over projections p of ( (sum of weights of p's arriving spikes) << shift_p )
 *   v = clip(decay(v) + a + bias, -limit, +limit)          decay(v) = sgn(v) * ((|v| * (4096 - d)) >> 12)
 *   spike if v > theta;   soft reset: v -= theta   hard reset: v = 0     theta = threshold * 2^exponent of the channel, or its own
 *   cuba: a = u, where u = clip(decay(u) + the sum above, -limit, +limit) loses currentDecay;  v = 0 for refractory - 1 steps
 *     from a spike on, whatever arrives
 *   soft-two-compartment: v = clip(decay(v + owed) - owed + a + bias, ...), owed = theta after a spike, else 0
 *   signed-if: s = +1 if v > theta, -1 if v < -round(retract * theta) and m > 0, else 0;   v -= theta * s,   m += s
 *
 * `limit` = 2^(stateBits-1) - 1. The plain sum of weights never leaves 16 bits: quantisation proves it
 * for every neuron (`bound`). A spike of -1 counts with the weight's opposite. Weights stand in event order:
 * the row of one spike is contiguous.
 */
import type { Window, Pair } from '../graph/graph.js';
import type { MapShape, Neuron, PopulationId } from '../spiking/network.js';

export interface IntegerPopulation {
  readonly id: PopulationId;
  readonly shape: MapShape;
  readonly neuron: Neuron;
  /** 0..4096: v loses decay/4096 of itself in each step. 0 for IF. */
  readonly decay: number;
  /** Of cuba neurons only, 1..4096: u loses currentDecay/4096 of itself in each step. */
  readonly currentDecay?: number;
  /** Of cuba neurons only, from 1: steps from a spike to the next possible one. */
  readonly refractory?: number;
  /** State units, before `thresholdExponent`. 0 for the integrator. */
  readonly threshold: number;
  /**
   * Per channel: the threshold is threshold * 2^exponent, and so is v at the first step. Channels of
   * small weights take a larger exponent, so that their weights fill the mantissa too. Each exponent in
   * use is one of the core's threshold profiles.
   */
  readonly thresholdExponent: Uint8Array;
  /**
   * Per channel, in place of threshold * 2^exponent, with v at the first step in proportion: where weights are the whole
   * numbers of a quantised model with a scale a channel, the thresholds carry these scales. Each one is a profile.
   */
  readonly thresholds?: Int32Array;
  /** v at the first step, state units, before `thresholdExponent`. */
  readonly initial: number;
  /** Per channel, in state units: mantissa * 2^exponent with the target's widths. */
  readonly bias: Int32Array;
  /** v is clipped to +-limit. */
  readonly limit: number;
  readonly depth: number;
  /** State units per unit of activation, per channel: how to read v, thresholds and currents back. */
  readonly scale: Float64Array;
}

type Thresholds = Pick<IntegerPopulation, 'threshold' | 'thresholdExponent' | 'thresholds'>;
/** The threshold of each channel, state units. */
export const thresholdsOf = ({ threshold, thresholdExponent, thresholds }: Thresholds): Int32Array => thresholds ?? Int32Array.from(thresholdExponent, (e) => threshold * 2 ** e);

/** v of each channel at the first step. */
export const initialsOf = (population: Thresholds & Pick<IntegerPopulation, 'initial'>): Int32Array => {
  const { initial, threshold, thresholdExponent, thresholds } = population;
  return thresholds === undefined ? Int32Array.from(thresholdExponent, (e) => initial * 2 ** e) : thresholds.map((t) => Math.round((initial * t) / threshold));
};

/** Per channel: a signed neuron takes a spike back where v is below minus this. Zeros for neurons that never do. */
export const retractions = (population: Thresholds & Pick<IntegerPopulation, 'neuron'>): Int32Array => {
  const { neuron } = population;
  return thresholdsOf(population).map((t) => (neuron.model === 'signed-if' ? Math.round(neuron.retract * t) : 0));
};

export interface IntegerProjection {
  readonly id: string;
  readonly source: PopulationId;
  readonly target: PopulationId;
  /** Event order [Kh, Kw, Ci, Co / groups]: the weights of one source channel at one tap lie side by side. Within +-127. */
  readonly weight: Int8Array;
  /** The sum of weights is shifted left by this much into state units. */
  readonly shift: number;
  readonly window: Window;
  readonly groups: number;
  readonly pool: Pair;
  /** Steps a spike waits beyond the usual one. */
  readonly delay: number;
  /** Cores of their own make parts of the sum and send them on as graded spikes, which takes the last step of `delay`. */
  readonly inParts?: true;
  /** Proven largest |sum of weights| into any one neuron in one step, in weight units; at most 32767. */
  readonly bound: number;
  /** Relative root-mean-square error of the rounded weights. */
  readonly weightError: number;
}

/** The host's first layer stays in floating point; the injected current is rounded to the target's bias format. */
export interface IntegerHostLayer {
  readonly target: PopulationId;
  /** [Co, Ci / groups, Kh, Kw] */
  readonly weight: Float32Array;
  /** Float bias of each channel, activation units (the population's `bias` is zero then). */
  readonly bias: Float32Array;
  readonly window: Window;
  readonly groups: number;
  readonly pool: Pair;
  /** State units per activation unit, per channel. */
  readonly scale: Float64Array;
}

/** The width of an injected or constant current: |mantissa| <= mantissaMax, value = mantissa * 2^exponent, exponent 0..exponentMax. */
export interface BiasFormat { readonly mantissaMax: number; readonly exponentMax: number }

export type IntegerInput =
  | { readonly code: 'bias'; readonly layers: readonly IntegerHostLayer[]; readonly format: BiasFormat }
  /** `scale`: state units per unit of |x|. */
  | { readonly code: 'rate'; readonly population: PopulationId; readonly scale: number; readonly format: BiasFormat }
  /** A step's spike probability is min(1, |x| / full). */
  | { readonly code: 'poisson'; readonly population: PopulationId; readonly full: number };

export interface IntegerNetwork {
  readonly imageShape: MapShape;
  readonly input: IntegerInput;
  readonly populations: readonly IntegerPopulation[];
  readonly projections: readonly IntegerProjection[];
  readonly output: PopulationId;
  readonly timesteps: number;
}

/** Steps that a spike waits on its way to the core that reads its weights. */
export const spikeDelay = ({ delay, inParts }: Pick<IntegerProjection, 'delay' | 'inParts'>): number => (inParts === true ? delay - 1 : delay);

/** True where what the host injects is a sum of several currents: the register holds the sum rounded once more. */
export const sumsCurrents = ({ input }: IntegerNetwork, { id, bias }: IntegerPopulation): boolean => {
  const layers = input.code === 'bias' ? input.layers.filter((l) => l.target === id).length : 0;
  return layers > 1 || (layers === 1 && bias.some((b) => b !== 0));
};

/** Rounds a current to the nearest mantissa * 2^exponent that the format holds (smallest exponent that fits; saturates). */
export function roundToBias(value: number, format: BiasFormat): number {
  let step = 1;
  for (let e = 0; e < format.exponentMax && Math.round(Math.abs(value) / step) > format.mantissaMax; e++) step *= 2;
  const mantissa = Math.min(format.mantissaMax, Math.floor(Math.abs(value) / step + 0.5));
  return value < 0 ? -mantissa * step : mantissa * step;
}
