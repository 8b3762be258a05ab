/**
 * Spiking network + target -> integers. Each layer's scale comes from `choose-scale.ts`; weights are
 * rounded so that each output channel keeps its sum, which removes the mean error that plain rounding
 * leaves; then the bound of every sum is proven again on the integers, and the scale shrinks a little
 * until it holds.
 */
import { fires, isSigned, type Neuron, type SpikingNetwork, type Population } from '../spiking/network.js';
import type { Reporter } from '../diagnostics.js';
import { isUniform } from '../spiking/whole-weights.js';
import type { Target } from '../target/schema.js';
import { chooseScale, lastingGain, preferredShift, stepsInAccumulator, SUM_MAX, usesTwoCompartments, type Incoming, type LayerScale } from './choose-scale.js';
import { roundToBias, type BiasFormat, type IntegerHostLayer, type IntegerInput, type IntegerNetwork, type IntegerPopulation, type IntegerProjection } from './integer-network.js';
import { fanInSums, normalisedWeights, toEventOrder, type FanInSums } from './normalised-weights.js';
import { roundKeepingSums } from './round-weights.js';

/** Chooses every layer's scale and rounds. Problems go to `report`. */
export function quantise(network: SpikingNetwork, target: Target, report: Reporter): IntegerNetwork {
  const format: BiasFormat = { mantissaMax: target.numbers.biasMantissaMax, exponentMax: target.numbers.biasExponentMax };
  const layers = network.populations.map((p) => quantiseLayer(p, { network, target, format, report }));
  const populations = new Map(layers.map((l) => [l.population.id, l.population]));
  return {
    imageShape: network.imageShape,
    input: quantiseInput(network, populations, format),
    populations: layers.map((l) => l.population),
    projections: layers.flatMap((l) => l.projections),
    output: network.output,
    timesteps: network.timesteps,
  };
}

interface Settings {
  readonly network: SpikingNetwork;
  readonly target: Target;
  readonly format: BiasFormat;
  readonly report: Reporter;
}

interface Layer {
  readonly population: IntegerPopulation;
  readonly projections: readonly IntegerProjection[];
  /** Per projection: what its rounded weights add up to, per channel. */
  readonly sums: readonly FanInSums[];
}

/** Room left at first for what rounding adds to a sum. */
const FIRST_SLACK = 0.985;
/** With fewer steps per threshold the layer is noise. */
const MIN_STEPS = 4;

function quantiseLayer(population: Population, settings: Settings): Layer {
  const { network, target, report } = settings;
  const incoming = network.projections.filter((p) => p.target === population.id)
    .map((projection): Incoming => ({
      projection, weight: normalisedWeights(projection, population.threshold),
      signed: network.populations.some((p) => p.id === projection.source && isSigned(p)),
      step: projection.step === undefined || !isUniform(population.threshold) ? null : projection.step / population.threshold[0],
    }));
  if (population.neuron.model === 'relay') return { population: integerPopulation(population, { perThreshold: 1, exponents: new Uint8Array(population.shape[0]) }, settings), projections: [], sums: [] };
  for (let slack = FIRST_SLACK; ; slack *= 0.99) {
    const scale = chooseScale({ population, incoming, timesteps: network.timesteps, target, slack });
    const tooCoarse = scale.finest < MIN_STEPS;
    if (tooCoarse) report.report('quantise/no-precision', { kind: 'node', node: population.id }, { steps: scale.finest, target: target.name });
    const rounded = roundLayer(population, incoming, scale, settings);
    if (tooCoarse || sumsFit(population, rounded, settings)) return rounded;
  }
}

function roundLayer(population: Population, incoming: readonly Incoming[], scale: LayerScale, settings: Settings): Layer {
  const { target, network } = settings;
  const shift = chooseShift(population, scale.steps, incoming, { timesteps: network.timesteps, target });
  const unit = Math.log2(target.numbers.weightStep) + shift;
  const perThreshold = thresholdInState(scale.steps * 2 ** unit, population, { target, whole: scale.kept !== null });
  const rounded = incoming.map((i, j) => roundProjection(i, {
    steps: perThreshold / 2 ** unit, exponents: scale.thresholdExponent, weightExponent: scale.weightExponents[j], unit, target, multiple: scale.kept?.index === j ? scale.kept.multiple : null,
  }));
  return {
    population: integerPopulation(population, { perThreshold, exponents: scale.thresholdExponent }, settings),
    projections: rounded.map((r) => r.projection), sums: rounded.map((r) => r.sums),
  };
}

/** The proof on the integers: no step's sum leaves any neuron's accumulator, whatever spikes arrive. */
function sumsFit(population: Population, { population: integer, projections, sums }: Layer, { network, target }: Settings): boolean {
  if (projections.length === 0) return true;
  const unit = Math.min(...projections.map((p) => p.shift));
  const room = stepsInAccumulator(target, unit - Math.log2(target.numbers.weightStep));
  const two = usesTwoCompartments(population);
  return projections.every((p) => p.bound <= SUM_MAX) && integer.thresholdExponent.every((exponent, c) => {
    const total = (side: 'positive' | 'negative'): number => projections.reduce((sum, p, j) => sum + sums[j][side][c] * 2 ** (p.shift - unit), 0);
    const reset = two ? (integer.threshold * 2 ** exponent) / 2 ** unit : 0;
    const gain = lastingGain(population.neuron, network.timesteps);
    const flowing = gain === 0 ? 0 : Math.max(total('positive'), total('negative')) * 2 ** unit * gain + Math.abs(integer.bias[c]);
    return total('positive') <= room && total('negative') + reset <= room && flowing <= integer.limit;
  });
}

interface ShiftContext { readonly timesteps: number; readonly target: Target }

/** Left shift from mantissas to state units. */
function chooseShift(population: Population, steps: number, incoming: readonly Incoming[], { timesteps, target }: ShiftContext): number {
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

/** The threshold as the chip holds it; never above what the weights were scaled to, or the largest would be clipped, unless they are stored as whole numbers of their own. */
function thresholdInState(value: number, population: Population, { target, whole }: { readonly target: Target; readonly whole: boolean }): number {
  if (population.neuron.model === 'integrator') return value;
  const unit = 2 ** target.numbers.thresholdShift;
  return Math.max(1, whole ? Math.round(value / unit) : Math.floor(value / unit + 1e-6)) * unit;
}

interface PopulationScale {
  /** State units per threshold of a channel of exponent 0. */
  readonly perThreshold: number;
  readonly exponents: Uint8Array;
}

function integerPopulation(population: Population, { perThreshold, exponents }: PopulationScale, { network, target, format }: Settings): IntegerPopulation {
  const scale = Float64Array.from(population.threshold, (t, c) => (perThreshold * 2 ** exponents[c]) / t);
  const injected = network.input.code === 'bias' && network.input.layers.some((l) => l.target === population.id);
  const spikes = fires(population.neuron);
  return {
    id: population.id,
    shape: population.shape,
    neuron: population.neuron,
    ...registersOf(population.neuron, target),
    threshold: spikes ? perThreshold : 0,
    thresholdExponent: exponents,
    initial: spikes ? Math.round(population.initial * perThreshold) : 0,
    bias: injected ? new Int32Array(population.shape[0]) : Int32Array.from(population.bias, (b, c) => roundToBias(b * scale[c], format)),
    limit: 2 ** (target.numbers.stateBits - 1) - 1,
    depth: population.depth,
    scale,
  };
}

/** The decays and the wait of a neuron in the target's registers. */
function registersOf(neuron: Neuron, { numbers }: Target): Pick<IntegerPopulation, 'decay' | 'currentDecay' | 'refractory'> {
  const leak = neuron.model === 'lif' || neuron.model === 'cuba' ? neuron.leak : 1;
  const floor = neuron.model === 'relay' ? 0 : numbers.leakFloor ?? 0;
  const decay = Math.min(floor + 2 ** numbers.decayBits - 1, Math.max(floor, Math.round((1 - leak) * 4096)));
  if (neuron.model !== 'cuba') return { decay };
  return { decay, currentDecay: Math.max(1, Math.round((1 - neuron.currentLeak) * 4096)), refractory: neuron.refractory };
}

interface RoundOptions {
  /** Weight steps per threshold of a channel of exponent 0. */
  readonly steps: number;
  readonly exponents: Uint8Array;
  readonly weightExponent: number;
  readonly unit: number;
  readonly target: Target;
  /** Weights are stored as the whole numbers that they are, times this; null: rounded. */
  readonly multiple: number | null;
}

interface RoundedProjection { readonly projection: IntegerProjection; readonly sums: FanInSums }

function roundProjection({ projection, weight, signed, step }: Incoming, { steps, exponents, weightExponent, unit, target, multiple }: RoundOptions): RoundedProjection {
  const outputs = exponents.length;
  const perOutput = weight.length / outputs;
  const scaled = new Float32Array(weight.length);
  for (let c = 0; c < outputs; c++) {
    const factor = multiple !== null && step !== null ? (multiple * 2 ** exponents[c]) / step : (steps * 2 ** exponents[c]) / 2 ** weightExponent;
    for (let i = c * perOutput; i < (c + 1) * perOutput; i++) scaled[i] = multiple === null ? weight[i] * factor : Math.round(weight[i] * factor);
  }
  const { rounded, error } = roundKeepingSums(scaled, outputs, target.numbers.weightMax);
  const sums = fanInSums(rounded, { pool: projection.pool, signed }, outputs);
  const quantised: IntegerProjection = {
    id: projection.id, source: projection.source, target: projection.target,
    weight: toEventOrder(rounded, projection, outputs), shift: unit + weightExponent,
    window: projection.window, groups: projection.groups, pool: projection.pool, delay: projection.delay,
    bound: Math.max(...sums.positive, ...sums.negative), weightError: error,
  };
  return { projection: quantised, sums };
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
