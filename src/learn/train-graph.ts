/**
 * Plain training of the float network: cross-entropy, Adam or gradient descent, over worker threads, with the
 * project's own matrix product. Weights that a mask holds at zero stay there, which is how pruned networks learn. A
 * batch is cut into fixed chunks whose gradients are summed in order, so the number of workers never changes a byte; a
 * checkpoint holds all that the next step depends on. Unlike in learning through time, rates are absolute.
 */
import { createHash } from 'node:crypto';
import { fail, Reporter } from '../diagnostics.js';
import type { CoreNode, Graph, NodeId } from '../graph/graph.js';
import { indexNodes, sizeOf } from '../graph/graph.js';
import { graphLayout, hasWeights, isWiring, readGraphParameters, withGraphParameters } from '../graph/graph-parameters.js';
import { openPool, type LastingPool } from '../kernels/lasting-pool.js';
import { normal, permutation, randomStream, substream } from '../random.js';
import type { ViewOptions } from './augment.js';
import { readCheckpoint, writeCheckpoint, type CourseOfLearning } from './checkpoint.js';
import { ADAM, scheduleFactor, startState, update, type OptimiserOptions, type OptimiserState, type Schedule } from './optimiser.js';
import { allFinite } from './parameters.js';
import type { LabelledImages } from './private-task.js';
import type { GraphTrainInit, GraphTrainJob, GraphTrainResult } from './train-graph-task.js';

/** For each layer with pruned weights: 0 where a weight stays zero, in the layout of the weight. */
export type WeightMasks = ReadonlyMap<NodeId, Uint8Array>;

export interface GraphTrainOptions {
  readonly epochs: number;
  readonly seed: number;
  readonly workers: number;
  /** Images of one step; default 128. */
  readonly batch?: number;
  /** Default 0.001. */
  readonly rate?: number;
  readonly optimiser?: OptimiserOptions;
  /** Default: half a cosine down to 2 % of the rate. */
  readonly schedule?: Schedule;
  /** Adds half of this times the sum of squared weights (not biases) to the loss; default 0. */
  readonly weightDecay?: number;
  readonly masks?: WeightMasks;
  /** The same for all numbers at once, biases too, in the order of `graphLayout`: 0 where a number stays zero. */
  readonly kept?: Uint8Array;
  /** Only these images of the set are learned from; default all. */
  readonly subset?: ArrayLike<number>;
  /** [count, classes] probabilities in place of the labels. */
  readonly targets?: Float32Array;
  /** Each step shows another view of an image; `views` is 1, the default `NO_VIEWS`. */
  readonly augmentation?: Pick<ViewOptions, 'shift' | 'mirror'>;
  /** What a view shows beyond the border of the image, one number a channel; default 0. */
  readonly background?: readonly number[];
  /** The part of the course to run: steps [from, until) of all; the optimiser starts afresh at `from`. */
  readonly from?: number;
  readonly until?: number;
  readonly checkpoint?: { readonly path: string; readonly everySteps: number };
  readonly onStep?: (progress: GraphTrainProgress) => void;
  /** The numbers after each step that this run makes; they change with the next. */
  readonly onParameters?: (step: number, parameters: Float32Array) => void;
  /** Abort ends training after the step; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface GraphTrainProgress {
  /** Of the whole course, from 1. */
  readonly step: number;
  readonly steps: number;
  /** Mean over the batch, without weight decay. */
  readonly loss: number;
  /** Share of the batch that was answered right. */
  readonly accuracy: number;
  readonly rate: number;
  readonly images: number;
}

export interface TrainedGraph {
  readonly graph: Graph<CoreNode>;
  /** Of the whole course. */
  readonly steps: number;
  /** The first and the last step of this run, whichever process made them; null where there was none to make. */
  readonly first: GraphTrainProgress | null;
  readonly last: GraphTrainProgress | null;
}

/** Images of one chunk: the unit of work of a thread and of the order in which gradients are summed. */
const CHUNK = 32;
const DEFAULT_BATCH = 128;
const DEFAULT_RATE = 0.001;
const DEFAULT_SCHEDULE: Schedule = { kind: 'cosine', floor: 0.02 };

/** Steps of the whole course of training. */
export const graphTrainSteps = (images: number, { epochs, batch = DEFAULT_BATCH }: Pick<GraphTrainOptions, 'epochs' | 'batch'>): number => epochs * Math.ceil(images / Math.min(batch, images));

/**
 * Trains a lowered network from its own weights. Layers that only move or compare numbers (`isWiring`) stay as they are.
 * Throws one CompileError for settings that cannot work, a loss that diverges and a checkpoint that cannot be used.
 */
export async function trainGraph(graph: Graph<CoreNode>, set: LabelledImages, options: GraphTrainOptions): Promise<TrainedGraph> {
  const rows = options.subset === undefined ? Uint32Array.from({ length: set.count }, (_, i) => i) : Uint32Array.from(options.subset);
  const targets = check(graph, set, options, rows);
  const run = prepare({ graph, set, options, rows, targets });
  const job = options.checkpoint === undefined ? '' : jobName(run);
  const found = options.checkpoint === undefined ? null : readCheckpoint<GraphTrainProgress>(options.checkpoint.path, job);
  const state = found?.state ?? startState(run.initial);
  const course: Course = { first: found?.first ?? null, last: found?.last ?? null };
  if (state.step < run.until - run.from) {
    const pool = await openPool<GraphTrainInit, GraphTrainJob, GraphTrainResult>(new URL('./train-graph-task.js', import.meta.url), run.init, Math.min(options.workers, Math.ceil(run.batch / CHUNK)));
    try {
      while (state.step < run.until - run.from) await trainStep(run, state, { pool, course, job });
    } finally {
      await pool.close();
    }
  }
  return { graph: withGraphParameters(graph, state.parameters), steps: run.steps, ...course };
}

interface Course {
  first: GraphTrainProgress | null;
  last: GraphTrainProgress | null;
}

interface Source {
  readonly graph: Graph<CoreNode>;
  readonly set: LabelledImages;
  readonly options: GraphTrainOptions;
  readonly rows: Uint32Array;
  readonly targets: Float32Array;
}

interface Run {
  readonly options: GraphTrainOptions;
  readonly rows: Uint32Array;
  readonly init: GraphTrainInit;
  readonly initial: Float32Array;
  readonly batch: number;
  /** The images of a step. */
  readonly batchOf: (step: number) => number[];
  readonly steps: number;
  readonly from: number;
  readonly until: number;
  readonly mask: Uint8Array;
  readonly units: Float64Array;
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
  /** 1 where weight decay pulls. */
  readonly decays: Uint8Array;
}

function prepare({ graph, set, options, rows, targets }: Source): Run {
  const { slots, length } = graphLayout(graph);
  const fixed = new Set(graph.nodes.filter(hasWeights).filter(isWiring).map((n) => n.id));
  const [mask, decays] = [new Uint8Array(length), new Uint8Array(length)];
  for (const { id, weights, biases, biasCount } of slots) {
    if (fixed.has(id)) continue;
    mask.fill(1, weights, biases + biasCount);
    const kept = options.masks?.get(id);
    if (kept !== undefined) mask.set(kept, weights);
    decays.set(mask.subarray(weights, biases), weights);
  }
  const initial = readGraphParameters(graph);
  options.kept?.forEach((keep, i) => { if (keep === 0) mask[i] = initial[i] = 0; });
  for (const { id, weights } of slots) options.masks?.get(id)?.forEach((keep, i) => { if (keep === 0) initial[weights + i] = 0; });
  const batch = Math.min(options.batch ?? DEFAULT_BATCH, rows.length);
  const steps = graphTrainSteps(rows.length, options);
  const init: GraphTrainInit = {
    graph, images: shared(set.images), targets: shared(targets), parameters: shared(initial),
    gradients: new Float32Array(new SharedArrayBuffer(Math.ceil(batch / CHUNK) * length * 4)), fixed,
    views: options.augmentation === undefined || (options.augmentation.shift === 0 && !options.augmentation.mirror) ? null : options.augmentation,
    background: options.background ?? new Array<number>(graph.nodes[0].shape[0]).fill(0), seed: options.seed,
  };
  return {
    options, rows, init, initial, batch, batchOf: batchesOf(rows, options.seed, batch), steps, from: options.from ?? 0, until: Math.min(steps, options.until ?? steps), mask, decays,
    units: new Float64Array(length).fill(1), lowest: new Float32Array(length).fill(-Infinity), highest: new Float32Array(length).fill(Infinity),
  };
}

interface Work {
  readonly pool: LastingPool<GraphTrainJob, GraphTrainResult>;
  readonly course: Course;
  readonly job: string;
}

async function trainStep(run: Run, state: OptimiserState, { pool, course, job }: Work): Promise<void> {
  const { options, init, from, steps, rows, batch } = run;
  options.signal?.throwIfAborted();
  const step = from + state.step;
  init.parameters.set(state.parameters);
  const images = run.batchOf(step);
  const jobs = Array.from({ length: Math.ceil(images.length / CHUNK) }, (_, chunk): GraphTrainJob => ({ images: images.slice(chunk * CHUNK, (chunk + 1) * CHUNK), chunk, step }));
  const results = await pool.run(jobs);
  const loss = results.reduce((sum, r) => sum + r.loss, 0) / images.length;
  const gradient = meanGradient(run, { chunks: jobs.length, images: images.length, parameters: state.parameters });
  const rate = (options.rate ?? DEFAULT_RATE) * scheduleFactor(options.schedule ?? DEFAULT_SCHEDULE, step, steps, Math.ceil(rows.length / batch));
  const diverged = (what: 'loss' | 'weights'): never => fail('learn/diverged', { kind: 'nowhere' }, { step: step + 1, what, rate: options.rate ?? DEFAULT_RATE, checkpoint: null });
  if (!Number.isFinite(loss) || !allFinite(gradient)) diverged('loss');
  update(state, gradient, { ...run, optimiser: options.optimiser ?? ADAM, rate });
  if (!allFinite(state.parameters)) diverged('weights');
  course.last = { step: step + 1, steps, loss, rate, images: images.length, accuracy: results.reduce((sum, r) => sum + r.correct, 0) / images.length };
  course.first ??= course.last;
  const { checkpoint } = options;
  if (checkpoint !== undefined && (state.step % checkpoint.everySteps === 0 || from + state.step === run.until)) writeCheckpoint(checkpoint.path, job, state, course as CourseOfLearning<GraphTrainProgress>);
  options.onParameters?.(step + 1, state.parameters);
  options.onStep?.(course.last);
}

/** Every epoch has its own order, which depends on the seed and the epoch alone. */
function batchesOf(rows: Uint32Array, seed: number, batch: number): (step: number) => number[] {
  const perEpoch = Math.ceil(rows.length / batch);
  const stream = substream(randomStream(seed), 'training-order');
  let drawn: { readonly epoch: number; readonly order: Uint32Array } | null = null;
  return (step) => {
    const epoch = Math.floor(step / perEpoch);
    if (drawn?.epoch !== epoch) drawn = { epoch, order: permutation(substream(stream, epoch), rows.length) };
    const first = (step % perEpoch) * batch;
    return Array.from(drawn.order.subarray(first, first + batch), (i) => rows[i]);
  };
}

interface Summed { readonly chunks: number; readonly images: number; readonly parameters: Float32Array }

/** Mean over the batch, summed chunk by chunk, and the pull of weight decay. */
function meanGradient({ init: { gradients }, decays, options: { weightDecay = 0 } }: Run, { chunks, images, parameters }: Summed): Float32Array {
  const sum = gradients.slice(0, parameters.length);
  for (let c = 1; c < chunks; c++) {
    const part = gradients.subarray(c * sum.length, (c + 1) * sum.length);
    for (let i = 0; i < sum.length; i++) sum[i] += part[i];
  }
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i] / images + (decays[i] === 1 ? weightDecay * parameters[i] : 0);
  return sum;
}

/** Reports all that cannot work; returns the targets. */
function check(graph: Graph<CoreNode>, set: LabelledImages, options: GraphTrainOptions, rows: Uint32Array): Float32Array {
  const report = new Reporter();
  const nowhere = { kind: 'nowhere' } as const;
  const { shape } = graph.nodes[0];
  const classes = sizeOf(indexNodes(graph).get(graph.outputs[0])!.shape);
  if (set.count < 1 || set.images.length !== set.count * sizeOf(shape)) report.report('learn/images-differ', nowhere, { numbers: set.images.length, count: set.count, shape });
  if (options.targets !== undefined && options.targets.length !== set.count * classes) report.report('learn/classes-differ', nowhere, { what: 'targets', numbers: options.targets.length, classes, count: set.count });
  const { rate = DEFAULT_RATE, batch = DEFAULT_BATCH, epochs, weightDecay = 0, masks = new Map<NodeId, Uint8Array>() } = options;
  if (!(rate > 0 && Number.isFinite(rate))) report.report('learn/bad-setting', nowhere, { name: 'the learning rate', value: rate, wanted: 'a number above 0' });
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) report.report('learn/bad-setting', nowhere, { name: 'the weight decay', value: weightDecay, wanted: 'a number from 0' });
  for (const [name, value] of [['the batch', batch], ['the number of epochs', epochs], ['the number of images', rows.length]] as const) {
    if (!(value > 0 && Number.isInteger(value))) report.report('learn/bad-setting', nowhere, { name, value, wanted: 'a whole number above 0' });
  }
  const slots = new Map(graphLayout(graph).slots.map((s) => [s.id, s]));
  for (const [id, mask] of masks) if (slots.get(id)?.weightCount !== mask.length) throw new RangeError(`internal: a mask of ${mask.length} for ${id}`);
  if (options.kept !== undefined && options.kept.length !== graphLayout(graph).length) throw new RangeError(`internal: a mask of ${options.kept.length}`);
  if (options.targets === undefined && (set.labels.length !== set.count || set.labels.some((l) => l >= classes))) throw new RangeError(`internal: labels of ${set.count} images that do not fit ${classes} classes`);
  if (rows.some((r) => r >= set.count)) throw new RangeError('internal: the subset names an image that the set does not have');
  report.finish();
  return options.targets ?? oneHot(set.labels, classes);
}

function oneHot(labels: Uint16Array, classes: number): Float32Array {
  const out = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => { out[i * classes + label] = 1; });
  return out;
}

/** Network, masks, images and settings in one hash: what must be equal for a checkpoint to go on. */
function jobName({ options, init, initial, rows, mask, batch }: Run): string {
  const { workers: _, onStep: __, signal: ___, checkpoint: ____, masks: _____, kept: ______, subset: _______, targets: ________, onParameters: _________, ...settings } = options;
  const hash = createHash('sha256').update(JSON.stringify({ ...settings, batch, nodes: init.graph.nodes.map(({ id, kind, shape }) => [id, kind, shape]) }));
  for (const numbers of [initial, mask, rows, init.images, init.targets]) hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return hash.digest('hex');
}

/** The same numbers in shared memory; those that lie there already are not copied. */
function shared(numbers: Float32Array): Float32Array {
  if (numbers.buffer instanceof SharedArrayBuffer) return numbers;
  const out = new Float32Array(new SharedArrayBuffer(numbers.byteLength));
  out.set(numbers);
  return out;
}

/**
 * The same architecture untrained: weights normal with variance 2 / fan-in before a rectifier and 1 / fan-in before
 * the scores (He et al. 2015), biases 0. Layers that only move or compare numbers (`isWiring`) stay as they are.
 */
export function reinitialise(graph: Graph<CoreNode>, seed: number): Graph<CoreNode> {
  const stream = substream(randomStream(seed), 'initial-weights');
  const nodes = indexNodes(graph);
  const [output] = graph.outputs;
  const last = new Set([output, ...(nodes.get(output)?.kind === 'add' ? nodes.get(output)!.inputs : [])]);
  const parameters = readGraphParameters(graph);
  for (const { id, weights, weightCount, biases, biasCount } of graphLayout(graph).slots) {
    const node = nodes.get(id);
    if (node === undefined || !hasWeights(node) || isWiring(node)) continue;
    const deviation = Math.sqrt((last.has(id) ? 1 : 2) / (weightCount / biasCount));
    parameters.set(normal(substream(stream, id), weightCount).map((x) => x * deviation), weights);
    parameters.fill(0, biases, biases + biasCount);
  }
  return withGraphParameters(graph, parameters);
}
