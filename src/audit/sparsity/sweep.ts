/**
 * The networks of a sparsity audit. Every seed draws half of the pool (seeds come in pairs that learn complementary halves)
 * and its first weights, trains a dense network and keeps its state at steps that grow by a tenth or so, and then
 * prunes it to each sparsity in turn:
 *
 *   iterative   from the sparsity before: drop, take the kept weights back to an early state of the dense network (rewinding;
 *               or leave them), train again
 *   one-shot    from the dense network each time
 *
 * Every training of a pruned network has the same number of epochs, and where it starts from a rewound state the dense network
 * learns for those before it as well: both have then learned as long.
 */
import { createHash } from 'node:crypto';
import type { LabelledImages } from '../../learn/private-task.js';
import { masked, pruneMask, sparsityOf, totalSparsity, type PruneScope, type PruneStructure } from '../../learn/prune.js';
import type { Trainee } from '../../learn/trainee.js';
import { randomStream, randomUint32, substream } from '../../random.js';
import { openShelf, type Shelf } from '../kept-networks.js';
import { chosenImages, drawnFor, poolOf } from '../membership/pool.js';
import type { ReferenceTraining } from '../membership/reference-kinds.js';

export type PruneCourse = 'iterative' | 'one-shot';

export interface SweepSettings {
  /** Shares to drop, rising, above 0 and below 1. */
  readonly sparsities: readonly number[];
  readonly structure: PruneStructure;
  readonly scope: PruneScope;
  readonly course: PruneCourse;
  /** Kept weights go back to the dense network's after so many epochs before each training; null: they go on. */
  readonly rewindEpochs: number | null;
  readonly training: ReferenceTraining;
  readonly seed: number;
}

export interface SweepRequest extends SweepSettings {
  readonly trainee: Trainee;
  readonly pool: LabelledImages;
  /** Even. */
  readonly seeds: number;
  readonly workers: number;
  /** Where networks are kept; left out: in memory alone. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Step of training number `training` of `trainings`, from 0. */
  readonly onStep?: (training: number, trainings: number, step: number, steps: number) => void;
}

export interface State {
  /** Steps that it learned for. */
  readonly step: number;
  /** Weights that are zero, as a share of all. */
  readonly sparsity: number;
  readonly parameters: Float32Array;
}

/** The networks of one seed. */
export interface SweptSeed {
  /** 1 for each image of the pool that it learned. */
  readonly members: Uint8Array;
  /** On the way to the dense network, which is the last. */
  readonly dense: readonly State[];
  /** One a sparsity. */
  readonly pruned: readonly State[];
}

/** Trains what is missing. Throws what `openShelf` throws and the trainee's problems. */
export async function sweep(request: SweepRequest): Promise<readonly SweptSeed[]> {
  const { folder, seeds, pool, seed, sparsities, onStep, ...rest } = request;
  const { structure, scope, course, rewindEpochs, training, trainee } = rest;
  const settings = { pool: poolSha256(pool), seed, sparsities: sparsities.join(','), structure, scope, course, rewindEpochs, training, kind: trainee.kind, layers: layersHash(trainee) };
  const shelf = folder === undefined ? null : openShelf(folder, settings);
  const trainings = seeds * (1 + sparsities.length);
  const found: SweptSeed[] = [];
  for (let k = 0; k < seeds; k++) {
    const told = (training: number) => (step: number, steps: number): void => onStep?.(k * (1 + sparsities.length) + training, trainings, step, steps);
    found.push(await sweepSeed(k, request, { shelf, told }));
  }
  return found;
}

export const poolSha256 = (pool: LabelledImages): string => poolOf(pool, { count: 0, images: new Float32Array(0), labels: new Uint16Array(0) }).sha256;

const layersHash = ({ prunable: { layers }, parameters }: Trainee): string => createHash('sha256').update(JSON.stringify([layers, parameters.length])).digest('hex');

interface Work {
  readonly shelf: Shelf | null;
  readonly told: (training: number) => (step: number, steps: number) => void;
}

async function sweepSeed(k: number, request: SweepRequest, { shelf, told }: Work): Promise<SweptSeed> {
  const { trainee, pool, seed, training, workers, signal, sparsities, course } = request;
  const { prunable: { layers } } = trainee;
  const members = drawnFor(k, pool.count, seed);
  const images = chosenImages(pool, members);
  const own = randomUint32(substream(substream(randomStream(seed), 'sparsity'), k), new Uint32Array(1))[0];
  const run = { ...training, seed: own, workers, ...(signal === undefined ? {} : { signal }) };
  const initial = trainee.initial(own);
  const steps = keptSteps(images.count, initial.length, request);
  const states = await keptOr(shelf, `dense-${k}`, async () => {
    const rows = new Float32Array(steps.length * initial.length);
    const keep = (step: number, parameters: Float32Array): void => { if (steps.includes(step)) rows.set(parameters, steps.indexOf(step) * initial.length); };
    keep(0, initial); // where nothing is learned before pruned networks go back to it
    const last = await trainee.train(initial, images, { ...run, epochs: denseEpochs(request), onStep: told(0), onParameters: keep });
    rows.set(last, (steps.length - 1) * initial.length);
    return rows;
  });
  const state = (step: number, parameters: Float32Array): State => ({ step, parameters, sparsity: totalSparsity(sparsityOf(parameters, layers)) });
  const dense = steps.map((step, i) => state(step, states.subarray(i * initial.length, (i + 1) * initial.length)));
  const back = request.rewindEpochs === null ? null : dense[steps.indexOf(rewindStep(images.count, request) ?? 0)].parameters;
  const last = dense[dense.length - 1];
  const pruned: State[] = [];
  let [values, mask] = [last.parameters, new Uint8Array(initial.length).fill(1)];
  for (const [i, sparsity] of sparsities.entries()) {
    signal?.throwIfAborted();
    if (course === 'one-shot') [values, mask] = [last.parameters, new Uint8Array(initial.length).fill(1)];
    mask = new Uint8Array(pruneMask(values, layers, { ...request, sparsity }, { before: mask, readersOf: trainee.prunable.readersOf }));
    const start = masked(back ?? values, mask);
    values = await keptOr(shelf, `pruned-${k}-${sparsity}`, () => trainee.train(start, images, { ...run, kept: mask, onStep: told(1 + i) }));
    pruned.push(state(last.step, values));
  }
  return { members, dense, pruned };
}

async function keptOr(shelf: Shelf | null, name: string, make: () => Promise<Float32Array>): Promise<Float32Array> {
  const kept = shelf?.read(name) ?? null;
  if (kept !== null) return kept;
  const made = await make();
  shelf?.write(name, made);
  return made;
}

const perEpochOf = (images: number, { training }: Pick<SweepSettings, 'training'>): number => Math.ceil(images / Math.min(training.batch, images));

/** How long the dense network learns. */
export const denseEpochs = ({ training, rewindEpochs }: Pick<SweepSettings, 'training' | 'rewindEpochs'>): number => training.epochs + (rewindEpochs ?? 0);

function rewindStep(images: number, settings: Pick<SweepSettings, 'training' | 'rewindEpochs'>): number | null {
  return settings.rewindEpochs === null ? null : settings.rewindEpochs * perEpochOf(images, settings);
}

/** Growth from one kept step to the next, at least; more where the states of one seed would take more bytes than these. */
const GROWTH = 1.08;
const MOST_BYTES = 2 ** 26;

/** Steps whose state is kept: from an eighth of an epoch on, with the one that is rewound to and the last. `parameters`: numbers of a state. */
export function keptSteps(images: number, parameters: number, settings: Pick<SweepSettings, 'training' | 'rewindEpochs'>): readonly number[] {
  const perEpoch = perEpochOf(images, settings);
  const all = perEpoch * denseEpochs(settings);
  const first = Math.max(1, perEpoch / 8);
  const most = Math.max(8, Math.floor(MOST_BYTES / (4 * parameters)));
  const growth = Math.max(GROWTH, (all / first) ** (1 / most));
  const steps = new Set([all]);
  for (let at = first; at < all; at = Math.max(at * growth, at + 1)) steps.add(Math.round(at));
  const back = rewindStep(images, settings);
  if (back !== null) steps.add(back);
  return [...steps].sort((a, b) => a - b);
}
