/**
 * The reference networks of an audit, trained one after another with all threads on each, or taken from a folder where an
 * earlier run left them, which also has the checkpoint of the one that was being trained.
 */
import { randomStream, randomUint32, substream } from '../../random.js';
import { openShelf } from '../kept-networks.js';
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

const EVERY_STEPS = 50;

/** Trains what is missing. Throws what `openShelf` throws. */
export async function openReferences(pool: Pool, request: ReferenceRequest): Promise<readonly Reference[]> {
  const { kind, count, seed, workers, folder, signal, onStep } = request;
  const settings = { pool: pool.sha256, seed, ...kind.settings };
  const shelf = folder === undefined ? null : openShelf(folder, settings);
  const found: Reference[] = [];
  for (let k = 0; k < count; k++) {
    signal?.throwIfAborted();
    const members = drawnFor(k, pool.count, seed);
    const run: ReferenceRun = { seed: seedOf(seed, k), workers, ...(signal === undefined ? {} : { signal }), onStep: (step, steps) => onStep?.(k, step, steps), ...(shelf === null ? {} : { checkpoint: { path: shelf.path(nameOf(k), 'checkpoint'), everySteps: EVERY_STEPS } }) };
    const kept = shelf?.read(nameOf(k)) ?? null;
    const parameters = kept ?? await kind.train(chosenImages(pool, members), run);
    if (kept === null) shelf?.write(nameOf(k), parameters);
    found.push({ subject: kind.subjectOf(parameters), members });
  }
  return found;
}

const seedOf = (seed: number, k: number): number => randomUint32(substream(substream(randomStream(seed), 'reference'), k), new Uint32Array(1))[0];

const nameOf = (k: number): string => `reference-${k}`;
