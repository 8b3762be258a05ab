/**
 * How a fan-in is cut into parts: the neurons of a layer into ranges and the sources into boxes, so that each
 * pair fits a core. Ranges of neurons are halved from the whole layer down to one; for each the coarsest cut
 * of the sources that fits is taken, and of all those the one with the fewest cores.
 */
import type { Target } from '../target/schema.js';
import { partUse, type Neighbour, type PartGrid } from './core-use.js';
import type { CoreSlice, CoreUse, Slice } from './mapping.js';
import { cut, gridOf, tilings, type Tiling } from './tilings.js';
import type { Range } from './reach.js';

/** What a core can hold of a part; null: as much as it takes. */
export interface PartLimits {
  readonly most: number;
  readonly fits: (use: CoreUse) => boolean;
}

/** The cut with the fewest cores, those counted that the neurons then need for their axons. Where none fits, the finest. */
export function chooseParts(from: Neighbour, target: Target, { most, fits }: PartLimits): PartGrid {
  const { source, target: [neurons] } = from.link;
  const bySources = tilings(source, Infinity);
  const homes = (sums: number): number => Math.max(1, Math.ceil(neurons / most), target.core.inAxons === null ? 1 : Math.ceil(neurons * sums / target.core.inAxons));
  let best: { readonly parts: PartGrid; readonly cores: number } | null = null;
  for (let count = 1; best === null || count < best.cores; count = Math.min(neurons, 2 * count)) {
    const ranges = cut(neurons, count);
    const found = bySources.find((tiling) => (best !== null && count * tiling.count + homes(tiling.count) >= best.cores)
      || allFit({ neurons: ranges, sources: gridOf(source, tiling) }, (parts) => slicesOf(from, parts).every((slice) => fits(partUse(from, slice, target)))));
    if (found !== undefined) best = fewer(best, { parts: { neurons: ranges, sources: gridOf(source, found) }, cores: count * found.count + homes(found.count) });
    if (count === neurons) break;
  }
  const finest: Tiling = { parts: source, count: source[0] * source[1] * source[2] };
  return best?.parts ?? { neurons: cut(neurons, neurons), sources: gridOf(source, finest) };
}

const fewer = <T extends { readonly cores: number }>(a: T | null, b: T): T => (a !== null && a.cores <= b.cores ? a : b);

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
