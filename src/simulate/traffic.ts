/**
 * The messages of one chip step, core by core in the order in which they leave: neurons are updated row
 * by row, in a row column by column, in a pixel channel by channel; a neuron that spikes sends at once,
 * one message to its own core where that is how it resets, then one to each core that it reaches, in the order of the routes. Each message carries the time that
 * its target core works on it: taking it in, then its synaptic operations. Which cores a neuron reaches
 * depends on its row and its column apart, so a core keeps one list for each kind of row and kind of
 * column. Messages of a step are overwritten by those of the next.
 */
import type { KernelMemory } from '../kernels/kernels.js';
import type { MeshLoad } from '../kernels/mesh-description.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import { hasTwoCompartments } from '../map/core-use.js';
import { isPart } from '../map/fan-in-parts.js';
import { intersect, lengthOf, linksOf } from '../map/reach.js';
import type { Program } from '../program/program.js';
import { isSigned } from '../spiking/network.js';
import type { CountingPlan, Region } from './counting-plan.js';
import { formatLatency, type Latencies } from './latencies.js';

/** What traffic is made from: a program, what is counted in it, its times in any unit, and the masks of the sample that ran last. */
export interface TrafficSource {
  readonly program: Program;
  readonly plan: CountingPlan;
  readonly times: Latencies;
  readonly buffers: readonly SpikeBuffers[];
  readonly memory: KernelMemory;
  /** By core: masks of the sums that parts of a fan-in send. */
  readonly parts?: ReadonlyMap<number, SpikeBuffers> | undefined;
}

/** Gives the messages of chip step s. Times are in the unit of the source's. */
export type Traffic = (step: number) => MeshLoad;

/** One message that a spike of the channels [from, to) sends. */
export interface Destination {
  readonly core: number;
  readonly from: number;
  readonly to: number;
  /** Time of sending it (with multicast only that of a projection's first core), and of its work at the target. */
  readonly send: number;
  readonly work: number;
  /** The same by channel, where it differs because zeros are not stored; `work` is then the mean over the slice. */
  readonly works: Float64Array | null;
}

export interface Sender {
  readonly buffers: SpikeBuffers;
  readonly depth: number;
  readonly channels: readonly [number, number];
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  /** Time of one update with input, without, and of one spike. */
  readonly active: number;
  readonly inactive: number;
  readonly spike: number;
  /** [row kind][column kind]; kinds by row and column of the slice. */
  readonly lists: readonly (readonly (readonly Destination[])[])[];
  readonly rowKind: readonly number[];
  readonly columnKind: readonly number[];
}

export function createTraffic(source: TrafficSource): Traffic {
  const { program } = source;
  const senders = program.cores.map((_, core) => senderOf(core, source));
  const T = program.network.timesteps;
  const starts = new Int32Array(senders.length + 1);
  const end = new Float64Array(senders.length);
  const out = messageBuffer();
  return (step) => {
    out.count = 0;
    senders.forEach((sender, i) => {
      const t = step - sender.depth;
      end[i] = t < 0 || t >= T ? 0 : generate(sender, t, source.memory, out);
      starts[i + 1] = out.count;
    });
    return { messages: out.count, starts, end, ready: out.ready, to: out.to, work: out.work };
  };
}

/** Messages in the order in which they were appended. */
export interface MessageBuffer { count: number; ready: Float64Array; to: Int32Array; work: Float64Array }

export const messageBuffer = (): MessageBuffer => ({ count: 0, ready: new Float64Array(4096), to: new Int32Array(4096), work: new Float64Array(4096) });

function grow(out: MessageBuffer): void {
  const { ready, to, work } = out;
  const size = 2 * ready.length;
  out.ready = new Float64Array(size);
  out.to = new Int32Array(size);
  out.work = new Float64Array(size);
  out.ready.set(ready);
  out.to.set(to);
  out.work.set(work);
}

export function append(out: MessageBuffer, ready: number, to: number, work: number): void {
  if (out.count === out.to.length) grow(out);
  out.ready[out.count] = ready;
  out.to[out.count] = to;
  out.work[out.count++] = work;
}

/** Set bits of 32. */
export const bits = (word: number): number => {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** Appends a core's messages of local step t and returns when it is done generating. */
function generate(sender: Sender, t: number, memory: KernelMemory, out: MessageBuffer): number {
  const { buffers, channels, rows, columns } = sender;
  const [, height, width] = buffers.shape;
  const words = buffers.words * 2;
  const places = height * width * buffers.steps;
  const spikes = memory.uint32(buffers.spikes, places * buffers.signs * words);
  const active = memory.uint32(buffers.active, places * words);
  const extra = sender.active - sender.inactive;
  const firstWord = channels[0] >> 5;
  const lastWord = (channels[1] - 1) >> 5;
  let clock = 0;
  for (let y = rows[0]; y < rows[1]; y++) {
    const lists = sender.lists[sender.rowKind[y - rows[0]]];
    for (let x = columns[0]; x < columns[1]; x++) {
      const list = lists[sender.columnKind[x - columns[0]]];
      const place = (y * width + x) * buffers.steps + t;
      for (let w = firstWord; w <= lastWord; w++) {
        const low = Math.max(channels[0] - w * 32, 0);
        const high = Math.min(channels[1] - w * 32, 32);
        const inside = (high === 32 ? -1 : (1 << high) - 1) & (-1 << low);
        const at = place * buffers.signs * words + w;
        const fired = (spikes[at] | (buffers.signs === 2 ? spikes[at + words] : 0)) & inside;
        const moved = active[place * words + w] & inside;
        if (fired === 0) {
          clock += (high - low) * sender.inactive + bits(moved) * extra;
          continue;
        }
        let done = low;
        for (let rest = fired; rest !== 0; rest &= rest - 1) {
          const bit = 31 - Math.clz32(rest & -rest);
          const below = bit === 31 ? -1 : (1 << (bit + 1)) - 1;
          clock += (bit + 1 - done) * sender.inactive + bits(moved & below & (-1 << done)) * extra + sender.spike;
          done = bit + 1;
          const channel = w * 32 + bit;
          for (const d of list) {
            if (channel < d.from || channel >= d.to) continue;
            clock += d.send;
            append(out, clock, d.core, d.works === null ? d.work : d.works[channel]);
          }
        }
        if (done < high) clock += (high - done) * sender.inactive + bits(moved & (-1 << done)) * extra;
      }
    }
  }
  return clock;
}

/** How a core of the program generates. */
export function senderOf(core: number, { program, plan, times, buffers, parts }: Omit<TrafficSource, 'memory'>): Sender {
  const { network, cores } = program;
  const { slice } = cores[core];
  const index = network.populations.findIndex((p) => p.id === slice.population);
  const { neuron } = network.populations[index];
  const { depth } = plan.cores[core];
  if (isPart(slice)) {
    const masks = parts?.get(core);
    if (masks === undefined) throw new RangeError(`internal: core ${core} holds a part of a fan-in and has no masks of its sums`);
    const list = sumDestinations(core, { program, times });
    return { buffers: masks, depth, channels: slice.channels, rows: [0, 1], columns: [0, 1], spike: times.spike, inactive: times.neuronInactive, active: times.neuronActive, lists: [[list]], rowKind: [0], columnKind: [0] };
  }
  const compartments = hasTwoCompartments({ neuron }) ? 2 : 1;
  const relay = neuron.model === 'relay';
  const inactive = relay ? 0 : compartments * times.neuronInactive;
  const kinds = destinationKinds(core, { program, plan, times });
  return {
    buffers: buffers[index], depth, channels: slice.channels, rows: slice.rows, columns: slice.columns, spike: times.spike, inactive,
    active: relay ? 0 : compartments * (times.neuronActive + (isSigned({ neuron }) ? times.secondState : 0)),
    ...kinds,
  };
}

/** Where the sums of a part go: one message each, which reads one weight. */
function sumDestinations(core: number, { program: { routes, cores }, times }: Pick<TrafficSource, 'program' | 'times'>): Destination[] {
  return routes.flatMap(({ from, to }): Destination[] => {
    if (from !== core) return [];
    const [first, last] = intersect(cores[from].slice.channels, cores[to].slice.channels);
    return [{ core: to, from: first, to: last, send: times.axonOut + times.gradedMessage, work: times.axonIn + times.synapticOpDense + times.gradedSynapticOp, works: null }];
  });
}

type Kinds = Pick<Sender, 'lists' | 'rowKind' | 'columnKind'>;

/** Where a pixel's spikes go, for each kind of row and of column. */
function destinationKinds(core: number, { program, plan, times }: Pick<TrafficSource, 'program' | 'plan' | 'times'>): Kinds {
  const { slice } = program.cores[core];
  const links = linksOf(program.network);
  const signed = new Set(program.network.populations.filter(isSigned).map((p) => p.id));
  const terms = program.routes.flatMap((route, i) => {
    if (route.from !== core) return [];
    const link = links[route.projection];
    const graded = signed.has(link.projection.source);
    const operation = times[formatLatency(link, program)] + (graded ? times.gradedSynapticOp : 0);
    return plan.routes[i].synapticOps.map(({ region, times: targets }) => ({
      core: route.to, projection: route.projection, region: plan.regions[region], operation: targets * operation, send: times.axonOut + (graded ? times.gradedMessage : 0),
    }));
  });
  const row = kindsOf(slice.rows, terms.map((t) => t.region.rows));
  const column = kindsOf(slice.columns, terms.map((t) => t.region.columns));
  const { neuron } = program.network.populations.find((p) => p.id === slice.population)!;
  const resets: Destination[] = hasTwoCompartments({ neuron })
    ? [{ core, from: slice.channels[0], to: slice.channels[1], send: times.axonOut, work: times.axonIn + times.synapticOpDense, works: null }] : [];
  const listOf = (y: number, x: number): Destination[] => {
    const sent: { readonly projection: number; readonly channels: readonly [number, number] }[] = []; // of a projection with multicast, once
    return resets.concat(terms.flatMap(({ core: to, projection, region, operation, send: each }): Destination[] => {
      const again = program.target.capabilities.multicast === true && sent.some((s) => s.projection === projection && lengthOf(intersect(s.channels, region.channels)) > 0);
      const send = again ? 0 : each;
      const taps = region.table === undefined ? region.rows[y] * region.columns[x] : 0;
      const found = region.table !== undefined ? sparseDestination(region, [y, x], { core: to, send, axonIn: times.axonIn, operation })
        : taps === 0 ? [] : [{ core: to, ...channelsOf(region), send, work: times.axonIn + taps * operation, works: null }];
      if (found.length > 0) sent.push({ projection, channels: region.channels });
      return found;
    }));
  };
  return { lists: row.firsts.map((y) => column.firsts.map((x) => listOf(y, x))), rowKind: row.kind, columnKind: column.kind };
}

/** Where zeros are not stored, the weights that a spike reads depend on its channel. */
function sparseDestination(region: Region, [y, x]: readonly [number, number], to: { readonly core: number; readonly send: number; readonly axonIn: number; readonly operation: number }): Destination[] {
  const { rows, columns, table, channels: [first, last] } = region;
  if (table === undefined || rows[y] < 0 || columns[x] < 0) return [];
  const at = (rows[y] * table.columnPatterns + columns[x]) * table.channels;
  const works = Float64Array.from({ length: table.channels }, (_, c) => to.axonIn + table.weights[at + c] * to.operation);
  const work = works.subarray(first, last).reduce((sum, w) => sum + w, 0) / Math.max(1, last - first);
  return [{ core: to.core, send: to.send, ...channelsOf(region), work, works }];
}

const channelsOf = ({ channels }: Region): { readonly from: number; readonly to: number } => ({ from: channels[0], to: channels[1] });

/** Positions at which all weights agree are of one kind. */
function kindsOf([from, to]: readonly [number, number], weights: readonly Int32Array[]): { readonly kind: number[]; readonly firsts: number[] } {
  const known = new Map<string, number>();
  const firsts: number[] = [];
  const kind = Array.from({ length: to - from }, (_, i) => {
    const key = weights.map((w) => w[from + i]).join();
    const found = known.get(key) ?? firsts.push(from + i) - 1;
    known.set(key, found);
    return found;
  });
  return { kind, firsts };
}
