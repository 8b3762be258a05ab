/**
 * Makes a set of images from a network alone, by one of the recipes, over worker threads. A batch is
 * the unit of work and its images depend on the seed and their place in the set only, so the number of
 * workers does not change a byte. With a dense backend all batches are made in this thread.
 */
import { describeBackend, type DenseBackend } from '../backend/dense-backend.js';
import { Reporter, fail } from '../diagnostics.js';
import { planGradients } from '../graph/gradient-plan.js';
import { indexNodes, sizeOf, type CoreNode, type Graph } from '../graph/graph.js';
import { runJobs } from '../kernels/worker-pool.js';
import { knownStatistics } from './batch-norm-matching.js';
import { writeImageSet } from './image-set-file.js';
import type { ImageSet, ImageSetParts } from './image-set.js';
import { createImageMaker, type Batch, type MadeImages, type MakerOptions } from './optimise-images.js';
import { pictureShape, type PictureNormalisation } from './picture.js';
import { proceduralImages } from './procedural-images.js';
import { recipes, recipeSettings, type OptimisedRecipe, type RecipeChanges, type RecipeName, type RecipeSettings } from './recipes.js';
import type { SynthesiseTask } from './synthesise-task.js';

export interface SynthesiseOptions {
  readonly recipe: RecipeName;
  readonly count: number;
  readonly seed: number;
  readonly workers: number;
  /** Does the dense work in place of the own kernels, and stands in the set's settings; `workers` then means nothing. */
  readonly backend?: DenseBackend | undefined;
  readonly changes?: RecipeChanges;
  readonly normalisation: PictureNormalisation;
  readonly model: { readonly sha256: string; readonly name: string };
  /** Image steps done and to do, a few times a second. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Abort ends all threads; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Memory that a thread's batch may take. */
const BATCH_BYTES = 512 * 2 ** 20;
const PROGRESS_MILLISECONDS = 200;

/** The set and the bytes of its file. Throws `synthesise/no-statistics` and `synthesise/diverged`. */
export async function synthesise(graph: Graph<CoreNode>, options: SynthesiseOptions): Promise<{ readonly set: ImageSet; readonly file: Uint8Array }> {
  const { recipe, count, seed, normalisation, model } = options;
  const shape = pictureShape(graph.nodes[0].shape, normalisation.mean.length);
  const origin = { recipeName: recipe, seed, modelSha256: model.sha256, modelName: model.name, normalisation, shape };
  if (recipe === 'procedural') {
    const { images } = proceduralImages({ count, shape, seed, normalise: (value) => value });
    return writeImageSet({ ...origin, settings: {}, bytes: Uint8Array.from(images, (v) => Math.round(v * 255)), classes: 0, targets: new Float32Array(0) });
  }
  checkRecipe(graph, recipe);
  const settings = recipeSettings(recipe, options.changes);
  const made = await makeBatches(graph, { settings, normalisation, seed }, options);
  if (!made.every((m) => m.finite)) fail('synthesise/diverged', { kind: 'nowhere' }, { rate: settings.rate });
  const classes = sizeOf(indexNodes(graph).get(graph.outputs[0])?.shape ?? []);
  const madeBy = options.backend === undefined ? {} : { backend: describeBackend(options.backend.identity) };
  const parts: ImageSetParts = { ...origin, settings: { ...settings, ...madeBy }, classes, bytes: Buffer.concat(made.map((m) => m.bytes)), targets: joined(made, count * classes) };
  return writeImageSet(parts);
}

function checkRecipe(graph: Graph<CoreNode>, recipe: OptimisedRecipe): void {
  const report = new Reporter();
  if (recipes[recipe].needsStatistics && knownStatistics(graph).size === 0) report.report('synthesise/no-statistics', { kind: 'option', option: '--recipe' }, { recipe });
  report.finish();
}

/** Batches hold as many images as the recipe says, or as memory does: the network alone decides. */
function batchSize(graph: Graph<CoreNode>, settings: RecipeSettings): number {
  const { valuesLength, gradientsLength } = planGradients(graph, new Set(settings.statistics === 0 ? [] : knownStatistics(graph).keys()));
  return Math.max(1, Math.min(settings.batch, Math.floor(BATCH_BYTES / ((valuesLength + gradientsLength) * 4))));
}

async function makeBatches(graph: Graph<CoreNode>, making: MakerOptions, options: SynthesiseOptions): Promise<MadeImages[]> {
  const { count, workers, backend, onProgress, signal } = options;
  const size = batchSize(graph, making.settings);
  const jobs = Array.from({ length: Math.ceil(count / size) }, (_, i): Batch => ({ first: i * size, count: Math.min(size, count - i * size) }));
  const total = count * making.settings.steps;
  const task: SynthesiseTask = { graph, options: making, done: new Int32Array(new SharedArrayBuffer(4)) };
  const timer = setInterval(() => onProgress?.(Atomics.load(task.done, 0), total), PROGRESS_MILLISECONDS);
  try {
    if (backend !== undefined) return await makeHere(task, jobs, { backend, signal });
    return await runJobs<SynthesiseTask, Batch, MadeImages>(new URL('./synthesise-task.js', import.meta.url), task, jobs, { workers, apart: true, ...(signal === undefined ? {} : { signal }) });
  } finally {
    clearInterval(timer);
    onProgress?.(total, total);
  }
}

/** All batches in this thread, which listens to signals and timers between two steps. */
async function makeHere({ graph, options, done }: SynthesiseTask, jobs: readonly Batch[], { backend, signal }: Required<Pick<SynthesiseOptions, 'backend'>> & { readonly signal: AbortSignal | undefined }): Promise<MadeImages[]> {
  const make = createImageMaker(graph, options, backend);
  const made: MadeImages[] = [];
  for (const batch of jobs) {
    const steps = make(batch);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      Atomics.add(done, 0, step.value);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    made.push(step.value);
  }
  return made;
}

function joined(made: readonly MadeImages[], length: number): Float32Array {
  const all = new Float32Array(length);
  let at = 0;
  for (const { targets } of made) { all.set(targets, at); at += targets.length; }
  return all;
}
