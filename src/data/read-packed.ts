/**
 * Reads a data file, gzip-packed or not, with a bound on what it may become in memory: a damaged or
 * malicious archive is refused before it fills the machine. Packing is seen from the file itself.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fail, type Where } from '../diagnostics.js';

/** More than any data set of small images has: CIFAR as float32 is 0.6 GB. */
const LIMIT = 2 ** 30;
/** Real images pack to a fifth at best; a long row of equal labels packs far better but stays under the floor. */
const RATIO = 100;
const FLOOR = 2 ** 26;

/** Where a message about this file points to. */
export const inFile = (path: string): Where => ({ kind: 'file', path });

/** The bytes of a file, unpacked when it is a gzip file. Throws `data/missing`, `data/unreadable`, `data/too-large`, `data/broken-gzip`. */
export function readPacked(path: string): Uint8Array {
  const bytes = readBounded(path);
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
  if (packed) return inflate(path, bytes);
  if (path.endsWith('.gz')) fail('data/broken-gzip', inFile(path), { reason: 'it does not begin with the gzip mark 1f 8b' });
  return bytes;
}

/** The first of these paths that exists, or a diagnostic that names all of them. */
export function firstExisting(wanted: string, paths: readonly string[]): string {
  return paths.find((p) => existsSync(p)) ?? fail('data/missing', { kind: 'nowhere' }, { wanted, looked: paths });
}

function readBounded(path: string): Uint8Array {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) fail('data/missing', { kind: 'nowhere' }, { wanted: path, looked: [path] });
  try {
    const file = openSync(path, 'r');
    try {
      const found = fstatSync(file);
      if (!found.isFile()) fail('data/unreadable', inFile(path), { reason: found.isDirectory() ? 'it is a folder' : 'it is not a regular file' });
      if (found.size > LIMIT) fail('data/too-large', inFile(path), { limit: LIMIT, packed: false });
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isSystemError(error)) fail('data/unreadable', inFile(path), { reason: error.code });
    throw error;
  }
}

function inflate(path: string, packed: Uint8Array): Uint8Array {
  const limit = Math.min(LIMIT, Math.max(FLOOR, RATIO * packed.length));
  try {
    return gunzipSync(packed, { maxOutputLength: limit });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ERR_BUFFER_TOO_LARGE') fail('data/too-large', inFile(path), { limit, packed: true });
    return fail('data/broken-gzip', inFile(path), { reason: error.message });
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
