/**
 * Tensors whose numbers are in a file beside the model. The location comes from the model, so it is
 * hostile until shown otherwise: it must stay inside the model's folder, links followed, and only the
 * named range is read, after its length has been compared with the tensor's dims.
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';

export type ExternalData = { readonly bytes: Uint8Array } | { readonly problem: string };

/** Reads the `expected` bytes that `entries` (location, offset, length) point at, relative to `folder`. */
export function readExternalData(entries: ReadonlyMap<string, string>, expected: number, folder: string | undefined): ExternalData {
  const location = entries.get('location') ?? '';
  if (folder === undefined) return { problem: 'the model was given as bytes, without a folder to look in' };
  if (location === '') return { problem: 'no location is given' };
  if (location.includes('\0')) return { problem: 'the location has a zero byte in it' };
  if (isAbsolute(location) || /^([A-Za-z]:|\\)/.test(location)) return { problem: `"${location}" is an absolute path` };
  if (location.split(/[\\/]/).includes('..')) return { problem: `"${location}" leaves the model's folder` };
  const offset = readWhole(entries.get('offset') ?? '0');
  const length = readWhole(entries.get('length') ?? String(expected));
  if (offset === undefined || length === undefined) return { problem: 'offset or length is not a whole number' };
  if (length !== expected) return { problem: `it names ${length} bytes where the dims need ${expected}` };
  const path = resolveInside(folder, location);
  return path === undefined ? { problem: `"${location}" does not exist in the model's folder or is a link that leaves it` } : readRange(path, { location, offset, length });
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

function readRange(path: string, { location, offset, length }: { location: string; offset: number; length: number }): ExternalData {
  let file: number | undefined;
  try {
    // Asked before opening: opening a named pipe would wait for its writer.
    if (!statSync(path).isFile()) return { problem: `"${location}" is not a file` };
    file = openSync(path, 'r');
    const info = fstatSync(file);
    if (offset + length > info.size) return { problem: `bytes ${offset} to ${offset + length} of "${location}" are named, it has ${info.size}` };
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
