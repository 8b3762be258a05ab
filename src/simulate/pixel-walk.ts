/**
 * A core's step pixel by pixel, for models that need not know which neuron of a pixel spikes: pixels row by
 * row and column by column, how many of their neurons are updated and spike, and to which cores how many
 * messages go. `traffic.ts` has the same step neuron by neuron.
 */
import type { KernelMemory } from '../kernels/kernels.js';
import { bits, type Destination, type Sender } from './traffic.js';

/** One message a spike, to one core. */
export interface PixelTarget extends Pick<Destination, 'core' | 'send' | 'work'> {
  /** Channels of each word of the walk; null: all of the slice. */
  readonly masks: Int32Array | null;
}

/** Where a core stands in its step. */
export interface PixelWalk {
  readonly sender: Sender;
  /** The slice's channels in words of 32. */
  readonly firstWord: number;
  readonly masks: Int32Array;
  /** The population's masks in words of 32: [place][sign][word] and [place][word]. */
  readonly fired: Uint32Array;
  readonly moved: Uint32Array;
  /** [row kind][column kind] */
  readonly targets: readonly (readonly (readonly PixelTarget[])[])[];
  t: number;
  y: number;
  x: number;
  /** Spikes of the pixel (y, x). */
  spikes: number;
  /** When it is done with what it has walked, in the unit of the sender's times; who walks adds the sending. */
  clock: number;
}

export interface WalkSource {
  readonly senders: readonly Sender[];
  readonly memory: KernelMemory;
  /** Least time between two messages of a core. */
  readonly interval: number;
}

export const pixelWalks = ({ senders, memory, interval }: WalkSource): PixelWalk[] => senders.map((sender) => {
  const { channels: [from, to], buffers } = sender;
  const places = buffers.shape[1] * buffers.shape[2] * buffers.steps;
  const firstWord = from >> 5;
  const count = ((to - 1) >> 5) - firstWord + 1;
  const masksOf = (low: number, high: number): Int32Array => Int32Array.from({ length: count }, (_, i) => rangeMask(low - (firstWord + i) * 32, high - (firstWord + i) * 32));
  const targets = sender.lists.map((columns) => columns.map((list) => list.map((d): PixelTarget =>
    ({ core: d.core, send: Math.max(d.send, interval), work: d.work, masks: d.from <= from && d.to >= to ? null : masksOf(d.from, d.to) }))));
  const fired = memory.uint32(buffers.spikes, places * buffers.signs * buffers.words * 2);
  const moved = memory.uint32(buffers.active, places * buffers.words * 2);
  return { sender, firstWord, masks: masksOf(from, to), fired, moved, targets, t: 0, y: 0, x: 0, spikes: 0, clock: 0 };
});

/** Bits low to high - 1 of 32, as far as there are such. */
function rangeMask(low: number, high: number): number {
  if (high <= 0 || low >= 32) return 0;
  return (high >= 32 ? -1 : (1 << high) - 1) & (-1 << Math.max(0, low));
}

/** Goes before the first pixel of local step t. */
export function startWalk(walk: PixelWalk, t: number): void {
  walk.t = t;
  walk.y = walk.sender.rows[0];
  walk.x = walk.sender.columns[0] - 1;
  walk.clock = 0;
}

const wordsAt = ({ sender, y, x, t }: PixelWalk): number => (y * sender.buffers.shape[2] + x) * sender.buffers.steps + t;

/** Goes to the next pixel that spikes, or to the end of the slice (false); the clock stands at the end of its updates. */
export function walkOn(walk: PixelWalk): boolean {
  const { sender: { buffers, rows, columns, channels, active, inactive, spike }, masks, firstWord, fired: spikes, moved } = walk;
  const words = 2 * buffers.words;
  const retractions = buffers.signs === 2 ? words : 0;
  const idle = (channels[1] - channels[0]) * inactive;
  for (;;) {
    if (++walk.x === columns[1]) {
      walk.x = columns[0];
      if (++walk.y === rows[1]) return false;
    }
    const place = wordsAt(walk);
    let fired = 0;
    let taken = 0;
    for (let i = 0; i < masks.length; i++) {
      const at = place * buffers.signs * words + firstWord + i;
      const spiking = (spikes[at] | spikes[at + retractions]) & masks[i];
      if (spiking !== 0) fired += bits(spiking);
      const updated = moved[place * words + firstWord + i] & masks[i];
      if (updated !== 0) taken += bits(updated);
    }
    walk.clock += idle + taken * (active - inactive) + fired * spike;
    walk.spikes = fired;
    if (fired > 0) return true;
  }
}

/** Where the spikes of the pixel go. */
export const targetsOf = ({ sender, targets, y, x }: PixelWalk): readonly PixelTarget[] => targets[sender.rowKind[y - sender.rows[0]]][sender.columnKind[x - sender.columns[0]]];

/** How many of the pixel's spikes go to a target. */
export function messagesTo(walk: PixelWalk, { masks }: PixelTarget): number {
  if (masks === null) return walk.spikes;
  const { buffers } = walk.sender;
  const words = 2 * buffers.words;
  const first = wordsAt(walk) * buffers.signs * words + walk.firstWord;
  const retractions = buffers.signs === 2 ? words : 0;
  let count = 0;
  for (let i = 0; i < masks.length; i++) count += bits((walk.fired[first + i] | walk.fired[first + i + retractions]) & masks[i]);
  return count;
}
