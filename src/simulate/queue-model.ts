/**
 * When cores are done with one chip step if messages wait for cores but not for links. Pixel by pixel a
 * core updates its neurons and hands over the messages of their spikes, all to one core at once; they
 * travel their route and wait for the core to be done with what came before. A core takes only so many
 * messages ahead of its work. Once it has fallen behind by that much, senders wait until it has caught up with part of
 * it, and all that they send after that comes later (head-of-line blocking). In time order over all cores:
 *
 *   done(core)  = max(done(core), ready + travel) + work of the messages
 *   ready       = max(ready, done(core) - travel - places * mean work of its messages)      for what is sent next
 *
 * Each step is O(pixels with spikes * cores that they reach), however many synapses there are.
 */
import type { KernelMemory } from '../kernels/kernels.js';
import { bits, type Sender } from './traffic.js';

/** From one core to another. */
export interface Way {
  /** Time of an empty route. */
  readonly travel: number;
  /** Messages under way or waiting before the sender has to wait; Infinity: it never has to. */
  readonly places: number;
}

export interface QueueSource {
  readonly senders: readonly Sender[];
  readonly timesteps: number;
  readonly memory: KernelMemory;
  readonly way: (from: number, to: number) => Way;
  /** Least time between two messages of a core. */
  readonly interval: number;
  /** Messages that a core that is idle can fall behind by before its senders have to wait. */
  readonly most: number;
}

/** Gives the time at which all cores are done with chip step s, in the unit of the senders' times. */
export type QueueModel = (step: number) => number;

/** One message a spike, to one core. */
interface PixelTarget {
  readonly core: number;
  readonly send: number;
  readonly work: number;
  readonly travel: number;
  /** Messages that may lie ahead at the target before the sender waits. */
  readonly places: number;
  /** Channels of each word of the cursor; null: all of the slice. */
  readonly masks: Int32Array | null;
}

interface Targets {
  /** Per core: when it is done with what it has. */
  readonly done: Float64Array;
  /** The work of its messages so far in the step, and how many they are. */
  readonly work: Float64Array;
  readonly taken: Float64Array;
  /** 1: it fell behind by more than `most` messages and has not been idle since. */
  readonly full: Uint8Array;
  readonly most: number;
}

/** Where a core stands in its step. */
interface Cursor {
  readonly sender: Sender;
  /** The slice's channels in words of 32. */
  readonly firstWord: number;
  readonly masks: Int32Array;
  /** The population's masks in words of 32: [place][sign][word] and [place][word]. */
  readonly fired: Uint32Array;
  readonly moved: Uint32Array;
  readonly targets: readonly (readonly (readonly PixelTarget[])[])[];
  t: number;
  y: number;
  x: number;
  /** Spikes of the pixel (y, x), and how many of its targets have got theirs. */
  spikes: number;
  sent: number;
  /** Generation without waits, and what waits have added. */
  clock: number;
  lag: number;
}

export function createQueueModel(source: QueueSource): QueueModel {
  const cursors = source.senders.map((sender, core) => cursorOf(sender, core, source));
  const targets: Targets = { done: new Float64Array(cursors.length), work: new Float64Array(cursors.length), taken: new Float64Array(cursors.length), full: new Uint8Array(cursors.length), most: source.most };
  const queue = createTimeQueue(cursors.length);
  return (step) => {
    for (const sums of [targets.done, targets.work, targets.taken, targets.full]) sums.fill(0);
    let last = 0;
    cursors.forEach((cursor, core) => {
      const t = step - cursor.sender.depth;
      if (t < 0 || t >= source.timesteps) return;
      Object.assign(cursor, { t, y: cursor.sender.rows[0], x: cursor.sender.columns[0] - 1, clock: 0, lag: 0 });
      if (advance(cursor)) queue.push(core, cursor.clock);
      else last = Math.max(last, cursor.clock);
    });
    for (let core = queue.first(); core >= 0; core = queue.first()) {
      const cursor = cursors[core];
      if (send(cursor, targets) || advance(cursor)) { queue.replaceFirst(cursor.clock + cursor.lag); continue; }
      last = Math.max(last, cursor.clock + cursor.lag);
      queue.removeFirst();
    }
    return targets.done.reduce((most, d) => Math.max(most, d), last);
  };
}

function cursorOf(sender: Sender, core: number, { way, interval, memory }: QueueSource): Cursor {
  const { channels: [from, to], buffers } = sender;
  const places = buffers.shape[1] * buffers.shape[2] * buffers.steps;
  const firstWord = from >> 5;
  const count = ((to - 1) >> 5) - firstWord + 1;
  const masksOf = (low: number, high: number): Int32Array => Int32Array.from({ length: count }, (_, i) => rangeMask(low - (firstWord + i) * 32, high - (firstWord + i) * 32));
  const targets = sender.lists.map((columns) => columns.map((list) => list.map((d): PixelTarget => {
    const { travel, places } = way(core, d.core);
    return { core: d.core, send: Math.max(d.send, interval), work: d.work, travel, places, masks: d.from <= from && d.to >= to ? null : masksOf(d.from, d.to) };
  })));
  const fired = memory.uint32(buffers.spikes, places * buffers.signs * buffers.words * 2);
  const moved = memory.uint32(buffers.active, places * buffers.words * 2);
  return { sender, firstWord, masks: masksOf(from, to), fired, moved, targets, t: 0, y: 0, x: 0, spikes: 0, sent: 0, clock: 0, lag: 0 };
}

/** Bits low to high - 1 of 32, as far as there are such. */
function rangeMask(low: number, high: number): number {
  if (high <= 0 || low >= 32) return 0;
  return (high >= 32 ? -1 : (1 << high) - 1) & (-1 << Math.max(0, low));
}

const wordsAt = (cursor: Cursor): number => (cursor.y * cursor.sender.buffers.shape[2] + cursor.x) * cursor.sender.buffers.steps + cursor.t;

/** Goes to the next pixel that spikes, or to the end of the slice (false); the clock stands at the end of its updates. */
function advance(cursor: Cursor): boolean {
  const { sender: { buffers, rows, columns, active, inactive, spike }, masks, firstWord, fired: spikes, moved } = cursor;
  const words = 2 * buffers.words;
  const channels = cursor.sender.channels[1] - cursor.sender.channels[0];
  for (;;) {
    if (++cursor.x === columns[1]) {
      cursor.x = columns[0];
      if (++cursor.y === rows[1]) return false;
    }
    const place = wordsAt(cursor);
    let fired = 0;
    let taken = 0;
    for (let i = 0; i < masks.length; i++) {
      const at = place * buffers.signs * words + firstWord + i;
      fired += bits((spikes[at] | (buffers.signs === 2 ? spikes[at + words] : 0)) & masks[i]);
      taken += bits(moved[place * words + firstWord + i] & masks[i]);
    }
    cursor.clock += channels * inactive + taken * (active - inactive) + fired * spike;
    cursor.spikes = fired;
    cursor.sent = 0;
    if (fired > 0) return true;
  }
}

/**
 * Hands over messages of the cursor's pixel until one has to wait (true: some may be left) or all have gone.
 */
function send(cursor: Cursor, { done, work, taken, full, most }: Targets): boolean {
  const { sender } = cursor;
  const list = cursor.targets[sender.rowKind[cursor.y - sender.rows[0]]][sender.columnKind[cursor.x - sender.columns[0]]];
  while (cursor.sent < list.length) {
    const target = list[cursor.sent++];
    const messages = target.masks === null ? cursor.spikes : countSpikes(cursor, target.masks);
    if (messages === 0) continue;
    const { core } = target;
    cursor.clock += messages * target.send;
    const ready = cursor.clock + cursor.lag;
    const arrived = ready + target.travel;
    const after = (done[core] > arrived ? done[core] : arrived) + messages * target.work;
    work[core] += messages * target.work;
    taken[core] += messages;
    const backlog = (after - arrived) * taken[core] / work[core];
    if (done[core] <= arrived) full[core] = 0;
    else if (backlog > most) full[core] = 1;
    done[core] = after;
    const release = after - target.travel - target.places * work[core] / taken[core];
    if (release > ready && full[core] === 1) {
      cursor.lag = release - cursor.clock;
      return true;
    }
  }
  return false;
}

function countSpikes(cursor: Cursor, masks: Int32Array): number {
  const { buffers } = cursor.sender;
  const words = 2 * buffers.words;
  const spikes = cursor.fired;
  const first = wordsAt(cursor) * buffers.signs * words + cursor.firstWord;
  let count = 0;
  for (let i = 0; i < masks.length; i++) count += bits((spikes[first + i] | (buffers.signs === 2 ? spikes[first + i + words] : 0)) & masks[i]);
  return count;
}

/** Cores by time, earliest first; of equal times in an order that depends on nothing but the calls. */
function createTimeQueue(most: number) {
  const cores = new Int32Array(most);
  const times = new Float64Array(most);
  let size = 0;
  const sink = (core: number, time: number): void => {
    let i = 0;
    for (let child = 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      cores[i] = cores[child];
      times[i] = times[child];
      i = child;
    }
    cores[i] = core;
    times[i] = time;
  };
  return {
    first: (): number => (size === 0 ? -1 : cores[0]),
    push: (core: number, time: number): void => {
      let i = size++;
      for (let parent = (i - 1) >> 1; i > 0 && times[parent] > time; parent = (i - 1) >> 1) {
        cores[i] = cores[parent];
        times[i] = times[parent];
        i = parent;
      }
      cores[i] = core;
      times[i] = time;
    },
    replaceFirst: (time: number): void => sink(cores[0], time),
    removeFirst: (): void => { size--; if (size > 0) sink(cores[size], times[size]); },
  };
}
