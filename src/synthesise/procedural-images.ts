/**
 * Images that nobody owns: drawn from a seed, not from data. Half are "dead leaves" (opaque discs and
 * rectangles of random size, place and colour, the classic model of natural image statistics: Lee,
 * Mumford, Huang, IJCV 41, 2001), the others smoothed noise over several octaves and, for grey images,
 * pen strokes in full contrast. They have the edges, flat regions and correlated colours of photographs
 * (or of scanned writing), which is what thresholds need when the file holds no statistics.
 */
import { randomStream, substream, uniform, type RandomStream } from '../random.js';

/** Images made for a network, and how. */
export interface SampleSet {
  readonly count: number;
  /** [channels, height, width] */
  readonly shape: readonly [number, number, number];
  /** count * C * H * W numbers, normalised as the network wants them. */
  readonly images: Float32Array;
  /** How the set was made, in words. */
  readonly recipe: string;
  readonly seed: number;
}

export interface ProceduralOptions {
  /** Place of the first image in the series of this seed; default 0. */
  readonly first?: number;
  readonly count: number;
  readonly shape: readonly [number, number, number];
  readonly seed: number;
  /** Maps a grey value in [0, 1] of channel c to the network's input. */
  readonly normalise: (value: number, channel: number) => number;
}

/** Draws `count` images. */
export function proceduralImages(options: ProceduralOptions): SampleSet {
  const { first = 0, count, shape, seed, normalise } = options;
  const [channels, height, width] = shape;
  const size = channels * height * width;
  const images = new Float32Array(count * size);
  const root = substream(randomStream(seed), 'procedural-images');
  for (let i = 0; i < count; i++) {
    const stream = substream(root, first + i);
    const kinds = shape[0] === 1 ? GREY_KINDS : COLOUR_KINDS;
    const kind = kinds[(first + i) % kinds.length];
    const picture = kind(shape, stream);
    const [low, high] = kind === penStrokes ? fullContrast(stream) : contrast(stream);
    for (let k = 0; k < size; k++) {
      images[i * size + k] = normalise(Math.min(1, Math.max(0, low + (high - low) * picture[k])), Math.floor(k / (height * width)));
    }
  }
  return { count, shape, images, seed, recipe: `${count} procedural images (${shape[0] === 1 ? 'dead leaves, octave noise, pen strokes' : 'dead leaves, octave noise'})` };
}

/** White on black three times in four, as scanned writing is stored. */
function fullContrast(stream: RandomStream): readonly [number, number] {
  return uniform(substream(stream, 'contrast'), 1)[0] < 0.75 ? [0, 1] : [1, 0];
}

/** A darkest and a lightest value, now and then reversed. */
function contrast(stream: RandomStream): readonly [number, number] {
  const [a, b, flip] = uniform(substream(stream, 'contrast'), 3);
  const low = 0.35 * a;
  const high = 1 - 0.35 * b;
  return flip < 0.5 ? [low, high] : [high, low];
}

/** Random numbers in order, as many as needed. */
function draws(stream: RandomStream, count: number): () => number {
  const numbers = uniform(stream, count);
  let next = 0;
  return () => numbers[next++];
}

const LEAVES = 70;
const DRAWS_PER_LEAF = 12;

function deadLeaves([channels, height, width]: readonly [number, number, number], stream: RandomStream): Float32Array {
  const next = draws(substream(stream, 'leaves'), LEAVES * (DRAWS_PER_LEAF + channels));
  const picture = new Float32Array(channels * height * width);
  const largest = Math.max(height, width) * 0.6;
  for (let leaf = 0; leaf < LEAVES; leaf++) {
    // radius density proportional to r^-3, cut at one pixel and 0.6 of the picture; the first leaves are the ground
    const u = next();
    const radius = leaf < 3 ? largest * 2 : 1.2 / Math.sqrt(1 - u * (1 - (1.2 / largest) ** 2));
    const centre = [next() * height, next() * width] as const;
    const angle = next() * Math.PI;
    const round = next() < 0.6;
    const aspect = 0.4 + 0.6 * next();
    const grey = next();
    const shade = (next() - 0.5) * 0.5;
    const chroma = next() * 0.5;
    const colour = Array.from({ length: channels }, () => grey + chroma * (next() - 0.5) * 2);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const along = ((x - centre[1]) * cos + (y - centre[0]) * sin) / radius;
        const across = ((y - centre[0]) * cos - (x - centre[1]) * sin) / (radius * aspect);
        const inside = round ? along * along + across * across <= 1 : Math.abs(along) <= 0.9 && Math.abs(across) <= 0.9;
        if (!inside) continue;
        for (let c = 0; c < channels; c++) picture[(c * height + y) * width + x] = colour[c] + shade * along;
      }
    }
  }
  return soften(picture, channels, height, width);
}

/** Sum of bilinear noise grids of 2, 4, 8, ... cells with amplitude 1 / frequency, partly shared by the channels. */
function octaveNoise([channels, height, width]: readonly [number, number, number], stream: RandomStream): Float32Array {
  const picture = new Float32Array(channels * height * width).fill(0.5);
  let amplitude = 0.45;
  for (let cells = 2; cells <= Math.max(height, width) / 1.5; cells *= 2) {
    const side = cells + 1;
    const shared = uniform(substream(stream, `shared ${cells}`), side * side);
    for (let c = 0; c < channels; c++) {
      const own = uniform(substream(stream, `own ${cells} ${c}`), side * side);
      const at = (gy: number, gx: number): number => 0.75 * shared[gy * side + gx] + 0.25 * own[gy * side + gx] - 0.5;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const fy = (y / height) * cells;
          const fx = (x / width) * cells;
          const [iy, ix] = [Math.floor(fy), Math.floor(fx)];
          const [wy, wx] = [fy - iy, fx - ix];
          const value = (1 - wy) * ((1 - wx) * at(iy, ix) + wx * at(iy, ix + 1)) + wy * ((1 - wx) * at(iy + 1, ix) + wx * at(iy + 1, ix + 1));
          picture[(c * height + y) * width + x] += 2 * amplitude * value;
        }
      }
    }
    amplitude *= 0.6;
  }
  return picture;
}

const STROKES = 5;
const DOTS = 60;

/** A few curved strokes of one thickness, and now and then a filled blob, on an empty ground. */
function penStrokes([channels, height, width]: readonly [number, number, number], stream: RandomStream): Float32Array {
  const next = draws(substream(stream, 'strokes'), 4 + STROKES * 8);
  const plane = new Float32Array(height * width);
  const strokes = 1 + Math.floor(next() * STROKES);
  const size = Math.max(height, width);
  const radius = next() < 0.3 ? size * (0.12 + 0.2 * next()) : size * (0.025 + 0.05 * next());
  for (let s = 0; s < strokes; s++) {
    const points = Array.from({ length: 6 }, (_, k) => (0.15 + 0.7 * next()) * (k % 2 === 0 ? height : width));
    for (let d = 0; d <= DOTS; d++) {
      const t = d / DOTS;
      const along = (a: number, b: number, c: number): number => (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c;
      stamp(plane, [height, width], { y: along(points[0], points[2], points[4]), x: along(points[1], points[3], points[5]), radius });
    }
  }
  const picture = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) picture.set(plane, c * height * width);
  return picture;
}

interface Dot { readonly y: number; readonly x: number; readonly radius: number }

/** Draws a disc with a soft edge of one pixel. */
function stamp(plane: Float32Array, [height, width]: readonly [number, number], dot: Dot): void {
  for (let y = Math.max(0, Math.floor(dot.y - dot.radius - 1)); y <= Math.min(height - 1, dot.y + dot.radius + 1); y++) {
    for (let x = Math.max(0, Math.floor(dot.x - dot.radius - 1)); x <= Math.min(width - 1, dot.x + dot.radius + 1); x++) {
      const ink = Math.min(1, Math.max(0, dot.radius + 0.5 - Math.hypot(y - dot.y, x - dot.x)));
      plane[y * width + x] = Math.max(plane[y * width + x], ink);
    }
  }
}

const COLOUR_KINDS = [deadLeaves, octaveNoise] as const;
const GREY_KINDS = [deadLeaves, octaveNoise, deadLeaves, penStrokes] as const;

/** One 1-2-1 smoothing in both directions: the blur of a lens. */
function soften(picture: Float32Array, channels: number, height: number, width: number): Float32Array {
  const out = new Float32Array(picture.length);
  const clamp = (v: number, most: number): number => Math.min(most, Math.max(0, v));
  for (let c = 0; c < channels; c++) {
    const at = (y: number, x: number): number => picture[(c * height + clamp(y, height - 1)) * width + clamp(x, width - 1)];
    const row = (y: number, x: number): number => 0.2 * at(y, x - 1) + 0.6 * at(y, x) + 0.2 * at(y, x + 1);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) out[(c * height + y) * width + x] = 0.2 * row(y - 1, x) + 0.6 * row(y, x) + 0.2 * row(y + 1, x);
    }
  }
  return out;
}
