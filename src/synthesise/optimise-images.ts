/**
 * Makes one batch of images from noise: Adam on the pictures, step by step down a loss that the recipe
 * puts together from its parts. The pictures lie in [-1, 1] and enter the network normalised.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { createDifferentiator, type Loss } from '../graph/gradients.js';
import { indexNodes, sizeOf, type CoreNode, type Graph, type NodeId } from '../graph/graph.js';
import { createKernels } from '../kernels/kernels.js';
import { randomStream, randomUint32, substream, uniform, type RandomStream } from '../random.js';
import { createAdam } from './adam.js';
import { addStatisticsGradient, knownStatistics } from './batch-norm-matching.js';
import { classConcentrations, lastLayer } from './class-similarity.js';
import { crossEntropyGradient, hardTarget, softTarget } from './data-impressions.js';
import { addLikenessGradient } from './diversity.js';
import { addPriorGradient } from './image-prior.js';
import { channelRanges, moveTable, pictureShape, toBytes, type PictureNormalisation, type PictureShape } from './picture.js';
import { proceduralImages } from './procedural-images.js';
import type { RecipeSettings } from './recipes.js';

export interface MakerOptions {
  readonly settings: RecipeSettings;
  readonly normalisation: PictureNormalisation;
  readonly seed: number;
}

/** Images `first` to `first + count - 1` of a set; image i is of class i modulo the number of classes. */
export interface Batch { readonly first: number; readonly count: number }

export interface MadeImages {
  /** [count, C, H, W] */
  readonly bytes: Uint8Array;
  /** [count, classes]: what each image was asked to be. */
  readonly targets: Float32Array;
  /** False when a gradient was no number: the images are then worthless. */
  readonly finite: boolean;
}

/** Makes one batch: yields after each step, with the images that made it. */
export type ImageMaker = (batch: Batch) => Generator<number, MadeImages>;

/** Prepares the network once; the result makes one batch a call. */
export function createImageMaker(graph: Graph<CoreNode>, options: MakerOptions, backend?: DenseBackend): ImageMaker {
  const { settings, normalisation, seed } = options;
  const shape = pictureShape(graph.nodes[0].shape, normalisation.mean.length);
  const parts = lossParts(graph, settings);
  const { differentiate } = createDifferentiator(graph, createKernels(), parts.watch, backend);
  const root = substream(randomStream(seed), 'synthesise');
  const move = mover(shape, settings);
  const enter = entrance(shape, normalisation);

  return function* make(batch) {
    const targets = parts.targets(batch, root);
    const pictures = settings.start === 'noise' ? noise(batch, sizeOf(shape), root) : drawn(batch, { shape, seed, classes: parts.classes });
    const adam = createAdam(pictures.length, { rate: settings.rate, decay: settings.decay });
    const loss = parts.loss(targets, batch.count);
    const own = substream(substream(root, 'batch'), batch.first);
    for (let step = 0; step < settings.steps; step++) {
      const table = move(substream(own, step));
      const seen = enter.forward(moved(pictures, table));
      const gradient = movedBack(enter.back(differentiate(seen, batch.count, loss)), table);
      addPriorGradient(pictures, gradient, shape, settings);
      adam(pictures, gradient);
      if (settings.clipEachStep) for (let i = 0; i < pictures.length; i++) pictures[i] = Math.min(1, Math.max(-1, pictures[i]));
      yield batch.count;
    }
    return { bytes: toBytes(pictures), targets, finite: pictures.every(Number.isFinite) };
  };
}

/** Uniform noise of bytes 0 to 254, as the paper starts from; each image has a stream of its own. */
function noise({ first, count }: Batch, size: number, root: RandomStream): Float32Array {
  const out = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const bits = randomUint32(substream(substream(root, 'noise'), first + i), new Uint32Array(size));
    for (let k = 0; k < size; k++) out[i * size + k] = (bits[k] % 255) / 127.5 - 1;
  }
  return out;
}

interface Drawing { readonly shape: PictureShape; readonly seed: number; readonly classes: number }

/**
 * Procedural pictures, one an image. Their kinds take turns as the classes do; where both would keep
 * step, one picture is left out a round, so that every class gets every kind.
 */
function drawn({ first, count }: Batch, { shape, seed, classes }: Drawing): Float32Array {
  const out = new Float32Array(count * sizeOf(shape));
  for (let i = 0; i < count; i++) {
    const place = first + i + (classes % 2 === 0 ? Math.floor((first + i) / classes) : 0);
    out.set(proceduralImages({ first: place, count: 1, shape, seed, normalise: (value) => 2 * value - 1 }).images, i * sizeOf(shape));
  }
  return out;
}

interface LossParts {
  readonly watch: readonly NodeId[];
  readonly classes: number;
  readonly targets: (batch: Batch, root: RandomStream) => Float32Array;
  readonly loss: (targets: Float32Array, count: number) => Loss;
}

/** The loss is a sum over images; what speaks of the whole batch is weighed with the number of images. */
function lossParts(graph: Graph<CoreNode>, settings: RecipeSettings): LossParts {
  const [output] = graph.outputs;
  const classes = sizeOf(indexNodes(graph).get(output)?.shape ?? []);
  const concentrations = classConcentrations(graph);
  const known = settings.statistics === 0 ? new Map<NodeId, never>() : knownStatistics(graph);
  const features = settings.diversity === 0 ? undefined : lastLayer(graph)?.inputs[0];
  const target = ({ first }: Batch, i: number, root: RandomStream): Float32Array => {
    const label = (first + i) % classes;
    return settings.labels === 'dirichlet' ? softTarget(concentrations, label, substream(substream(root, 'label'), first + i)) : hardTarget(classes, label);
  };
  return {
    classes,
    watch: [...known.keys(), ...(features === undefined ? [] : [features])],
    targets: (batch, root) => {
      const all = new Float32Array(batch.count * classes);
      for (let i = 0; i < batch.count; i++) all.set(target(batch, i, root), i * classes);
      return all;
    },
    loss: (targets, count) => ({
      atOutput: (valueOf) => crossEntropyGradient(valueOf(output), targets, classes, settings.temperature),
      atNode: (node, value, gradient) => {
        const statistics = known.get(node);
        if (statistics !== undefined) addStatisticsGradient(value, gradient, statistics, { count, weight: (settings.statistics * count) / known.size });
        if (node === features) addLikenessGradient(value, gradient, count, settings.diversity);
      },
    }),
  };
}

/** How far and whether mirrored the pictures are seen in a step: a table for `moved`, or none. */
function mover(shape: PictureShape, { jitter, mirror }: RecipeSettings): (stream: RandomStream) => Int32Array | undefined {
  if (jitter === 0 && !mirror) return () => undefined;
  return (stream) => {
    const [a, b, c] = uniform(stream, 3);
    const roll = (u: number): number => Math.floor(u * (2 * jitter + 1)) - jitter;
    return moveTable(shape, { rows: roll(a), columns: roll(b), mirror: mirror && shape[0] > 1 && c < 0.5 });
  };
}

function moved(pictures: Float32Array, table: Int32Array | undefined): Float32Array {
  if (table === undefined) return pictures.slice();
  const out = new Float32Array(pictures.length);
  for (let first = 0; first < out.length; first += table.length) for (let i = 0; i < table.length; i++) out[first + i] = pictures[first + table[i]];
  return out;
}

function movedBack(gradient: Float32Array, table: Int32Array | undefined): Float32Array {
  if (table === undefined) return gradient;
  const out = new Float32Array(gradient.length);
  for (let first = 0; first < out.length; first += table.length) for (let i = 0; i < table.length; i++) out[first + table[i]] = gradient[first + i];
  return out;
}

/** From pictures in [-1, 1] to the network's numbers and, for gradients, back; both in place. */
function entrance([channels, height, width]: PictureShape, normalisation: PictureNormalisation): { readonly forward: (x: Float32Array) => Float32Array; readonly back: (g: Float32Array) => Float32Array } {
  const { middle, half } = channelRanges(channels, normalisation);
  const plane = height * width;
  const scaled = (numbers: Float32Array, offset: (c: number) => number): Float32Array => {
    for (let first = 0, row = 0; first < numbers.length; first += plane, row++) {
      const c = row % channels;
      const shift = offset(c);
      for (let i = first; i < first + plane; i++) numbers[i] = numbers[i] * half[c] + shift;
    }
    return numbers;
  };
  return { forward: (x) => scaled(x, (c) => middle[c]), back: (g) => scaled(g, () => 0) };
}
