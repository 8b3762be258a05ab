/**
 * Weighted sums over spike masks, step by step: first the set bits of each pixel within a range of
 * channels (of both signs where spikes are signed), then sums of them over rows and columns. All exact integers below 2^31.
 */
import type { Kernels } from './kernels.js';
import type { SpikeBuffers } from './spiking-layer.js';

/** Sum over channels in range of rows[y] * columns[x] * bit; rows and columns are zero outside their ranges. */
export interface MaskSum {
  readonly channels: readonly [number, number];
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly rowRange: readonly [number, number];
  readonly columnRange: readonly [number, number];
  /** Where it is given, a bit counts by its channel, and `rows` and `columns` number the patterns of the table, -1 where nothing counts. */
  readonly table?: ChannelTable;
}

/** A bit of channel c at a place of row pattern r and column pattern k counts weights[(r * columnPatterns + k) * channels + c]. */
export interface ChannelTable {
  readonly columnPatterns: number;
  /** Channels of the population. */
  readonly channels: number;
  readonly weights: Int32Array;
}

/** Which masks of a population: its spikes of either sign, those of -1 alone, or its active neurons. */
export type MaskPlane = 'spikes' | 'retractions' | 'active';

/** Sums over one plane of one population's buffers. */
export interface MaskSums {
  readonly buffers: SpikeBuffers;
  readonly plane: MaskPlane;
  /** Each with its row in the result. */
  readonly sums: readonly { readonly sum: MaskSum; readonly row: number }[];
}

/** Packs the sums; the returned function counts the masks as they are now into [row][step]. `rows` is the number of rows. */
export function prepareMaskSums(kernels: Kernels, groups: readonly MaskSums[], rows: number): () => Int32Array {
  const { memory } = kernels;
  const steps = groups[0]?.buffers.steps ?? 0;
  const result = memory.reserve(Math.max(1, rows * steps) * 4);
  const work = groups.flatMap((group) => byChannels(group).map((part) => packPart(kernels, part, { steps, result })));
  return () => {
    for (const count of work) count();
    return memory.int32(result, rows * steps);
  };
}

/** Sums over the same channels share their pixel counts; those with a table need none. */
function byChannels(group: MaskSums): MaskSums[] {
  const parts = new Map<string, { sum: MaskSum; row: number }[]>();
  for (const entry of group.sums) {
    if (entry.sum.table !== undefined) { parts.set(`row ${entry.row}`, [entry]); continue; }
    const key = entry.sum.channels.join();
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [entry]);
    else part.push(entry);
  }
  return [...parts.values()].map((sums) => ({ ...group, sums }));
}

function packPart(kernels: Kernels, { buffers, plane, sums }: MaskSums, { steps, result }: { readonly steps: number; readonly result: number }): () => void {
  const { memory, call } = kernels;
  const [, height, width] = buffers.shape;
  const masks = plane === 'active' ? buffers.active : buffers.spikes;
  const words = buffers.words * (plane === 'active' ? 1 : buffers.signs);
  const select = memory.reserve(words * 8);
  memory.uint8(select, words * 8).set(channelMask(sums[0].sum.channels, plane, buffers));
  const [{ sum: first, row: firstRow }] = sums;
  if (first.table !== undefined) return packTable(kernels, { buffers, plane, masks, select }, { sum: first, table: first.table, out: result + firstRow * steps * 4 });
  const packed = sums.map(({ sum, row }) => {
    const box = memory.reserve((6 + height + width) * 4);
    memory.int32(box, 6 + height + width).set([...sum.rowRange, ...sum.columnRange, width, height, ...sum.rows, ...sum.columns]);
    return { box, out: result + row * steps * 4 };
  });
  return () => {
    const mark = memory.mark();
    const places = height * width * steps;
    const counts = memory.reserve(places * 4);
    call['spiking_popcounts'](masks, places, words, select, counts);
    for (const { box, out } of packed) call['spiking_weigh'](counts, steps, box, out);
    memory.release(mark);
  };
}

interface ChosenMasks { readonly buffers: SpikeBuffers; readonly plane: MaskPlane; readonly masks: number; readonly select: number }

/** Tables are packed with zeros up to whole words; equal ones once. */
const packedTables = new WeakMap<Kernels, Map<ChannelTable, number>>();

function packTable(kernels: Kernels, { buffers: { shape: [, height, width], words, signs, steps }, plane, masks, select }: ChosenMasks, { sum, table, out }: { readonly sum: MaskSum; readonly table: ChannelTable; readonly out: number }): () => void {
  const { memory, call } = kernels;
  const known = packedTables.get(kernels) ?? new Map<ChannelTable, number>();
  packedTables.set(kernels, known);
  const patterns = table.weights.length / table.channels;
  const weights = known.get(table) ?? memory.reserve(patterns * words * 64 * 4);
  if (!known.has(table)) {
    const rows = memory.int32(weights, patterns * words * 64).fill(0);
    for (let i = 0; i < patterns; i++) rows.set(table.weights.subarray(i * table.channels, (i + 1) * table.channels), i * words * 64);
    known.set(table, weights);
  }
  const box = memory.reserve((10 + height + width) * 4);
  memory.int32(box, 10 + height + width).set([
    ...sum.rowRange, ...sum.columnRange, width, height, table.columnPatterns, words, plane === 'active' ? 1 : signs, steps, ...sum.rows, ...sum.columns,
  ]);
  return () => { call['spiking_weigh_channels'](masks, select, box, weights, out); };
}

/** The bits of one place's words that count: in the words of +1, in those of -1, or in both. */
function channelMask([from, to]: readonly [number, number], plane: MaskPlane, { words, signs }: SpikeBuffers): Uint8Array {
  const mask = new Uint8Array(words * 8 * (plane === 'active' ? 1 : signs));
  const mark = (first: number): void => { for (let c = from; c < to; c++) mask[first + (c >> 3)] |= 1 << (c & 7); };
  if (plane !== 'retractions') mark(0);
  if (plane !== 'active' && signs === 2) mark(words * 8);
  return mask;
}
