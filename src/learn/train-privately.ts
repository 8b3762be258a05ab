/**
 * Differentially private learning of a spiking network from scratch (DP-SGD through time). Each step is one
 * run of `private-mechanism.ts`; what the optimiser does with its release is post-processing. The learner knows
 * the noise and nothing of epsilon: who calls it accounts. Chunks of images go to the threads and their sums are added
 * in the order of the chunks, so the number of workers never changes a bit. Neither loss nor accuracy of a
 * batch leaves this file: both would be looks at the data that nobody counts.
 */
import { createHash } from 'node:crypto';
import { fail, Reporter } from '../diagnostics.js';
import { kernelBuild, type KernelChoice } from '../kernels/kernels.js';
import { openPool, type LastingPool } from '../kernels/lasting-pool.js';
import { neuronCount, type SpikingNetwork } from '../spiking/network.js';
import { applyParameters } from './apply.js';
import { NO_VIEWS, type ViewOptions } from './augment.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { LearningOptions, Surrogate } from './learning-problem.js';
import { parameterBounds, scheduleFactor, startState, update, type OptimiserOptions, type OptimiserState, type Schedule } from './optimiser.js';
import { allFinite, layoutOf, learnableMask, readParameters, type ParameterKind } from './parameters.js';
import { privateMechanism, type Mechanism, type MechanismSettings } from './private-mechanism.js';
import type { LabelledImages, PrivateInit, PrivateJob } from './private-task.js';
import { cryptographicBits, type RandomBits } from './random-bits.js';

export interface PrivateOptions {
  readonly mechanism: MechanismSettings;
  readonly steps: number;
  /** Of the initial state and of the views; never of batches and noise. */
  readonly seed: number;
  readonly workers: number;
  readonly kernels?: KernelChoice;
  readonly surrogate: Surrogate;
  readonly rate: number;
  readonly optimiser: OptimiserOptions;
  readonly schedule: Schedule;
  readonly learn: readonly ParameterKind[];
  readonly augmentation?: ViewOptions;
  /** What a view shows beyond the border of the image, one number a channel; default 0. */
  readonly background?: readonly number[];
  /** Hash of the data; a checkpoint goes on with the same data only. */
  readonly data: string;
  /** Of batches and noise; the cryptographic generator by default, anything else in tests and for the reference networks of audits alone. */
  readonly bits?: RandomBits;
  readonly checkpoint?: { readonly path: string; readonly everySteps: number };
  readonly onStep?: (progress: PrivateProgress) => void;
  readonly signal?: AbortSignal;
}

/** What a step may tell without looking at the data. */
export interface PrivateProgress {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly rate: number;
  /** Expected, not the drawn number. */
  readonly images: number;
}

/** Images of one chunk: the unit of work of a thread and of the order of the sum. */
const CHUNK = 32;
/** Room for chunks: a batch may be so many deviations larger than expected before its chunks take turns. */
const MOST_CHUNKS = 256;

export interface PrivatelyTrained {
  readonly network: SpikingNetwork;
  readonly steps: number;
  /** Name of the kernels that ran. */
  readonly kernels: string;
}

/** Learns. Throws one CompileError for settings that cannot work, for numbers that diverge and for a checkpoint that cannot be used. */
export async function trainPrivately(network: SpikingNetwork, set: LabelledImages, options: PrivateOptions): Promise<PrivatelyTrained> {
  const kernels = check(network, set, options);
  const initial = readParameters(network);
  const run = prepare(network, set, { options, kernels, initial });
  const job = { job: jobName(run, initial), data: options.data };
  const kept = options.checkpoint === undefined ? null : readCheckpoint<PrivateProgress>(options.checkpoint.path, job);
  const state = kept?.state ?? startState(initial);
  const { steps } = options;
  const pool = await openPool<PrivateInit, PrivateJob, null>(new URL('./private-task.js', import.meta.url), run.init, Math.min(options.workers, MOST_CHUNKS));
  let first = kept?.first ?? null;
  try {
    while (state.step < steps) {
      options.signal?.throwIfAborted();
      const last = await privateStep(run, state, pool);
      first ??= last;
      const { checkpoint } = options;
      if (checkpoint !== undefined && (state.step % checkpoint.everySteps === 0 || state.step === steps)) writeCheckpoint(checkpoint.path, job, state, { first, last });
      options.onStep?.(last);
    }
  } finally {
    await pool.close();
  }
  return { network: applyParameters(network, state.parameters), steps, kernels };
}

interface Run {
  readonly options: PrivateOptions;
  readonly init: PrivateInit;
  readonly mechanism: Mechanism;
  readonly mask: Uint8Array;
  readonly units: Float64Array;
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
}

function prepare(network: SpikingNetwork, set: LabelledImages, { options, kernels, initial }: { readonly options: PrivateOptions; readonly kernels: string; readonly initial: Float32Array }): Run {
  const mask = learnableMask(network, new Set(options.learn));
  const units = clippingUnits(network).map((unit, i) => (mask[i] === 1 ? unit : 0));
  const chunks = Math.min(MOST_CHUNKS, Math.ceil(set.count / CHUNK));
  const init: PrivateInit = {
    network, kernels, units, clip: options.mechanism.clip, seed: options.seed,
    options: { surrogate: options.surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 } satisfies LearningOptions,
    set: { count: set.count, images: shared(set.images), labels: set.labels },
    parameters: shared(initial), sums: new Float64Array(new SharedArrayBuffer(chunks * initial.length * 8)),
    augmentation: options.augmentation ?? NO_VIEWS, background: options.background ?? new Array<number>(network.imageShape[0]).fill(0),
  };
  return { options, init, mechanism: privateMechanism(options.mechanism, options.bits ?? cryptographicBits), mask, units, ...parameterBounds(network, initial) };
}

/**
 * The units in which gradients are clipped and noised. A weight behind a pool holds the mean of its cell,
 * so its unit is one over the cell: then pooling before or within the filter is the same to the clip.
 */
export function clippingUnits(network: SpikingNetwork): Float64Array {
  const { slots, length } = layoutOf(network);
  const units = new Float64Array(length).fill(1);
  const layers = network.input.code === 'bias' ? network.input.layers : [];
  for (const { kind, index, offset, length: size } of slots) {
    if (kind !== 'weight' && kind !== 'host') continue;
    const { pool } = kind === 'weight' ? network.projections[index] : layers[index];
    units.fill(1 / (pool[0] * pool[1]), offset, offset + size);
  }
  return units;
}

async function privateStep({ options, init, mechanism, ...rest }: Run, state: OptimiserState, pool: LastingPool<PrivateJob, null>): Promise<PrivateProgress> {
  const { step, parameters } = state;
  const batch = mechanism.sample();
  init.parameters.set(parameters);
  const size = parameters.length;
  const places = init.sums.length / size;
  const sum = new Float64Array(size);
  for (let first = 0; first < batch.length; first += places * CHUNK) {
    const chunks = Math.min(places, Math.ceil((batch.length - first) / CHUNK));
    await pool.run(Array.from({ length: chunks }, (_, chunk): PrivateJob => ({ images: batch.slice(first + chunk * CHUNK, first + (chunk + 1) * CHUNK), chunk, version: step })));
    for (let c = 0; c < chunks; c++) for (let i = 0, at = c * size; i < size; i++, at++) sum[i] += init.sums[at];
  }
  const release = Float32Array.from(mechanism.release(sum));
  const rate = options.rate * scheduleFactor(options.schedule, step, options.steps, Math.max(1, Math.round(1 / options.mechanism.rate)));
  update(state, release, { optimiser: options.optimiser, rate, ...rest });
  if (!allFinite(parameters)) fail('learn/diverged', { kind: 'nowhere' }, { step: step + 1, what: 'weights', rate: options.rate, checkpoint: null });
  return { step: state.step, steps: options.steps, rate, images: options.mechanism.expectedBatch };
}

/** Returns the name of the kernels to run. */
function check(network: SpikingNetwork, set: LabelledImages, options: PrivateOptions): string {
  const report = new Reporter();
  const nowhere = { kind: 'nowhere' } as const;
  if (set.count < 1 || set.images.length !== set.count * neuronCount(network.imageShape)) report.report('learn/images-differ', nowhere, { numbers: set.images.length, count: set.count, shape: network.imageShape });
  for (const [name, value] of [['the learning rate', options.rate], ['the clipping norm', options.mechanism.clip], ["the surrogate's width", options.surrogate.width]] as const) {
    if (!(value > 0 && Number.isFinite(value))) report.report('learn/bad-setting', nowhere, { name, value, wanted: 'a number above 0' });
  }
  const kernels = kernelBuild(options.kernels ?? 'auto');
  if (kernels === null) report.report('learn/no-native-kernels', nowhere, {});
  report.finish();
  return kernels!;
}

/** Network and settings in one hash, the data apart: what must be equal for a checkpoint to go on. */
function jobName({ options, init }: Run, initial: Float32Array): string {
  const { mechanism, steps, seed, surrogate, rate, optimiser, schedule, learn } = options;
  const { network, augmentation, background } = init;
  const settings = { mechanism, steps, seed, surrogate, rate, optimiser, schedule, learn, augmentation, background, timesteps: network.timesteps, neurons: network.populations.map((p) => [p.shape, p.neuron, p.initial]) };
  return createHash('sha256').update(JSON.stringify(settings)).update(new Uint8Array(initial.buffer, initial.byteOffset, initial.byteLength)).digest('hex');
}

function shared(numbers: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(numbers.byteLength));
  copy.set(numbers);
  return copy;
}
