/**
 * Evaluates a graph on many images over worker threads. Images, weights and scores lie in shared
 * memory, so a thread copies nothing but its own chunk; since a sample's result does not depend on
 * its batch, neither the chunk nor the number of workers changes a bit of it. A dense backend has threads
 * of its own and cannot be loaded twice in a process: with one, all chunks run in this thread.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { start } from './evaluate-task.js';
import type { Graph, GraphNode } from './graph.js';
import { indexNodes, sizeOf } from './graph.js';
import { runInline, runJobs } from '../kernels/worker-pool.js';

export interface ParallelOptions {
  readonly workers: number;
  /** Does the dense work in place of the own kernels; `workers` then means nothing. */
  readonly backend?: DenseBackend | undefined;
  /** Images in one job; default 128. */
  readonly chunk?: number;
  /** Called after each job with finished and all jobs. */
  readonly onDone?: (done: number, total: number) => void;
  /** Abort ends the work; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What each thread gets once. All arrays are views of shared memory. */
export interface EvaluateTask {
  readonly graph: Graph;
  readonly images: Float32Array;
  /** [count, ...shape of the first output]; the threads write into it. */
  readonly scores: Float32Array;
}
export interface EvaluateJob { readonly first: number; readonly count: number }

const IMAGES_PER_JOB = 128;

/** The graph's first output for all images: [count, ...shape]. `images` is [count, ...input shape]. */
export async function evaluateParallel(graph: Graph, images: Float32Array, count: number, options: ParallelOptions): Promise<Float32Array> {
  const output = indexNodes(graph).get(graph.outputs[0]);
  if (output === undefined) throw new Error('evaluate: the graph has no output');
  const { chunk = IMAGES_PER_JOB, backend, ...pool } = options;
  const scores = new Float32Array(new SharedArrayBuffer(count * sizeOf(output.shape) * 4));
  const jobs = Array.from({ length: Math.ceil(count / chunk) }, (_, i): EvaluateJob => ({ first: i * chunk, count: Math.min(chunk, count - i * chunk) }));
  if (backend !== undefined) await runInline(start({ graph, images, scores }, backend), jobs, pool);
  else {
    const task: EvaluateTask = { graph: sharedGraph(graph), images: shared(images), scores };
    await runJobs(new URL('./evaluate-task.js', import.meta.url), task, jobs, pool);
  }
  return scores.slice();
}

/** Index of the largest score of each image, the first one of equals: [count]. */
export async function predict(graph: Graph, images: Float32Array, count: number, options: ParallelOptions): Promise<Uint16Array> {
  const scores = await evaluateParallel(graph, images, count, options);
  const classes = scores.length / count;
  return Uint16Array.from({ length: count }, (_, i) => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}

/** The same numbers in shared memory. */
function shared(numbers: Float32Array): Float32Array {
  if (numbers.buffer instanceof SharedArrayBuffer) return numbers;
  const copy = new Float32Array(new SharedArrayBuffer(numbers.byteLength));
  copy.set(numbers);
  return copy;
}

/** The same graph with every constant in shared memory. */
function sharedGraph(graph: Graph): Graph {
  const share = (node: GraphNode): GraphNode => Object.fromEntries(
    Object.entries(node).map(([key, value]: [string, unknown]) => [key, value instanceof Float32Array ? shared(value) : value]),
  ) as unknown as GraphNode;
  return { nodes: graph.nodes.map(share), outputs: graph.outputs };
}
