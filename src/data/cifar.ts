/**
 * The binary records of CIFAR. CIFAR-10: one label byte, then 1024 bytes of red, green and blue, each
 * plane 32 x 32 row by row. CIFAR-100: a coarse label (0..19), a fine label (0..99), then the planes;
 * files without the coarse label are read as well. There is no header, so the record is told from the
 * size of the file, and from the labels where both sizes divide it.
 * Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
 */
import { fail } from '../diagnostics.js';
import { checkLabels } from './check-labels.js';
import type { Dataset } from './dataset.js';
import { inFile, readPacked } from './read-packed.js';

const PIXELS = 3 * 32 * 32;
const COARSE_CLASSES = 20;

interface Layout {
  /** Label bytes in front of the pixels; the last one is the class. */
  readonly labelBytes: 1 | 2;
  readonly classes: number;
}

export const readCifar10 = (name: string, path: string): Dataset => readRecords(name, path, [{ labelBytes: 1, classes: 10 }]);

export const readCifar100 = (name: string, path: string): Dataset =>
  readRecords(name, path, [{ labelBytes: 2, classes: 100 }, { labelBytes: 1, classes: 100 }]);

/** Reads with the first layout that fits the size and whose labels are all valid. */
function readRecords(name: string, path: string, layouts: readonly Layout[]): Dataset {
  const bytes = readPacked(path);
  const fitting = layouts.filter((l) => bytes.length % (l.labelBytes + PIXELS) === 0);
  if (bytes.length === 0) fail('data/empty', inFile(path), { what: 'the file has 0 bytes' });
  if (fitting.length === 0) {
    fail('data/wrong-size', inFile(path), { found: bytes.length, wanted: `a multiple of ${layouts.map((l) => l.labelBytes + PIXELS).join(' or ')} (one record)` });
  }
  const layout = fitting.find((l) => labelsValid(bytes, l)) ?? fitting[0];
  const size = layout.labelBytes + PIXELS;
  const count = bytes.length / size;
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * size + layout.labelBytes - 1];
    images.set(bytes.subarray(i * size + layout.labelBytes, (i + 1) * size), i * PIXELS);
  }
  checkLabels(path, labels, layout.classes);
  return { name, count, shape: [3, 32, 32], images, labels };
}

function labelsValid(bytes: Uint8Array, { labelBytes, classes }: Layout): boolean {
  for (let at = 0; at < bytes.length; at += labelBytes + PIXELS) {
    if (bytes[at + labelBytes - 1] >= classes) return false;
    if (labelBytes === 2 && bytes[at] >= COARSE_CLASSES) return false;
  }
  return true;
}
