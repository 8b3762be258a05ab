/**
 * Temporal learning as one pass of the compiler (the paper's "temporal encryption"): the ANN answers
 * the images, the spiking network is retrained towards its answers, and the record says how far the
 * weights moved and how well they can still be read. Without that measurement nothing here is called
 * encryption.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { evaluateParallel } from '../graph/evaluate-parallel.js';
import type { Graph } from '../graph/graph.js';
import type { SpikingNetwork } from '../spiking/network.js';
import type { SampleSet } from '../synthesise/procedural-images.js';
import { readBackGraph, weightDistance, type LayerDistance } from './distance.js';
import { softmax } from './learning-problem.js';
import { train, type TrainingProgress, type TrainOptions } from './train.js';

export interface TeacherOptions extends TrainOptions {
  /** The ANN; its first output are the class scores. */
  readonly teacher: Graph;
  readonly samples: SampleSet;
  /** Computes the teacher's answers in place of the own kernels. */
  readonly backend?: DenseBackend | undefined;
}

export interface LearningRecord {
  readonly recipe: string;
  /** Name of the kernels that ran. */
  readonly kernels: string;
  readonly epochs: number;
  readonly steps: number;
  /** First and last step: loss, agreement with the ANN and operations. Null where a checkpoint had done all. */
  readonly first: TrainingProgress | null;
  readonly last: TrainingProgress | null;
  readonly distances: readonly LayerDistance[];
  /** On how many of the images the learned weights, read as a plain ReLU network, answer as the ANN does. */
  readonly readBackAgreement: number;
}

export interface LearnedNetwork {
  readonly network: SpikingNetwork;
  readonly record: LearningRecord;
}

/** Retrains on the samples with the teacher's answers as soft targets. Throws what `train` throws. */
export async function learnFromTeacher(network: SpikingNetwork, { teacher, samples, backend, ...options }: TeacherOptions): Promise<LearnedNetwork> {
  const { images, count } = samples;
  const pool = { workers: options.workers, backend, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const scores = await evaluateParallel(teacher, images, count, pool);
  const classes = scores.length / count;
  const targets = new Float32Array(scores.length);
  for (let i = 0; i < count; i++) targets.set(softmax(scores.subarray(i * classes, (i + 1) * classes), 1), i * classes);
  const seen: { first: TrainingProgress | null; last: TrainingProgress | null } = { first: null, last: null };
  const onStep = (progress: TrainingProgress): void => {
    seen.first ??= progress;
    seen.last = progress;
    options.onStep?.(progress);
  };
  const { network: learned, steps, kernels } = await train(network, { count, images, targets, teacher: scores }, { ...options, onStep });
  const read = await evaluateParallel(readBackGraph(learned), images, count, pool);
  return {
    network: learned,
    record: {
      recipe: samples.recipe, kernels, epochs: options.epochs, steps, ...seen, distances: weightDistance(network, learned),
      readBackAgreement: agreementOf(scores, read, count),
    },
  };
}

function agreementOf(a: Float32Array, b: Float32Array, count: number): number {
  const classes = a.length / count;
  const answer = (scores: Float32Array, i: number): number => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(row.reduce((x, y) => Math.max(x, y)));
  };
  return Array.from({ length: count }, (_, i) => answer(a, i) === answer(b, i)).filter(Boolean).length / count;
}

/** A reader of the weights gets the ANN back where they answer alike on more than this share of images. */
const READABLE = 0.5;

/** The record in plain words, one line a fact. */
export function learningText({ recipe, kernels, epochs, first, last, distances, readBackAgreement }: LearningRecord): string {
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  const lines = [`learned through time on ${recipe}, ${epochs} epoch${epochs === 1 ? '' : 's'}, kernels ${kernels}`];
  if (first !== null && last !== null) lines.push(`loss ${first.loss.toFixed(3)} to ${last.loss.toFixed(3)}, same answer as the ANN ${percent(first.agreement)} to ${percent(last.agreement)} (batches), synaptic operations per MAC ${last.operations.toFixed(2)}`);
  lines.push(...distances.map((d) => `  ${d.layer}  cosine ${d.cosine.toFixed(3)}  moved ${percent(d.relative)}`));
  lines.push(readBackAgreement > READABLE
    ? `the weights stay readable: as a plain ReLU network they answer as the ANN does on ${percent(readBackAgreement)} of the images`
    : `read as a plain ReLU network, the weights answer as the ANN does on ${percent(readBackAgreement)} of the images`);
  return lines.join('\n');
}
