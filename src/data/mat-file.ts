/**
 * The numeric arrays of a MATLAB level 5 file (`save -v6` and `-v7`): a header of 128 bytes, then elements
 * of a tag (type, length) and data, packed with zlib or not. Characters, cells, structures and sparse arrays are
 * passed over; complex parts are left unread. What unpacks to more than a data set has is refused before it fills the memory.
 * Source: The MathWorks, "MAT-File Format", chapter 1, level 5. A library exists on the registry (mat-for-js),
 * but it bounds nothing and brings an old copy of zlib, which Node has.
 */
import { inflateSync } from 'node:zlib';
import { fail } from '../diagnostics.js';
import { inFile, readPacked } from './read-packed.js';

/** Numbers column by column: the first dimension varies fastest. */
export interface MatArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Uint8Array | Float64Array;
}

interface Element {
  readonly type: number;
  readonly data: DataView;
  /** Where the next one begins. */
  readonly next: number;
}

const HEADER = 128;
const MATRIX = 14;
const COMPRESSED = 15;
const [FIRST_NUMERIC_CLASS, LAST_NUMERIC_CLASS] = [6, 15];
const MOST_ARRAYS = 4096;
/** As in `read-packed.ts`. */
const [LIMIT, RATIO, FLOOR] = [2 ** 30, 100, 2 ** 26];

type Reader = (data: DataView, at: number, little: boolean) => number;
const NUMBERS: Readonly<Record<number, { readonly bytes: number; readonly read: Reader }>> = {
  1: { bytes: 1, read: (d, at) => d.getInt8(at) },
  2: { bytes: 1, read: (d, at) => d.getUint8(at) },
  3: { bytes: 2, read: (d, at, little) => d.getInt16(at, little) },
  4: { bytes: 2, read: (d, at, little) => d.getUint16(at, little) },
  5: { bytes: 4, read: (d, at, little) => d.getInt32(at, little) },
  6: { bytes: 4, read: (d, at, little) => d.getUint32(at, little) },
  7: { bytes: 4, read: (d, at, little) => d.getFloat32(at, little) },
  9: { bytes: 8, read: (d, at, little) => d.getFloat64(at, little) },
  12: { bytes: 8, read: (d, at, little) => Number(d.getBigInt64(at, little)) },
  13: { bytes: 8, read: (d, at, little) => Number(d.getBigUint64(at, little)) },
};

/** Reads the arrays, in the order of the file. Throws `data/mat-broken`, `data/mat-version`, `data/too-large` and what `readPacked` throws. */
export function readMatFile(path: string): readonly MatArray[] {
  const bytes = readPacked(path);
  const file = viewOf(bytes);
  const mark = bytes.length < HEADER ? '' : Buffer.from(bytes.subarray(126, HEADER)).toString('latin1');
  if (mark !== 'IM' && mark !== 'MI') broken(path, 'it does not have the header of a level 5 file');
  const little = mark === 'IM';
  const version = file.getUint16(124, little);
  if (version !== 0x0100) fail('data/mat-version', inFile(path), { version: `${version >> 8}.${version & 255}` });
  const context: Context = { path, little, left: Math.max(FLOOR, Math.min(LIMIT, RATIO * bytes.length)) };
  const arrays: MatArray[] = [];
  for (let at = HEADER; at < bytes.length && arrays.length < MOST_ARRAYS;) {
    const element = elementAt(context, file, at);
    const array = arrayOf(context, element.type === COMPRESSED ? unpacked(context, element) : element);
    if (array !== null) arrays.push(array);
    at = element.next;
  }
  return arrays;
}

interface Context {
  readonly path: string;
  readonly little: boolean;
  /** Bytes that may still be unpacked. */
  left: number;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const part = (view: DataView, at: number, length: number): DataView => new DataView(view.buffer, view.byteOffset + at, length);
const broken = (path: string, problem: string): never => fail('data/mat-broken', inFile(path), { problem });

/** The element at a byte: a long tag of eight bytes, or a short one whose upper half is the length of up to four bytes within it. */
function elementAt({ path, little }: Context, data: DataView, at: number): Element {
  if (at + 8 > data.byteLength) broken(path, 'it breaks off within a tag');
  const first = data.getUint32(at, little);
  const short = first >>> 16;
  if (short > 4) broken(path, `a short element claims ${short} bytes`);
  if (short > 0) return { type: first & 0xffff, data: part(data, at + 4, short), next: at + 8 };
  const length = data.getUint32(at + 4, little);
  if (at + 8 + length > data.byteLength) broken(path, `an element claims ${length} bytes and the file ends before`);
  const end = at + 8 + length;
  return { type: first, data: part(data, at + 8, length), next: first === COMPRESSED ? end : end + ((8 - (length % 8)) % 8) };
}

/** The one element within a packed one. */
function unpacked(context: Context, { data }: Element): Element {
  const { path, left } = context;
  let bytes: Uint8Array;
  try {
    bytes = inflateSync(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), { maxOutputLength: Math.max(1, left) });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') fail('data/too-large', inFile(path), { limit: left, packed: true });
    return broken(path, `a packed element cannot be unpacked: ${error.message}`);
  }
  context.left -= bytes.length;
  return elementAt(context, viewOf(bytes), 0);
}

/** A numeric array with its name; null for anything else. */
function arrayOf(context: Context, { type, data }: Element): MatArray | null {
  const { path, little } = context;
  if (type !== MATRIX || data.byteLength === 0) return null;
  const flags = elementAt(context, data, 0);
  if (flags.data.byteLength < 8) broken(path, 'an array has no flags');
  const kind = flags.data.getUint32(0, little) & 255;
  if (kind < FIRST_NUMERIC_CLASS || kind > LAST_NUMERIC_CLASS) return null;
  const dimensions = elementAt(context, data, flags.next);
  const shape = Array.from({ length: dimensions.data.byteLength >> 2 }, (_, i) => dimensions.data.getInt32(4 * i, little));
  const label = elementAt(context, data, dimensions.next);
  const name = Buffer.from(label.data.buffer, label.data.byteOffset, label.data.byteLength).toString('latin1');
  const count = shape.reduce((a, b) => a * b, 1);
  if (shape.length < 2 || shape.some((n) => n < 0)) broken(path, `array "${name}" has the dimensions ${shape.join(' x ')}`);
  if (count === 0) return null;
  const numbers = elementAt(context, data, label.next);
  if (!Object.hasOwn(NUMBERS, numbers.type)) broken(path, `array "${name}" holds numbers of an unknown type, ${numbers.type}`);
  const { bytes, read } = NUMBERS[numbers.type];
  if (numbers.data.byteLength !== count * bytes) broken(path, `array "${name}" of ${shape.join(' x ')} has ${numbers.data.byteLength} bytes, it needs ${count * bytes}`);
  const values = numbers.type === 2 ? new Uint8Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(numbers.data, i * bytes, little);
  return { name, shape, values };
}
