/**
 * The memory of the learning kernels: what a population keeps of one image, and the scratch that all
 * layers of a network share. `c/learning.h` describes the layouts.
 */
import type { Kernels } from './kernels.js';
import { wordsOf } from './spiking-layer.js';

type Pair = readonly [number, number];
export type MapShape = readonly [channels: number, height: number, width: number];

/** What a population keeps of one image. Floats are [pixel][step][width], width = channels rounded up to the kernels' lanes. */
export interface NeuronBuffers {
  readonly shape: MapShape;
  readonly steps: number;
  readonly width: number;
  /** 2 for signed neurons: spikes of +1 and of -1. */
  readonly signs: 1 | 2;
  /** Words of a pixel, step and sign. */
  readonly words: number;
  /** u, before the reset. */
  readonly potentials: number;
  /** dL/ds, then dL/du. */
  readonly gradients: number;
  /** [pixel][step][sign][word] bit masks. */
  readonly spikes: number;
}

export interface FilterGeometry {
  readonly window: { readonly kernel: Pair; readonly stride: Pair; readonly dilation: Pair; readonly pads: readonly [number, number, number, number] };
  readonly pool: Pair;
  readonly groups: number;
}

/** A filter from a population, or from the image (`null`). */
export interface LearningLink extends FilterGeometry {
  readonly source: NeuronBuffers | null;
  readonly imageShape: MapShape;
  /** Whether learning needs the gradient of the source's spikes: not where they are given from outside. */
  readonly passesBack: boolean;
  /** Whether its backward pass is the first to reach the source's gradients. */
  readonly fresh: boolean;
}

/** Buffers that all layers of a network share. */
export interface LearningScratch {
  /** Lists of innovations. */
  readonly starts: number;
  readonly entries: number;
  readonly values: number;
  readonly sums: number;
  readonly filled: number;
  readonly row: number;
  readonly ring: number;
  readonly taps: number;
  /** What signed neurons have sent, channel by channel or step by step. */
  readonly sent: number;
  readonly image: number;
}

export const widthOf = (channels: number, lanes: number): number => Math.ceil(channels / lanes) * lanes;
export const pixelsOf = (shape: MapShape): number => shape[1] * shape[2];
export const isGrouped = (link: FilterGeometry): boolean => link.groups > 1;

export function reserveNeurons({ memory, lanes }: Kernels, shape: MapShape, { steps, signs }: Pick<NeuronBuffers, 'steps' | 'signs'>): NeuronBuffers {
  const width = widthOf(shape[0], lanes);
  const words = wordsOf(shape[0]);
  const places = pixelsOf(shape) * steps;
  const floats = (): number => memory.reserve(places * width * 4);
  return { shape, steps, width, signs, words, potentials: floats(), gradients: floats(), spikes: memory.reserve(places * signs * words * 8) };
}

/** A link and the population that it leads to. */
export interface PlacedLink {
  readonly link: LearningLink;
  readonly target: NeuronBuffers;
}

/** Scratch for all layers over these populations and links. */
export function reserveScratch({ memory, lanes }: Kernels, populations: readonly NeuronBuffers[], links: readonly PlacedLink[], image: number): LearningScratch {
  const most = (numbers: readonly number[]): number => Math.max(1, ...numbers);
  const four = (count: number): number => memory.reserve(count * 4);
  const innovations = most(populations.map((b) => pixelsOf(b.shape) * b.steps * b.width)) + lanes;
  return {
    starts: four(most(populations.map(startsOf))), entries: four(innovations), values: four(innovations),
    sums: four(most(populations.map((b) => pixelsOf(b.shape) * b.width))), filled: four(most(populations.map((b) => b.steps))),
    row: four(most([...populations.map((b) => b.width), ...links.map(rowFloats)])), ring: four(most(links.map(ringWords))),
    sent: four(most(populations.map((b) => Math.max(b.width, b.steps * lanes)))),
    taps: four(most(links.map(({ link: { window: { kernel, dilation }, pool } }) => 2 * kernel[0] * kernel[1] * pool[0] * pool[1] + kernel[0] * dilation[0]))), image: four(image),
  };
}

/** Entries of the index into a list a row and step. */
export const startsOf = ({ shape, steps }: Pick<NeuronBuffers, 'shape' | 'steps'>): number => shape[1] * steps * (shape[2] + 1);

/** Longest row of a link: of pooled gradients with a pixel more, or of traces with their padding. */
function rowFloats({ link: { source, window: { kernel, stride, dilation, pads }, pool }, target }: PlacedLink): number {
  if (source === null) return 0;
  const columns = source.shape[2] / pool[1];
  const after = Math.max(0, (target.shape[2] - 1) * stride[1] + (kernel[1] - 1) * dilation[1] - pads[1] - (columns - 1));
  return source.steps * source.width * Math.max(columns + 1, pads[1] + columns + after);
}

/** Innovations of the rows of targets that read one row of cells, channel by channel. */
function ringWords({ link: { source, window: { kernel, stride, dilation }, groups }, target }: PlacedLink): number {
  if (source === null || groups > 1) return 0;
  const rows = Math.min(target.shape[1], Math.floor(((kernel[0] - 1) * dilation[0]) / stride[0]) + 1);
  return rows * (target.width + 2 + 2 * target.steps * target.shape[2] * target.width);
}
