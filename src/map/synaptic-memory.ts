/**
 * Which synapse lists a core stores for a projection, and how many bits they take. A list is a row of
 * segments, one for each tap that a spike reads there, and each segment begins on a word:
 *
 *   bits(segment) = sum over its blocks of at most B weights:  ceil to whole words(n_i * b + header)
 *
 * which is the block format of Loihi (B = 64, words of 64 bits, header of 4 + 6 bits). Without sharing
 * each source neuron has a list. With shared weights each source channel has one list for each set of
 * column taps that occurs. Its rows of taps stand in such an order that a pixel which reaches only some
 * rows, at a border of the map or of the slice, reads a stretch of the list: its axon holds where the
 * stretch begins and how long it is, so no border row is stored again. Where a list's compartment
 * offset can reach only so far, it is copied for each stretch of compartments in use.
 */
import type { Target } from '../target/schema.js';
import { lengthOf, neuronsIn } from './reach.js';
import type { AxisReach, Link, Range, ReachingCell, SourceReach } from './reach.js';
import type { Slice } from './mapping.js';
import { indexBits, isShared, listFormat, runBits } from './synapse-format.js';
import { segmentChannels, sumSegments } from './weight-census.js';

/** The segments of a list: every one of these rows of the filter with every one of these columns, row by row. */
export interface StoredList {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** The lists of each source channel, in the order in which a core stores them. `reach` is the slice's own source reach. */
export function storedLists(link: Link, slice: Slice, reach: SourceReach, target: Target): StoredList[] {
  return isShared(link, target) ? sharedLists(link, slice, reach, target) : reach.rows.flatMap((row) => repeated(row, () => reach.columns.flatMap((column) => repeated(column, () => [
    { rows: inListOrder(row.taps, link, 0), columns: inListOrder(column.taps, link, 1) },
  ]))));
}

const repeated = (cell: ReachingCell, lists: () => StoredList[]): StoredList[] => Array.from({ length: cell.count }, lists).flat();

/** Taps that one pixel reads lie a fixed step apart; those of each step's class stand together, the lowest target first. */
export function inListOrder(taps: readonly number[], link: Link, side: 0 | 1): number[] {
  const { stride, dilation } = link.projection.window;
  const step = stride[side] / greatestDivisor(stride[side], dilation[side]);
  return [...taps].sort((a, b) => (a % step) - (b % step) || b - a);
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

function sharedLists(link: Link, slice: Slice, reach: SourceReach, target: Target): StoredList[] {
  const lists: StoredList[] = [];
  for (const { rows, columns } of listsByStretch(slice, reach, target.memory.sharedOffset)) {
    lists.push({ rows: inListOrder([...rows], link, 0), columns: inListOrder(columns, link, 1) });
  }
  return lists;
}

/** For each set of column taps and each stretch of compartments, the row taps of the pixels that begin there. */
function* listsByStretch(slice: Slice, reach: SourceReach, sharedOffset: number | null): Generator<{ readonly rows: ReadonlySet<number>; readonly columns: readonly number[] }> {
  const offset = sharedOffset !== null && neuronsIn(slice) > sharedOffset ? sharedOffset : Infinity;
  const patterns = new Map<string, ReachingCell[]>();
  for (const column of reach.columns) {
    const key = column.taps.join();
    const cells = patterns.get(key);
    if (cells === undefined) patterns.set(key, [column]);
    else cells.push(column);
  }
  for (const cells of patterns.values()) {
    const stretches = new Map<number, Set<number>>();
    for (const row of reach.rows) {
      for (const column of offset === Infinity ? cells.slice(0, 1) : cells) {
        const stretch = offset === Infinity ? 0 : Math.floor(firstCompartment(slice, row, column) / offset);
        const taps = stretches.get(stretch) ?? new Set<number>();
        stretches.set(stretch, taps);
        for (const tap of row.taps) taps.add(tap);
      }
    }
    for (const rows of stretches.values()) yield { rows, columns: cells[0].taps };
  }
}

/** Compartments stand in the order row, column, channel. */
function firstCompartment({ channels, rows, columns }: Slice, row: ReachingCell, column: ReachingCell): number {
  const [y, x] = [row, column].map(({ targets }) => targets[targets.length - 1]);
  return ((y - rows[0]) * lengthOf(columns) + x - columns[0]) * lengthOf(channels);
}

/** How many lists of one source channel hold each tap of the filter, row by row: `storedLists`, counted. */
export function tapCounts(link: Link, slice: Slice, reach: SourceReach, target: Target): Float64Array {
  const [height, width] = link.projection.window.kernel;
  const counts = new Float64Array(height * width);
  if (isShared(link, target)) {
    for (const { rows, columns } of listsByStretch(slice, reach, target.memory.sharedOffset)) {
      for (const ky of rows) for (const kx of columns) counts[ky * width + kx]++;
    }
    return counts;
  }
  const [rows, columns] = [positionsByTap(reach.rows, height), positionsByTap(reach.columns, width)];
  rows.forEach((n, ky) => columns.forEach((m, kx) => { counts[ky * width + kx] = n * m; }));
  return counts;
}

function positionsByTap(reach: AxisReach, taps: number): Float64Array {
  const counts = new Float64Array(taps);
  for (const cell of reach) for (const tap of cell.taps) counts[tap] += cell.count;
  return counts;
}

/** Bits of an index in the segments of a slice of these target channels; 0 where they are dense. */
export function sliceIndexBits(link: Link, channels: Range, target: Target): number {
  if (!listFormat(link, target).sparse) return 0;
  return indexBits(Math.min(lengthOf(channels), link.target[0] / link.projection.groups), target.memory) ?? 0;
}

/** Bits that `slice` of the link's target needs for the link. `reach` is the slice's own source reach. */
export function synapticBits(link: Link, slice: Slice, reach: SourceReach, target: Target): number {
  const format = listFormat(link, target);
  const counts = tapCounts(link, slice, reach, target);
  const bits = format.weightBits + format.delayBits + sliceIndexBits(link, slice.channels, target);
  if (format.sparse) {
    const { wordBits, blockSynapses, blockOverheadBits } = target.memory;
    const sums = sumSegments(link, slice.channels, reach.channels, { key: [bits, wordBits, blockSynapses, blockOverheadBits].join(), of: (stored) => runBits(stored, bits, target.memory) });
    return counts.reduce((total, n, tap) => total + n * sums[tap], 0);
  }
  const lists = counts.reduce((a, b) => a + b, 0);
  return lists * denseSegments(link, slice, reach.channels, (channels) => runBits(channels, bits, target.memory));
}

/** Sum over the source channels of the size of their segments, one group of channels at a time. */
function denseSegments(link: Link, { channels }: Slice, [from, to]: Range, size: (channels: number) => number): number {
  const perGroup = link.source[0] / link.projection.groups;
  let total = 0;
  for (let source = from; source < to;) {
    const end = Math.min(to, (Math.floor(source / perGroup) + 1) * perGroup);
    total += (end - source) * size(lengthOf(segmentChannels(link, source, channels)));
    source = end;
  }
  return total;
}
