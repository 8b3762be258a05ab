/**
 * Whether a network fits a chip: which of its nodes can become spiking, what its layers take and which rules of
 * the chip they break. Chips that nothing is compiled for are judged by their published rules alone.
 */
import { CompileError, Reporter, type Diagnostic } from '../diagnostics.js';
import type { CoreNode, Graph } from '../graph/graph.js';
import { asCore, lowerPasses } from '../lower/lower.js';
import { fitChip, weightNeeds, type LayerUse } from '../map/fit/fit-chip.js';
import { fitLayers, imageLayer, type FitLayer } from '../map/fit/fit-layer.js';
import type { Violation } from '../map/fit/layer-rules.js';
import { countNodes, importOnnx } from '../onnx/import-onnx.js';
import type { MappingReport } from '../report/mapping-report.js';
import { checkChoices } from '../spiking/choices.js';
import { findInflows, mapShape } from '../spiking/linear-paths.js';
import type { InputCode, Reset } from '../spiking/network.js';
import { chipCores } from '../target/chip-cores.js';
import { isTarget } from '../target/load-target.js';
import type { Chip } from '../target/schema.js';
import { fitTarget, type TargetFit } from './fit-target.js';
import type { ModelSource } from './model-source.js';

export interface FitOptions {
  readonly chip: Chip;
  /** Where programs are compiled for the chip; the first that it offers unless told otherwise. */
  readonly reset: Reset | undefined;
  readonly code: InputCode['code'];
  readonly timesteps: number;
  /** Also give the cores their places, where programs are compiled for the chip. */
  readonly place: boolean;
}

/** What a layer takes on the chip. */
export interface LayerFit extends LayerUse {
  readonly name: string;
  readonly neurons: number;
  readonly parameters: number;
  readonly fanIn: number;
  readonly fanOut: number;
  /** Axons into its cores, and bits of their synaptic memory; null where not counted. */
  readonly axons: number | null;
  readonly synapticBits: number | null;
  /** The resource of which its fullest core uses the largest share; null where the chip has no limits. */
  readonly boundBy: string | null;
}

export interface Fit {
  readonly fits: boolean;
  readonly target: string;
  readonly compile: Chip['compile'];
  readonly reset: Reset | null;
  /** Nodes of the file, and those that cannot become spiking. */
  readonly nodes: { readonly all: number; readonly convertible: number; readonly refused: readonly { readonly node: string; readonly problem: string; readonly hint: string }[] };
  readonly cores: number | null;
  readonly chips: number | null;
  readonly coresPerChip: number | null;
  /** No partition has fewer; null where not counted. */
  readonly leastCores: number | null;
  /** As if every neuron spiked once; null where no places were asked for. */
  readonly mapping: MappingReport | null;
  readonly neurons: number;
  readonly parameters: number;
  readonly layers: readonly LayerFit[];
  /** Rules that the network as a whole breaks. */
  readonly violations: readonly Violation[];
  /** What weights must be rounded to before they fit. */
  readonly needs: readonly string[];
  readonly notes: readonly string[];
  /** Nodes of the file by operator; empty where some are refused. */
  readonly operators: Readonly<Record<string, number>>;
  readonly warnings: readonly Diagnostic[];
  /** Why it does not fit, beside broken rules. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws what stands in the way of an answer: an unreadable file, a reset that the chip lacks. */
export function fitModel(source: ModelSource, { chip, reset: asked, code, timesteps, place }: FitOptions): Fit {
  const report = new Reporter();
  const target = isTarget(chip) ? chip : null;
  const reset = target === null ? null : asked ?? target.capabilities.resets[0];
  if (target !== null && reset !== null) checkChoices({ target, reset, neuron: 'if', timesteps, spikes: 'binary', current: null, populations: 0 }, report);
  report.finish();
  const base = { target: chip.name, compile: chip.compile, reset, coresPerChip: chipCores(chip), leastCores: null, mapping: null, needs: target === null ? weightNeeds(chip) : [], warnings: report.warnings };
  const model = readGraph(source, report);
  if ('refused' in model) return { ...base, ...refusal(model.refused, countNodes(source.path)) };

  const inflows = findInflows(model.graph);
  const image = model.graph.nodes.find((n) => n.kind === 'input');
  if (image === undefined) throw new Error('internal: a core graph has an input');
  const own = fitLayers(inflows, image.id);
  const layers = target === null || code === 'bias' ? own : [imageLayer(image.id, mapShape(image.shape), own), ...own];
  const all = Object.values(model.operators).reduce((a, b) => a + b, 0);
  const counted = { nodes: { all, convertible: all, refused: [] }, neurons: sum(layers, (l) => l.neurons), parameters: sum(layers, (l) => l.parameters), operators: model.operators };
  if (target !== null && reset !== null) {
    const found = fitTarget(model.graph, { inflows, layers }, { target, reset, code, timesteps, place }, report);
    return { ...base, ...counted, fits: found.problems.length === 0, cores: found.cores, chips: found.chips, leastCores: found.leastCores, mapping: found.mapping, layers: layers.map((l, i) => layerFit(l, found.layers[i], found.totals[i])), violations: [], notes: [], diagnostics: found.problems };
  }
  const found = fitChip(layers, chip);
  const fits = found.violations.length === 0 && found.layers.every((l) => l.violations.length === 0);
  const { coresPerChip } = base;
  return {
    ...base, ...counted, fits, cores: found.cores, chips: found.cores === null || coresPerChip === null ? null : Math.ceil(found.cores / coresPerChip),
    layers: layers.map((l, i) => layerFit(l, found.layers[i], null)), violations: found.violations, notes: found.notes, diagnostics: [],
  };
}

const sum = <T>(list: readonly T[], pick: (item: T) => number): number => list.reduce((a, b) => a + pick(b), 0);

interface Readable { readonly graph: Graph<CoreNode>; readonly operators: Readonly<Record<string, number>> }

/** The lowered graph, or the nodes that stand in its way. As `lower` does, without evaluating the graph after each pass. */
function readGraph(source: ModelSource, report: Reporter): Readable | { readonly refused: readonly Diagnostic[] } {
  try {
    const model = importOnnx(source.path, { ...source.import, digest: false, report });
    return { graph: asCore(lowerPasses.reduce<Graph>((current, pass) => pass.run(current, report), model.graph)), operators: model.operators };
  } catch (error) {
    if (!(error instanceof CompileError) || error.diagnostics.some((d) => d.where.kind !== 'node')) throw error;
    return { refused: error.diagnostics };
  }
}

function refusal(diagnostics: readonly Diagnostic[], all: number): Omit<Fit, 'target' | 'compile' | 'reset' | 'coresPerChip' | 'leastCores' | 'mapping' | 'needs' | 'warnings'> {
  const refused = diagnostics.map((d) => ({ node: d.where.kind === 'node' ? d.where.node : '', problem: d.message, hint: d.hint }));
  const convertible = Math.max(0, all - new Set(refused.map((r) => r.node)).size);
  return { fits: false, nodes: { all, convertible, refused }, cores: null, chips: null, neurons: 0, parameters: 0, layers: [], violations: [], notes: [], operators: {}, diagnostics };
}

function layerFit(layer: FitLayer, use: LayerUse, totals: TargetFit['totals'][number]): LayerFit {
  const shares = use.resources.flatMap(({ name, used, limit }) => (limit === null || used === 0 ? [] : [{ name, share: used / limit }]));
  const bound = shares.reduce<(typeof shares)[number] | null>((a, b) => (a === null || b.share > a.share ? b : a), null);
  const { name, neurons, parameters, fanIn, fanOut } = layer;
  return { name, neurons, parameters, fanIn, fanOut, axons: totals?.axons ?? null, synapticBits: totals?.synapticBits ?? null, ...use, boundBy: bound?.name ?? null };
}
