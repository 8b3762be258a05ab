/**
 * Tensors whose numbers are in a file beside the model. The location comes from the model, so it is
 * hostile until shown otherwise: it must stay inside the model's folder, links followed, and only the
 * named range is read, after its length has been compared with the tensor's dims.
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';

export type ExternalData = { readonly bytes: Uint8Array } | { readonly problem: string };

/** Where a model's tensors come from, and how many bytes may still be made of them. Changes while tensors are read. */
export interface TensorSource {
  /** Where external data may lie; undefined: nowhere. */
  readonly folder: string | undefined;
  /** Whether the file's bytes belong to the importer, so that a tensor may be moved within them instead of being copied. */
  readonly owned: boolean;
  /** Side files that were read. */
  readonly sideFiles: Set<string>;
  /** Bytes. Each side file adds to them: tensors of one file may overlap, but not without end. */
  left: number;
}

/** Bytes of tensors that a file may make, as a multiple of its own, and beside that. */
const TIMES = 3;
const BESIDE = 2 ** 28 - 2 ** 24;

/** The source of a model of so many bytes. */
export const tensorSource = (bytes: number, given: { readonly folder: string | undefined; readonly owned: boolean }): TensorSource =>
  ({ ...given, sideFiles: new Set(), left: TIMES * bytes + BESIDE });

/** Reads the `expected` bytes that `entries` (location, offset, length) point at into an array of their own. */
export function readExternalData(entries: ReadonlyMap<string, string>, expected: number, source: TensorSource | undefined): ExternalData {
  const folder = source?.folder;
  const location = entries.get('location') ?? '';
  if (source === undefined || folder === undefined) return { problem: 'the model was given as bytes, without a folder to look in' };
  if (location === '') return { problem: 'no location is given' };
  if (location.includes('\0')) return { problem: 'the location has a zero byte in it' };
  if (isAbsolute(location) || /^([A-Za-z]:|\\)/.test(location)) return { problem: `"${location}" is an absolute path` };
  if (location.split(/[\\/]/).includes('..')) return { problem: `"${location}" leaves the model's folder` };
  const offset = readWhole(entries.get('offset') ?? '0');
  const length = readWhole(entries.get('length') ?? String(expected));
  if (offset === undefined || length === undefined) return { problem: 'offset or length is not a whole number' };
  if (length !== expected) return { problem: `it names ${length} bytes where the dims need ${expected}` };
  const path = resolveInside(folder, location);
  return path === undefined ? { problem: `"${location}" does not exist in the model's folder or is a link that leaves it` } : readRange(path, { location, offset, length }, source);
}

const readWhole = (text: string): number | undefined => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
};

function resolveInside(folder: string, location: string): string | undefined {
  try {
    const root = realpathSync(folder);
    const path = realpathSync(join(root, location));
    return path.startsWith(root.endsWith(sep) ? root : root + sep) ? path : undefined;
  } catch {
    return undefined;
  }
}

function readRange(path: string, { location, offset, length }: { location: string; offset: number; length: number }, source: TensorSource): ExternalData {
  let file: number | undefined;
  try {
    // Asked before opening: opening a named pipe would wait for its writer.
    if (!statSync(path).isFile()) return { problem: `"${location}" is not a file` };
    file = openSync(path, 'r');
    const info = fstatSync(file);
    if (offset + length > info.size) return { problem: `bytes ${offset} to ${offset + length} of "${location}" are named, it has ${info.size}` };
    if (!source.sideFiles.has(path)) source.left += TIMES * info.size;
    source.sideFiles.add(path);
    if ((source.left -= length) < 0) return { problem: `tensors name the bytes of "${location}" again and again, more than ${TIMES} times in all` };
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const got = readSync(file, bytes, done, length - done, offset + done);
      if (got === 0) return { problem: `"${location}" ended while it was read` };
      done += got;
    }
    return { bytes };
  } catch {
    return { problem: `"${location}" cannot be read` };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
