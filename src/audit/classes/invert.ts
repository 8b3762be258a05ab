/**
 * Draws images out of a victim: Adam on pictures in [-1, 1], from several starts. Of the restarts of an image
 * the one is kept that the victim is surest of when the picture is moved and disturbed a little, which favours
 * what looks like the class over what merely fools the victim (as in Struppek et al., "Plug and play
 * attacks", ICML 2022). The attacker has nothing else to choose by: no evaluator is asked here.
 */
import { normal, substream, uniform, type RandomStream } from '../../random.js';
import { createAdam } from '../../synthesise/adam.js';
import { addPriorGradient } from '../../synthesise/image-prior.js';
import { channelRanges, moveTable, toBytes, type PictureNormalisation, type PictureShape } from '../../synthesise/picture.js';
import { proceduralImages } from '../../synthesise/procedural-images.js';
import type { Prior } from './suite.js';
import type { Victim } from './victim.js';

export interface InversionSettings {
  readonly prior: Prior;
  readonly steps: number;
  /** Step of Adam on pictures in [-1, 1]. */
  readonly rate: number;
  readonly restarts: number;
}

/** Pictures and how they enter the network. */
export interface Canvas {
  readonly shape: PictureShape;
  readonly normalisation: PictureNormalisation;
}

export interface Drawn {
  /** [count, C, H, W] */
  readonly bytes: Uint8Array;
  /** Per image: the victim's mean loss over disturbed views. */
  readonly losses: Float64Array;
}

const SMOOTH = { totalVariation: 5, l2: 0.5, jitter: 2, noise: 0.2 } as const;
/** Views by which restarts are compared. */
const VIEWS = 4;
const VIEW_NOISE = 0.2;

/** One image for each label. Yields the number of images after each step. */
export function* invert(victim: Victim, labels: Uint16Array, canvas: Canvas, { settings, stream }: { readonly settings: InversionSettings; readonly stream: RandomStream }): Generator<number, Drawn> {
  const size = canvas.shape[0] * canvas.shape[1] * canvas.shape[2];
  const best = new Float32Array(labels.length * size);
  const losses = new Float64Array(labels.length).fill(Infinity);
  for (let restart = 0; restart < settings.restarts; restart++) {
    const own = substream(substream(stream, 'restart'), restart);
    const pictures = start(labels.length, restart, canvas, substream(own, 'start'));
    yield* descend(victim, { pictures, labels, canvas, settings, stream: own });
    const found = disturbedLosses(victim, { pictures, labels, canvas, stream: substream(stream, 'views') });
    found.forEach((loss, i) => {
      if (!(loss < losses[i])) return;
      losses[i] = loss;
      best.set(pictures.subarray(i * size, (i + 1) * size), i * size);
    });
  }
  stretchContrast(best, size);
  return { bytes: toBytes(best), losses };
}

/** Pictures are stored in full contrast as a rule: so is what was drawn. */
export function stretchContrast(pictures: Float32Array, size: number): void {
  for (let first = 0; first < pictures.length; first += size) {
    const own = pictures.subarray(first, first + size);
    const [low, high] = [own.reduce((a, b) => Math.min(a, b)), own.reduce((a, b) => Math.max(a, b))];
    if (high - low > 1e-6) for (let i = 0; i < size; i++) own[i] = (2 * (own[i] - low)) / (high - low) - 1;
  }
}

interface Work {
  readonly pictures: Float32Array;
  readonly labels: Uint16Array;
  readonly canvas: Canvas;
  readonly stream: RandomStream;
}

function* descend(victim: Victim, { pictures, labels, canvas, settings, stream }: Work & { readonly settings: InversionSettings }): Generator<number, void> {
  const { shape, normalisation } = canvas;
  const smooth = settings.prior === 'smooth';
  const adam = createAdam(pictures.length, { rate: settings.rate });
  const enter = entrance(shape, normalisation);
  const empty = emptyPicture(shape, normalisation);
  for (let step = 0; step < settings.steps; step++) {
    const own = substream(substream(stream, 'step'), step);
    const table = smooth ? jitterTable(shape, SMOOTH.jitter, substream(own, 'move')) : null;
    const seen = enter.forward(disturbed(pictures, { table, noise: smooth ? SMOOTH.noise : 0, stream: substream(own, 'noise') }));
    const gradient = movedBack(enter.back(victim(seen, labels, substream(own, 'victim')).gradient), table);
    if (smooth) {
      addPriorGradient(pictures, gradient, shape, { totalVariation: SMOOTH.totalVariation, l2: 0 });
      const pull = (2 * SMOOTH.l2) / empty.length;
      for (let i = 0; i < pictures.length; i++) gradient[i] += pull * (pictures[i] - empty[i % empty.length]);
    }
    adam(pictures, gradient);
    for (let i = 0; i < pictures.length; i++) pictures[i] = Math.min(1, Math.max(-1, pictures[i]));
    yield labels.length;
  }
}

function disturbedLosses(victim: Victim, { pictures, labels, canvas: { shape, normalisation }, stream }: Work): Float64Array {
  const sum = new Float64Array(labels.length);
  const { forward } = entrance(shape, normalisation);
  for (let view = 0; view < VIEWS; view++) {
    const own = substream(stream, view);
    const table = jitterTable(shape, 1, substream(own, 'move'));
    const seen = forward(disturbed(pictures, { table, noise: VIEW_NOISE, stream: substream(own, 'noise') }));
    victim(seen, labels, substream(own, 'victim')).losses.forEach((loss, i) => { sum[i] += loss / VIEWS; });
  }
  return sum;
}

/** Restarts take turns: noise around the empty image, noise around the middle grey, procedural pictures. */
function start(count: number, restart: number, { shape, normalisation }: Canvas, stream: RandomStream): Float32Array {
  const size = shape[0] * shape[1] * shape[2];
  const kind = restart % 3;
  if (kind === 2) return proceduralImages({ count, shape, seed: stream.key0, normalise: (v) => 2 * v - 1 }).images;
  const empty = emptyPicture(shape, normalisation);
  const draws = normal(stream, count * size);
  return Float32Array.from(draws, (z, i) => Math.min(1, Math.max(-1, (kind === 1 ? 0 : empty[i % size]) + 0.25 * z)));
}

/** The picture at which the network's input is zero: the mean of the training data, as far as the normalisation tells it. */
export function emptyPicture(shape: PictureShape, normalisation: PictureNormalisation): Float32Array {
  const { middle, half } = channelRanges(shape[0], normalisation);
  const plane = shape[1] * shape[2];
  return Float32Array.from({ length: shape[0] * plane }, (_, i) => Math.min(1, Math.max(-1, -middle[Math.floor(i / plane)] / half[Math.floor(i / plane)])));
}

function jitterTable(shape: PictureShape, most: number, stream: RandomStream): Int32Array {
  const [a, b] = uniform(stream, 2);
  const roll = (u: number): number => Math.floor(u * (2 * most + 1)) - most;
  return moveTable(shape, { rows: roll(a), columns: roll(b), mirror: false });
}

/** Moved as the table says, with normal noise. */
function disturbed(pictures: Float32Array, { table, noise, stream }: { readonly table: Int32Array | null; readonly noise: number; readonly stream: RandomStream }): Float32Array {
  const out = pictures.slice();
  if (table !== null) for (let first = 0; first < out.length; first += table.length) for (let i = 0; i < table.length; i++) out[first + i] = pictures[first + table[i]];
  if (noise > 0) normal(stream, out.length).forEach((z, i) => { out[i] += noise * z; });
  return out;
}

function movedBack(gradient: Float32Array, table: Int32Array | null): Float32Array {
  if (table === null) return gradient;
  const out = new Float32Array(gradient.length);
  for (let first = 0; first < out.length; first += table.length) for (let i = 0; i < table.length; i++) out[first + table[i]] = gradient[first + i];
  return out;
}

interface Entrance {
  readonly forward: (pictures: Float32Array) => Float32Array;
  readonly back: (gradient: Float32Array) => Float32Array;
}

/** From pictures to the network's numbers and, for gradients, back; both in place. */
export function entrance([channels, height, width]: PictureShape, normalisation: PictureNormalisation): Entrance {
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
