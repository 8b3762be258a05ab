/**
 * Spiking network + target -> integers. Each layer's scale comes from `choose-scale.ts`; weights are
 * rounded so that each output channel keeps its sum, which removes the mean error that plain rounding
 * leaves; then the bound of every sum is proven again on the integers, and the scale shrinks a little
 * until it holds. Where a filter of a quantised model has whole weights already, they set the scale
 * (`whole-scale.ts`); where the target cannot hold them, a warning says why and what rounding costs.
 */
import { fires, isSigned, type Neuron, type SpikingNetwork, type Population } from '../spiking/network.js';
import type { Reporter } from '../diagnostics.js';
import type { Target } from '../target/schema.js';
import { chooseScale, chooseShift, lastingGain, stepsInAccumulator, SUM_MAX, usesTwoCompartments, type Incoming, type LayerScale } from './choose-scale.js';
import { roundToBias, thresholdsOf, type BiasFormat, type IntegerHostLayer, type IntegerInput, type IntegerNetwork, type IntegerPopulation, type IntegerProjection } from './integer-network.js';
import { fanInSums, normalisedWeights, toEventOrder, type FanInSums } from './normalised-weights.js';
import { roundKeepingSums } from './round-weights.js';
import { mainWhole, wholeScales, type LostFilter, type RegisterScale, type StateScale } from './whole-scale.js';

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
    }));
  if (population.neuron.model === 'relay') return { population: integerPopulation(population, { perThreshold: new Float64Array(population.shape[0]).fill(1), threshold: 1, thresholdExponent: new Uint8Array(population.shape[0]) }, settings), projections: [], sums: [] };
  const kept = keepWhole(population, incoming, settings);
  const layer = kept.layer ?? roundAnew(population, incoming, settings);
  for (const { index, lost } of kept.lost) {
    const { source, weightError } = layer.projections[index];
    report.report('quantise/weights-rounded', { kind: 'node', node: population.id }, { source, lost, error: weightError, target: target.name });
  }
  return layer;
}

interface Keeping {
  /** Undefined where no filter is stored as it is. */
  readonly layer?: Layer;
  /** The filters of a quantised model that are rounded all the same. */
  readonly lost: readonly LostFilter[];
}

/** The layer at the scale of its largest filter of whole weights. */
function keepWhole(population: Population, incoming: readonly Incoming[], settings: Settings): Keeping {
  const { target, network: { timesteps } } = settings;
  const { main, lost } = mainWhole(incoming);
  if (main === null) return { lost };
  const scales = wholeScales({ population, incoming, timesteps, target, slack: 1 }, main);
  if ('why' in scales) return { lost: [{ index: main, lost: scales }, ...lost] };
  let bound = 0;
  for (const scale of scales) {
    const layer = roundLayer(population, incoming, scale, settings);
    if (sumsFit(population, layer, settings)) return { layer, lost };
    bound = layer.projections[main].bound;
  }
  return { lost: [{ index: main, lost: bound > SUM_MAX ? { why: 'sums', count: bound, allowed: SUM_MAX } : { why: 'registers' } }, ...lost] };
}

function roundAnew(population: Population, incoming: readonly Incoming[], settings: Settings): Layer {
  const { network, target, report } = settings;
  for (let slack = FIRST_SLACK; ; slack *= 0.99) {
    const scale = chooseScale({ population, incoming, timesteps: network.timesteps, target, slack });
    const tooCoarse = scale.finest < MIN_STEPS;
    if (tooCoarse) report.report('quantise/no-precision', { kind: 'node', node: population.id }, { steps: scale.finest, target: target.name });
    const rounded = roundLayer(population, incoming, stateScale(population, incoming, scale, settings), settings);
    if (tooCoarse || sumsFit(population, rounded, settings)) return rounded;
  }
}

/** A chosen scale in the target's registers. */
function stateScale(population: Population, incoming: readonly Incoming[], scale: LayerScale, { target, network }: Settings): StateScale {
  const shift = chooseShift(population, scale.steps, incoming, { timesteps: network.timesteps, target });
  const unit = Math.log2(target.numbers.weightStep) + shift;
  const threshold = thresholdInState(scale.steps * 2 ** unit, population, target);
  return { unit, perThreshold: Float64Array.from(scale.thresholdExponent, (e) => threshold * 2 ** e), threshold, thresholdExponent: scale.thresholdExponent, weightExponents: scale.weightExponents };
}

function roundLayer(population: Population, incoming: readonly Incoming[], scale: StateScale, settings: Settings): Layer {
  const rounded = incoming.map((i, j) => roundProjection(i, { scale, weightExponent: scale.weightExponents[j], whole: scale.whole === j, target: settings.target }));
  return { population: integerPopulation(population, scale, settings), projections: rounded.map((r) => r.projection), sums: rounded.map((r) => r.sums) };
}

/** The proof on the integers: no step's sum leaves any neuron's accumulator, whatever spikes arrive. */
function sumsFit(population: Population, { population: integer, projections, sums }: Layer, { network, target }: Settings): boolean {
  if (projections.length === 0) return true;
  const unit = Math.min(...projections.map((p) => p.shift));
  const room = stepsInAccumulator(target, unit - Math.log2(target.numbers.weightStep));
  const two = usesTwoCompartments(population);
  return projections.every((p) => p.bound <= SUM_MAX) && thresholdsOf(integer).every((threshold, c) => {
    const total = (side: 'positive' | 'negative'): number => projections.reduce((sum, p, j) => sum + sums[j][side][c] * 2 ** (p.shift - unit), 0);
    const reset = two ? threshold / 2 ** unit : 0;
    const gain = lastingGain(population.neuron, network.timesteps);
    const flowing = gain === 0 ? 0 : Math.max(total('positive'), total('negative')) * 2 ** unit * gain + Math.abs(integer.bias[c]);
    return total('positive') <= room && total('negative') + reset <= room && flowing <= integer.limit;
  });
}

/** The threshold as the chip holds it; never above what the weights were scaled to, or the largest would be clipped. */
function thresholdInState(value: number, population: Population, target: Target): number {
  if (population.neuron.model === 'integrator') return value;
  const unit = 2 ** target.numbers.thresholdShift;
  return Math.max(1, Math.floor(value / unit + 1e-6)) * unit;
}

function integerPopulation(population: Population, { perThreshold, threshold, thresholds, thresholdExponent }: RegisterScale, { network, target, format }: Settings): IntegerPopulation {
  const scale = Float64Array.from(population.threshold, (t, c) => perThreshold[c] / t);
  const injected = network.input.code === 'bias' && network.input.layers.some((l) => l.target === population.id);
  const spikes = fires(population.neuron);
  return {
    id: population.id,
    shape: population.shape,
    neuron: population.neuron,
    ...registersOf(population.neuron, target),
    threshold: spikes ? threshold : 0,
    thresholdExponent,
    ...(thresholds === undefined ? {} : { thresholds }),
    initial: spikes ? Math.round(population.initial * threshold) : 0,
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

interface RoundOptions { readonly scale: StateScale; readonly weightExponent: number; readonly whole: boolean; readonly target: Target }

interface RoundedProjection { readonly projection: IntegerProjection; readonly sums: FanInSums }

function roundProjection({ projection, weight, signed }: Incoming, { scale: { perThreshold, unit }, weightExponent, whole, target }: RoundOptions): RoundedProjection {
  const outputs = perThreshold.length;
  const perOutput = weight.length / outputs;
  const scaled = new Float32Array(weight.length);
  for (let c = 0; c < outputs; c++) {
    const factor = perThreshold[c] / 2 ** (unit + weightExponent);
    for (let i = c * perOutput; i < (c + 1) * perOutput; i++) scaled[i] = whole ? Math.round(weight[i] * factor) : weight[i] * factor;
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
