/**
 * What an integer network answers to images, step by step, without the counts that a whole simulation
 * keeps. The answer after t steps is that of the same program run for t steps: nothing in a neuron
 * knows how many steps are still to come.
 */
import { runJobs } from '../kernels/worker-pool.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import type { AnswersInit, AnswersJob } from './answers-task.js';

export interface AnswersRequest {
  /** Steps to run; the network's own T by default. */
  readonly timesteps?: number;
  /** Seed of the Poisson code. */
  readonly seed: number;
  readonly workers: number;
  readonly signal?: AbortSignal;
  /** Called as images are finished. */
  readonly onDone?: (done: number, total: number) => void;
}

/** Images of one job. */
const CHUNK = 4;

/** [count, steps]: the class that leads after each step. `images` is [count, C, H, W], normalised. */
export async function integerAnswers(network: IntegerNetwork, images: Float32Array, count: number, request: AnswersRequest): Promise<Uint16Array> {
  const { timesteps = network.timesteps, seed, workers, signal, onDone } = request;
  const shared = new Float32Array(new SharedArrayBuffer(images.byteLength));
  shared.set(images);
  const init: AnswersInit = { network: { ...network, timesteps }, images: shared, seed };
  const jobs = Array.from({ length: Math.ceil(count / CHUNK) }, (_, i): AnswersJob => ({ first: i * CHUNK, count: Math.min(CHUNK, count - i * CHUNK) }));
  const chunks = await runJobs<AnswersInit, AnswersJob, Uint16Array>(new URL('./answers-task.js', import.meta.url), init, jobs, {
    workers, ...(signal === undefined ? {} : { signal }), onDone: (done) => onDone?.(Math.min(done * CHUNK, count), count),
  });
  const answers = new Uint16Array(count * timesteps);
  chunks.forEach((chunk, i) => answers.set(chunk, i * CHUNK * timesteps));
  return answers;
}
