/**
 * The spiking network: populations of neurons joined by projections. A convolution's weights are
 * shared, never unrolled; a dense layer is a convolution whose filter covers the whole map; average
 * pooling with window = stride is folded into the projection behind it (`pool`). Time is in steps
 * of one window of T steps per inference; population p is active in chip steps
 * [depth, depth + T), so that a spike emitted at local step t is integrated by the next population at
 * its local step t. A projection that skips layers carries the difference as an axonal delay.
 */
import type { Window, Pair, ChannelStatistics } from '../graph/graph.js';

declare const populationBrand: unique symbol;
export type PopulationId = string & { readonly [populationBrand]: 'PopulationId' };
export const populationId = (name: string): PopulationId => name as PopulationId;

export type MapShape = readonly [channels: number, height: number, width: number];

/**
 * What one neuron does with its current I(t) in one step:
 *
 *   if          v <- v + I;            spike if v > threshold, then reset
 *   lif         v <- leak * v + I;     spike if v > threshold, then reset
 *   cuba        u <- currentLeak * u + S;  v <- leak * v + u + B;  spike if v > threshold, then reset and v held at 0
 *               for refractory - 1 steps;  I = S + B: what spikes bring (S) lasts, constant currents (B) do not
 *   signed-if   v <- v + I;            s = +1 if v > threshold; -1 if v < -retract * threshold and m > 0; else 0
 *                                      v <- v - threshold * s;  m <- m + s
 *   integrator  v <- v + I;            never spikes: the output layer, read at the end
 *   relay       spikes are set from outside (a Poisson input), v is not used
 *
 * soft reset: v <- v - threshold; hard reset: v <- 0. `soft-two-compartment` is the soft reset built from
 * two Loihi 1 compartments and an inhibitory synapse of weight -threshold, which acts one step later: v leaks
 * before it pays, v <- leak * v + I - threshold * (spike of the step before). Without leak that is the soft reset.
 *
 * The signed neuron counts in m the spikes that it has sent and not taken back (0 at the start). A spike
 * of -1 takes one back: behind a projection it counts with -weight. So currents that come too early do
 * no lasting harm (the signed neuron with memory of Wang et al., IJCAI 2022).
 */
export type Neuron =
  | { readonly model: 'if'; readonly reset: Reset }
  | { readonly model: 'lif'; readonly reset: Reset; readonly leak: number }
  | { readonly model: 'cuba'; readonly reset: 'soft' | 'hard'; readonly leak: number; readonly currentLeak: number; readonly refractory: number }
  | { readonly model: 'signed-if'; readonly reset: 'soft'; readonly retract: number }
  | { readonly model: 'integrator' }
  | { readonly model: 'relay' };
export type Reset = 'soft' | 'hard' | 'soft-two-compartment';

/** Neurons with a threshold: they spike by themselves and reset. */
export type FiringNeuron = Extract<Neuron, { readonly reset: Reset }>;
export const fires = (neuron: Neuron): neuron is FiringNeuron => 'reset' in neuron;
/** True where a spike may be -1. */
export const isSigned = ({ neuron }: { readonly neuron: Neuron }): boolean => neuron.model === 'signed-if';

export interface Population {
  readonly id: PopulationId;
  /** [C, H, W]; a vector of n neurons is [n, 1, 1]. */
  readonly shape: MapShape;
  readonly neuron: Neuron;
  /** Per channel: the activation that one spike in every step stands for. Ones where it has no meaning. */
  readonly threshold: Float32Array;
  /** Per channel: constant current in every step of the window, in the activation's unit. */
  readonly bias: Float32Array;
  /** v at the first step, as a share of the threshold. */
  readonly initial: number;
  /** First chip step of the population's window. */
  readonly depth: number;
  /** What batch norm predicts for the current, if known. */
  readonly statistics?: ChannelStatistics;
}

/** Why the whole numbers of a quantised model's filter are not stored as they are. */
export type Lost =
  /** In the file they are real numbers or of more than eight bits. */
  | { readonly why: 'not-whole' }
  /** The lowering joined them with a pool, a scale of their inputs or another filter. */
  | { readonly why: 'joined' }
  /** The largest does not fit the target's weights: fewer bits, -128, or a zero point far from the middle. */
  | { readonly why: 'weight-width'; readonly count: number; readonly allowed: number }
  /** If all inputs spike in one step their sum does not fit. */
  | { readonly why: 'sums'; readonly count: number; readonly allowed: number }
  /** Steps that differ between channels ask for more thresholds than a core has. */
  | { readonly why: 'profiles'; readonly count: number; readonly allowed: number }
  /** Steps that differ between channels, and two compartments take one threshold away by a weight. */
  | { readonly why: 'two-compartments' }
  /** Steps that differ between classes, whose sums are compared as they are. */
  | { readonly why: 'output' }
  /** Another filter into the same neurons sets the scale. */
  | { readonly why: 'beside' }
  /** The channels of the source have thresholds of their own. */
  | { readonly why: 'source-thresholds' }
  /** Learning changed them. */
  | { readonly why: 'learned' }
  /** A threshold, a bias, a weight beside them or a current that lasts would leave its register. */
  | { readonly why: 'registers' };

/** `steps`: per output channel, in the unit of the weights; each weight is a whole multiple, of at most 127 either way. */
export type WholeWeights = { readonly steps: Float64Array } | { readonly lost: Lost };

/**
 * A bundle of synapses. A spike of source neuron (ci, y, x) adds weight[co, ci, ky, kx] (activation
 * units: the source's threshold is already multiplied in, and the mean of `pool` too) to every target
 * (co, y', x') with floor(y / pool[0]) = y' * stride + ky * dilation - top, and the same for x.
 */
export interface Projection {
  readonly id: string;
  readonly source: PopulationId;
  readonly target: PopulationId;
  /** [Co, Ci / groups, Kh, Kw] */
  readonly weight: Float32Array;
  /** Of filters of a quantised model. */
  readonly whole?: WholeWeights;
  readonly window: Window;
  readonly groups: number;
  /** Rows and columns of non-overlapping pooling in front of the filter; [1, 1] for none. */
  readonly pool: Pair;
  /** Steps a spike waits beyond the usual one. */
  readonly delay: number;
}

/** A linear layer that the host computes once per image; the result is a constant current of each neuron of `target`. */
export interface HostLayer {
  readonly target: PopulationId;
  /** [Co, Ci / groups, Kh, Kw] over the normalised image; the layer's bias is in the population's `bias`. */
  readonly weight: Float32Array;
  readonly window: Window;
  readonly groups: number;
  readonly pool: Pair;
}

/**
 * How the image enters.
 *   bias     the host computes the first linear layers (`layers`) and injects them as bias currents
 *   rate     population `population` of [2C, H, W] (positive part, then negative part) integrates
 *            |x| as a constant current and spikes at that rate
 *   poisson  the same population is set to spike with probability min(1, |x| / threshold) in each step
 */
export type InputCode =
  | { readonly code: 'bias'; readonly layers: readonly HostLayer[] }
  | { readonly code: 'rate' | 'poisson'; readonly population: PopulationId };

export interface SpikingNetwork {
  readonly imageShape: MapShape;
  readonly input: InputCode;
  /** In order of depth; the output population (an integrator) is last. */
  readonly populations: readonly Population[];
  readonly projections: readonly Projection[];
  readonly output: PopulationId;
  /** T, steps of one inference. */
  readonly timesteps: number;
}

export const neuronCount = (shape: MapShape): number => shape[0] * shape[1] * shape[2];
