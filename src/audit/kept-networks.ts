/**
 * Networks that an audit trained, kept in a folder: a manifest (what was asked for, and the SHA-256 of every network that is
 * whole) and the parameters of each as little-endian floats. A run that was killed takes what is there and goes on to
 * the same figures. A folder of an audit with other settings is refused.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../diagnostics.js';
import { writeFailure } from '../diagnostics/write-failure.js';

const FORMAT = 'spikeveil-networks';
const VERSION = 1;

interface Manifest {
  readonly format: string;
  readonly version: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** SHA-256 of each file of parameters that is whole, by its name. */
  readonly networks: Readonly<Record<string, string>>;
}

export interface Shelf {
  readonly path: (name: string, ending: string) => string;
  /** The parameters, or null where they are not there yet. */
  readonly read: (name: string) => Float32Array | null;
  readonly write: (name: string, parameters: Float32Array) => void;
}

/** Throws `audit/kept-differ`, `audit/kept-damaged` and `audit/kept-not-written`. */
export function openShelf(folder: string, settings: Readonly<Record<string, unknown>>): Shelf {
  const where = { kind: 'file', path: join(folder, 'manifest.json') } as const;
  const kept = readManifest(where.path);
  if (kept !== null) {
    const [was, is] = [flat(kept.settings), flat(settings)];
    const setting = [...new Set([...is.keys(), ...was.keys()])].find((key) => was.get(key) !== is.get(key));
    if (setting !== undefined) fail('audit/kept-differ', where, { setting, was: was.get(setting) ?? 'nothing', is: is.get(setting) ?? 'nothing' });
  }
  let manifest: Manifest = kept ?? { format: FORMAT, version: VERSION, settings, networks: {} };
  const path = (name: string, ending: string): string => join(folder, `${name}.${ending}`);
  writing(folder, () => {
    mkdirSync(folder, { recursive: true });
    if (kept === null) replace(where.path, printed(manifest));
  });
  return {
    path,
    read: (name) => {
      const wanted = manifest.networks[name];
      if (wanted === undefined) return null;
      const file = path(name, 'f32');
      const bytes = existsSync(file) ? readFileSync(file) : null;
      if (bytes === null || hashOf(bytes) !== wanted) fail('audit/kept-damaged', { kind: 'file', path: file }, { reason: bytes === null ? 'the file is not there' : 'it does not match its SHA-256 in the manifest' });
      return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
    },
    write: (name, parameters) => {
      const bytes = Buffer.alloc(4 * parameters.length);
      parameters.forEach((p, i) => bytes.writeFloatLE(p, 4 * i));
      manifest = { ...manifest, networks: { ...manifest.networks, [name]: hashOf(bytes) } };
      writing(folder, () => {
        replace(path(name, 'f32'), bytes);
        replace(where.path, printed(manifest));
        rmSync(path(name, 'checkpoint'), { force: true });
      });
    },
  };
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const printed = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

function readManifest(path: string): Manifest | null {
  if (!existsSync(path)) return null;
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest> | null;
    if (found?.format === FORMAT && found.version === VERSION && typeof found.settings === 'object' && typeof found.networks === 'object') return found as Manifest;
  } catch { /* told below */ }
  return fail('audit/kept-damaged', { kind: 'file', path }, { reason: 'it is no manifest of networks of this version' });
}

/** Every setting by its path, as text. */
function flat(settings: Readonly<Record<string, unknown>>, before = ''): Map<string, string> {
  return new Map(Object.entries(settings).flatMap(([key, value]) => (typeof value === 'object' && value !== null
    ? [...flat(value as Readonly<Record<string, unknown>>, `${before}${key}.`)] : [[`${before}${key}`, String(value)] as const])));
}

function replace(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

function writing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const reason = writeFailure(error);
    if (reason === null) throw error;
    fail('audit/kept-not-written', { kind: 'file', path: folder }, { reason });
  }
}
