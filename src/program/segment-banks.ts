/**
 * The synaptic memory of a program as it stands in the file. Cores that hold the same channels of a
 * layer store the same segments, however the map is cut, and a list with its border patterns is a row
 * of them; so a bank holds each segment of one projection and one range of target channels once, and
 * the memory image of a core (`core-image.ts`) is put together from the banks of its projections.
 */
import { storesSynapses } from '../map/fan-in-parts.js';
import type { CoreSlice, Slice } from '../map/mapping.js';
import { channelReach, lengthOf, sourceReach } from '../map/reach.js';
import type { Link, Range } from '../map/reach.js';
import { spikeDelay } from '../quantise/integer-network.js';
import { segmentChannels, weightIndex } from '../map/weight-census.js';
import type { Target } from '../target/schema.js';
import { segmentBytes, storedSynapses, writeSegment } from './segment.js';
import type { SegmentCode } from './segment.js';
import type { SynapseEntry } from './synapse-table.js';

/** Which segments a bank holds: of each source channel that feeds `channels`, those of each tap. */
export interface BankPlan {
  /** Index of the projection. */
  readonly projection: number;
  readonly link: Link;
  /** Target channels. */
  readonly channels: Range;
  /** Taps of the filter that a spike can reach, row by row, ascending. */
  readonly taps: readonly number[];
  /** The first core that uses the bank. */
  readonly core: number;
}

export interface SegmentBank {
  readonly plan: BankPlan;
  readonly code: SegmentCode;
  /** The segments: source channel by source channel, tap by tap. */
  readonly bytes: Uint8Array;
  /** Where each segment begins, and where the last one ends. */
  readonly starts: Uint32Array;
}

export const bankKey = (projection: number, channels: Range): string => `${projection} ${channels.join(' ')}`;

/** The banks that a program's cores need, by key; ordered by projection, then channels. */
export function planBanks(cores: readonly CoreSlice[], links: readonly Link[]): ReadonlyMap<string, BankPlan> {
  const plans = new Map<string, BankPlan & { readonly used: Set<number> }>();
  const known = new Map<string, readonly number[]>();
  links.forEach((link, projection) => {
    cores.forEach(({ slice }, core) => {
      if (!storesSynapses(slice, link, projection)) return;
      const box = `${projection} ${slice.rows.join()} ${slice.columns.join()} ${slice.part?.rows.join()} ${slice.part?.columns.join()}`;
      const taps = known.get(box) ?? tapsOf(link, slice);
      known.set(box, taps);
      const key = bankKey(projection, slice.channels);
      const plan = plans.get(key) ?? { projection, link, channels: slice.channels, core, taps: [], used: new Set<number>() };
      plans.set(key, plan);
      for (const tap of taps) plan.used.add(tap);
    });
  });
  const sorted = [...plans].sort(([, a], [, b]) => a.projection - b.projection || a.channels[0] - b.channels[0] || a.channels[1] - b.channels[1]);
  return new Map(sorted.map(([key, { used, ...plan }]) => [key, { ...plan, taps: [...used].sort((a, b) => a - b) }]));
}

/** Taps by which a slice is reached. */
function tapsOf(link: Link, slice: Slice): number[] {
  const reach = sourceReach(link, slice);
  const [rows, columns] = [reach.rows, reach.columns].map((axis) => [...new Set(axis.flatMap((cell) => cell.taps))]);
  return rows.flatMap((ky) => columns.map((kx) => ky * link.projection.window.kernel[1] + kx));
}

/** How the segments of a projection look in a core with the format table `table`. */
export function segmentCode({ projection, link }: Pick<BankPlan, 'projection' | 'link'>, table: readonly SynapseEntry[], target: Target): SegmentCode | null {
  const at = table.findIndex((entry) => entry.projection === projection);
  return at < 0 ? null : { memory: target.memory, entry: table[at], place: at + 1, delay: spikeDelay(link.projection) };
}

/** Calls `visit` for each segment of a bank, in order: its source channel, tap, first weight and number of weights. */
export function eachSegment({ link, channels, taps }: BankPlan, visit: (source: number, tap: number, first: number, count: number) => void): void {
  const [from, to] = channelReach(link, channels);
  for (let source = from; source < to; source++) {
    const range = segmentChannels(link, source, channels);
    for (const tap of taps) visit(source, tap, weightIndex(link, tap, source, range[0]), lengthOf(range));
  }
}

export const segmentCount = ({ link, channels, taps }: BankPlan): number => lengthOf(channelReach(link, channels)) * taps.length;

/** Bytes of a bank's segments by the number of synapses that they store. */
export const segmentSizes = ({ channels }: BankPlan, code: SegmentCode): Float64Array => Float64Array.from({ length: lengthOf(channels) + 1 }, (_, stored) => segmentBytes(stored, code));

/** Packs the weights of a bank's projection. */
export function packBank(plan: BankPlan, code: SegmentCode): SegmentBank {
  const { weight } = plan.link.projection;
  const starts = new Uint32Array(segmentCount(plan) + 1);
  const sizes = segmentSizes(plan, code);
  let next = 0;
  let end = 0;
  eachSegment(plan, (_source, _tap, first, count) => {
    end += sizes[code.entry.sparse ? storedSynapses(weight.subarray(first, first + count), code) : count];
    starts[++next] = end;
  });
  const bytes = new Uint8Array(end);
  next = 0;
  eachSegment(plan, (_source, _tap, first, count) => { writeSegment(bytes, starts[next++], weight.subarray(first, first + count), code); });
  return { plan, code, bytes, starts };
}
