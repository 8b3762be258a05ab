/**
 * NumPy's .npy files: a mark, a version, a header that is a Python dictionary with the element type,
 * the order and the shape, then the numbers. Images are uint8, float32 or float64; labels any integer
 * type or float. Source: NumPy Enhancement Proposal 1 (NEP 1), versions 1.0 to 3.0.
 */
import { fail } from '../diagnostics.js';
import { checkCounts, checkLabels } from './check-labels.js';
import type { Dataset } from './dataset.js';
import { inFile, readPacked } from './read-packed.js';

const MAGIC = '\x93NUMPY';
const MAX_HEADER = 65536;
const MAX_CLASSES = 65536;
const MAX_CHANNELS = 4;

interface NpyArray {
  readonly path: string;
  /** NumPy's name of the element type with its byte order, for example `<f4`. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: DataView;
}

/** One little-endian number at a byte offset. */
type Reader = (data: DataView, at: number) => number;

const IMAGE_TYPES: Readonly<Record<string, Reader>> = {
  '|u1': (d, at) => d.getUint8(at),
  '<f4': (d, at) => d.getFloat32(at, true),
  '<f8': (d, at) => d.getFloat64(at, true),
};
const LABEL_TYPES: Readonly<Record<string, Reader>> = {
  '|u1': (d, at) => d.getUint8(at),
  '|i1': (d, at) => d.getInt8(at),
  '<u2': (d, at) => d.getUint16(at, true),
  '<i2': (d, at) => d.getInt16(at, true),
  '<u4': (d, at) => d.getUint32(at, true),
  '<i4': (d, at) => d.getInt32(at, true),
  '<u8': (d, at) => Number(d.getBigUint64(at, true)),
  '<i8': (d, at) => Number(d.getBigInt64(at, true)),
  '<f4': (d, at) => d.getFloat32(at, true),
  '<f8': (d, at) => d.getFloat64(at, true),
};

/** Images of (N,H,W), (N,C,H,W) or (N,H,W,C) and their labels of (N). Floats are taken as they are: already normalised. */
export function readNpy(name: string, imagePath: string, labelPath: string): Dataset {
  const array = readArray(imagePath);
  const layout = imageLayout(array);
  const images = readPixels(array, layout);
  const labels = readLabels(readArray(labelPath));
  checkCounts(labelPath, layout.count, labels.length);
  checkLabels(labelPath, labels, MAX_CLASSES);
  return { name, count: layout.count, shape: [layout.channels, layout.height, layout.width], images, labels: Uint16Array.from(labels) };
}

function readArray(path: string): NpyArray {
  const bytes = readPacked(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = Buffer.from(bytes.subarray(0, 6)).toString('latin1');
  if (mark !== MAGIC || bytes.length < 12) fail('data/npy-header', inFile(path), { problem: 'is not there: the file does not begin with \\x93NUMPY' });
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MAX_HEADER || start + length > bytes.length) fail('data/npy-header', inFile(path), { problem: `claims ${length} bytes and the file ends before` });
  const { type, shape } = parseHeader(path, Buffer.from(bytes.subarray(start, start + length)).toString('latin1'));
  const data = new DataView(bytes.buffer, bytes.byteOffset + start + length, bytes.length - start - length);
  return { path, type, shape, data };
}

function parseHeader(path: string, text: string): { type: string; shape: number[] } {
  const type = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  if (type === undefined || order === undefined || shape === undefined) {
    fail('data/npy-header', inFile(path), { problem: "lacks one of 'descr', 'fortran_order' and 'shape', or its element type is a record" });
  }
  if (order === 'True') fail('data/npy-order', inFile(path), {});
  return { type, shape: (shape.match(/\d+/g) ?? []).map(Number) };
}

interface ImageLayout {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly channelsLast: boolean;
}

/** Channels stand first when that axis has 1 to 4 places, else last: pictures are larger than that. */
function imageLayout({ path, shape }: NpyArray): ImageLayout {
  const [count, a, b, c] = shape;
  if (shape.some((n) => n === 0)) fail('data/empty', inFile(path), { what: `the shape is (${shape.join(', ')})` });
  if (shape.length === 3) return { count, channels: 1, height: a, width: b, channelsLast: false };
  if (shape.length === 4 && a <= MAX_CHANNELS) return { count, channels: a, height: b, width: c, channelsLast: false };
  if (shape.length === 4 && c <= MAX_CHANNELS) return { count, channels: c, height: a, width: b, channelsLast: true };
  return fail('data/npy-shape', inFile(path), { shape, wanted: '(N, H, W), (N, C, H, W) and (N, H, W, C)' });
}

function readPixels(array: NpyArray, layout: ImageLayout): Uint8Array | Float32Array {
  const read = readerOf(array, IMAGE_TYPES, 'images');
  const bytes = elementBytes(array.type);
  const size = layout.channels * layout.height * layout.width;
  checkSize(array, layout.count * size);
  const out = array.type === '|u1' ? new Uint8Array(layout.count * size) : new Float32Array(layout.count * size);
  const plane = layout.height * layout.width;
  for (let i = 0; i < out.length; i++) {
    const place = i % size;
    const from = layout.channelsLast ? i - place + (place % plane) * layout.channels + Math.floor(place / plane) : i;
    const value = read(array.data, from * bytes);
    if (!Number.isFinite(value)) fail('data/not-finite', inFile(array.path), { index: Math.floor(i / size), value });
    out[i] = value;
  }
  return out;
}

function readLabels(array: NpyArray): number[] {
  const read = readerOf(array, LABEL_TYPES, 'labels');
  const [count, columns] = array.shape;
  if (array.shape.length === 0 || array.shape.length > 2 || (columns ?? 1) !== 1) fail('data/npy-shape', inFile(array.path), { shape: array.shape, wanted: '(N) and (N, 1)' });
  checkSize(array, count);
  const bytes = elementBytes(array.type);
  return Array.from({ length: count }, (_, i) => read(array.data, i * bytes));
}

function readerOf(array: NpyArray, table: Readonly<Record<string, Reader>>, role: 'images' | 'labels'): Reader {
  if (!Object.hasOwn(table, array.type)) fail('data/npy-type', inFile(array.path), { type: array.type, allowed: Object.keys(table), role });
  return table[array.type];
}

const elementBytes = (type: string): number => Number(type.slice(2));

function checkSize(array: NpyArray, elements: number): void {
  const wanted = elements * elementBytes(array.type);
  if (array.data.byteLength === wanted) return;
  fail('data/wrong-size', inFile(array.path), { found: array.data.byteLength, wanted: `${wanted} for the shape (${array.shape.join(', ')}) of ${array.type}` });
}
