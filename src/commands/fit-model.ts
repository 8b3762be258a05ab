/**
 * Whether a network fits a chip. What a core must hold depends on shapes, not on values, so no threshold
 * is chosen, no weight rounded and no image run: the cutting into cores alone is the real one.
 */
import { Reporter, type Diagnostic } from '../diagnostics.js';
import type { CoreNode, Graph } from '../graph/graph.js';
import { asCore, lowerPasses } from '../lower/lower.js';
import { coresPerChip } from '../map/board.js';
import { partition } from '../map/partition.js';
import type { CoreSlice, CoreUse } from '../map/mapping.js';
import { importOnnx } from '../onnx/import-onnx.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { checkChoices } from '../spiking/choices.js';
import { convert } from '../spiking/convert.js';
import { findInflows } from '../spiking/linear-paths.js';
import { neuronCount, type InputCode, type Reset, type SpikingNetwork } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import type { ModelSource } from './model-source.js';

export interface FitOptions {
  readonly target: Target;
  readonly reset: Reset;
  readonly code: InputCode['code'];
  readonly timesteps: number;
}

/** What a core can run out of. */
export type Resource = 'compartments' | 'memory' | 'axons in' | 'axons out';

/** What a layer takes on the chip. */
export interface LayerFit {
  readonly name: string;
  readonly neurons: number;
  readonly cores: number;
  /** Of its fullest core for each resource. */
  readonly most: CoreUse;
  /** Of which resource its fullest core uses the largest share; null where the chip has no limits. */
  readonly boundBy: Resource | null;
}

export interface Fit {
  readonly target: string;
  readonly reset: Reset;
  readonly cores: number;
  readonly chips: number;
  readonly coresPerChip: number;
  readonly neurons: number;
  readonly layers: readonly LayerFit[];
  /** The core's limits; null: none. */
  readonly limits: Target['core'];
  /** Nodes of the file by operator. */
  readonly operators: Readonly<Record<string, number>>;
  readonly warnings: readonly Diagnostic[];
}

/** Throws a CompileError with everything that is not supported or does not fit. */
export function fitModel(source: ModelSource, { target, reset, code, timesteps }: FitOptions): Fit {
  const report = new Reporter();
  checkChoices({ target, reset, neuron: 'if', timesteps, spikes: 'binary', current: null, populations: 0 }, report);
  report.finish();
  const model = importOnnx(source.path, { ...source.import, report });
  const graph = lowered(model.graph, report);
  const thresholds = new Map(findInflows(graph).map((inflow) => [inflow.target, new Float32Array(inflow.shape[0]).fill(1)]));
  const network = convert(graph, { timesteps, reset, leak: 1, code, initial: 0.5, inputRange: 1, thresholds });
  checkChoices({ target, reset, neuron: 'if', timesteps, spikes: 'binary', current: null, populations: network.populations.length - 1 }, report);
  const { cores } = partition(hollow(network), target, report);
  report.finish();
  return {
    target: target.name, reset, cores: cores.length, chips: Math.ceil(cores.length / coresPerChip(target)), coresPerChip: coresPerChip(target),
    neurons: network.populations.reduce((sum, p) => sum + neuronCount(p.shape), 0),
    layers: network.populations.map((p) => layerFit(p.id, neuronCount(p.shape), { cores: cores.filter((c) => c.slice.population === p.id), limits: target.core })),
    limits: target.core, operators: model.operators, warnings: report.warnings,
  };
}

/** As `lower` does, without evaluating the graph after each pass. */
function lowered(graph: Graph, report: Reporter): Graph<CoreNode> {
  const result = lowerPasses.reduce((current, pass) => pass.run(current, report), graph);
  return asCore(result);
}

/** The network as the mapping sees it: shapes and neurons, with every number left at zero. */
function hollow(network: SpikingNetwork): IntegerNetwork {
  return {
    ...network,
    input: { code: 'bias', layers: [], format: { mantissaMax: 1, exponentMax: 0 } },
    populations: network.populations.map(({ id, shape, neuron, depth }) => ({
      id, shape, neuron, depth, decay: 0, threshold: 0, initial: 0, limit: 1,
      thresholdExponent: new Uint8Array(shape[0]), bias: new Int32Array(shape[0]), scale: new Float64Array(shape[0]),
    })),
    projections: network.projections.map((p) => ({ ...p, weight: new Int8Array(p.weight.length), shift: 0, bound: 0, weightError: 0 })),
  };
}

interface Placement { readonly cores: readonly CoreSlice[]; readonly limits: Target['core'] }

function layerFit(name: string, neurons: number, { cores, limits }: Placement): LayerFit {
  const largest = (pick: (use: CoreUse) => number): number => cores.reduce((a, c) => Math.max(a, pick(c.use)), 0);
  const most = { neurons: largest((u) => u.neurons), inAxons: largest((u) => u.inAxons), outAxons: largest((u) => u.outAxons), synapticBits: largest((u) => u.synapticBits) };
  const shares: readonly (readonly [Resource, number])[] = [
    ['compartments', most.neurons / (limits.neurons ?? Infinity)],
    ['memory', most.synapticBits / (limits.synapticMemoryBits ?? Infinity)],
    ['axons in', most.inAxons / (limits.inAxons ?? Infinity)],
    ['axons out', most.outAxons / (limits.outAxons ?? Infinity)],
  ];
  const [boundBy, share] = shares.reduce((a, b) => (b[1] > a[1] ? b : a));
  return { name, neurons, cores: cores.length, most, boundBy: share === 0 ? null : boundBy };
}
