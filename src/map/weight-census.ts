/**
 * What the stored form of a projection depends on: its largest weight, and how many weights other than
 * zero each of its segments holds. A segment is what a spike of one source channel reads through one
 * tap of the filter: one weight for each target channel of the group. Taps that no spike can reach
 * because the map is too small do not count, for no core stores them. Answers are kept with the weights.
 */
import type { IntegerProjection } from '../quantise/integer-network.js';
import { axisOf, axisReach, channelReach, intersect } from './reach.js';
import type { Link, Range } from './reach.js';

export interface WeightCensus {
  /** Largest magnitude. */
  readonly largest: number;
  /** Entry n: segments over all target channels of their group with n weights other than zero. */
  readonly segments: Uint32Array;
}

/** Taps of one side of the filter by which some source position reaches some target position. */
export function liveTaps(link: Link, side: 0 | 1): readonly number[] {
  const taps = new Set(axisReach(axisOf(link, side), [0, link.target[1 + side]]).flatMap((cell) => cell.taps));
  return [...taps].sort((a, b) => a - b);
}

/** Keyed by the weights, which no stage changes once they are made. */
const known = new WeakMap<Int8Array, WeightCensus>();

/** Weights that are all alike and not zero: whoever only asks for the room they take need not have them counted. */
const uniform = new WeakSet<Int8Array>();

/** Says that all of `weight` is one number other than zero. */
export const declareUniform = (weight: Int8Array): void => { uniform.add(weight); };

export function weightCensus(link: Link): WeightCensus {
  const { weight } = link.projection;
  const found = known.get(weight) ?? countWeights(link);
  known.set(weight, found);
  return found;
}

function countWeights(link: Link): WeightCensus {
  const { weight, window: { kernel: [, width] }, groups } = link.projection;
  const outputs = link.target[0] / groups;
  const segments = new Uint32Array(outputs + 1);
  if (uniform.has(weight)) {
    segments[outputs] = liveTaps(link, 0).length * liveTaps(link, 1).length * link.source[0];
    return { largest: Math.abs(weight[0]), segments };
  }
  let largest = 0;
  for (const ky of liveTaps(link, 0)) {
    for (const kx of liveTaps(link, 1)) {
      const first = (ky * width + kx) * link.source[0] * outputs;
      for (let at = first; at < first + link.source[0] * outputs; at += outputs) {
        let stored = 0;
        for (let i = at; i < at + outputs; i++) {
          const magnitude = Math.abs(weight[i]);
          if (magnitude > 0) stored++;
          if (magnitude > largest) largest = magnitude;
        }
        segments[stored]++;
      }
    }
  }
  return { largest, segments };
}

/** The target channels of `range` that source channel `source` feeds. */
export function segmentChannels(link: Link, source: number, range: Range): Range {
  const outputs = link.target[0] / link.projection.groups;
  const group = Math.floor(source / (link.source[0] / link.projection.groups));
  return intersect(range, [group * outputs, (group + 1) * outputs]);
}

/** Index of the weight from source channel `source` through `tap` (row by row) to target channel `channel`. */
export function weightIndex({ projection: { groups }, source: [sources], target: [targets] }: Link, tap: number, source: number, channel: number): number {
  const outputs = targets / groups;
  return (tap * sources + source) * outputs + channel % outputs;
}

const keptSums = new WeakMap<Int8Array, Map<string, Float64Array>>();

/** A size for each number of stored weights; `key` names it among others. */
export interface SegmentSize { readonly key: string; readonly of: (stored: number) => number }

/** Per tap, row by row: the sizes of the segments to target channels `channels`, summed over the source channels `sources`, which feed them. */
export function sumSegments(link: Link, channels: Range, [from, to]: Range, size: SegmentSize): Float64Array {
  const { weight, window: { kernel } } = link.projection;
  const kept = keptSums.get(weight) ?? new Map<string, Float64Array>();
  keptSums.set(weight, kept);
  const key = `${channels.join()} ${from},${to} ${size.key}`;
  const found = kept.get(key);
  if (found !== undefined) return found;
  const sizes = Float64Array.from({ length: channels[1] - channels[0] + 1 }, (_, stored) => size.of(stored));
  const sums = new Float64Array(kernel[0] * kernel[1]);
  for (let source = from; source < to; source++) {
    const range = segmentChannels(link, source, channels);
    for (let tap = 0; tap < sums.length; tap++) sums[tap] += sizes[countStored(link.projection, weightIndex(link, tap, source, range[0]), range[1] - range[0])];
  }
  kept.set(key, sums);
  return sums;
}

function countStored({ weight }: IntegerProjection, first: number, count: number): number {
  let stored = 0;
  for (let i = first; i < first + count; i++) if (weight[i] !== 0) stored++;
  return stored;
}

/** [tap][source channel]: weights other than zero to the target channels `channels`; zero for sources that do not feed them. */
export function storedByTap(link: Link, channels: Range): Uint32Array {
  const { window: { kernel } } = link.projection;
  const [from, to] = channelReach(link, channels);
  const stored = new Uint32Array(kernel[0] * kernel[1] * link.source[0]);
  for (let source = from; source < to; source++) {
    const range = segmentChannels(link, source, channels);
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      stored[tap * link.source[0] + source] = countStored(link.projection, weightIndex(link, tap, source, range[0]), range[1] - range[0]);
    }
  }
  return stored;
}
