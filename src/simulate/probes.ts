/**
 * Probes: which neurons of which populations are recorded. A choice of neurons is written as `all` or as
 * items with commas between them: a neuron `5`, a range `0-31` (both ends belong to it), or a box
 * `C/Y/X` of channels, rows and columns, each a number, a range or `all` (`3/all/0-7`). Neurons are
 * numbered from 0 in C, H, W order.
 */
import { Reporter } from '../diagnostics.js';
import { nearestName } from '../diagnostics/nearest-name.js';
import type { IntegerNetwork, IntegerPopulation } from '../quantise/integer-network.js';
import type { MapShape } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';

/** Neurons to record: several probes of one layer are joined. */
export interface Probe {
  /** Id of the population. */
  readonly layer: string;
  /** As text (see above) or as numbers. */
  readonly neurons: string | readonly number[];
}

/** What is recorded of one layer. */
export interface ProbedLayer {
  /** Index of the population. */
  readonly population: number;
  /** Ascending, each once. */
  readonly neurons: Uint32Array;
}

/** First and last; null stands for all. */
type Span = readonly [number, number] | null;
/** One span of neurons, or three of a box. */
type NeuronItem = readonly Span[];

/** `layer:neurons` as text; the last colon counts. Null where it has no such form. */
export function parseProbe(text: string): Probe | null {
  const colon = text.lastIndexOf(':');
  const [layer, neurons] = [text.slice(0, colon), text.slice(colon + 1)];
  return colon < 1 || parseNeurons(neurons) === null ? null : { layer, neurons };
}

/** In the order of the network's populations. Throws `observe/unknown-layer`, `observe/bad-neurons` and `observe/no-such-neuron`, all at once. */
export function resolveProbes(network: Pick<IntegerNetwork, 'populations'>, probes: readonly Probe[]): ProbedLayer[] {
  const report = new Reporter();
  const names = network.populations.map((p): string => p.id);
  const chosen = names.map(() => new Set<number>());
  for (const { layer, neurons } of probes) {
    const at = names.indexOf(layer);
    const where = { kind: 'option', option: '--probe' } as const;
    if (at < 0) {
      report.report('observe/unknown-layer', where, { layer, nearest: nearestName(layer, names), known: names });
      continue;
    }
    const items = typeof neurons === 'string' ? parseNeurons(neurons) : neurons.map((n): NeuronItem => [[n, n]]);
    if (items === null) report.report('observe/bad-neurons', where, { layer, text: String(neurons) });
    for (const item of items ?? []) {
      const beyond = choose(item, network.populations[at], chosen[at]);
      if (beyond === null) continue;
      report.report('observe/no-such-neuron', where, { layer, shape: network.populations[at].shape, ...beyond });
      break;
    }
  }
  report.finish();
  return chosen.flatMap((set, population) => (set.size === 0 ? [] : [{ population, neurons: Uint32Array.from(set).sort() }]));
}

const SPAN = /^(?:(all)|(\d{1,9})(?:-(\d{1,9}))?)$/;

function parseNeurons(text: string): NeuronItem[] | null {
  const items = text.split(',').map((item): NeuronItem | null => {
    const spans = item.trim().split('/').map(parseSpan);
    return (spans.length === 1 || spans.length === 3) && spans.every((s) => s !== undefined) ? spans : null;
  });
  return items.every((i) => i !== null) ? items : null;
}

function parseSpan(text: string): Span | undefined {
  const [whole, all, first, last] = SPAN.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  if (all !== undefined) return null;
  const span = [Number(first), Number(last ?? first)] as const;
  return span[1] < span[0] ? undefined : span;
}

/** Adds the neurons of one item; returns the first place that the population does not have. */
function choose(item: NeuronItem, { shape }: IntegerPopulation, into: Set<number>): { readonly axis: string; readonly found: number; readonly most: number } | null {
  const box = item.length === 3;
  const extents = box ? shape : [neuronCount(shape)];
  const axes = box ? ['channel', 'row', 'column'] : ['neuron'];
  const spans = item.map((span, i) => span ?? [0, extents[i] - 1] as const);
  const bad = spans.findIndex(([first, last], i) => !(Number.isInteger(first) && first >= 0 && last < extents[i]));
  if (bad >= 0) return { axis: axes[bad], found: spans[bad][1], most: extents[bad] - 1 };
  if (box) addBox(spans, shape, into);
  else for (let n = spans[0][0]; n <= spans[0][1]; n++) into.add(n);
  return null;
}

function addBox([channels, rows, columns]: readonly (readonly [number, number])[], [, height, width]: MapShape, into: Set<number>): void {
  for (let c = channels[0]; c <= channels[1]; c++) {
    for (let y = rows[0]; y <= rows[1]; y++) {
      for (let x = columns[0]; x <= columns[1]; x++) into.add((c * height + y) * width + x);
    }
  }
}
