/**
 * What an audit asks: a float network, a spiking network in floats or an emitted program, by one question:
 * the class scores of images. The scores of spiking networks are the output's potential after the last step over T, of a
 * program in the units of the network that it was rounded from, so that the same arithmetic of confidences fits all three.
 */
import { evaluateParallel } from '../graph/evaluate-parallel.js';
import { indexNodes, type Graph, type NodeId } from '../graph/graph.js';
import { runJobs } from '../kernels/worker-pool.js';
import type { Program } from '../program/program.js';
import type { SpikingNetwork } from '../spiking/network.js';
import type { ScoresInit, ScoresJob } from './scores-task.js';

export type Subject =
  | { readonly kind: 'ann'; readonly graph: Graph }
  /** Input code bias or rate; neurons whose currents last are not taken. */
  | { readonly kind: 'spiking'; readonly network: SpikingNetwork }
  /** Of a program its integers alone are asked. */
  | { readonly kind: 'program'; readonly program: Pick<Program, 'network'> };

export type SubjectKind = Subject['kind'];

export interface ScoreOptions {
  /** Of the Poisson code: the scores are the mean over them. Without chance in the code one run is made. Default [0]. */
  readonly seeds?: readonly number[];
  readonly workers: number;
  readonly signal?: AbortSignal;
  /** Called as work is finished. */
  readonly onDone?: (done: number, total: number) => void;
}

/** Images of one job. */
const CHUNK = 16;

/**
 * [count, classes]: the class scores of each image, logits for a float network (a softmax at its end is left out). `images` is
 * [count, C, H, W], normalised. The same scores for any number of workers.
 */
export async function scoresOf(subject: Subject, images: Float32Array, count: number, options: ScoreOptions): Promise<Float64Array> {
  const { workers, signal, onDone, seeds = [0] } = options;
  const threads = { workers, ...(signal === undefined ? {} : { signal }) };
  if (count === 0) return new Float64Array(0);
  switch (subject.kind) {
    case 'ann': return Float64Array.from(await evaluateParallel(withoutSoftmax(subject.graph), images, count, { ...threads, ...(onDone === undefined ? {} : { onDone }) }));
    case 'spiking': case 'program': {
      const { kind } = subject;
      const network = kind === 'spiking' ? subject.network : subject.program.network;
      const chances = network.input.code === 'poisson' ? seeds : seeds.slice(0, 1);
      const scores = new Float64Array(new SharedArrayBuffer(8 * count * classCount(subject)));
      const shared = new Float32Array(new SharedArrayBuffer(images.byteLength));
      shared.set(images);
      const init: ScoresInit = kind === 'spiking' ? { kind, network: subject.network, images: shared, scores } : { kind, network: subject.program.network, seeds: chances, images: shared, scores };
      const jobs = Array.from({ length: Math.ceil(count / CHUNK) }, (_, i): ScoresJob => ({ first: i * CHUNK, count: Math.min(CHUNK, count - i * CHUNK) }));
      await runJobs<ScoresInit, ScoresJob, null>(new URL('./scores-task.js', import.meta.url), init, jobs, { ...threads, onDone: (done) => onDone?.(Math.min(done * CHUNK, count), count) });
      return Float64Array.from(scores);
    }
  }
}

/** How many classes it tells apart. */
export function classCount(subject: Subject): number {
  switch (subject.kind) {
    case 'ann': return indexNodes(subject.graph).get(subject.graph.outputs[0])?.shape.reduce((a, b) => a * b, 1) ?? 0;
    case 'spiking': return outputOf(subject.network);
    case 'program': return outputOf(subject.program.network);
  }
}

/** [C, H, W] of an image; of a network that takes a vector [n, 1, 1]. */
export function imageShapeOf(subject: Subject): readonly [number, number, number] {
  switch (subject.kind) {
    case 'ann': {
      const [channels = 1, height = 1, width = 1] = subject.graph.nodes.find((n) => n.kind === 'input')?.shape ?? [];
      return [channels, height, width];
    }
    case 'spiking': return subject.network.imageShape;
    case 'program': return subject.program.network.imageShape;
  }
}

/** Whether its answer to an image depends on chance. */
export function isChancy(subject: Subject): boolean {
  return subject.kind === 'program' && subject.program.network.input.code === 'poisson';
}

const outputOf = ({ populations, output }: { readonly populations: readonly { readonly id: string; readonly shape: readonly number[] }[]; readonly output: string }): number =>
  populations.find((p) => p.id === output)?.shape.reduce((a, b) => a * b, 1) ?? 0;

/** The graph that ends in logits. */
export function withoutSoftmax(graph: Graph): Graph {
  const nodes = indexNodes(graph);
  const end = (id: NodeId): NodeId => {
    const node = nodes.get(id);
    return node?.kind === 'softmax' ? end(node.inputs[0]) : id;
  };
  const output = end(graph.outputs[0]);
  return output === graph.outputs[0] ? graph : { ...graph, outputs: [output] };
}
