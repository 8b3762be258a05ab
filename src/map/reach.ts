/**
 * Who reaches whom: for a projection and a box of its target, the source neurons that have a synapse
 * there. A window is separable, so rows and columns are solved on their own: an `AxisReach` lists, for
 * one axis and one range of target positions, each source position that reaches the range and the
 * taps by which it does. Nothing is unrolled.
 */
import type { MapShape } from '../spiking/network.js';
import type { IntegerNetwork, IntegerProjection } from '../quantise/integer-network.js';
import type { Slice } from './mapping.js';

/** Half-open. */
export type Range = readonly [number, number];

/** One axis of a projection's window: source cell i feeds target t through tap k where i = t * stride + k * dilation - pad. */
export interface Axis {
  readonly sourceLength: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
  /** Source positions pooled into one cell. */
  readonly pool: number;
}

/** One pooled cell of the source axis that reaches the range. */
export interface ReachingCell {
  /** First source position of the cell, and how many it has. */
  readonly first: number;
  readonly count: number;
  /** Taps in ascending order; `targets[i]` is the target position of `taps[i]`, so targets descend. */
  readonly taps: readonly number[];
  readonly targets: readonly number[];
}

/** Ascending in `first`. */
export type AxisReach = readonly ReachingCell[];

/** A projection with the shapes at its two ends. */
export interface Link {
  readonly projection: IntegerProjection;
  readonly source: MapShape;
  readonly target: MapShape;
}

/** The links of a network, in the order of its projections. */
export function linksOf(network: IntegerNetwork): Link[] {
  const shapes = new Map(network.populations.map((p) => [p.id, p.shape]));
  return network.projections.map((projection) => {
    const source = shapes.get(projection.source);
    const target = shapes.get(projection.target);
    if (source === undefined || target === undefined) throw new Error(`internal: projection ${projection.id} has no population at one end`);
    return { projection, source, target };
  });
}

/** A link's rows (0) or columns (1). */
export function axisOf(link: Link, side: 0 | 1): Axis {
  const { kernel, stride, dilation, pads } = link.projection.window;
  return { sourceLength: link.source[1 + side], kernel: kernel[side], stride: stride[side], dilation: dilation[side], pad: pads[side], pool: link.projection.pool[side] };
}

/** The source cells that reach the target positions `range`. */
export function axisReach(axis: Axis, range: Range): AxisReach {
  const { kernel, stride, dilation, pad, pool, sourceLength } = axis;
  const lowest = Math.max(0, range[0] * stride - pad);
  const highest = Math.min(Math.ceil(sourceLength / pool) - 1, (range[1] - 1) * stride + (kernel - 1) * dilation - pad);
  const cells: ReachingCell[] = [];
  for (let cell = lowest; cell <= highest; cell++) {
    const taps: number[] = [];
    const targets: number[] = [];
    for (let tap = 0; tap < kernel; tap++) {
      const scaled = cell + pad - tap * dilation;
      const target = scaled / stride;
      if (scaled % stride === 0 && target >= range[0] && target < range[1]) { taps.push(tap); targets.push(target); }
    }
    if (taps.length > 0) cells.push({ first: cell * pool, count: Math.min(pool, sourceLength - cell * pool), taps, targets });
  }
  return cells;
}

/** Source positions of a reach that lie in `within`. */
export function countPositions(reach: AxisReach, within: Range): number {
  let count = 0;
  for (const cell of reach) count += Math.max(0, Math.min(cell.first + cell.count, within[1]) - Math.max(cell.first, within[0]));
  return count;
}

/** Source channels that feed the target channels `range`. */
export function channelReach(link: Link, range: Range): Range {
  const { groups } = link.projection;
  const targets = link.target[0] / groups;
  const sources = link.source[0] / groups;
  return [Math.floor(range[0] / targets) * sources, (Math.floor((range[1] - 1) / targets) + 1) * sources];
}

/** The part two ranges share; its length may be zero. */
export function intersect(a: Range, b: Range): Range {
  const from = Math.max(a[0], b[0]);
  return [from, Math.max(from, Math.min(a[1], b[1]))];
}

export const lengthOf = (range: Range): number => range[1] - range[0];
export const neuronsIn = (slice: Slice): number => lengthOf(slice.channels) * lengthOf(slice.rows) * lengthOf(slice.columns);

/** Which source neurons reach a slice: every combination of these rows, columns and channels. */
export interface SourceReach {
  readonly rows: AxisReach;
  readonly columns: AxisReach;
  readonly channels: Range;
}

/** Of a part of a fan-in: those among its sources. */
export function sourceReach(link: Link, slice: Slice): SourceReach {
  const { part } = slice;
  if (part !== undefined) {
    const { rows, columns, channels } = sourceReach(link, wholeFanIn(slice));
    return { rows: clipped(rows, part.rows), columns: clipped(columns, part.columns), channels: intersect(channels, part.channels) };
  }
  return { rows: axisReach(axisOf(link, 0), slice.rows), columns: axisReach(axisOf(link, 1), slice.columns), channels: channelReach(link, slice.channels) };
}

const wholeFanIn = ({ population, channels, rows, columns }: Slice): Slice => ({ population, channels, rows, columns });

/** The positions of a reach that lie in `within`. */
const clipped = (reach: AxisReach, within: Range): AxisReach => reach.flatMap((cell) => {
  const [first, end] = intersect([cell.first, cell.first + cell.count], within);
  return end > first ? [{ ...cell, first, count: end - first }] : [];
});

/** Neurons of source slice `from` that are in `reach`. */
export function reachingNeurons(reach: SourceReach, from: Slice): number {
  return reachingPixels(reach, from) * lengthOf(intersect(reach.channels, from.channels));
}

/** Pixels of source slice `from` that are in `reach`. */
export function reachingPixels(reach: SourceReach, from: Slice): number {
  return countPositions(reach.rows, from.rows) * countPositions(reach.columns, from.columns);
}
