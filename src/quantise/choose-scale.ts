/**
 * How many weight steps stand for a layer's threshold. Each channel could bear its own number S_c: the
 * largest for which its weights fit the mantissa, any step's sum provably stays inside the accumulator,
 * and its bias and threshold fit their registers. The layer takes the smallest, S, and every channel a
 * power of two of it, S * 2^e_c <= S_c, as far as the core has threshold profiles.
 */
import { fires, type Neuron, type Population, type Projection } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import { fanInSums } from './normalised-weights.js';

/** A projection whose weights are in units of the target's threshold. */
export interface Incoming {
  readonly projection: Projection;
  /** [Co, Ci / groups, Kh, Kw] */
  readonly weight: Float32Array;
  /** The source sends spikes of either sign. */
  readonly signed: boolean;
}

export interface LayerScale {
  /** S: weight steps per threshold of a channel of exponent 0. */
  readonly steps: number;
  /** e_c, per channel. */
  readonly thresholdExponent: Uint8Array;
  /** Per projection: one stored step of weight stands for 2^this steps. */
  readonly weightExponents: readonly number[];
  /** Steps per threshold of the channel that has most. */
  readonly finest: number;
}

export interface ScaleRequest {
  readonly population: Population;
  readonly incoming: readonly Incoming[];
  readonly timesteps: number;
  readonly target: Target;
  /** Shrinks the sums' allowance: 1 at first, less when rounding lifted a sum over the proof's limit. */
  readonly slack: number;
}

/** The plain sum of a projection's weights is kept in 16 bits, here and in every kernel. */
export const SUM_MAX = 32767;
/** Levels of the threshold of a population that only the host drives: its currents have 12 bits and more. */
const INJECTED_STEPS = 2048;
/** How far above the largest expected score the output may climb before v is clipped, where the shift cannot prevent it. */
const OUTPUT_MARGIN = 1.5;
/** The threshold takes at most this share of v's range, so that v can overshoot and dip. */
const THRESHOLD_SHARE = 0.25;
/** Fraction bits of v below one weight step, where the chip leaves the choice. */
const PREFERRED_UNIT = 6;
/** Most exponents above 0 that a layer uses. */
const MOST_EXPONENT = 7;

/** How many weight steps of one time step the chip's accumulator holds at this shift. */
export function stepsInAccumulator({ numbers }: Target, shift: number): number {
  const unit = numbers.accumulatorShift === null ? 1 : 2 ** (shift - numbers.accumulatorShift);
  return numbers.accumulatorMax / (numbers.weightStep * unit);
}

/** The shift from mantissas to v that gives `PREFERRED_UNIT`, as far as the chip allows. */
export const preferredShift = ({ numbers }: Target): number =>
  Math.max(numbers.shiftMin, Math.min(PREFERRED_UNIT - Math.log2(numbers.weightStep), numbers.shiftMax));

interface ShiftContext { readonly timesteps: number; readonly target: Target }

/** Left shift from mantissas to state units. */
export function chooseShift(population: Population, steps: number, incoming: readonly Incoming[], { timesteps, target }: ShiftContext): number {
  const { numbers } = target;
  const preferred = preferredShift(target);
  if (population.neuron.model !== 'integrator') return preferred;
  // the output must not saturate over the whole window, even if every input spiked in every step; no neuron
  // takes back more than it has sent, so a signed one adds no more than that in either direction
  const limit = 2 ** (numbers.stateBits - 1) - 1;
  const worst = incoming.reduce((sum, { projection, weight }) => {
    const sums = fanInSums(weight, { pool: projection.pool, signed: false }, population.shape[0]);
    return sum + Math.max(...sums.positive, ...sums.negative);
  }, 0) + population.bias.reduce((m, b, c) => Math.max(m, Math.abs(b) / population.threshold[c]), 0);
  let shift = preferred;
  while (shift > numbers.shiftMin && worst * steps * timesteps * numbers.weightStep * 2 ** shift > limit) shift--;
  return shift;
}

/** How many times its largest step a current that lasts can grow to within T steps; 0 where it does not last. */
export const lastingGain = (neuron: Neuron, timesteps: number): number => (neuron.model === 'cuba' ? Math.min(timesteps, 1 / (1 - neuron.currentLeak)) : 0);

export const usesTwoCompartments = ({ neuron }: Population): boolean => fires(neuron) && neuron.reset === 'soft-two-compartment';

export function chooseScale(request: ScaleRequest): LayerScale {
  const { population, incoming, target } = request;
  const channels = population.shape[0];
  if (incoming.length === 0) {
    // an injected current may saturate: far above the threshold it means a spike in every step anyway
    const unbiased = { ...request, population: { ...population, bias: new Float32Array(channels) } };
    const steps = Math.min(INJECTED_STEPS, registerLimit(unbiased, 0));
    return { steps, thresholdExponent: new Uint8Array(channels), weightExponents: [], finest: steps };
  }
  const largest = incoming.map(({ weight }) => channelMaxima(weight, channels));
  const weightExponents = relativeExponents(largest, target.numbers.shiftMax - preferredShift(target));
  const limits = channelLimits(request, largest, weightExponents);
  const smallest = limits.reduce((a, b) => Math.min(a, b), Infinity);
  // no threshold is below one step: a channel that needs that is clipped, and the others keep their precision
  const steps = Math.max(1, usesTwoCompartments(population) ? singleWeight(smallest, target) : smallest);
  const most = population.neuron.model === 'integrator' ? 0 : mostExponent(request);
  const thresholdExponent = Uint8Array.from(limits, (limit) => Math.max(0, Math.min(most, Math.floor(Math.log2(limit / steps)))));
  const finest = limits.reduce((best, limit, c) => Math.max(best, Math.min(limit, steps * 2 ** thresholdExponent[c])), 0);
  return { steps, thresholdExponent, weightExponents, finest };
}

/** Largest |weight| of each output channel. */
export function channelMaxima(weight: Float32Array, channels: number): Float64Array {
  const perOutput = weight.length / channels;
  const out = new Float64Array(channels);
  for (let i = 0; i < weight.length; i++) {
    const c = Math.floor(i / perOutput);
    out[c] = Math.max(out[c], Math.abs(weight[i]));
  }
  return out;
}

/** The projection of the smallest weights has exponent 0, the others as much more as their largest weights need, as far as the chip can shift. */
function relativeExponents(largest: readonly Float64Array[], most: number): number[] {
  const peaks = largest.map((l) => l.reduce((a, b) => Math.max(a, b), 0));
  const finest = Math.min(...peaks.filter((p) => p > 0));
  return peaks.map((peak) => (peak > 0 ? Math.max(0, Math.min(most, Math.ceil(Math.log2(peak / finest) - 1e-9))) : 0));
}

/** S_c of every channel. */
function channelLimits(request: ScaleRequest, largest: readonly Float64Array[], exponents: readonly number[]): Float64Array {
  const { population, incoming, target, slack } = request;
  const channels = population.shape[0];
  const positive = new Float64Array(channels);
  const negative = new Float64Array(channels).fill(usesTwoCompartments(population) ? 1 : 0);
  for (const { projection: { pool }, weight, signed } of incoming) {
    const sums = fanInSums(weight, { pool, signed }, channels);
    for (let c = 0; c < channels; c++) { positive[c] += sums.positive[c]; negative[c] += sums.negative[c]; }
  }
  const room = Math.min(stepsInAccumulator(target, preferredShift(target)), SUM_MAX) * slack;
  return Float64Array.from({ length: channels }, (_, c) => {
    const worst = Math.max(positive[c], negative[c]);
    const mantissas = largest.map((l, j) => (l[c] > 0 ? (target.numbers.weightMax * 2 ** exponents[j]) / l[c] : Infinity));
    return Math.min(worst > 0 ? room / worst : Infinity, flowLimit(request, c, worst), registerLimit(request, c), ...mantissas);
  });
}

/** A current that lasts must stay inside the state with the bias on top: where it wraps, the emulators of a chip differ. */
function flowLimit({ population, timesteps, target: { numbers }, target, slack }: ScaleRequest, c: number, worst: number): number {
  const gain = lastingGain(population.neuron, timesteps);
  if (gain === 0) return Infinity;
  const most = worst * gain + Math.abs(population.bias[c]) / population.threshold[c];
  return most > 0 ? (slack * (2 ** (numbers.stateBits - 1) - 1)) / (most * numbers.weightStep * 2 ** preferredShift(target)) : Infinity;
}

/** What the bias, the threshold and v of channel c allow. */
export function registerLimit({ population, timesteps, target: { numbers }, target }: ScaleRequest, c: number): number {
  const unit = numbers.weightStep * 2 ** preferredShift(target);
  const state = 2 ** (numbers.stateBits - 1) - 1;
  const bias = Math.abs(population.bias[c]) / population.threshold[c];
  const biasMax = numbers.biasMantissaMax * 2 ** numbers.biasExponentMax;
  const forBias = bias > 0 ? biasMax / (bias * unit) : Infinity;
  if (population.neuron.model === 'integrator') {
    return Math.min(forBias, state / (OUTPUT_MARGIN * timesteps * numbers.weightStep * 2 ** numbers.shiftMin));
  }
  const thresholdMax = (2 ** numbers.thresholdBits - 1) * 2 ** numbers.thresholdShift;
  return Math.min(forBias, thresholdMax / unit, (THRESHOLD_SHARE * state) / unit);
}

/** Threshold profiles and, where a synapse carries the reset, synapse formats bound the exponents in use. */
function mostExponent({ population, incoming, target: { core } }: ScaleRequest): number {
  const two = usesTwoCompartments(population);
  const profiles = core.thresholdProfiles === null ? Infinity : core.thresholdProfiles - (two ? 1 : 0);
  const formats = two && core.synapseFormats !== null ? core.synapseFormats - incoming.length : Infinity;
  return Math.max(0, Math.min(MOST_EXPONENT, profiles - 1, formats - 1));
}

/** A threshold that one inhibitory weight can hold: the largest mantissa * 2^exponent below the limit. */
function singleWeight(steps: number, target: Target): number {
  let exponent = 0;
  while (steps / 2 ** exponent > target.numbers.weightMax) exponent++;
  return Math.floor(steps / 2 ** exponent) * 2 ** exponent;
}
