/**
 * ANN to spiking network. Each rectifier becomes a population whose firing rate times its threshold
 * approximates the activation (Diehl et al. 2015; Rueckauer et al. 2017): with soft reset, after T
 * steps, threshold * spikes = clip(sum of inputs) up to what is left in v. A start at half the threshold
 * turns the rounding down into rounding to nearest (Deng & Gu 2021). A spike carries its source's
 * threshold in the weights of the projections behind it; biases are constant currents; residual adds
 * are several projections into one population, aligned by delays; the output integrates.
 */
import type { ChannelStatistics, CoreNode, Graph, NodeId } from '../graph/graph.js';
import type { Correction } from './float-dynamics.js';
import { findInflows, mapShape, type Inflow, type LinearPath } from './linear-paths.js';
import { populationId, type HostLayer, type InputCode, type Neuron, type Population, type Projection, type Reset, type SpikingNetwork, type WholeWeights } from './network.js';
import { inProjection, type WholeFilters } from './whole-weights.js';

export interface ConversionOptions {
  readonly timesteps: number;
  readonly reset: Reset;
  /** Factor of v per step; 1 makes an IF neuron. */
  readonly leak: number;
  /** Makes signed IF neurons (soft reset, no leak) that take a spike back below -retract thresholds. Those that only the image drives stay unsigned: they would never take one back. */
  readonly retract?: number;
  /** Makes cuba neurons: the share of a synaptic current that still flows a step later, and the steps from a spike to the next possible one. */
  readonly current?: { readonly leak: number; readonly refractory: number };
  readonly code: InputCode['code'];
  /** v at the start as a share of the threshold. */
  readonly initial: number;
  /** Largest |x| of the normalised image: one input spike in every step stands for it (rate and poisson codes). */
  readonly inputRange: number;
  /** Thresholds of every relu and the expected range of the output, per channel; activation units. */
  readonly thresholds: ReadonlyMap<NodeId, Float32Array>;
  readonly statistics?: ReadonlyMap<NodeId, ChannelStatistics>;
  /** Of a quantised model: the filters whose weights are whole numbers times steps. */
  readonly whole?: WholeFilters;
  /** What `fitCorrections` or a search found; none by default. */
  readonly corrections?: ReadonlyMap<NodeId, Correction>;
}

/** Builds the spiking network of a graph in normal form. */
export function convert(graph: Graph<CoreNode>, options: ConversionOptions): SpikingNetwork {
  const inflows = findInflows(graph);
  const input = graph.nodes.find((n) => n.kind === 'input');
  if (input === undefined) throw new Error('internal: a core graph has an input');
  const imageShape = mapShape(input.shape);
  const encoder = options.code === 'bias' ? undefined : encoderPopulation(input, options);
  const depths = findDepths(inflows, input.id, encoder === undefined ? -1 : 0);
  const populations = inflows.map((inflow) => makePopulation(inflow, depths, options));
  const context: PathContext = { input: input.id, depths, options, encoder };
  const projections = inflows.flatMap((inflow) => makeProjections(inflow, context));
  return {
    imageShape,
    input: encoder === undefined
      ? { code: 'bias', layers: inflows.flatMap((inflow) => hostLayers(inflow, input.id, options)) }
      : { code: options.code as 'rate' | 'poisson', population: encoder.id },
    populations: [...(encoder === undefined ? [] : [encoder]), ...populations].sort((a, b) => a.depth - b.depth),
    projections,
    output: populations[populations.length - 1].id,
    timesteps: options.timesteps,
  };
}

/** The first chip step of each population: one more than the latest of its sources. */
function findDepths(inflows: readonly Inflow[], input: NodeId, inputDepth: number): ReadonlyMap<NodeId, number> {
  const depths = new Map<NodeId, number>([[input, inputDepth]]);
  for (const inflow of inflows) {
    depths.set(inflow.target, 1 + Math.max(...inflow.paths.map((p) => depths.get(p.source) ?? 0)));
  }
  return depths;
}

/** What a rectifier becomes. */
export function rectifierNeuron({ reset, leak, retract, current }: Pick<ConversionOptions, 'reset' | 'leak' | 'retract' | 'current'>): Neuron {
  if (retract !== undefined) return { model: 'signed-if', reset: 'soft', retract };
  if (current !== undefined) return { model: 'cuba', reset: reset === 'hard' ? 'hard' : 'soft', leak, currentLeak: current.leak, refractory: current.refractory };
  return leak === 1 ? { model: 'if', reset } : { model: 'lif', reset, leak };
}

function makePopulation(inflow: Inflow, depths: ReadonlyMap<NodeId, number>, options: ConversionOptions): Population {
  const threshold = options.thresholds.get(inflow.target);
  if (threshold === undefined) throw new Error(`internal: no threshold for ${inflow.target}`);
  const statistics = options.statistics?.get(inflow.target);
  const correction = options.corrections?.get(inflow.target);
  const depth = depths.get(inflow.target) ?? 0;
  const initial = inflow.isOutput ? 0 : correction?.initial ?? options.initial;
  const { retract: _, ...unsigned } = options;
  // a first layer has constant currents: what has sent once never falls below zero, so there is nothing to take back
  const never = depth === 0 && initial >= 0 && initial <= 1;
  return {
    id: populationId(inflow.target),
    shape: inflow.shape,
    neuron: inflow.isOutput ? { model: 'integrator' } : rectifierNeuron(never ? unsigned : options),
    threshold: threshold.map((t) => Math.min(t, inflow.cap)),
    bias: correction === undefined ? inflow.bias : inflow.bias.map((b, c) => correction.gain[c] * b + correction.bias[c]),
    initial,
    depth,
    ...(statistics === undefined ? {} : { statistics }),
  };
}

/** Positive and negative halves of the image: [2C, H, W], under the input's own name. */
function encoderPopulation(input: Extract<CoreNode, { kind: 'input' }>, options: ConversionOptions): Population {
  const [imageChannels, height, width] = mapShape(input.shape);
  const channels = 2 * imageChannels;
  return {
    id: populationId(input.id),
    shape: [channels, height, width],
    neuron: options.code === 'poisson' ? { model: 'relay' } : { model: 'if', reset: options.reset },
    threshold: new Float32Array(channels).fill(options.inputRange),
    bias: new Float32Array(channels),
    initial: options.code === 'poisson' ? 0 : options.initial,
    depth: 0,
  };
}

interface PathContext {
  readonly input: NodeId;
  readonly depths: ReadonlyMap<NodeId, number>;
  readonly options: ConversionOptions;
  readonly encoder: Population | undefined;
}

function makeProjections(inflow: Inflow, context: PathContext): Projection[] {
  // what a spike brings flows over several steps where currents last: their sum is to be the weight
  const share = inflow.isOutput ? 1 : 1 - (context.options.current?.leak ?? 0);
  return inflow.paths.flatMap((path, index) => {
    const fromInput = path.source === context.input;
    if (fromInput && context.encoder === undefined) return [];
    const depth = context.depths.get(inflow.target) ?? 0;
    const sourceDepth = context.depths.get(path.source) ?? 0;
    const shared = {
      id: `${inflow.target}<-${path.source}${index === 0 ? '' : `#${index}`}`,
      target: populationId(inflow.target), window: path.window, pool: path.pool, delay: depth - sourceDepth - 1,
    };
    const cell = path.pool[0] * path.pool[1];
    if (fromInput && context.encoder !== undefined) {
      const weight = withGain(signedInputWeight(path, (share * context.options.inputRange) / cell), inflow, context.options);
      return [{ ...shared, source: context.encoder.id, weight, groups: 1, ...wholeOf(path, inflow, { threshold: context.encoder.threshold, share, options: context.options }) }];
    }
    const threshold = context.options.thresholds.get(path.source);
    if (threshold === undefined) throw new Error(`internal: no threshold for ${path.source}`);
    return [{ ...shared, source: populationId(path.source), weight: withGain(scaleBySource(path, threshold.map((t) => share * t), cell), inflow, context.options), groups: path.groups, ...wholeOf(path, inflow, { threshold, share, options: context.options }) }];
  });
}

interface Carried { readonly threshold: Float32Array; readonly share: number; readonly options: ConversionOptions }

/** What is known of the projection's whole weights: the factors are those that its weights get. */
function wholeOf({ filter, pool, groups }: LinearPath, { target }: Inflow, { threshold, share, options: { whole, corrections } }: Carried): { readonly whole?: WholeWeights } {
  const found = filter === null ? undefined : whole?.get(filter);
  if (found === undefined) return {};
  const gain = corrections?.get(target)?.gain;
  return { whole: inProjection(found, { threshold, groups, factor: (c) => (share * (gain?.[c] ?? 1)) / (pool[0] * pool[1]) }) };
}

/** weight[co, ci, ...] * threshold[ci] / cell. */
function scaleBySource({ weight, window, sourceShape, groups }: LinearPath, threshold: Float32Array, cell: number): Float32Array {
  const taps = window.kernel[0] * window.kernel[1];
  const inGroup = sourceShape[0] / groups;
  const perGroup = weight.length / groups;
  const scaled = new Float32Array(weight.length);
  for (let i = 0, ci = 0; i < weight.length; ci++) { // source channels follow one another, group by group, again for each target channel
    const factor = threshold[Math.floor(i / perGroup) * inGroup + (ci % inGroup)];
    for (const end = i + taps; i < end; i++) scaled[i] = (weight[i] * factor) / cell;
  }
  return scaled;
}

/** The filter over [positive, negative] halves: [W, -W], with groups written out. */
function signedInputWeight(path: LinearPath, factor: number): Float32Array {
  const channels = path.sourceShape[0];
  const taps = path.window.kernel[0] * path.window.kernel[1];
  const inGroup = channels / path.groups;
  const outputs = path.weight.length / (inGroup * taps);
  const outGroup = outputs / path.groups;
  const weight = new Float32Array(outputs * 2 * channels * taps);
  for (let co = 0; co < outputs; co++) {
    const first = Math.floor(co / outGroup) * inGroup;
    for (let k = 0; k < inGroup * taps; k++) {
      const w = path.weight[co * inGroup * taps + k] * factor;
      const at = co * 2 * channels * taps + first * taps + k;
      weight[at] = w;
      weight[at + channels * taps] = -w;
    }
  }
  return weight;
}

function hostLayers(inflow: Inflow, input: NodeId, options: ConversionOptions): HostLayer[] {
  return inflow.paths.filter((p) => p.source === input).map((path) => {
    const cell = path.pool[0] * path.pool[1];
    const weight = withGain(path.weight.map((w) => w / cell), inflow, options);
    return { target: populationId(inflow.target), weight, window: path.window, groups: path.groups, pool: path.pool };
  });
}

/** [Co, ...]: each target channel's filter times its correction's gain. */
function withGain(weight: Float32Array, { target, shape }: Inflow, { corrections }: ConversionOptions): Float32Array {
  const gain = corrections?.get(target)?.gain;
  if (gain === undefined) return weight;
  const perChannel = weight.length / shape[0];
  return weight.map((w, i) => w * gain[Math.floor(i / perChannel)]);
}
