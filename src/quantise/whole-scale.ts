/**
 * The scale of a layer whose weights stay the whole numbers of a quantised model. A stored weight of one stands for a
 * step of its channel, so the steps give each channel its state units per unit of activation, and the threshold
 * follows: threshold_c = round(units_c * activation threshold). Channels of different steps have different thresholds.
 */
import type { Lost } from '../spiking/network.js';
import { alike } from '../spiking/whole-weights.js';
import type { Target } from '../target/schema.js';
import { channelMaxima, chooseShift, preferredShift, registerLimit, usesTwoCompartments, type Incoming, type ScaleRequest } from './choose-scale.js';
import type { IntegerPopulation } from './integer-network.js';

/** A layer's scale and thresholds in state units. */
export interface RegisterScale extends Pick<IntegerPopulation, 'threshold' | 'thresholdExponent' | 'thresholds'> {
  /** State units of the weights per threshold, per channel. */
  readonly perThreshold: Float64Array;
}

export interface StateScale extends RegisterScale {
  /** Log2 of the state units of the finest weight step. */
  readonly unit: number;
  /** Per projection: one stored step of weight stands for 2^this finest steps. */
  readonly weightExponents: readonly number[];
  /** The projection whose weights are whole at this scale. */
  readonly whole?: number;
}

export interface LostFilter { readonly index: number; readonly lost: Lost }

/** The filter of whole weights that sets the scale, the one with the most weights; and those of a quantised model that do not. */
export function mainWhole(incoming: readonly Incoming[]): { readonly main: number | null; readonly lost: readonly LostFilter[] } {
  const filters = incoming.flatMap(({ projection: { whole, weight } }, index) => (whole === undefined ? [] : [{ index, whole, size: weight.length }]));
  const main = filters.reduce((best, { index, whole, size }) => ('steps' in whole && (best === null || size > incoming[best].weight.length) ? index : best), null as number | null);
  return { main, lost: filters.flatMap(({ index, whole }): LostFilter[] => (index === main ? [] : [{ index, lost: 'lost' in whole ? whole.lost : { why: 'beside' } }])) };
}

/** Register steps of the smallest threshold that leave its rounding without effect (a relative 0.05 %), and the fewest that are allowed (2 %). */
const FINE = 1024;
const COARSEST = 32;

/** Scales that fit the registers, the preferred one first; the sums remain to be proven. */
export function wholeScales(request: ScaleRequest, main: number): readonly StateScale[] | Lost {
  const { population, incoming, target: { numbers } } = request;
  const { projection: { whole }, weight } = incoming[main];
  if (whole === undefined || 'lost' in whole) throw new Error(`internal: ${population.id} has no whole weights`);
  const steps = whole.steps.map((step, c) => step / population.threshold[c]);
  const largest = channelMaxima(weight, steps.length).reduce((most, l, c) => Math.max(most, Math.round(l / steps[c])), 0);
  if (largest > numbers.weightMax) return { why: 'weight-width', count: largest, allowed: numbers.weightMax };
  return population.neuron.model === 'integrator' ? outputScale(request, main, steps) : firingScales(request, main, steps);
}

function outputScale(request: ScaleRequest, main: number, steps: Float64Array): readonly StateScale[] | Lost {
  const { population, incoming, timesteps, target } = request;
  if (!alike(steps)) return { why: 'output' };
  if (1 / steps[0] > registerLimit(request, 0)) return { why: 'registers' };
  const unit = Math.log2(target.numbers.weightStep) + chooseShift(population, 1 / steps[0], incoming, { timesteps, target });
  const perThreshold = new Float64Array(steps.length).fill(2 ** unit / steps[0]);
  const weightExponents = exponentsBeside({ request, main, unit, perThreshold }, 0);
  return weightExponents === undefined ? { why: 'registers' } : [{ unit, perThreshold, threshold: perThreshold[0], thresholdExponent: new Uint8Array(steps.length), weightExponents, whole: main }];
}

function firingScales(request: ScaleRequest, main: number, steps: Float64Array): readonly StateScale[] | Lost {
  const { population, target } = request;
  const { numbers, core } = target;
  const register = 2 ** numbers.thresholdShift;
  const unit = Math.log2(numbers.weightStep) + preferredShift(target);
  const smallest = 1 / steps.reduce((a, b) => Math.max(a, b), 0);
  const fine = Math.max(0, Math.min(numbers.shiftMax - preferredShift(target), Math.ceil(Math.log2((FINE * register) / (smallest * 2 ** unit)))));
  const two = usesTwoCompartments(population);
  const profiles = (core.thresholdProfiles ?? Infinity) - (two ? 1 : 0);
  const scales: StateScale[] = [];
  for (let exponent = fine; exponent >= 0; exponent--) {
    const perThreshold = steps.map((step) => 2 ** (unit + exponent) / step);
    if (perThreshold.some((t, c) => t > registerLimit(request, c) * 2 ** unit) || smallest * 2 ** (unit + exponent) < COARSEST * register) continue;
    const thresholds = Int32Array.from(perThreshold, (t) => (two ? nearestSingleWeight(t, target) : Math.round(t / register) * register));
    const different = new Set(thresholds).size;
    if (two && different > 1) return { why: 'two-compartments' };
    if (different > profiles) return { why: 'profiles', count: different, allowed: profiles };
    const weightExponents = exponentsBeside({ request, main, unit, perThreshold }, exponent);
    if (weightExponents === undefined || thresholds.some((t) => t % register !== 0)) continue;
    scales.push({ unit, perThreshold, ...registersFor(thresholds), weightExponents, whole: main });
  }
  return scales.length > 0 ? scales : { why: 'registers' };
}

const registersFor = (thresholds: Int32Array): Pick<RegisterScale, 'threshold' | 'thresholdExponent' | 'thresholds'> => ({
  threshold: Math.max(...thresholds), thresholdExponent: new Uint8Array(thresholds.length),
  ...(thresholds.every((t) => t === thresholds[0]) ? {} : { thresholds }),
});

/** The nearest threshold that one inhibitory weight takes away, within 0.8 %. */
function nearestSingleWeight(threshold: number, { numbers }: Target): number {
  let step = 1;
  while (threshold / step > numbers.weightMax) step *= 2;
  return Math.round(threshold / step) * step;
}

interface Beside { readonly request: ScaleRequest; readonly main: number; readonly unit: number; readonly perThreshold: Float64Array }

/** `exponent` for the main projection; for those beside it as much as their largest weights need. Undefined where the target cannot shift so far. */
function exponentsBeside({ request: { population, incoming, target: { numbers } }, main, unit, perThreshold }: Beside, exponent: number): readonly number[] | undefined {
  const most = numbers.shiftMax - (unit - Math.log2(numbers.weightStep));
  const exponents = incoming.map(({ weight }, j) => {
    if (j === main) return exponent;
    const largest = channelMaxima(weight, population.shape[0]).reduce((a, l, c) => Math.max(a, (l * perThreshold[c]) / 2 ** unit), 0);
    return Math.max(0, Math.ceil(Math.log2(Math.max(largest, 1) / numbers.weightMax) - 1e-9));
  });
  return exponents.every((e) => e <= most) ? exponents : undefined;
}
