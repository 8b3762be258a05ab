/**
 * Spiking network + target -> integers. Each layer gets one scale: S steps of weight stand for the
 * threshold. S is the largest number for which the finest projection still fits the mantissa, the sum
 * of any step's weights provably stays inside the chip's accumulator (`accumulatorMax`), and the bias
 * currents fit their registers. Weights are rounded so that each output channel keeps its sum, which
 * removes the mean error that plain rounding leaves.
 */
import type { SpikingNetwork, Population, Projection } from '../spiking/network.js';
import type { Reporter } from '../diagnostics.js';
import type { Target } from '../target/schema.js';
import { roundToBias, type BiasFormat, type IntegerHostLayer, type IntegerInput, type IntegerNetwork, type IntegerPopulation, type IntegerProjection } from './integer-network.js';
import { fanInSums, normalisedWeights, toEventOrder } from './normalised-weights.js';
import { roundKeepingSums } from './round-weights.js';

/** Chooses every layer's scale and rounds. Problems go to `report`. */
export function quantise(network: SpikingNetwork, target: Target, report: Reporter): IntegerNetwork {
  const format: BiasFormat = { mantissaMax: target.numbers.biasMantissaMax, exponentMax: target.numbers.biasExponentMax };
  const layers = network.populations.map((p) => quantiseLayer(p, network, { target, format, report, timesteps: network.timesteps }));
  const scales = new Map(layers.map((l) => [l.population.id, l.population]));
  return {
    imageShape: network.imageShape,
    input: quantiseInput(network, scales, format),
    populations: layers.map((l) => l.population),
    projections: layers.flatMap((l) => l.projections),
    output: network.output,
    timesteps: network.timesteps,
  };
}

interface Settings {
  readonly target: Target;
  readonly format: BiasFormat;
  readonly report: Reporter;
  readonly timesteps: number;
}

interface Layer {
  readonly population: IntegerPopulation;
  readonly projections: readonly IntegerProjection[];
}

/** A projection whose weights are in units of the target's threshold. */
interface Incoming {
  readonly projection: Projection;
  readonly weight: Float32Array;
  readonly largest: number;
}

function quantiseLayer(population: Population, network: SpikingNetwork, settings: Settings): Layer {
  const { target } = settings;
  const incoming = network.projections.filter((p) => p.target === population.id).map((projection): Incoming => {
    const weight = normalisedWeights(projection, population.threshold);
    return { projection, weight, largest: weight.reduce((m, w) => Math.max(m, Math.abs(w)), 0) };
  });
  let steps = chooseSteps(population, incoming, settings);
  for (;;) {
    const shift = chooseShift(population, steps, { incoming, timesteps: network.timesteps, target });
    const unit = Math.log2(target.numbers.weightStep) + shift;
    const perThreshold = thresholdInState(steps * 2 ** unit, population, target);
    const projections = incoming.map((i) => roundProjection(i, { steps: perThreshold / 2 ** unit, unit, outputs: population.shape[0], target }));
    const total = projections.reduce((sum, p) => sum + p.bound * 2 ** (p.shift - unit), usesTwoCompartments(population) ? perThreshold / 2 ** unit : 0);
    const fits = total <= stepsInAccumulator(target, shift) && projections.every((p) => p.bound <= SUM_MAX);
    // rounding may have lifted the sums a little above the margin: the proof is on the integers, so try a smaller scale
    if (fits || steps < MIN_STEPS) {
      return { population: integerPopulation(population, perThreshold, settings, network), projections };
    }
    steps = usesTwoCompartments(population) ? twoCompartmentSteps(steps * 0.98, target) : steps * 0.99;
  }
}

/** The plain sum of a projection's weights is kept in 16 bits, here and in every kernel. */
const SUM_MAX = 32767;

/** How many weight steps of one time step the chip's accumulator holds at this shift. */
export function stepsInAccumulator({ numbers }: Target, shift: number): number {
  const unit = numbers.accumulatorShift === null ? 1 : 2 ** (shift - numbers.accumulatorShift);
  return numbers.accumulatorMax / (numbers.weightStep * unit);
}

/** Fraction bits of v below one weight step, where the chip leaves the choice. */
const PREFERRED_UNIT = 6;

/** The shift from mantissas to v that gives `PREFERRED_UNIT`, as far as the chip allows. */
const preferredShift = ({ numbers }: Target): number =>
  Math.max(numbers.shiftMin, Math.min(PREFERRED_UNIT - Math.log2(numbers.weightStep), numbers.shiftMax));

const usesTwoCompartments = (population: Population): boolean =>
  (population.neuron.model === 'if' || population.neuron.model === 'lif') && population.neuron.reset === 'soft-two-compartment';

/** S: weight steps per threshold, before rounding; see the head of the file. */
function chooseSteps(population: Population, incoming: readonly Incoming[], { target, report, timesteps }: Settings): number {
  const { numbers } = target;
  if (population.neuron.model === 'relay') return 1;
  const used = incoming.filter((i) => i.largest > 0);
  const limits: number[] = [];
  if (used.length > 0) {
    limits.push(numbers.weightMax / Math.min(...used.map((i) => i.largest)));
    // half a step per weight of rounding is allowed for by proving the bound again on the rounded weights
    limits.push(proofLimit(population, used, target));
  }
  const thresholdMax = (2 ** numbers.thresholdBits - 1) * 2 ** numbers.thresholdShift;
  const finestUnit = numbers.weightStep * 2 ** preferredShift(target);
  const biasMax = numbers.biasMantissaMax * 2 ** numbers.biasExponentMax;
  const largestBias = population.bias.reduce((m, b, c) => Math.max(m, Math.abs(b) / population.threshold[c]), 0);
  if (largestBias > 0) limits.push(biasMax / (largestBias * finestUnit));
  if (population.neuron.model !== 'integrator') limits.push(thresholdMax / finestUnit);
  limits.push((2 ** (numbers.stateBits - 1) - 1) / (4 * finestUnit));
  if (used.length === 0) limits.push(INJECTED_STEPS);
  if (population.neuron.model === 'integrator') limits.push((2 ** (numbers.stateBits - 1) - 1) / (OUTPUT_MARGIN * timesteps * numbers.weightStep * 2 ** numbers.shiftMin));
  const steps = Math.min(...limits);
  if (!(steps >= MIN_STEPS)) report.report('quantise/no-precision', { kind: 'node', node: population.id }, { steps, target: target.name });
  return usesTwoCompartments(population) ? twoCompartmentSteps(steps, target) : Math.max(steps, 1);
}

/** Levels of the threshold of a population that only the host drives: its weights are currents of 12 bits and more. */
const INJECTED_STEPS = 2048;
/** With fewer steps per threshold the layer is noise. */
const MIN_STEPS = 4;
/** How far above the largest expected score the output may climb before v is clipped, where the shift cannot prevent it. */
const OUTPUT_MARGIN = 1.5;

/** Largest S for which no neuron's sum can leave the accumulator. */
function proofLimit(population: Population, incoming: readonly Incoming[], target: Target): number {
  const channels = population.shape[0];
  const positive = new Float64Array(channels);
  const negative = new Float64Array(channels);
  for (const { projection, weight } of incoming) {
    const sums = fanInSums(weight, projection, channels);
    for (let c = 0; c < channels; c++) { positive[c] += sums.positive[c]; negative[c] += sums.negative[c]; }
  }
  // the two-compartment reset adds one inhibitory synapse of a whole threshold
  if (usesTwoCompartments(population)) {
    for (let c = 0; c < channels; c++) negative[c] += 1;
  }
  const worst = Math.max(...positive, ...negative);
  const room = Math.min(stepsInAccumulator(target, preferredShift(target)), SUM_MAX);
  return worst === 0 ? Infinity : (PROOF_MARGIN * room) / worst;
}

/** Leaves room for the rounding of each weight to its nearest step. */
const PROOF_MARGIN = 0.985;

/** A threshold that a single inhibitory weight can hold: mantissa * 2^exponent with the largest mantissa below the limit. */
function twoCompartmentSteps(steps: number, target: Target): number {
  let exponent = 0;
  while (steps / 2 ** exponent > target.numbers.weightMax) exponent++;
  return Math.floor(steps / 2 ** exponent) * 2 ** exponent;
}

interface ShiftContext { readonly incoming: readonly Incoming[]; readonly timesteps: number; readonly target: Target }

/** Left shift from mantissas to state units. */
function chooseShift(population: Population, steps: number, { incoming, timesteps, target }: ShiftContext): number {
  const { numbers } = target;
  const preferred = preferredShift(target);
  if (population.neuron.model !== 'integrator') return preferred;
  // the output must not saturate over the whole window, even if every input spiked in every step
  const limit = 2 ** (numbers.stateBits - 1) - 1;
  const worst = incoming.reduce((sum, { projection, weight }) => {
    const sums = fanInSums(weight, projection, population.shape[0]);
    return sum + Math.max(...sums.positive, ...sums.negative);
  }, 0) + population.bias.reduce((m, b, c) => Math.max(m, Math.abs(b) / population.threshold[c]), 0);
  let shift = preferred;
  while (shift > numbers.shiftMin && worst * steps * timesteps * numbers.weightStep * 2 ** shift > limit) shift--;
  return shift;
}

/** The threshold as the chip holds it. */
function thresholdInState(value: number, population: Population, target: Target): number {
  if (population.neuron.model === 'integrator') return value;
  const unit = 2 ** target.numbers.thresholdShift;
  return Math.max(1, Math.round(value / unit)) * unit;
}

function integerPopulation(population: Population, perThreshold: number, settings: Settings, network: SpikingNetwork): IntegerPopulation {
  const scale = Float64Array.from(population.threshold, (t) => perThreshold / t);
  const injected = network.input.code === 'bias' && network.input.layers.some((l) => l.target === population.id);
  const spikes = population.neuron.model === 'if' || population.neuron.model === 'lif';
  return {
    id: population.id,
    shape: population.shape,
    neuron: population.neuron,
    decay: population.neuron.model === 'lif' ? Math.round((1 - population.neuron.leak) * 4096) : 0,
    threshold: spikes ? perThreshold : 0,
    initial: spikes ? Math.round(population.initial * perThreshold) : 0,
    bias: injected ? new Int32Array(population.shape[0]) : Int32Array.from(population.bias, (b, c) => roundToBias(b * scale[c], settings.format)),
    limit: 2 ** (settings.target.numbers.stateBits - 1) - 1,
    depth: population.depth,
    scale,
  };
}

interface RoundOptions {
  /** Weight steps per threshold at exponent 0. */
  readonly steps: number;
  readonly unit: number;
  readonly outputs: number;
  readonly target: Target;
}

function roundProjection({ projection, weight, largest }: Incoming, { steps, unit, outputs, target }: RoundOptions): IntegerProjection {
  const { weightMax } = target.numbers;
  let exponent = 0;
  while (Math.round((largest * steps) / 2 ** exponent) > weightMax) exponent++;
  const scaled = weight.map((w) => (w * steps) / 2 ** exponent);
  const { rounded, error } = roundKeepingSums(scaled, outputs, weightMax);
  const sums = fanInSums(rounded, projection, outputs);
  const bound = Math.max(...sums.positive, ...sums.negative);
  return {
    id: projection.id, source: projection.source, target: projection.target,
    weight: toEventOrder(rounded, projection, outputs), shift: unit + exponent,
    window: projection.window, groups: projection.groups, pool: projection.pool, delay: projection.delay,
    bound, weightError: error,
  };
}

function quantiseInput(network: SpikingNetwork, populations: ReadonlyMap<string, IntegerPopulation>, format: BiasFormat): IntegerInput {
  const { input } = network;
  if (input.code === 'bias') {
    return { code: 'bias', format, layers: input.layers.map((layer, index): IntegerHostLayer => {
      const population = populations.get(layer.target);
      const source = network.populations.find((p) => p.id === layer.target);
      if (population === undefined || source === undefined) throw new Error(`internal: no population ${layer.target}`);
      // the float bias goes in once, with the first layer of each population
      const first = input.layers.findIndex((l) => l.target === layer.target) === index;
      return { ...layer, bias: first ? source.bias : new Float32Array(source.bias.length), scale: population.scale };
    }) };
  }
  const encoder = network.populations.find((p) => p.id === input.population);
  const population = populations.get(input.population);
  if (encoder === undefined || population === undefined) throw new Error(`internal: no population ${input.population}`);
  return input.code === 'rate'
    ? { code: 'rate', population: input.population, scale: population.scale[0], format }
    : { code: 'poisson', population: input.population, full: encoder.threshold[0] };
}
