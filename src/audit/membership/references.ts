/**
 * The reference networks of an audit, trained one after another with all threads on each, or taken from a folder where an
 * earlier run left them. The folder has a manifest (what was asked for, and the SHA-256 of every network that is
 * whole), the parameters of each as little-endian floats, and the checkpoint of the one that was being trained: a run
 * that was killed goes on from there to the same figures. A folder of an audit with other settings is refused.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../diagnostics.js';
import { writeFailure } from '../../diagnostics/write-failure.js';
import { randomStream, randomUint32, substream } from '../../random.js';
import type { Subject } from '../subject.js';
import { chosenImages, drawnFor, type Pool } from './pool.js';
import type { ReferenceKind, ReferenceRun } from './reference-kinds.js';

export interface Reference {
  readonly subject: Subject;
  /** 1 for each image of the pool that it learned. */
  readonly members: Uint8Array;
}

export interface ReferenceRequest {
  readonly kind: ReferenceKind;
  readonly count: number;
  readonly seed: number;
  readonly workers: number;
  /** Where the networks are kept; left out: in memory alone. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Step of the reference at hand. */
  readonly onStep?: (reference: number, step: number, steps: number) => void;
}

const FORMAT = 'spikeveil-references';
const VERSION = 1;
const EVERY_STEPS = 50;

interface Manifest {
  readonly format: string;
  readonly version: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** SHA-256 of each file of parameters that is whole, by its number. */
  readonly references: Readonly<Record<string, string>>;
}

/** Trains what is missing. Throws `audit/references-differ`, `audit/references-damaged` and `audit/references-not-written`. */
export async function openReferences(pool: Pool, request: ReferenceRequest): Promise<readonly Reference[]> {
  const { kind, count, seed, workers, folder, signal, onStep } = request;
  const settings = { pool: pool.sha256, seed, ...kind.settings };
  const shelf = folder === undefined ? null : openShelf(folder, settings);
  const found: Reference[] = [];
  for (let k = 0; k < count; k++) {
    signal?.throwIfAborted();
    const members = drawnFor(k, pool.count, seed);
    const run: ReferenceRun = { seed: seedOf(seed, k), workers, ...(signal === undefined ? {} : { signal }), onStep: (step, steps) => onStep?.(k, step, steps), ...(shelf === null ? {} : { checkpoint: { path: shelf.path(k, 'checkpoint'), everySteps: EVERY_STEPS } }) };
    const kept = shelf?.read(k) ?? null;
    const parameters = kept ?? await kind.train(chosenImages(pool, members), run);
    if (kept === null) shelf?.write(k, parameters);
    found.push({ subject: kind.subjectOf(parameters), members });
  }
  return found;
}

const seedOf = (seed: number, k: number): number => randomUint32(substream(substream(randomStream(seed), 'reference'), k), new Uint32Array(1))[0];

interface Shelf {
  readonly path: (reference: number, ending: string) => string;
  /** The parameters, or null where they are not there yet. */
  readonly read: (reference: number) => Float32Array | null;
  readonly write: (reference: number, parameters: Float32Array) => void;
}

function openShelf(folder: string, settings: Readonly<Record<string, unknown>>): Shelf {
  const where = { kind: 'file', path: join(folder, 'manifest.json') } as const;
  const kept = readManifest(where.path);
  if (kept !== null) {
    const [was, is] = [flat(kept.settings), flat(settings)];
    const name = [...new Set([...is.keys(), ...was.keys()])].find((key) => was.get(key) !== is.get(key));
    if (name !== undefined) fail('audit/references-differ', where, { setting: name, was: was.get(name) ?? 'nothing', is: is.get(name) ?? 'nothing' });
  }
  let manifest: Manifest = kept ?? { format: FORMAT, version: VERSION, settings, references: {} };
  const path = (reference: number, ending: string): string => join(folder, `reference-${reference}.${ending}`);
  writing(folder, () => {
    mkdirSync(folder, { recursive: true });
    if (kept === null) replace(where.path, printed(manifest));
  });
  return {
    path,
    read: (reference) => {
      const wanted = manifest.references[String(reference)];
      if (wanted === undefined) return null;
      const file = path(reference, 'f32');
      const bytes = existsSync(file) ? readFileSync(file) : null;
      if (bytes === null || hashOf(bytes) !== wanted) fail('audit/references-damaged', { kind: 'file', path: file }, { reason: bytes === null ? 'the file is not there' : 'it does not match its SHA-256 in the manifest' });
      return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
    },
    write: (reference, parameters) => {
      const bytes = Buffer.alloc(4 * parameters.length);
      parameters.forEach((p, i) => bytes.writeFloatLE(p, 4 * i));
      manifest = { ...manifest, references: { ...manifest.references, [String(reference)]: hashOf(bytes) } };
      writing(folder, () => {
        replace(path(reference, 'f32'), bytes);
        replace(where.path, printed(manifest));
        rmSync(path(reference, 'checkpoint'), { force: true });
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
    if (found?.format === FORMAT && found.version === VERSION && typeof found.settings === 'object' && typeof found.references === 'object') return found as Manifest;
  } catch { /* told below */ }
  return fail('audit/references-damaged', { kind: 'file', path }, { reason: 'it is no manifest of reference networks of this version' });
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
    fail('audit/references-not-written', { kind: 'file', path: folder }, { reason });
  }
}
