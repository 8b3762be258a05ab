/**
 * Holds a network against a chip that nothing is compiled for: the rules of its layers and neurons, and the
 * cores that the layers take by the chip's own way of filling them. What the chip's file does not say is null.
 */
import { chipCores } from '../../target/chip-cores.js';
import type { Chip } from '../../target/schema.js';
import { cutForCrossbar } from './crossbar.js';
import type { FitLayer } from './fit-layer.js';
import { placeLayers } from './layer-cores.js';
import { atMost, brokenRules, type Violation } from './layer-rules.js';

/** What the fullest core of a layer uses of one resource. */
export interface ResourceUse { readonly name: string; readonly used: number; readonly limit: number | null }

export interface LayerUse {
  /** null: the chip's file does not say, or the layer does not fit. */
  readonly cores: number | null;
  readonly resources: readonly ResourceUse[];
  readonly violations: readonly Violation[];
  /** Where a neuron has too many sources: partial sums of at most the limit, and neurons in all; exact where the sums travel as graded spikes, whose neurons are the compartments of all parts and of the layer. */
  readonly split: { readonly parts: number; readonly neurons: number; readonly exact: boolean } | null;
}

export interface ChipFit {
  readonly layers: readonly LayerUse[];
  /** Of the whole network; null: the chip's file does not say, or some layer does not fit. */
  readonly cores: number | null;
  /** Rules that the network as a whole breaks. */
  readonly violations: readonly Violation[];
  /** What the count holds or leaves out. */
  readonly notes: readonly string[];
}

/** One use a layer, in their order. */
export function fitChip(layers: readonly FitLayer[], chip: Chip): ChipFit {
  const filled = fill(layers, chip);
  const uses = layers.map((layer, i): LayerUse => {
    const use = filled.layers[i];
    const broken = [...brokenRules(layer, chip), ...use.violations];
    return { ...use, violations: broken.filter((v, at) => broken.findIndex((w) => w.rule === v.rule && w.value === v.value) === at), split: splitOf(layer, fanInMost(chip)) };
  });
  const available = (chipCores(chip) ?? Infinity) * (chip.board?.chips ?? Infinity);
  return { ...filled, layers: uses, violations: [...filled.violations, ...(filled.cores === null ? [] : atMost('cores', filled.cores, Number.isFinite(available) ? available : null))] };
}

/** What the weights must be rounded to, in sentences: a question of accuracy, not of shapes. */
export function weightNeeds({ neuron, layers }: Pick<Chip, 'neuron' | 'layers'>): readonly string[] {
  const widths = neuron?.weightBits ?? null;
  const most = widths === null ? Infinity : Math.max(...widths);
  const other = Object.entries(layers ?? {}).flatMap(([kind, rules]) => (typeof rules === 'object' && rules?.weightBits !== undefined ? [`${rules.weightBits.join(', ')} in ${kind} layers`] : []));
  return [
    ...(widths !== null && most < 8 ? [`weights of ${widths.join(', ')} bits${other.length === 0 ? '' : ` (${other.join('; ')})`}; compiled networks have up to 8`] : []),
    ...(typeof neuron?.weightsPerNeuron === 'number' ? [`at most ${neuron.weightsPerNeuron} different weights a neuron`] : []),
  ];
}

type Filled = Omit<ChipFit, 'layers'> & { readonly layers: readonly Omit<LayerUse, 'split'>[] };

const fanInMost = ({ neuron, crossbar }: Chip): number | null => crossbar?.axons ?? neuron?.fanIn ?? null;

/** Sums of at most `most` sources each, and a neuron that adds them: an approximation, for partial sums rectify. */
export function splitOf({ fanIn, neurons }: FitLayer, most: number | null): LayerUse['split'] {
  if (most === null || fanIn <= most) return null;
  const parts = Math.ceil(fanIn / most);
  return { parts, neurons: neurons * (parts + 1), exact: false };
}

function fill(layers: readonly FitLayer[], chip: Chip): Filled {
  if (chip.layerCores !== undefined) return fillWithLayers(layers, chip.layerCores);
  if (chip.crossbar !== undefined) return chipCores(chip) === 1 ? shareCrossbar(layers, chip.crossbar) : cutIntoCrossbars(layers, chip.crossbar);
  if (chip.network !== undefined) return fillNetwork(layers, chip.network);
  if (typeof chip.core?.neurons === 'number') return fillByNeurons(layers, chip.core.neurons);
  return { layers: layers.map(() => ({ cores: null, resources: [], violations: [] })), cores: null, violations: [], notes: ['Cores are not counted: the memories of the chip\'s cores are not published.'] };
}

function fillWithLayers(layers: readonly FitLayer[], chip: Exclude<Chip['layerCores'], undefined>): Filled {
  const placed = placeLayers(layers, chip);
  const homeless = placed.filter((p) => p.core === null && p.violations.length === 0).length;
  return {
    layers: placed.map(({ memory, core, violations }) => {
      const at = core === null ? undefined : chip.cores[core];
      const resources = (['kernelWords', 'neuronWords', 'biases'] as const).map((key) => ({ name: { kernelWords: 'kernel', neuronWords: 'neuron', biases: 'biases' }[key], used: memory[key], limit: (at ?? largest(chip.cores, key))[key] }));
      return { cores: core === null ? null : 1, resources, violations };
    }),
    cores: placed.every((p) => p.core !== null) ? placed.length : null,
    violations: [...atMost('layers', layers.length, chip.cores.length), ...(homeless > 0 && layers.length <= chip.cores.length ? [{ rule: 'layers without a core that holds them beside the others', value: String(homeless), limit: '0' }] : [])],
    notes: ['Shares are those of the core that a layer was given, or of the largest where it has none.'],
  };
}

const largest = <K extends string, T extends Readonly<Record<K, number>>>(cores: readonly T[], key: K): T => cores.reduce((a, b) => (b[key] > a[key] ? b : a));

function cutIntoCrossbars(layers: readonly FitLayer[], crossbar: Exclude<Chip['crossbar'], undefined>): Filled {
  const cuts = layers.map((layer) => cutForCrossbar(layer, crossbar));
  const sources = (layer: FitLayer): number => layer.paths.reduce((sum, p) => sum + p.shape[0] * p.shape[1] * p.shape[2], 0);
  const repeated = layers.reduce((sum, layer, i) => { const axons = cuts[i]?.allAxons ?? 0; return sum + (axons > sources(layer) ? axons : 0); }, 0);
  const repeaters = Math.ceil(repeated / crossbar.neurons);
  const cores = cuts.reduce<number | null>((sum, cut) => (sum === null || cut === null ? null : sum + cut.cores), repeaters);
  return {
    layers: cuts.map((cut, i) => ({
      cores: cut?.cores ?? null,
      resources: [{ name: 'neurons', used: cut?.neurons ?? 1, limit: crossbar.neurons }, { name: 'axons', used: cut?.axons ?? layers[i].fanIn, limit: crossbar.axons }],
      violations: cut === null ? atMost('fan-in of a neuron', layers[i].fanIn, crossbar.axons) : [],
    })),
    cores, violations: [],
    notes: [repeaters === 0 ? 'No spike has to be repeated.' : `${repeaters} cores are for ${repeated} neurons that repeat spikes which several cores read${cores === null ? ', for the layers that fit' : ''}.`],
  };
}

/** All layers in one crossbar: a row for each input and for each neuron that others read. */
function shareCrossbar(layers: readonly FitLayer[], crossbar: Exclude<Chip['crossbar'], undefined>): Filled {
  const neurons = layers.reduce((sum, l) => sum + l.neurons, 0);
  const rows = imageValues(layers) + layers.reduce((sum, l) => sum + (l.isOutput ? 0 : l.neurons), 0);
  return {
    layers: layers.map((layer) => ({
      cores: null,
      resources: [{ name: 'neurons', used: layer.neurons, limit: crossbar.neurons }, { name: 'axons', used: layer.fanIn, limit: crossbar.axons }],
      violations: [...atMost('neurons', layer.neurons, crossbar.neurons)],
    })),
    cores: neurons <= crossbar.neurons && rows <= crossbar.axons ? 1 : null,
    violations: [...atMost('neurons of all layers', neurons, crossbar.neurons), ...atMost('rows: inputs and neurons that others read', rows, crossbar.axons)],
    notes: ['All layers share the one core.'],
  };
}

function fillNetwork(layers: readonly FitLayer[], { inputs, hidden, outputs }: Exclude<Chip['network'], undefined>): Filled {
  const count = (of: readonly FitLayer[]): number => of.reduce((sum, l) => sum + l.neurons, 0);
  const violations = [...atMost('inputs', imageValues(layers), inputs), ...atMost('hidden neurons', count(layers.filter((l) => !l.isOutput)), hidden), ...atMost('outputs', count(layers.filter((l) => l.isOutput)), outputs)];
  return {
    layers: layers.map((l) => ({ cores: null, resources: [{ name: l.isOutput ? 'outputs' : 'hidden', used: l.neurons, limit: l.isOutput ? outputs : hidden }], violations: [] })),
    cores: violations.length === 0 ? 1 : null, violations, notes: ['All layers share the one core.'],
  };
}

function fillByNeurons(layers: readonly FitLayer[], most: number): Filled {
  const uses = layers.map((l) => ({ cores: Math.ceil(l.neurons / most), resources: [{ name: 'neurons', used: Math.min(l.neurons, most), limit: most }], violations: [] }));
  return { layers: uses, cores: uses.reduce((sum, u) => sum + u.cores, 0), violations: [], notes: ['Cores by neurons alone, a lower bound: synaptic memory and axons of a core are not published.'] };
}

/** Values of the image, each an input of its own. */
function imageValues(layers: readonly FitLayer[]): number {
  const path = layers.flatMap((l) => l.paths).find((p) => p.fromImage);
  return path === undefined ? 0 : path.shape[0] * path.shape[1] * path.shape[2];
}
