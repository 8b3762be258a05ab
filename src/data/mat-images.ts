/**
 * Labelled images from a MATLAB file: an array of images and a vector with a label for each. Images stand as
 * [pixels, N] or [N, pixels] (square), [H, W, N] or [H, W, C, N]; MATLAB keeps each one column by column, so it
 * is transposed. The file of Extended Yale B that goes round (2,414 faces of 38 people, 32 x 32) is one of them.
 */
import { fail } from '../diagnostics.js';
import type { Dataset } from './dataset.js';
import { readMatFile, type MatArray } from './mat-file.js';
import { inFile } from './read-packed.js';

const MAX_CLASSES = 65536;

interface Layout {
  readonly array: MatArray;
  readonly count: number;
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Distance of neighbouring images, and of neighbouring pixels of one. */
  readonly imageStride: number;
  readonly pixelStride: number;
}

/** Whole numbers from 0 to 255 are bytes, anything else is taken as already normalised. Labels are numbered from 0 in their order. Throws `data/mat-...`. */
export function readMatImages(name: string, path: string): Dataset {
  const arrays = readMatFile(path);
  const [found] = pairsIn(arrays);
  if (found === undefined) fail('data/mat-variables', inFile(path), { found: arrays.map((a) => `${a.name} (${a.shape.join(' x ')})`) });
  const { layout, labels } = found;
  const { count, shape } = layout;
  return { name, count, shape, images: pixelsOf(path, layout), labels: numbered(path, labels.values) };
}

/** Every array of images with a vector of as many labels, the largest first. */
function pairsIn(arrays: readonly MatArray[]): { readonly layout: Layout; readonly labels: MatArray }[] {
  const vectors = arrays.filter(({ shape }) => shape.length === 2 && Math.min(...shape) === 1);
  return [...arrays].sort((a, b) => b.values.length - a.values.length).flatMap((array) => vectors.flatMap((labels) => {
    const layout = labels === array ? null : layoutOf(array, labels.values.length);
    return layout === null ? [] : [{ layout, labels }];
  }));
}

/** How `count` images stand in an array, or null where they do not. */
function layoutOf(array: MatArray, count: number): Layout | null {
  const { shape } = array;
  const square = (pixels: number): readonly [1, number, number] | null => (Number.isInteger(Math.sqrt(pixels)) && pixels > 1 ? [1, Math.sqrt(pixels), Math.sqrt(pixels)] : null);
  const along = (image: Layout['shape'] | null, pixelStride: number): Layout | null =>
    (image === null ? null : { array, count, shape: image, pixelStride, imageStride: pixelStride === 1 ? array.values.length / count : 1 });
  const [a, b, c, d] = shape;
  if (shape.length === 2 && b === count) return along(square(a), 1);
  if (shape.length === 2 && a === count) return along(square(b), count);
  if (shape.length === 3 && c === count) return along([1, a, b], 1);
  if (shape.length === 4 && d === count && c <= 4) return along([c, a, b], 1);
  return null;
}

/** [N, C, H, W] from columns: the pixel of row y and column x is number y + H * (x + W * c) of its image. */
function pixelsOf(path: string, { array: { values }, count, shape: [channels, height, width], imageStride, pixelStride }: Layout): Uint8Array | Float32Array {
  const bytes = values instanceof Uint8Array || values.every((v) => Number.isInteger(v) && v >= 0 && v <= 255);
  const out = bytes ? new Uint8Array(values.length) : new Float32Array(values.length);
  let at = 0;
  for (let n = 0; n < count; n++) for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++, at++) {
    const value = values[n * imageStride + (y + height * (x + width * c)) * pixelStride];
    if (!Number.isFinite(value)) fail('data/not-finite', inFile(path), { index: n, value });
    out[at] = value;
  }
  return out;
}

/** MATLAB counts from 1, and people leave gaps: classes are the labels that occur, in rising order. */
function numbered(path: string, labels: Uint8Array | Float64Array): Uint16Array {
  const bad = [...labels].findIndex((l) => !Number.isInteger(l));
  const values = [...new Set(labels)].sort((a, b) => a - b);
  if (bad >= 0 || values.length > MAX_CLASSES) fail('data/label-range', inFile(path), { index: Math.max(0, bad), label: labels[Math.max(0, bad)], classes: MAX_CLASSES, bad: 1 });
  const places = new Map(values.map((v, i) => [v, i]));
  return Uint16Array.from(labels, (l) => places.get(l)!);
}
