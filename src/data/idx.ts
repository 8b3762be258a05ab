/**
 * IDX, the format of MNIST and Fashion-MNIST. Images: four big-endian 32-bit words (0x00000803, count,
 * rows, columns), then one byte a pixel, row by row. Labels: two words (0x00000801, count), then one
 * byte a label. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
 */
import { join } from 'node:path';
import { fail } from '../diagnostics.js';
import type { Dataset } from './dataset.js';
import { checkCounts, checkLabels } from './check-labels.js';
import { firstExisting, inFile, readPacked } from './read-packed.js';

const IMAGES = 0x00000803;
const LABELS = 0x00000801;

export interface IdxFiles {
  readonly images: string;
  readonly labels: string;
}

/** Reads an image file and its label file; `classes` bounds the labels (256 where nothing is known). */
export function readIdx(name: string, files: IdxFiles, classes: number): Dataset {
  const [count, rows, columns, pixels] = readImages(files.images);
  const labels = readLabels(files.labels);
  checkCounts(files.labels, count, labels.length);
  checkLabels(files.labels, labels, classes);
  return { name, count, shape: [1, rows, columns], images: pixels, labels };
}

/** The pair of files that a folder of MNIST or Fashion-MNIST holds under its usual names. */
export function findIdx(folder: string, part: 'test' | 'train'): IdxFiles {
  const prefix = part === 'test' ? 't10k' : 'train';
  const find = (kind: string, axes: number): string => {
    const names = [`${prefix}-${kind}-idx${axes}-ubyte.gz`, `${prefix}-${kind}-idx${axes}-ubyte`, `${prefix}-${kind}.idx${axes}-ubyte`];
    return firstExisting(`${prefix}-${kind}-idx${axes}-ubyte`, names.map((n) => join(folder, n)));
  };
  return { images: find('images', 3), labels: find('labels', 1) };
}

function readImages(path: string): readonly [count: number, rows: number, columns: number, pixels: Uint8Array] {
  const bytes = readPacked(path);
  const [count, rows, columns] = readHeader(path, bytes, { magic: IMAGES, words: 3, format: 'IDX image file' });
  const size = count * rows * columns;
  if (size === 0) fail('data/empty', inFile(path), { what: `${count} images of ${rows} x ${columns}` });
  if (bytes.length !== 16 + size) {
    fail('data/wrong-size', inFile(path), { found: bytes.length, wanted: `${16 + size} for ${count} images of ${rows} x ${columns} and a header of 16` });
  }
  return [count, rows, columns, bytes.subarray(16)];
}

function readLabels(path: string): Uint16Array {
  const bytes = readPacked(path);
  const [count] = readHeader(path, bytes, { magic: LABELS, words: 1, format: 'IDX label file' });
  if (bytes.length !== 8 + count) fail('data/wrong-size', inFile(path), { found: bytes.length, wanted: `${8 + count} for ${count} labels and a header of 8` });
  return Uint16Array.from(bytes.subarray(8));
}

interface Header { readonly magic: number; readonly words: number; readonly format: string }

function readHeader(path: string, bytes: Uint8Array, { magic, words, format }: Header): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = 4 + 4 * words;
  if (bytes.length < size) fail('data/wrong-size', inFile(path), { found: bytes.length, wanted: `${size} or more: an ${format} has a header of ${size}` });
  const found = view.getUint32(0);
  if (found !== magic) fail('data/bad-magic', inFile(path), { found: hex(found), wanted: hex(magic), format });
  return Array.from({ length: words }, (_, i) => view.getUint32(4 + 4 * i));
}

const hex = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;
