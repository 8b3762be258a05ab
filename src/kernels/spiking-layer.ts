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
const PROJECTION_FIELDS = 26;
const LAYER_FIELDS = 29;
const MAX_PROJECTIONS = 64;
/** Source channels are 16-bit numbers in the lists. */
const MAX_SOURCES = 65536;
/** Steps whose currents (256 bytes each) stay in the first cache. */
const CHUNK_STEPS = 64;
/** Weight rows of one row of target pixels in one chunk of steps: bounds the scratch at 4 MiB where one step allows it. */
const CHUNK_ROWS = 1 << 20;
/** The kernel copies lists up to sixteen at a time and may touch this many elements past their end. */
const SLACK = 32;

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
  const table = memory.reserve(Math.max(1, packed.length) * PROJECTION_FIELDS * 4);
  const trace = layer.reset === 'none' ? memory.reserve(shape[1] * shape[2] * steps * words * LANES * 4) : 0;
  const descriptor = memory.reserve(LAYER_FIELDS * 4);
  const thresholds = packChannels(kernels, layer.thresholds, words);
  const initials = packChannels(kernels, layer.initials, words);
  const retractions = packChannels(kernels, layer.retractions, words);
  const run = (): number => {
    const mark = memory.mark();
    const lists = packed.map((p) => listSource(kernels, p));
    const chunk = Math.max(1, Math.min(steps, CHUNK_STEPS, ...lists.map((list) => list.steps)));
    let listed = 0;
    packed.forEach((p, i) => {
      memory.int32(table, packed.length * PROJECTION_FIELDS).set(bindProjection(kernels, p, { list: lists[i], chunk, listed }), i * PROJECTION_FIELDS);
      listed += p.projection.groups * chunk * p.cells[1] + 1;
    });
    const row = shape[2] * words * LANES * 4;
    const starts = memory.reserve(Math.max(1, listed) * 4);
    const arrived = memory.reserve(chunk * 8);
    const sums = memory.reserve(chunk * LANES * 2);
    const current = memory.reserve((chunk + 1) * LANES * 4);
    const potential = memory.reserve(row);
    const synaptic = memory.reserve(row);
    const history = memory.reserve(row);
    memory.int32(descriptor, LAYER_FIELDS).set([
      table, packed.length, steps, chunk, shape[1], shape[2], shape[0], words,
      RESETS.indexOf(layer.reset), 4096 - layer.decay, layer.limit,
      layer.current === null ? 0 : 1, 4096 - (layer.current?.decay ?? 4096), layer.current?.refractory ?? 1, thresholds, initials, retractions,
      layer.drive.at, layer.drive.stride, layer.buffers.spikes, layer.buffers.active, trace,
      starts, arrived, sums, current, potential, synaptic, history,
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
  /** Rows and columns of the source in units of the pooling. */
  readonly cells: Pair;
  /** Most weight rows that one row of target pixels can read in one step. */
  readonly rowsPerStep: number;
}

function packProjection(kernels: Kernels, projection: LayerProjection, target: MapShape): PackedProjection {
  const { kernel } = projection.window;
  const { shape: [channels], signs } = projection.source;
  if (channels * signs > MAX_SOURCES) throw new RangeError(`internal: a source of ${channels} channels${signs === 2 ? ' with signed spikes' : ''}, the kernels number ${MAX_SOURCES}`);
  const inputs = channels / projection.groups;
  const taps = kernel[0] * kernel[1] * projection.pool[0] * projection.pool[1];
  const { source: { shape: [, height, width] }, pool } = projection;
  const cells: Pair = [Math.ceil(height / pool[0]), Math.ceil(width / pool[1])];
  const plain = { projection, inputs: inputs * signs, taps, cells, rowsPerStep: kernel[0] * pool[0] * width * channels * signs };
  if (projection.groups > 1 && inputs === 1 && target[0] === channels) {
    return { ...plain, depthwise: packDepthwise(kernels, projection, channels), blocks: 0, windows: 0 };
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
  const { kernel } = projection.window;
  const taps = kernel[0] * kernel[1];
  const bytes = (taps * inputs * signs + 1) * piece.width;
  const at = memory.reserve(bytes);
  const out = memory.int8(at, bytes).fill(0);
  for (let tap = 0; tap < taps; tap++) {
    const place = (tap % kernel[1]) * kernel[0] + Math.floor(tap / kernel[1]);
    for (let i = 0; i < inputs; i++) {
      const row = (tap * channels + piece.group * inputs + i) * piece.outputs - piece.group * piece.outputs;
      const weight = projection.weight.subarray(row + piece.first, row + piece.end);
      const to = (place * inputs + i) * signs * piece.width;
      out.set(weight, to);
      if (signs === 2) out.set(opposite(weight), to + piece.width);
    }
  }
  return at;
}

interface SourceList {
  readonly starts: number;
  readonly events: number;
  /** Weight rows of the fullest row of target pixels, at most. */
  readonly rows: number;
  /** Steps whose weight rows fit the scratch. */
  readonly steps: number;
}

/** Lists the source's spikes. */
function listSource({ memory, call }: Kernels, { projection: { source, window, pool }, depthwise, cells, rowsPerStep }: PackedProjection): SourceList {
  if (depthwise !== 0) return { starts: 0, events: 0, rows: 0, steps: source.steps };
  const { shape: [, height, width], steps, words, signs, spikes } = source;
  const count = call['spiking_count'](spikes, height * width * steps * signs * words) >>> 0;
  const places = cells[0] * cells[1] * steps;
  const startsAt = memory.reserve((places + 1) * 4);
  const events = memory.reserve((count + SLACK) * 2);
  const fields = [spikes, startsAt, events, height, width, ...pool, steps, words, signs];
  const description = memory.reserve(fields.length * 4);
  memory.int32(description, fields.length).set(fields);
  call['spiking_expand'](description);
  const starts = memory.uint32(startsAt, places + 1);
  let fullest = 0;
  for (let y = 0; y < cells[0]; y++) fullest = Math.max(fullest, starts[(y + 1) * cells[1] * steps] - starts[y * cells[1] * steps]);
  const rows = fullest * window.kernel[0];
  return { starts: startsAt, events, rows, steps: rows <= CHUNK_ROWS ? steps : Math.floor(CHUNK_ROWS / rowsPerStep) };
}

/** The projection's descriptor for one run; `listed` is the first of the layer's list starts that is its own. */
function bindProjection({ memory }: Kernels, packed: PackedProjection, { list, chunk, listed }: { readonly list: SourceList; readonly chunk: number; readonly listed: number }): number[] {
  const { source, window, pool, groups, shift } = packed.projection;
  const rows = memory.reserve((Math.min(list.rows, chunk * packed.rowsPerStep) + SLACK) * 4);
  const taps = memory.reserve(packed.taps * 8);
  return [
    list.starts, list.events, source.spikes, packed.depthwise, packed.blocks, packed.windows, taps, rows,
    source.shape[1], source.shape[2], source.words, ...window.kernel, ...window.stride, ...window.dilation,
    window.pads[0], window.pads[1], ...pool, packed.inputs, listed, groups, shift, source.signs,
  ];
}
