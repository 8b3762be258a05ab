/**
 * One population of integer neurons in the kernels (`c/spiking.c`): packs its weights once, then
 * runs all steps of a sample. Spikes are bit masks [pixel][step][word of 64 channels] in the kernels'
 * memory, signed ones two of them, and whoever takes those in sees twice the channels, every second with
 * opposite weights. `quantise/evaluate-integer.ts` is the plain reference with the same result, bit for bit.
 */
import type { Kernels } from './kernels.js';

type Pair = readonly [number, number];
type MapShape = readonly [channels: number, height: number, width: number];

/** Bit masks of one population over one sample. */
export interface SpikeBuffers {
  readonly shape: MapShape;
  readonly steps: number;
  /** 2: spikes of +1 and of -1; 1: of +1 alone. */
  readonly signs: 1 | 2;
  /** 64-bit words a pixel, step and sign. */
  readonly words: number;
  /** Offset of [pixel][step][sign][word]: bit c % 64 of word c / 64 is channel c. */
  readonly spikes: number;
  /** [pixel][step][word]: neurons that had a constant current or an arriving spike. */
  readonly active: number;
}

/** What the kernel needs of a projection; see `IntegerProjection` for the meaning of the fields. */
export interface LayerProjection {
  readonly source: SpikeBuffers;
  readonly weight: Int8Array;
  readonly window: { readonly kernel: Pair; readonly stride: Pair; readonly dilation: Pair; readonly pads: readonly [number, number, number, number] };
  readonly pool: Pair;
  readonly groups: number;
  readonly shift: number;
}

/** none: an integrator, which never spikes; signed: soft, and spikes may be taken back (`buffers` has both signs); second: soft through a second compartment. */
export type LayerReset = 'none' | 'soft' | 'hard' | 'signed' | 'second';

export interface LayerDescription {
  readonly buffers: SpikeBuffers;
  readonly reset: LayerReset;
  readonly decay: number;
  /** Of soft and hard resets: u lasts and loses currentDecay / 4096 in each step, and from a spike to the next possible one there are `refractory` steps. */
  readonly current: { readonly decay: number; readonly refractory: number } | null;
  /** Per channel. */
  readonly thresholds: Int32Array;
  /** Per channel: a signed neuron takes a spike back where v is below minus this. */
  readonly retractions: Int32Array;
  readonly limit: number;
  /** v at the first step, per channel. */
  readonly initials: Int32Array;
  readonly projections: readonly LayerProjection[];
  /** Offset of the constant currents, int32 [pixel][words * 64], and the elements from pixel to pixel (0: all alike). */
  readonly drive: { readonly at: number; readonly stride: number };
}

export interface SpikingLayer {
  /** Runs all steps; returns the neuron-steps in which v was clipped. */
  readonly run: () => number;
  /** Offset of v after each step, int32 [pixel][step][words * 64]; integrators only. */
  readonly trace: number;
}

/** In the order of the kernels' numbers. */
const RESETS: readonly LayerReset[] = ['none', 'soft', 'hard', 'signed', 'second'];
const LANES = 64;
const PROJECTION_FIELDS = 25;
const LAYER_FIELDS = 28;
const MAX_PROJECTIONS = 64;
/** Source channels are 16-bit numbers in the lists. */
const MAX_SOURCES = 65536;
/** Steps whose currents (256 bytes each) stay in the first cache. */
const CHUNK_STEPS = 64;
/** Weight rows of one chunk of steps: bounds the scratch at 4 MiB where one step allows it. */
const CHUNK_ROWS = 1 << 20;
/** The kernel copies lists eight at a time and may touch this many elements past their end. */
const SLACK = 16;

export const wordsOf = (channels: number): number => Math.ceil(channels / LANES);

/** Reserves the spike masks of a population, all zero. */
export function reserveSpikes({ memory }: Kernels, shape: MapShape, { steps, signs }: Pick<SpikeBuffers, 'steps' | 'signs'>): SpikeBuffers {
  const words = wordsOf(shape[0]);
  const bytes = shape[1] * shape[2] * steps * words * 8;
  const spikes = memory.reserve(signs * bytes);
  const active = memory.reserve(bytes);
  memory.uint8(spikes, signs * bytes).fill(0);
  memory.uint8(active, bytes).fill(0);
  return { shape, steps, signs, words, spikes, active };
}

/** Packs a layer into the kernels' memory. The spike buffers of its sources must hold a sample when it runs. */
export function prepareLayer(kernels: Kernels, layer: LayerDescription): SpikingLayer {
  const { memory } = kernels;
  const { shape, steps, words } = layer.buffers;
  if (layer.projections.length > MAX_PROJECTIONS) throw new RangeError(`internal: ${layer.projections.length} projections into one population, at most ${MAX_PROJECTIONS}`);
  const packed = layer.projections.map((p) => packProjection(kernels, p, shape));
  const worst = Math.max(1, ...packed.map((p) => p.rowsPerStep));
  const chunk = Math.max(1, Math.min(steps, CHUNK_STEPS, Math.floor(CHUNK_ROWS / worst)));
  const table = memory.reserve(Math.max(1, packed.length) * PROJECTION_FIELDS * 4);
  const trace = layer.reset === 'none' ? memory.reserve(shape[1] * shape[2] * steps * words * LANES * 4) : 0;
  const descriptor = memory.reserve(LAYER_FIELDS * 4);
  const thresholds = packChannels(kernels, layer.thresholds, words);
  const initials = packChannels(kernels, layer.initials, words);
  const retractions = packChannels(kernels, layer.retractions, words);
  const run = (): number => {
    const mark = memory.mark();
    packed.forEach((p, i) => memory.int32(table, packed.length * PROJECTION_FIELDS).set(bindProjection(kernels, p, chunk), i * PROJECTION_FIELDS));
    const starts = memory.reserve(Math.max(1, packed.length) * (chunk + 1) * 4);
    const arrived = memory.reserve(chunk * 8);
    const current = memory.reserve((chunk + 1) * LANES * 4);
    const potential = memory.reserve(words * LANES * 4);
    const synaptic = memory.reserve(words * LANES * 4);
    const history = memory.reserve(words * LANES * 4);
    memory.int32(descriptor, LAYER_FIELDS).set([
      table, packed.length, steps, chunk, shape[1], shape[2], shape[0], words,
      RESETS.indexOf(layer.reset), 4096 - layer.decay, layer.limit,
      layer.current === null ? 0 : 1, 4096 - (layer.current?.decay ?? 4096), layer.current?.refractory ?? 1, thresholds, initials, retractions,
      layer.drive.at, layer.drive.stride, layer.buffers.spikes, layer.buffers.active, trace,
      starts, arrived, current, potential, synaptic, history,
    ]);
    const clips = kernels.call['spiking_layer'](descriptor) >>> 0;
    memory.release(mark);
    return clips;
  };
  return { run, trace };
}

/** One number a channel, with zeros up to whole words. */
function packChannels({ memory }: Kernels, values: Int32Array, words: number): number {
  const at = memory.reserve(words * LANES * 4);
  const out = memory.int32(at, words * LANES);
  out.fill(0);
  out.set(values);
  return at;
}

interface PackedProjection {
  readonly projection: LayerProjection;
  readonly depthwise: number;
  readonly blocks: number;
  readonly windows: number;
  /** Source channels of one group as the kernels see them, signs included. */
  readonly inputs: number;
  readonly taps: number;
  /** Most weight rows that one target pixel can read in one step. */
  readonly rowsPerStep: number;
}

function packProjection(kernels: Kernels, projection: LayerProjection, target: MapShape): PackedProjection {
  const { kernel } = projection.window;
  const { shape: [channels], signs } = projection.source;
  if (channels * signs > MAX_SOURCES) throw new RangeError(`internal: a source of ${channels} channels${signs === 2 ? ' with signed spikes' : ''}, the kernels number ${MAX_SOURCES}`);
  const inputs = channels / projection.groups;
  const taps = kernel[0] * kernel[1] * projection.pool[0] * projection.pool[1];
  const plain = { projection, inputs: inputs * signs, taps, rowsPerStep: taps * inputs + SLACK };
  if (projection.groups > 1 && inputs === 1 && target[0] === channels) {
    return { ...plain, rowsPerStep: 1, depthwise: packDepthwise(kernels, projection, channels), blocks: 0, windows: 0 };
  }
  return { ...plain, depthwise: 0, ...packBlocks(kernels, projection, target[0]) };
}

const opposite = (weight: Int8Array): Int8Array => weight.map((w) => -w);

/** [tap][sign][words * 64]: the weights of one tap stand beside the channels they belong to. */
function packDepthwise({ memory }: Kernels, projection: LayerProjection, channels: number): number {
  const taps = projection.window.kernel[0] * projection.window.kernel[1];
  const stride = wordsOf(channels) * LANES;
  const { signs } = projection.source;
  const at = memory.reserve(taps * signs * stride);
  const out = memory.int8(at, taps * signs * stride).fill(0);
  for (let tap = 0; tap < taps; tap++) {
    const weight = projection.weight.subarray(tap * channels, (tap + 1) * channels);
    out.set(weight, tap * signs * stride);
    if (signs === 2) out.set(opposite(weight), (tap * signs + 1) * stride);
  }
  return at;
}

/** Cuts the output channels at group borders and at multiples of 64; each piece has its own rows, then a row of zeros. */
function packBlocks(kernels: Kernels, projection: LayerProjection, channels: number): { readonly blocks: number; readonly windows: number } {
  const { memory } = kernels;
  const outputs = channels / projection.groups;
  const fields: number[] = [];
  const windows = [0];
  for (let first = 0; first < channels; first += LANES) {
    const last = Math.min(first + LANES, channels);
    for (let c = first; c < last;) {
      const group = Math.floor(c / outputs);
      const end = Math.min(last, (group + 1) * outputs);
      const inputs = projection.source.shape[0] * projection.source.signs / projection.groups;
      const width = [8, 16, 32, 64].find((w) => w >= end - c)!;
      fields.push(packRows(kernels, projection, { first: c, end, width, group, outputs }), c - first, width, end - c, group * inputs);
      c = end;
    }
    windows.push(fields.length / 5);
  }
  const blocksAt = memory.reserve(fields.length * 4);
  memory.int32(blocksAt, fields.length).set(fields);
  const windowsAt = memory.reserve(windows.length * 4);
  memory.int32(windowsAt, windows.length).set(windows);
  return { blocks: blocksAt, windows: windowsAt };
}

interface Piece {
  readonly first: number;
  readonly end: number;
  readonly width: number;
  readonly group: number;
  readonly outputs: number;
}

function packRows({ memory }: Kernels, projection: LayerProjection, piece: Piece): number {
  const { shape: [channels], signs } = projection.source;
  const inputs = channels / projection.groups;
  const taps = projection.window.kernel[0] * projection.window.kernel[1];
  const bytes = (taps * inputs * signs + 1) * piece.width;
  const at = memory.reserve(bytes);
  const out = memory.int8(at, bytes).fill(0);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inputs; i++) {
      const row = (tap * channels + piece.group * inputs + i) * piece.outputs - piece.group * piece.outputs;
      const weight = projection.weight.subarray(row + piece.first, row + piece.end);
      const to = (tap * inputs + i) * signs * piece.width;
      out.set(weight, to);
      if (signs === 2) out.set(opposite(weight), to + piece.width);
    }
  }
  return at;
}

/** Lists the source's spikes and returns the projection's descriptor for one run. */
function bindProjection(kernels: Kernels, packed: PackedProjection, chunk: number): number[] {
  const { memory, call } = kernels;
  const { source, window, pool, groups, shift } = packed.projection;
  const places = source.shape[1] * source.shape[2] * source.steps;
  let starts = 0;
  let events = 0;
  let rows = 0;
  if (packed.depthwise === 0) {
    const count = call['spiking_count'](source.spikes, places * source.signs * source.words) >>> 0;
    starts = memory.reserve((places + 1) * 4);
    events = memory.reserve((count + SLACK) * 2);
    call[source.signs === 2 ? 'spiking_expand_signed' : 'spiking_expand'](source.spikes, places, source.words, starts, events);
    rows = memory.reserve((chunk * packed.rowsPerStep + SLACK) * 4);
  }
  const taps = memory.reserve(packed.taps * 8);
  return [
    starts, events, source.spikes, packed.depthwise, packed.blocks, packed.windows, taps, rows,
    source.shape[1], source.shape[2], source.words, ...window.kernel, ...window.stride, ...window.dilation,
    window.pads[0], window.pads[1], ...pool, packed.inputs, groups, shift, source.signs,
  ];
}
