/**
 * What a network takes on a chip that programs are compiled for. What a core must hold depends on shapes
 * and on which weights are zero, so no threshold is chosen, no weight rounded and no image run: the
 * cutting into cores alone is the real one. (A layer of small weights may take narrower ones in the end.)
 */
import { CompileError, Reporter, type Diagnostic } from '../diagnostics.js';
import type { CoreNode, Graph } from '../graph/graph.js';
import { coresPerChip } from '../map/board.js';
import { isPart } from '../map/fan-in-parts.js';
import type { FitLayer } from '../map/fit/fit-layer.js';
import { splitOf, type LayerUse } from '../map/fit/fit-chip.js';
import type { CoreSlice, CoreUse } from '../map/mapping.js';
import { declareUniform } from '../map/weight-census.js';
import { leastCores } from '../map/least-cores.js';
import { checkBoard, cutIntoCores } from '../map/partition.js';
import { place } from '../map/place.js';
import { route } from '../map/route.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { toEventOrder } from '../quantise/normalised-weights.js';
import { mappingReport, type MappingReport } from '../report/mapping-report.js';
import { checkChoices } from '../spiking/choices.js';
import { convert } from '../spiking/convert.js';
import type { Inflow } from '../spiking/linear-paths.js';
import type { InputCode, Reset, SpikingNetwork } from '../spiking/network.js';
import type { Target } from '../target/schema.js';

export interface TargetChoices {
  readonly target: Target;
  readonly reset: Reset;
  readonly code: InputCode['code'];
  readonly timesteps: number;
  /** Also give the cores their places, which takes seconds to half a minute. */
  readonly place: boolean;
}

export interface TargetFit {
  readonly layers: readonly LayerUse[];
  readonly cores: number | null;
  readonly chips: number | null;
  /** Axons into all cores and bits of all synaptic memory, by layer; null where a layer fits no core. */
  readonly totals: readonly ({ readonly axons: number; readonly synapticBits: number } | null)[];
  /** No partition has fewer cores; null where a layer fits no core. */
  readonly leastCores: number | null;
  /** As if every neuron spiked once: no image is run. */
  readonly mapping: MappingReport | null;
  /** Why it does not fit. */
  readonly problems: readonly Diagnostic[];
}

/** Throws what the choices themselves break. */
export function fitTarget(graph: Graph<CoreNode>, { inflows, layers }: { readonly inflows: readonly Inflow[]; readonly layers: readonly FitLayer[] }, choices: TargetChoices, report: Reporter): TargetFit {
  const { target, reset, code, timesteps } = choices;
  const thresholds = new Map(inflows.map((inflow) => [inflow.target, new Float32Array(inflow.shape[0]).fill(1)]));
  const network = convert(withoutWeights(graph), { timesteps, reset, leak: 1, code, initial: 0.5, inputRange: 1, thresholds });
  checkChoices({ target, reset, neuron: 'if', timesteps, spikes: 'binary', current: null, populations: network.populations.length - 1 }, report);
  report.finish();
  try {
    const partitioned = cutIntoCores(hollow(network, storedWeights(inflows, network, target)), target, report);
    const { cores } = partitioned;
    const board = new Reporter();
    checkBoard(partitioned, board);
    const found = layers.map((layer) => cores.filter((c) => c.slice.population === layer.name));
    return {
      layers: found.map((own) => ({ cores: own.length, resources: resourcesOf(own, target), violations: [], split: exactSplit(own) })),
      cores: cores.length, chips: Math.ceil(cores.length / coresPerChip(target)), leastCores: leastCores(partitioned.network, target), problems: board.errors,
      mapping: choices.place && board.errors.length === 0 ? mappingReport(route(place(partitioned, { seed: 0 })), { traffic: new Map(), rates: 'even' }) : null,
      totals: found.map((own) => ({ axons: own.reduce((sum, c) => sum + c.use.inAxons, 0), synapticBits: own.reduce((sum, c) => sum + c.use.synapticBits, 0) })),
    };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const named = new Set(error.diagnostics.flatMap((d) => (d.where.kind === 'node' ? [d.where.node] : [])));
    return {
      layers: layers.map((layer) => ({ cores: null, resources: resourcesOf([], target), violations: [], split: named.has(layer.name) ? splitOf(layer, target.core.inAxons) : null })),
      cores: null, chips: null, leastCores: null, mapping: null, totals: layers.map(() => null), problems: error.diagnostics,
    };
  }
}

/** How the fan-in of a layer was cut into parts, from its cores. */
function exactSplit(own: readonly CoreSlice[]): LayerUse['split'] {
  const parts = own.filter(({ slice }) => isPart(slice));
  if (parts.length === 0) return null;
  const ofFirst = parts.filter(({ slice }) => slice.channels[0] === 0).length; // parts that end at the layer's first neuron
  return { parts: ofFirst, neurons: own.reduce((sum, { use }) => sum + use.neurons, 0), exact: true };
}

/** The graph with empty filters: what follows looks at shapes. */
function withoutWeights(graph: Graph<CoreNode>): Graph<CoreNode> {
  const none = new Float32Array(0);
  return { ...graph, nodes: graph.nodes.map((n) => (n.kind === 'conv' || n.kind === 'dense' ? { ...n, weight: none } : n)) };
}

/** For each projection, the largest weight of the target wherever the filter has one, in event order: only zeros and widths matter to memory. */
function storedWeights(inflows: readonly Inflow[], network: SpikingNetwork, { numbers: { weightMax } }: Target): Int8Array[] {
  const encoder: string | null = network.input.code === 'bias' ? null : network.input.population;
  const layers = new Set<string>(inflows.map((inflow) => inflow.target));
  return inflows.flatMap(({ paths, shape: [outputs] }) => paths.flatMap((path): Int8Array[] => {
    const { weight, groups, source } = path;
    if (!layers.has(source)) return encoder === null ? [] : [new Int8Array(2 * weight.length * groups).fill(weightMax)]; // halves of the image, groups written out
    const stored = new Int8Array(weight.length).fill(weightMax);
    if (!weight.includes(0)) { // native, which counts for millions
      declareUniform(stored);
      return [stored];
    }
    for (let i = 0; i < weight.length; i++) if (weight[i] === 0) stored[i] = 0;
    return [toEventOrder(stored, path, outputs)];
  }));
}

/** The network as the mapping sees it: shapes, neurons and stored weights, with every other number left at zero. */
function hollow(network: SpikingNetwork, weights: readonly Int8Array[]): IntegerNetwork {
  return {
    ...network,
    input: { code: 'bias', layers: [], format: { mantissaMax: 1, exponentMax: 0 } },
    populations: network.populations.map(({ id, shape, neuron, depth }) => ({
      id, shape, neuron, depth, decay: 0, threshold: 0, initial: 0, limit: 1,
      thresholdExponent: new Uint8Array(shape[0]), bias: new Int32Array(shape[0]), scale: new Float64Array(shape[0]),
    })),
    projections: network.projections.map((p, i) => ({ ...p, weight: weights[i], shift: 0, bound: 0, weightError: 0 })),
  };
}

/** Of the fullest core for each resource. */
function resourcesOf(cores: readonly CoreSlice[], { core }: Target): LayerUse['resources'] {
  const most = (pick: (use: CoreUse) => number): number => cores.reduce((a, c) => Math.max(a, pick(c.use)), 0);
  return [
    { name: 'compartments', used: most((u) => u.neurons), limit: core.neurons },
    { name: 'memory', used: most((u) => u.synapticBits), limit: core.synapticMemoryBits },
    { name: 'axons in', used: most((u) => u.inAxons), limit: core.inAxons },
    { name: 'axons out', used: most((u) => u.outAxons), limit: core.outAxons },
  ];
}
