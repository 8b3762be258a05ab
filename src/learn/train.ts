/**
 * Temporal learning: retrains a converted spiking network on images with soft targets and a teacher's
 * scores. A batch is cut into fixed chunks; worker threads learn chunks, and their gradients are summed
 * in the order of the chunks, so the number of workers never changes a byte. A checkpoint holds all
 * that the next step depends on: a run that was killed goes on to the same bytes.
 */
import { createHash } from 'node:crypto';
import { CompileError, fail, Reporter } from '../diagnostics.js';
import { kernelBuild, type KernelChoice } from '../kernels/kernels.js';
import { openPool, type LastingPool } from '../kernels/lasting-pool.js';
import { permutation, randomStream, substream } from '../random.js';
import type { SpikingNetwork } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';
import { applyParameters } from './apply.js';
import { readCheckpoint, writeCheckpoint, type CourseOfLearning } from './checkpoint.js';
import { DEFAULT_SURROGATE, type LearningOptions } from './learning-problem.js';
import { ADAM, parameterBounds, parameterUnits, scheduleFactor, startState, update, type OptimiserOptions, type OptimiserState, type Schedule } from './optimiser.js';
import { allFinite, learnableMask, readParameters, type ParameterKind } from './parameters.js';
import type { TrainInit, TrainJob, TrainResult } from './train-task.js';

export interface TrainingSet {
  readonly count: number;
  /** [count, C, H, W], normalised. */
  readonly images: Float32Array;
  /** [count, classes] probabilities. */
  readonly targets: Float32Array;
  /** [count, classes] scores of the teacher. */
  readonly teacher: Float32Array;
}

export interface TrainOptions extends Partial<LearningOptions> {
  readonly epochs: number;
  readonly seed: number;
  readonly workers: number;
  /** All give the same bytes; default auto. */
  readonly kernels?: KernelChoice;
  /** Relative: see `optimiser.ts`. Default 0.003. */
  readonly rate?: number;
  /** Images of one step; default 32. */
  readonly batch?: number;
  readonly optimiser?: OptimiserOptions;
  readonly schedule?: Schedule;
  /** What may change; default weights, host weights, biases, thresholds and leaks. */
  readonly learn?: readonly ParameterKind[];
  /** The target's rounding, straight-through: the forward pass sees its result, the update goes to the unrounded numbers. */
  readonly round?: (network: SpikingNetwork) => SpikingNetwork;
  /** Pushes weights away from where they began: subtracts this times their mean squared relative distance from the loss. */
  readonly distance?: number;
  /** Pruned parameters, in the order of `layoutOf`: 0 where a number stays zero. */
  readonly kept?: Uint8Array;
  readonly checkpoint?: { readonly path: string; readonly everySteps: number };
  readonly onStep?: (progress: TrainingProgress) => void;
  /** The numbers after each step that this run makes; they change with the next. */
  readonly onParameters?: (step: number, parameters: Float32Array) => void;
  /** Abort ends learning after the step; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface TrainingProgress {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  /** Mean over the batch. */
  readonly loss: number;
  /** Share of the batch on which network and teacher choose the same class. */
  readonly agreement: number;
  readonly rate: number;
  /** Synaptic operations per multiply-accumulate of the ANN, over all T. */
  readonly operations: number;
  /** In this step's batch. */
  readonly images: number;
}

export interface TrainedNetwork {
  readonly network: SpikingNetwork;
  readonly steps: number;
  /** The first and the last step, whichever process made them. */
  readonly first: TrainingProgress;
  readonly last: TrainingProgress;
  /** Name of the kernels that ran. */
  readonly kernels: string;
}

/** Images of one chunk: the unit of work of a thread and of the order in which gradients are summed. */
const CHUNK = 8;
const DEFAULT_RATE = 0.003;
const DEFAULT_BATCH = 32;
const DEFAULT_SCHEDULE: Schedule = { kind: 'cosine', floor: 0.02 };
const DEFAULTS: LearningOptions = { surrogate: DEFAULT_SURROGATE, loss: { distillation: 0.5, temperature: 2 }, time: 'exact', ratePenalty: 0 };
const ALL_KINDS: readonly ParameterKind[] = ['weight', 'host', 'bias', 'threshold', 'leak'];

/** What decides the result, apart from network and images: `TrainOptions` with its defaults written out. */
export type TrainSettings = LearningOptions & Required<Pick<TrainOptions, 'epochs' | 'seed' | 'rate' | 'batch' | 'optimiser' | 'schedule' | 'learn' | 'distance'>> & { readonly rounding: boolean };

export function trainSettings({ workers: _, onStep: __, signal: ___, checkpoint: ____, kernels: _____, kept: ______, onParameters: _______, round, ...given }: TrainOptions): TrainSettings {
  const chosen = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as typeof given;
  return { ...DEFAULTS, rate: DEFAULT_RATE, batch: DEFAULT_BATCH, optimiser: ADAM, schedule: DEFAULT_SCHEDULE, learn: ALL_KINDS, distance: 0, ...chosen, rounding: round !== undefined } as TrainSettings;
}

/** Learns. Throws one CompileError for settings that cannot work, for a loss that diverges, and for a checkpoint that cannot be used. */
export async function train(network: SpikingNetwork, set: TrainingSet, options: TrainOptions): Promise<TrainedNetwork> {
  const kernels = check(network, set, options);
  const batch = Math.min(options.batch ?? DEFAULT_BATCH, set.count);
  const stepsPerEpoch = Math.ceil(set.count / batch);
  const steps = stepsPerEpoch * options.epochs;
  const initial = readParameters(network);
  const mask = learnableMask(network, new Set(options.learn ?? ALL_KINDS));
  options.kept?.forEach((keep, i) => { if (keep === 0) mask[i] = initial[i] = 0; });
  const run: Run = {
    network, options, batch, stepsPerEpoch, steps, initial,
    init: {
      network, kernels, seed: options.seed, options: { ...DEFAULTS, ...learningPart(options) },
      set: { count: set.count, images: shared(set.images), targets: shared(set.targets), teacher: shared(set.teacher) },
      parameters: shared(initial), gradients: new Float32Array(new SharedArrayBuffer(Math.ceil(batch / CHUNK) * initial.length * 4)),
    },
    units: parameterUnits(network, initial), mask, ...parameterBounds(network, initial),
  };
  const job = jobName(run, set);
  const found = options.checkpoint === undefined ? null : readCheckpoint(options.checkpoint.path, job);
  const state = found?.state ?? startState(initial);
  const course: Course = { first: found?.first ?? null, last: found?.last ?? null, kept: found?.state.step ?? null };
  const pool = await openPool<TrainInit, TrainJob, TrainResult>(new URL('./train-task.js', import.meta.url), run.init, Math.min(options.workers, Math.ceil(batch / CHUNK)));
  try {
    while (state.step < steps) await learnStep(run, state, { pool, job, course });
  } finally {
    await pool.close();
  }
  roundedParameters(run, state, course);
  const { first, last } = whole(course);
  // whatever goes wrong from here on, a second run need not learn again
  if (options.checkpoint !== undefined && course.kept !== steps) writeCheckpoint(options.checkpoint.path, job, state, { first, last });
  return { network: applyParameters(network, state.parameters), steps, first, last, kernels };
}

interface Run {
  readonly network: SpikingNetwork;
  readonly options: TrainOptions;
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  readonly initial: Float32Array;
  readonly init: TrainInit;
  readonly units: Float64Array;
  readonly mask: Uint8Array;
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
}

/** What the steps so far have told, and the step that the checkpoint file holds. */
interface Course {
  first: TrainingProgress | null;
  last: TrainingProgress | null;
  kept: number | null;
}

function whole({ first, last }: Course): CourseOfLearning {
  if (first === null || last === null) throw new Error('internal: nothing was learned');
  return { first, last };
}

interface Work {
  readonly pool: LastingPool<TrainJob, TrainResult>;
  readonly job: string;
  readonly course: Course;
}

async function learnStep(run: Run, state: OptimiserState, { pool, job, course }: Work): Promise<void> {
  const { options, steps, stepsPerEpoch, init } = run;
  options.signal?.throwIfAborted();
  const { step } = state;
  init.parameters.set(roundedParameters(run, state, course));
  const images = batchOf(run, step);
  const jobs = Array.from({ length: Math.ceil(images.length / CHUNK) }, (_, chunk): TrainJob => ({ images: images.slice(chunk * CHUNK, (chunk + 1) * CHUNK), chunk, version: step }));
  const results = await pool.run(jobs);
  const loss = results.reduce((sum, r) => sum + r.loss, 0) / images.length;
  const gradient = sumGradients(run, jobs.length, images.length);
  if (!Number.isFinite(loss) || !allFinite(gradient)) diverged(run, course, { step: step + 1, what: 'loss' });
  // the loss has just proven this state good: one that is only written after its update might already be lost
  if (options.checkpoint !== undefined && step > 0 && step % options.checkpoint.everySteps === 0 && course.kept !== step) {
    writeCheckpoint(options.checkpoint.path, job, state, whole(course));
    course.kept = step;
  }
  if (options.distance !== undefined && options.distance !== 0) pushAway(run, state.parameters, gradient);
  const rate = (options.rate ?? DEFAULT_RATE) * scheduleFactor(options.schedule ?? DEFAULT_SCHEDULE, step, steps, stepsPerEpoch);
  update(state, gradient, { ...run, optimiser: options.optimiser ?? ADAM, rate });
  course.last = {
    step: step + 1, steps, loss, rate, images: images.length,
    agreement: results.reduce((sum, r) => sum + r.agreeing, 0) / images.length,
    operations: results.reduce((sum, r) => sum + r.operations, 0) / images.length,
  };
  course.first ??= course.last;
  options.onParameters?.(step + 1, state.parameters);
  options.onStep?.(course.last);
}

/** The numbers that the forward pass sees. Throws `learn/diverged` where learning has made numbers that nobody can hold. */
function roundedParameters(run: Run, { step, parameters }: OptimiserState, course: Course): Float32Array {
  const { options: { round }, network } = run;
  if (!allFinite(parameters)) diverged(run, course, { step, what: 'weights' });
  if (round === undefined) return parameters;
  try {
    return readParameters(round(applyParameters(network, parameters)));
  } catch (error) {
    if (step === 0 || !(error instanceof CompileError)) throw error;
    return diverged(run, course, { step, what: 'range' });
  }
}

/** Every epoch has its own order, which depends on the seed and the epoch alone. */
function batchOf({ options, batch, stepsPerEpoch, init }: Run, step: number): number[] {
  const epoch = Math.floor(step / stepsPerEpoch);
  const order = permutation(substream(substream(randomStream(options.seed), 'learning-order'), epoch), init.set.count);
  const first = (step % stepsPerEpoch) * batch;
  return [...order.subarray(first, first + batch)];
}

/** Mean over the batch, summed chunk by chunk. */
function sumGradients({ init: { gradients, parameters } }: Run, chunks: number, images: number): Float32Array {
  const sum = gradients.slice(0, parameters.length);
  for (let c = 1; c < chunks; c++) {
    const part = gradients.subarray(c * sum.length, (c + 1) * sum.length);
    for (let i = 0; i < sum.length; i++) sum[i] += part[i];
  }
  for (let i = 0; i < sum.length; i++) sum[i] /= images;
  return sum;
}

/** The slope of -distance * mean((w - w0)^2 / unit^2) of each group of parameters that may change. */
function pushAway({ options, initial, units, mask }: Run, parameters: Float32Array, gradient: Float32Array): void {
  for (let i = 0; i < gradient.length; i++) {
    if (mask[i] === 1) gradient[i] -= (2 * (options.distance ?? 0) * (parameters[i] - initial[i])) / (units[i] ** 2 * gradient.length);
  }
}

function diverged({ options }: Run, { kept }: Course, at: { readonly step: number; readonly what: 'loss' | 'weights' | 'range' }): never {
  fail('learn/diverged', { kind: 'nowhere' }, { ...at, rate: options.rate ?? DEFAULT_RATE, checkpoint: options.checkpoint === undefined ? null : { path: options.checkpoint.path, step: kept } });
}

/** Returns the name of the kernels to run. */
function check(network: SpikingNetwork, set: TrainingSet, options: TrainOptions): string {
  const report = new Reporter();
  const nowhere = { kind: 'nowhere' } as const;
  const classes = neuronCount(network.populations[network.populations.length - 1].shape);
  if (!(network.timesteps >= 1)) report.report('learn/no-timesteps', nowhere, { timesteps: network.timesteps });
  if (network.populations.some((p) => p.neuron.model === 'cuba')) report.report('learn/lasting-currents', nowhere, {});
  if (set.count < 1 || set.images.length !== set.count * neuronCount(network.imageShape)) report.report('learn/images-differ', nowhere, { numbers: set.images.length, count: set.count, shape: network.imageShape });
  for (const [what, numbers] of [['targets', set.targets], ['scores of the teacher', set.teacher]] as const) {
    if (numbers.length !== classes * set.count) report.report('learn/classes-differ', nowhere, { what, numbers: numbers.length, classes, count: set.count });
  }
  const settings = [['the learning rate', options.rate], ["the surrogate's width", options.surrogate?.width], ['the temperature', options.loss?.temperature]] as const;
  for (const [name, value] of settings) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) report.report('learn/bad-setting', nowhere, { name, value, wanted: 'a number above 0' });
  }
  for (const [name, value] of [['the batch', options.batch], ['the number of epochs', options.epochs]] as const) {
    if (value !== undefined && !(value > 0 && Number.isInteger(value))) report.report('learn/bad-setting', nowhere, { name, value, wanted: 'a whole number above 0' });
  }
  const { time } = options;
  if (typeof time === 'object' && !(Number.isInteger(time.steps) && time.steps >= 1)) report.report('learn/bad-setting', nowhere, { name: `the steps of a ${time.kind} gradient`, value: time.steps, wanted: 'a whole number from 1' });
  const kernels = kernelBuild(options.kernels ?? 'auto');
  if (kernels === null) report.report('learn/no-native-kernels', nowhere, {});
  report.finish();
  return kernels!;
}

const learningPart = ({ surrogate, loss, time, ratePenalty }: TrainOptions): Partial<LearningOptions> =>
  Object.fromEntries(Object.entries({ surrogate, loss, time, ratePenalty }).filter(([, v]) => v !== undefined));

/** Network, images and settings in one hash: what must be equal for a checkpoint to go on. */
function jobName({ network, initial, options, init, batch }: Run, set: TrainingSet): string {
  const { workers: _, onStep: __, signal: ___, checkpoint: ____, kernels: _____, onParameters: ______, kept, round, ...settings } = options;
  const hash = createHash('sha256').update(JSON.stringify({ ...settings, batch, learning: init.options, timesteps: network.timesteps, neurons: network.populations.map((p) => [p.shape, p.neuron, p.initial]) }));
  const rounded = round === undefined ? initial : readParameters(round(network));
  if (kept !== undefined) hash.update(kept);
  for (const numbers of [initial, rounded, set.images, set.targets, set.teacher]) hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return hash.digest('hex');
}

function shared(numbers: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(numbers.byteLength));
  copy.set(numbers);
  return copy;
}
