/**
 * Bits of synaptic memory that a core needs for one projection. A list holds the weights that one
 * spike reads, in runs of neighbouring compartments (compartments stand in the order row, column,
 * channel). A run of n weights of b bits each takes
 *
 *   bits(n) = sum over its blocks of at most B weights:  ceil to whole words(n_i * b + header)
 *
 * which is the dense format of Loihi (B = 64, words of 64 bits, header of 4 + 6 bits). With shared
 * convolution weights there is one list for each source channel and each distinct pattern of taps that
 * fall inside the slice; source pixels with the same pattern share it, told apart by a base offset.
 * Where the offset can reach only so far, the list is copied once for each stretch in use.
 */
import type { Target } from '../target/schema.js';
import type { MapShape } from '../spiking/network.js';
import { channelReach, intersect, lengthOf } from './reach.js';
import type { AxisReach, Link, Range, SourceReach } from './reach.js';
import type { Slice } from './mapping.js';

/**
 * shared: a list serves many source pixels, and one population axon names up to `axonChannels`
 * channels of a pixel. dense: a list and an axon of its own for each source neuron.
 */
export type SynapseFormat = 'shared' | 'dense';

/** A projection is shared where the chip can and where two source pixels use the same weights. */
export function synapseFormat(link: Link, target: Target): SynapseFormat {
  const { pool } = link.projection;
  const repeats = link.target[1] * link.target[2] > 1 || pool[0] * pool[1] > 1;
  return target.capabilities.sharedConvolution && repeats ? 'shared' : 'dense';
}

/** Bits of one weight: its mantissa in steps with a sign, and a delay where the projection has one. */
export function bitsPerSynapse(delay: number, target: Target): number {
  return Math.ceil(Math.log2(target.numbers.weightMax + 1)) + 1 + (delay > 0 ? target.memory.delayBits : 0);
}

/** Bits of a run of `count` neighbouring weights of `bits` each, headers and rounding included. */
export function runBits(count: number, bits: number, memory: Target['memory']): number {
  const { wordBits, blockSynapses, blockOverheadBits } = memory;
  const block = (n: number): number => Math.ceil((n * bits + blockOverheadBits) / wordBits) * wordBits;
  const full = Math.floor(count / blockSynapses);
  const rest = count - full * blockSynapses;
  return full * (full > 0 ? block(blockSynapses) : 0) + (rest > 0 ? block(rest) : 0);
}

/** Bits that `slice` of the link's target needs for the link. `reach` is the slice's own source reach. */
export function synapticBits(link: Link, slice: Slice, reach: SourceReach, target: Target): number {
  const shared = synapseFormat(link, target) === 'shared';
  const rows = shared ? shapesOfAxis(reach.rows, slice.rows) : eachPosition(reach.rows);
  const columns = shared ? shapesOfAxis(reach.columns, slice.columns) : eachPosition(reach.columns);
  const bits = bitsPerSynapse(link.projection.delay, target);
  const size: MapShape = [lengthOf(slice.channels), lengthOf(slice.rows), lengthOf(slice.columns)];
  let total = 0;
  for (const { sources, targets } of channelGroups(link, slice.channels)) {
    for (const row of rows) {
      for (const column of columns) {
        const list = row.taps * listRowBits(column.runs, targets, { whole: targets === size[0], bits, memory: target.memory });
        total += sources * list * (shared ? copies(row, column, size, target.memory.sharedOffset) : row.times * column.times);
      }
    }
  }
  return total;
}

/** A pattern of taps on one axis and where it occurs. */
interface AxisShape {
  readonly taps: number;
  /** Lengths of the runs of neighbouring targets. */
  readonly runs: readonly number[];
  /** First target of each occurrence, counted from the slice's edge. */
  readonly bases: readonly number[];
  /** Source positions that have this very pattern. */
  readonly times: number;
}

function shapesOfAxis(reach: AxisReach, range: Range): AxisShape[] {
  const shapes = new Map<string, { taps: number; runs: number[]; bases: number[]; times: number }>();
  for (const { taps, targets, count } of reach) {
    const key = taps.join();
    const shape = shapes.get(key) ?? { taps: taps.length, runs: runsOf(targets), bases: [], times: 0 };
    shape.bases.push(targets[targets.length - 1] - range[0]);
    shape.times += count;
    shapes.set(key, shape);
  }
  return [...shapes.values()];
}

const eachPosition = (reach: AxisReach): AxisShape[] => reach.map(({ taps, targets, count }) => ({ taps: taps.length, runs: runsOf(targets), bases: [], times: count }));

/** Lengths of the stretches of consecutive numbers in a strictly descending list. */
function runsOf(targets: readonly number[]): number[] {
  const runs: number[] = [];
  targets.forEach((target, i) => {
    if (i > 0 && targets[i - 1] === target + 1) runs[runs.length - 1]++;
    else runs.push(1);
  });
  return runs;
}

/** One row of a list. Neighbouring pixels join into a run only where the list covers all channels of the slice. */
function listRowBits(runs: readonly number[], channels: number, { whole, bits, memory }: { whole: boolean; bits: number; memory: Target['memory'] }): number {
  let total = 0;
  for (const run of runs) total += whole ? runBits(run * channels, bits, memory) : run * runBits(channels, bits, memory);
  return total;
}

/** How often a shared list is stored: once for each stretch of `offset` compartments that its bases fall in. */
function copies(row: AxisShape, column: AxisShape, size: MapShape, offset: number | null): number {
  if (offset === null || size[0] * size[1] * size[2] <= offset) return 1;
  const stretches = new Set<number>();
  for (const y of row.bases) for (const x of column.bases) stretches.add(Math.floor((y * size[2] + x) * size[0] / offset));
  return stretches.size;
}

/** For each group of channels that the slice touches: source channels, and target channels inside the slice. */
function channelGroups(link: Link, channels: Range): { sources: number; targets: number }[] {
  const perGroup = link.target[0] / link.projection.groups;
  const reach = channelReach(link, channels);
  const sources = link.source[0] / link.projection.groups;
  const found: { sources: number; targets: number }[] = [];
  for (let group = reach[0] / sources; group * sources < reach[1]; group++) {
    const targets = lengthOf(intersect(channels, [group * perGroup, (group + 1) * perGroup]));
    const last = found[found.length - 1];
    if (last?.targets === targets) found[found.length - 1] = { sources: last.sources + sources, targets };
    else found.push({ sources, targets });
  }
  return found;
}
