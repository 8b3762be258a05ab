/**
 * How a fan-in is cut into parts: the neurons of a layer into ranges and the sources into boxes, so that each
 * pair fits a core. Ranges of neurons are halved from the whole layer down to one; for each the coarsest cut
 * of the sources that fits is taken. Wide ranges need the fewest cores, since their lists are fullest, and send the
 * most sums; so of the cuts with nearly the fewest cores the one with the fewest messages is taken.
 */
import type { Target } from '../target/schema.js';
import { partUse, type Neighbour, type PartGrid } from './core-use.js';
import type { CoreSlice, CoreUse, Slice } from './mapping.js';
import { neuronCount } from '../spiking/network.js';
import { cut, gridOf, tilings } from './tilings.js';
import type { Range } from './reach.js';

/** What a core can hold of a part; null: as much as it takes. */
export interface PartLimits {
  readonly most: number;
  readonly fits: (use: CoreUse) => boolean;
}

/** Cores above the fewest that are taken for fewer messages, as a share of them. */
const SLACK = 0.05;
/** Share of the sources that spike in a step, for weighing spikes to the parts against their sums. */
const SPIKING = 0.1;

interface Candidate {
  readonly parts: PartGrid;
  /** Those of the parts, and those that the neurons then need for their axons. */
  readonly cores: number;
  /** Expected in a step. */
  readonly messages: number;
}

/** The cut with the fewest messages of those within 5 % of the fewest cores. Where none fits, the finest. */
export function chooseParts(from: Neighbour, target: Target, { most, fits }: PartLimits): PartGrid {
  const { source, target: [neurons] } = from.link;
  const bySources = tilings(source, Infinity);
  const homes = (sums: number): number => Math.max(1, Math.ceil(neurons / most), target.core.inAxons === null ? 1 : Math.ceil(neurons * sums / target.core.inAxons));
  const found: Candidate[] = [];
  const enough = (): number => (1 + SLACK) * found.reduce((least, c) => Math.min(least, c.cores), Infinity);
  for (let count = 1; count <= enough(); count = Math.min(neurons, 2 * count)) {
    const ranges = cut(neurons, count);
    const coarsest = bySources.find((tiling) => count * tiling.count + homes(tiling.count) > enough()
      || allFit({ neurons: ranges, sources: gridOf(source, tiling) }, (parts) => slicesOf(from, parts).every((slice) => fits(partUse(from, slice, target)))));
    if (coarsest !== undefined) {
      const messages = neurons * coarsest.count + SPIKING * neuronCount(source) * count;
      found.push({ parts: { neurons: ranges, sources: gridOf(source, coarsest) }, cores: count * coarsest.count + homes(coarsest.count), messages });
    }
    if (count === neurons) break;
  }
  const limit = enough();
  const best = found.filter((c) => c.cores <= limit).reduce<Candidate | null>((a, c) => (a !== null && a.messages <= c.messages ? a : c), null);
  return best?.parts ?? { neurons: cut(neurons, neurons), sources: gridOf(source, { parts: source, count: neuronCount(source) }) };
}

/** The middle goes first: it is as large as any, and most cuts fail there. */
function allFit(parts: PartGrid, fit: (parts: PartGrid) => boolean): boolean {
  const middle = (ranges: readonly Range[]): Range[] => [ranges[ranges.length >> 1]];
  const { neurons, sources: { channels, rows, columns } } = parts;
  return fit({ neurons: middle(neurons), sources: { channels: middle(channels), rows: middle(rows), columns: middle(columns) } }) && fit(parts);
}

/** The parts with their use, ranges of neurons before boxes of sources. */
export const partCores = (from: Neighbour, parts: PartGrid, target: Target): CoreSlice[] => slicesOf(from, parts).map((slice) => ({ slice, use: partUse(from, slice, target) }));

function slicesOf({ link, projection }: Neighbour, { neurons, sources }: PartGrid): Slice[] {
  const one: Range = [0, 1];
  return neurons.flatMap((range) => sources.channels.flatMap((channels) => sources.rows.flatMap((rows) => sources.columns.map((columns): Slice => (
    { population: link.projection.target, channels: range, rows: one, columns: one, part: { projection, channels, rows, columns } })))));
}
