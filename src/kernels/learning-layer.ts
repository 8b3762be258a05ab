/**
 * One population in the learning kernels (`c/learning.c`): reserves its buffers, packs its filters, and
 * runs it forward and backward through all steps of one image. Gradients add up over images until
 * they are cleared. `learn/reference-bptt.ts` is the plain reference.
 */
import type { Kernels } from './kernels.js';
import { wordsOf } from './spiking-layer.js';

type Pair = readonly [number, number];
type MapShape = readonly [channels: number, height: number, width: number];

/** What a population keeps of one image. Floats are [pixel][step][width], width = channels rounded up to 4. */
export interface NeuronBuffers {
  readonly shape: MapShape;
  readonly steps: number;
  readonly width: number;
  readonly words: number;
  /** u, before the reset. */
  readonly potentials: number;
  /** dL/ds, then dL/du. */
  readonly gradients: number;
  /** [pixel][step][word] bit masks. */
  readonly spikes: number;
  /** [pixel * steps + t]: where the channel list of a place begins; the last entry is the number of spikes. */
  readonly starts: number;
  readonly events: number;
}

export interface FilterGeometry {
  readonly window: { readonly kernel: Pair; readonly stride: Pair; readonly dilation: Pair; readonly pads: readonly [number, number, number, number] };
  readonly pool: Pair;
  readonly groups: number;
}

/** A filter from a population, or from the image (`null`). */
export interface LearningLink extends FilterGeometry { readonly source: NeuronBuffers | null; readonly imageShape: MapShape }

export interface LearningLayerDescription {
  readonly buffers: NeuronBuffers;
  readonly reset: 'none' | 'soft' | 'hard';
  readonly surrogate: { readonly shape: 'boxcar' | 'triangle' | 'arctangent'; readonly width: number };
  /** Whether the gradient flows from step to step. */
  readonly carry: boolean;
  readonly leaky: boolean;
  /** v at the first step, in thresholds. */
  readonly initial: number;
  /** What one spike adds to the loss. */
  readonly price: number;
  readonly links: readonly LearningLink[];
  readonly scratch: LearningScratch;
  /** Share of neuron-steps with an innovation above which the gradient of the source's spikes is computed densely. */
  readonly denseAbove: number;
  /** Weight gradients go over innovations where that costs less than this share of going over spikes; 0: never. */
  readonly tracedBelow: number;
}

export interface LearningLayer {
  readonly loadFilter: (link: number, weights: Float32Array) => void;
  readonly loadNeurons: (thresholds: Float32Array, leak: number) => void;
  /** Sets the constant current: a number a channel plus `add` [channel][pixel] if given, then the links from the image. */
  readonly setDrive: (bias: Float32Array, image: Float32Array, add?: Float32Array) => void;
  readonly forward: () => void;
  /** Turns dL/ds into gradients; returns the share of neuron-steps with an innovation. */
  readonly backward: (image: Float32Array) => number;
  readonly clear: () => void;
  readonly readFilter: (link: number, out: Float32Array) => void;
  readonly slopes: () => { readonly bias: Float64Array; readonly threshold: Float32Array; readonly leak: number };
}

/** Buffers that all layers of a network share. */
export interface LearningScratch {
  readonly first: number;
  readonly count: number;
  readonly channel: number;
  readonly value: number;
  readonly sums: number;
  readonly taps: number;
  readonly rows: number;
  readonly factors: number;
  readonly accumulator: number;
  readonly trace: number;
  readonly image: number;
}

const LAYER_FIELDS = 33;
const LINK_FIELDS = 24;
/** The kernels copy lists four at a time. */
const SLACK = 16;
const MOST_LINKS = 64;

const widthOf = (channels: number): number => (channels + 3) & ~3;
const pixelsOf = (shape: MapShape): number => shape[1] * shape[2];
const isGrouped = (link: FilterGeometry): boolean => link.groups > 1;

export function reserveNeurons({ memory }: Kernels, shape: MapShape, steps: number): NeuronBuffers {
  const width = widthOf(shape[0]);
  const words = wordsOf(shape[0]);
  const places = pixelsOf(shape) * steps;
  const floats = (): number => memory.reserve(places * width * 4);
  return {
    shape, steps, width, words, potentials: floats(), gradients: floats(), spikes: memory.reserve(places * words * 8),
    starts: memory.reserve((places + 1) * 4), events: memory.reserve((places * shape[0] + SLACK) * 2),
  };
}

/** Scratch for all layers over these populations and links. */
export function reserveScratch({ memory }: Kernels, populations: readonly NeuronBuffers[], links: readonly { readonly link: LearningLink; readonly target: MapShape }[], image: number): LearningScratch {
  const most = (of: (b: NeuronBuffers) => number): number => Math.max(1, ...populations.map(of));
  const places = most((b) => pixelsOf(b.shape) * b.steps);
  const innovations = most((b) => pixelsOf(b.shape) * b.steps * b.width) + SLACK;
  const cells = links.map(({ link }) => link.window.kernel[0] * link.window.kernel[1] * link.pool[0] * link.pool[1]);
  const rows = Math.max(0, ...links.map(({ link, target }, i) => Math.max(cells[i] * (link.source?.shape ?? link.imageShape)[0], cells[i] * target[0]))) + SLACK;
  return {
    first: memory.reserve(places * 4), count: memory.reserve(places * 4),
    channel: memory.reserve(innovations * 2), value: memory.reserve(innovations * 4),
    sums: memory.reserve(most((b) => pixelsOf(b.shape) * b.width) * 4),
    taps: memory.reserve((cells.reduce((a, b) => a + b, 0) + 1) * 8), rows: memory.reserve(rows * 4), factors: memory.reserve(rows * 4),
    accumulator: memory.reserve(4 * most((b) => b.width) * 4), trace: memory.reserve(Math.max(1, ...links.map(({ link: { source, pool } }) => (source === null ? 0 : (pixelsOf(source.shape) * source.steps * source.width) / (pool[0] * pool[1])))) * 4),
    image: memory.reserve(image * 4),
  };
}

interface PackedLink {
  readonly link: LearningLink;
  readonly at: number;
  readonly weights: number;
  readonly transposed: number;
  readonly slopes: number;
  /** 0 where there is none. */
  readonly slopesBack: number;
  readonly length: number;
  /** Floats of `weights` and of `slopes`. */
  readonly packed: number;
  /** Floats of `transposed` and of `slopesBack`. */
  readonly back: number;
}

export function prepareLearningLayer(kernels: Kernels, layer: LearningLayerDescription): LearningLayer {
  const { memory, call } = kernels;
  const { buffers, links, scratch } = layer;
  const { width, shape, steps } = buffers;
  const pixels = pixelsOf(shape);
  if (links.length > MOST_LINKS) throw new RangeError(`internal: ${links.length} projections into one population, at most ${MOST_LINKS}`);
  const table = memory.reserve(links.length * LINK_FIELDS * 4);
  const ordered = [...links.filter((l) => l.source !== null), ...links.filter((l) => l.source === null)];
  const packedOf = new Map(ordered.map((link, i) => [link, packLink(kernels, link, layer, table + i * LINK_FIELDS * 4)]));
  const packed = links.map((l) => packedOf.get(l)!);
  const indexOf = (p: PackedLink): number => (p.at - table) / (LINK_FIELDS * 4);
  const fromImage = packed.filter((p) => p.link.source === null);
  const fromSpikes = packed.filter((p) => p.link.source !== null);
  const channelFloats = (): number => memory.reserve(width * 4);
  const [thresholds, inverse, thresholdSlopes, leakSlopes] = [channelFloats(), channelFloats(), channelFloats(), channelFloats()];
  const drive = memory.reserve(pixels * width * 4);
  const descriptor = memory.reserve(LAYER_FIELDS * 4);
  const fields = memory.int32(descriptor, LAYER_FIELDS);
  const floats = memory.float32(descriptor, LAYER_FIELDS);
  fields.set([
    table, fromSpikes.length, steps, shape[1], shape[2], shape[0], width, buffers.words,
    { none: 0, soft: 1, hard: 2 }[layer.reset], { boxcar: 0, triangle: 1, arctangent: 2 }[layer.surrogate.shape], layer.carry ? 1 : 0, width,
    0, 0, 0, 0, thresholds, inverse, drive, buffers.potentials, buffers.gradients, buffers.spikes,
    scratch.first, scratch.count, scratch.channel, scratch.value, thresholdSlopes, layer.leaky ? leakSlopes : 0, scratch.sums,
    scratch.taps, scratch.rows, scratch.factors, scratch.accumulator,
  ]);
  floats.set([1, layer.surrogate.width, layer.initial, layer.price], 12);
  const bias = new Float64Array(shape[0]);

  const setDrive = (biases: Float32Array, image: Float32Array, add?: Float32Array): void => {
    const out = memory.float32(drive, pixels * width).fill(0);
    for (let p = 0; p < pixels; p++) for (let c = 0; c < shape[0]; c++) out[p * width + c] = biases[c] + (add === undefined ? 0 : add[c * pixels + p]);
    if (fromImage.length > 0) memory.float32(scratch.image, image.length).set(image);
    for (const p of fromImage) call['learning_host'](descriptor, indexOf(p), scratch.image, drive);
  };
  const backward = (image: Float32Array): number => {
    const innovations = call['learning_delta'](descriptor);
    const share = innovations / (pixels * steps * shape[0]);
    const sums = memory.float32(scratch.sums, pixels * width);
    for (let p = 0; p < pixels; p++) for (let c = 0; c < shape[0]; c++) bias[c] += sums[p * width + c];
    for (const p of fromSpikes) {
      if (tracedIsCheaper(kernels, p, layer, innovations)) call['learning_weights_traced'](descriptor, indexOf(p), scratch.trace);
      else call['learning_weights'](descriptor, indexOf(p));
      call[share > layer.denseAbove && !isGrouped(p.link) ? 'learning_source_dense' : 'learning_source'](descriptor, indexOf(p));
    }
    if (fromImage.length > 0) memory.float32(scratch.image, image.length).set(image);
    for (const p of fromImage) call['learning_host_weights'](descriptor, indexOf(p), scratch.image);
    return share;
  };
  const clear = (): void => {
    for (const p of packed) {
      memory.float32(p.slopes, p.packed).fill(0);
      if (p.slopesBack !== 0) memory.float32(p.slopesBack, p.back).fill(0);
    }
    memory.float32(thresholdSlopes, width).fill(0);
    memory.float32(leakSlopes, width).fill(0);
    bias.fill(0);
  };
  return {
    loadFilter: (link, weights) => loadFilter(kernels, packed[link], weights, shape[0]),
    loadNeurons: (values, leak) => {
      memory.float32(thresholds, width).fill(1).set(values);
      memory.float32(inverse, width).fill(0).set(values.map((v) => 1 / v));
      floats[12] = leak;
    },
    setDrive, backward, clear,
    forward: () => {
      call['learning_forward'](descriptor);
      call['spiking_expand'](buffers.spikes, pixels * steps, buffers.words, buffers.starts, buffers.events);
    },
    readFilter: (link, out) => readFilter(kernels, packed[link], out, shape[0]),
    slopes: () => ({
      bias, threshold: memory.float32(thresholdSlopes, shape[0]).slice(),
      leak: layer.leaky ? memory.float32(leakSlopes, shape[0]).reduce((a, b) => a + b, 0) : 0,
    }),
  };
}

/** A traced term multiplies and adds, a spike's term only adds (measured). */
const TRACED_COST = 1.4;

/** Whether innovations times source channels are fewer than spikes times target channels, over all synapses. */
function tracedIsCheaper({ memory }: Kernels, { link: { source, window, pool, groups } }: PackedLink, { buffers, tracedBelow }: LearningLayerDescription, innovations: number): boolean {
  if (source === null || groups > 1) return false;
  const places = pixelsOf(source.shape) * source.steps;
  const spikes = memory.uint32(source.starts, places + 1)[places];
  const taps = window.kernel[0] * window.kernel[1];
  const targetsOfSpike = (taps * pixelsOf(buffers.shape) * pool[0] * pool[1]) / pixelsOf(source.shape);
  return TRACED_COST * innovations * taps * source.width < tracedBelow * spikes * targetsOfSpike * buffers.width;
}

function packLink({ memory }: Kernels, link: LearningLink, { buffers }: LearningLayerDescription, at: number): PackedLink {
  const { source, window: { kernel, stride, dilation, pads }, pool, groups } = link;
  const shape = source?.shape ?? link.imageShape;
  const [channels] = buffers.shape;
  const rowWidth = groups > 1 ? channels / groups : buffers.width;
  const sourceWidth = source?.width ?? shape[0];
  const backWidth = groups > 1 ? shape[0] / groups : sourceWidth;
  const taps = kernel[0] * kernel[1];
  // one more row than weights: the row of zeros, and in the gradient the row that takes what pads an odd list
  const packed = (taps * shape[0] + 1) * rowWidth;
  const weights = memory.reserve(packed * 4);
  const slopes = memory.reserve(packed * 4);
  const back = (taps * channels + 1) * backWidth;
  const transposed = source === null ? 0 : memory.reserve(back * 4);
  const slopesBack = source === null || groups > 1 ? 0 : memory.reserve(back * 4);
  memory.float32(weights, packed).fill(0);
  if (transposed !== 0) memory.float32(transposed, back).fill(0);
  memory.int32(at, LINK_FIELDS).set([
    source?.starts ?? 0, source?.events ?? 0, weights, transposed, slopes, slopesBack, source?.gradients ?? 0,
    shape[1], shape[2], shape[0], sourceWidth, ...kernel, ...stride, ...dilation, pads[0], pads[1], ...pool, groups, rowWidth, backWidth,
  ]);
  return { link, at, weights, transposed, slopes, slopesBack, packed, back, length: (taps * shape[0] * channels) / groups };
}

function loadFilter({ memory, call }: Kernels, { at, weights, transposed, length }: PackedLink, values: Float32Array, channels: number): void {
  const mark = memory.mark();
  const flat = memory.reserve(length * 4);
  memory.float32(flat, length).set(values);
  call['learning_pack'](at, flat, channels, weights, transposed);
  memory.release(mark);
}

function readFilter({ memory, call }: Kernels, { at, length }: PackedLink, out: Float32Array, channels: number): void {
  const mark = memory.mark();
  const flat = memory.reserve(length * 4);
  call['learning_unpack'](at, channels, flat);
  out.set(memory.float32(flat, length));
  memory.release(mark);
}
