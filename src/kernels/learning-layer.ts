/**
 * One population in the learning kernels (`c/learning-*.c`): packs its filters and runs it forward and
 * backward through all steps of one image. Gradients add up over images until they are cleared.
 * `learning-buffers.ts` holds the memory it works in; `learn/reference-bptt.ts` is the plain reference.
 */
import type { Kernels } from './kernels.js';
import { isGrouped, pixelsOf, startsOf, widthOf, type LearningLink, type LearningScratch, type NeuronBuffers } from './learning-buffers.js';

/** How the gradient flows through time: 1 or 0 a step. */
export interface TimeFlow {
  /** 1: it flows from a step to the one before; the first entry is the step to the initial potential. */
  readonly keep: readonly number[];
  /** 0: a step gives no gradient. */
  readonly part: readonly number[];
}

export interface LearningLayerDescription {
  readonly buffers: NeuronBuffers;
  /** signed: soft, and spikes may be taken back (`buffers` has both signs). */
  readonly reset: 'none' | 'soft' | 'hard' | 'signed';
  /** Of signed neurons: a spike is taken back below minus this many thresholds. */
  readonly retract: number;
  readonly surrogate: { readonly shape: 'boxcar' | 'triangle' | 'arctangent' | 'fast-sigmoid'; readonly width: number };
  readonly flow: TimeFlow;
  /** v at the first step, in thresholds. */
  readonly initial: number;
  /** What one spike adds to the loss. */
  readonly price: number;
  /** Whether a current stands at each pixel by itself (`setDrive`). */
  readonly driven: boolean;
  readonly links: readonly LearningLink[];
  readonly scratch: LearningScratch;
  /** Share of neuron-steps with an innovation above which the gradient of the source's spikes is computed densely. */
  readonly denseAbove: number;
  /** Weight gradients go over innovations where that costs less than this share of going over spikes; 0: never. */
  readonly tracedBelow: number;
}

export interface LearningLayer {
  readonly loadFilter: (link: number, weights: Float32Array) => void;
  readonly loadNeurons: (neurons: { readonly bias: Float32Array; readonly threshold: Float32Array; readonly leak: number }) => void;
  /** Sets the current of a driven layer: the bias plus `add` [channel][pixel] if given, then the links from the image. */
  readonly setDrive: (image: Float32Array, add?: Float32Array) => void;
  /** Returns the number of spikes. */
  readonly forward: () => number;
  /** Turns dL/ds into gradients; returns the share of neuron-steps with an innovation. */
  readonly backward: (image: Float32Array) => number;
  /** The same without the gradients of weights. Returns the gradient of the constant currents, [pixel][width], which the next call overwrites. */
  readonly backwardToCurrents: () => Float32Array;
  readonly clear: () => void;
  readonly readFilter: (link: number, out: Float32Array) => void;
  readonly slopes: () => { readonly bias: Float32Array; readonly threshold: Float32Array; readonly leak: number };
}

const LAYER_FIELDS = 37;
const LINK_FIELDS = 28;
const MOST_LINKS = 64;
/** Which sums of a filter's gradient hold something. */
const OVER_SPIKES = 1;
const OVER_INNOVATIONS = 2;

interface PackedLink {
  readonly link: LearningLink;
  readonly at: number;
  /** Floats of `weights` and of `slopes`; of `transposed` and of `slopesBack`. */
  readonly length: number;
  readonly lengthBack: number;
  readonly slopes: number;
  /** 0 where there is none. */
  readonly slopesBack: number;
  /** Of the network's own filter. */
  readonly flat: number;
  used: number;
}

export function prepareLearningLayer(kernels: Kernels, layer: LearningLayerDescription): LearningLayer {
  const { memory, call } = kernels;
  const { buffers, links, scratch } = layer;
  const { width, shape, steps } = buffers;
  const [channels] = shape;
  if (links.length > MOST_LINKS) throw new RangeError(`internal: ${links.length} projections into one population, at most ${MOST_LINKS}`);
  const table = memory.reserve(links.length * LINK_FIELDS * 4);
  const ordered = [...links.filter((l) => l.source !== null), ...links.filter((l) => l.source === null)];
  const packedOf = new Map(ordered.map((link, i) => [link, packLink(kernels, layer, link, table + i * LINK_FIELDS * 4)]));
  const packed = links.map((l) => packedOf.get(l)!);
  const indexOf = (p: PackedLink): number => (p.at - table) / (LINK_FIELDS * 4);
  const fromImage = packed.filter((p) => p.link.source === null);
  const fromSpikes = packed.filter((p) => p.link.source !== null);
  const state = reserveState(kernels, layer);
  const descriptor = writeDescriptor(kernels, layer, { table, links: fromSpikes.length, state });

  const addWeightSlopes = (p: PackedLink, innovations: number): void => {
    const traced = tracedIsCheaper(kernels, p, layer, innovations);
    call[traced ? 'learning_weights_traced' : 'learning_weights'](descriptor, indexOf(p));
    p.used |= traced ? OVER_INNOVATIONS : OVER_SPIKES;
  };
  const shareOf = (innovations: number): number => innovations / (pixelsOf(shape) * steps * channels);
  const addSourceGradient = (p: PackedLink, innovations: number): void => {
    call[shareOf(innovations) > layer.denseAbove && !isGrouped(p.link) ? 'learning_source_dense' : 'learning_source'](descriptor, indexOf(p));
  };
  const backward = (image: Float32Array): number => {
    const innovations = call['learning_delta'](descriptor);
    const share = shareOf(innovations);
    for (const p of fromSpikes) {
      addWeightSlopes(p, innovations);
      if (p.link.passesBack) addSourceGradient(p, innovations);
    }
    if (fromImage.length > 0) memory.float32(scratch.image, image.length).set(image);
    for (const p of fromImage) {
      call['learning_host_weights'](descriptor, indexOf(p), scratch.image);
      p.used = OVER_SPIKES;
    }
    return share;
  };
  return {
    loadFilter: (link, weights) => loadFilter(kernels, packed[link], weights, { channels, width }),
    loadNeurons: ({ bias, threshold, leak }) => {
      memory.float32(state.bias, width).fill(0).set(bias);
      memory.float32(state.thresholds, width).fill(1).set(threshold);
      memory.float32(state.inverse, width).fill(0).set(threshold.map((v) => 1 / v));
      memory.float32(state.keep, steps).set(layer.flow.keep.map((k) => (layer.reset === 'none' ? k : k * leak)));
      memory.float32(state.part, steps).set(layer.flow.part);
      memory.float32(state.leak, 1)[0] = leak;
    },
    setDrive: (image, add) => {
      if (add !== undefined) memory.float32(scratch.image, add.length).set(add);
      call['learning_drive'](descriptor, add === undefined ? 0 : scratch.image);
      if (fromImage.length > 0) memory.float32(scratch.image, image.length).set(image);
      for (const p of fromImage) call['learning_host'](descriptor, indexOf(p), scratch.image);
    },
    forward: () => {
      call['learning_forward'](descriptor);
      return spikesOf(kernels, buffers);
    },
    backward,
    backwardToCurrents: () => {
      const innovations = call['learning_delta'](descriptor);
      for (const p of fromSpikes) addSourceGradient(p, innovations);
      return memory.float32(scratch.sums, pixelsOf(shape) * width);
    },
    clear: () => {
      for (const p of packed) {
        if ((p.used & OVER_SPIKES) !== 0) memory.float32(p.slopes, p.length).fill(0);
        if ((p.used & OVER_INNOVATIONS) !== 0) memory.float32(p.slopesBack, p.lengthBack).fill(0);
        p.used = 0;
      }
      memory.float32(state.slopes, 3 * width).fill(0);
    },
    readFilter: (link, out) => readFilter(kernels, packed[link], out, { channels, width }),
    slopes: () => ({
      bias: memory.float32(state.slopes, channels), threshold: memory.float32(state.slopes + 4 * width, channels),
      leak: memory.float32(state.slopes + 8 * width, channels).reduce((a, b) => a + b, 0),
    }),
  };
}

const spikesOf = ({ call }: Kernels, { shape, steps, signs, words, spikes }: NeuronBuffers): number => call['spiking_count'](spikes, pixelsOf(shape) * steps * signs * words);

/** What a layer keeps for itself; all [width] but `keep` and `part` [steps] and `drive` [pixel][width]. */
interface State {
  readonly bias: number;
  readonly thresholds: number;
  readonly inverse: number;
  readonly keep: number;
  readonly part: number;
  /** Of bias, thresholds and leak, one behind the other. */
  readonly slopes: number;
  readonly drive: number;
  readonly driveStride: number;
  /** Where the descriptor holds the leak. */
  leak: number;
}

function reserveState({ memory }: Kernels, { buffers: { width, shape, steps }, driven }: LearningLayerDescription): State {
  const floats = (count: number): number => memory.reserve(count * 4);
  const bias = floats(width);
  return {
    bias, thresholds: floats(width), inverse: floats(width), keep: floats(steps), part: floats(steps), slopes: floats(3 * width),
    drive: driven ? floats(pixelsOf(shape) * width) : bias, driveStride: driven ? width : 0, leak: 0,
  };
}

/** In the order of LAYER_FIELDS in `c/learning.h`. */
function writeDescriptor({ memory }: Kernels, layer: LearningLayerDescription, { table, links, state }: { readonly table: number; readonly links: number; readonly state: State }): number {
  const { buffers, scratch } = layer;
  const { shape, steps, width, words } = buffers;
  const at = memory.reserve(LAYER_FIELDS * 4);
  memory.int32(at, LAYER_FIELDS).set([
    table, links, steps, shape[1], shape[2], shape[0], width, words,
    { none: 0, soft: 1, hard: 2, signed: 3 }[layer.reset], { boxcar: 0, triangle: 1, arctangent: 2, 'fast-sigmoid': 3 }[layer.surrogate.shape], 0, 0, 0, 0, 0,
    state.keep, state.part, state.thresholds, state.inverse, state.bias, state.drive, state.driveStride,
    buffers.potentials, buffers.gradients, buffers.spikes, scratch.starts, scratch.entries, scratch.values,
    state.slopes, state.slopes + 4 * width, state.slopes + 8 * width, scratch.sums, scratch.filled, scratch.row, scratch.ring, scratch.taps, scratch.sent,
  ]);
  memory.float32(at, LAYER_FIELDS).set([1, layer.surrogate.width, layer.initial, layer.price, layer.retract], 10);
  state.leak = at + 40;
  return at;
}

/**
 * Whether innovations times source channels are fewer than spikes times target channels, over all synapses: a
 * term costs the same either way (measured). No size is rounded to the build's lanes, so every build decides alike.
 */
function tracedIsCheaper(kernels: Kernels, { link: { source, window, pool, groups } }: PackedLink, { buffers, tracedBelow }: LearningLayerDescription, innovations: number): boolean {
  if (source === null || groups > 1) return false;
  const taps = window.kernel[0] * window.kernel[1];
  const targetsOfSpike = (taps * pixelsOf(buffers.shape) * pool[0] * pool[1]) / pixelsOf(source.shape);
  return innovations * taps * source.shape[0] < tracedBelow * spikesOf(kernels, source) * targetsOfSpike * buffers.shape[0];
}

/** In the order of LINK_FIELDS in `c/learning.h`. */
function packLink({ memory, lanes }: Kernels, { buffers }: LearningLayerDescription, link: LearningLink, at: number): PackedLink {
  const { source, window: { kernel, stride, dilation, pads }, pool, groups } = link;
  const shape = source?.shape ?? link.imageShape;
  const [channels] = buffers.shape;
  const sourceWidth = source === null ? shape[0] : widthOf(shape[0], lanes);
  const taps = kernel[0] * kernel[1];
  const length = taps * sourceWidth * (groups > 1 ? channels / groups : buffers.width);
  const lengthBack = taps * buffers.width * (groups > 1 ? shape[0] / groups : sourceWidth);
  const zeros = (floats: number): number => {
    const place = memory.reserve(floats * 4);
    memory.float32(place, floats).fill(0);
    return place;
  };
  const weights = zeros(length);
  const transposed = source === null ? 0 : zeros(lengthBack);
  const slopes = zeros(length);
  const slopesBack = source === null || groups > 1 ? 0 : zeros(lengthBack);
  memory.int32(at, LINK_FIELDS).set([
    source?.spikes ?? 0, source?.words ?? 0, source?.signs ?? 1, source === null ? 0 : memory.reserve(source.signs * startsOf(source) * 4),
    source === null ? 0 : memory.reserve(pixelsOf(source.shape) * source.steps * shape[0] * 4), weights, taps * sourceWidth, transposed, taps * buffers.width,
    slopes, slopesBack, source?.gradients ?? 0, link.fresh ? 1 : 0, shape[1] / pool[0], shape[2] / pool[1], shape[0], sourceWidth,
    ...kernel, ...stride, ...dilation, pads[0], pads[1], ...pool, groups,
  ]);
  return { link, at, length, lengthBack, slopes, slopesBack, flat: (taps * shape[0] * channels) / groups, used: 0 };
}

interface Target { readonly channels: number; readonly width: number }

function loadFilter({ memory, call }: Kernels, { at, flat }: PackedLink, values: Float32Array, { channels, width }: Target): void {
  const mark = memory.mark();
  const place = memory.reserve(flat * 4);
  memory.float32(place, flat).set(values);
  call['learning_pack'](at, place, channels, width);
  memory.release(mark);
}

function readFilter({ memory, call }: Kernels, { at, flat, used }: PackedLink, out: Float32Array, { channels, width }: Target): void {
  const mark = memory.mark();
  const place = memory.reserve(flat * 4);
  call['learning_unpack'](at, place, channels, width, used);
  out.set(memory.float32(place, flat));
  memory.release(mark);
}
