/**
 * Temporal learning as one pass of the compiler (the paper's "temporal encryption"): the ANN answers
 * the images, the spiking network is retrained towards its answers, and the record says how far the
 * weights moved and how well they can still be read. Without that measurement nothing here is called
 * encryption.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { fail } from '../diagnostics.js';
import { evaluateParallel } from '../graph/evaluate-parallel.js';
import type { Graph } from '../graph/graph.js';
import { indexNodes, sizeOf } from '../graph/graph.js';
import type { SpikingNetwork } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';
import type { SampleSet } from '../synthesise/procedural-images.js';
import { readBackGraph, weightDistance, type LayerDistance } from './distance.js';
import { softmax } from './learning-problem.js';
import { train, trainSettings, type TrainingProgress, type TrainOptions, type TrainSettings } from './train.js';

export interface TeacherOptions extends TrainOptions {
  /** The ANN; its first output are the class scores. */
  readonly teacher: Graph;
  readonly samples: SampleSet;
  /** Computes the teacher's answers in place of the own kernels. */
  readonly backend?: DenseBackend | undefined;
}

export interface LearningRecord {
  /** How the images were made, in words. */
  readonly recipe: string;
  /** Name of the kernels that ran. */
  readonly kernels: string;
  readonly images: number;
  readonly settings: TrainSettings;
  readonly steps: number;
  /** First and last step: loss, agreement with the ANN and operations. */
  readonly first: TrainingProgress;
  readonly last: TrainingProgress;
  readonly distances: readonly LayerDistance[];
  /** On how many of the images the learned weights, read as a plain ReLU network, answer as the ANN does. */
  readonly readBackAgreement: number;
}

export interface LearnedNetwork {
  readonly network: SpikingNetwork;
  readonly record: LearningRecord;
}

/** Retrains on the samples with the teacher's answers as soft targets. Throws `learn/other-teacher` and what `train` throws. */
export async function learnFromTeacher(network: SpikingNetwork, { teacher, samples, backend, ...options }: TeacherOptions): Promise<LearnedNetwork> {
  checkTeacher(network, teacher);
  const { images, count } = samples;
  const pool = { workers: options.workers, backend, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const scores = await evaluateParallel(teacher, images, count, pool);
  const classes = scores.length / count;
  const targets = new Float32Array(scores.length);
  for (let i = 0; i < count; i++) targets.set(softmax(scores.subarray(i * classes, (i + 1) * classes), 1), i * classes);
  const { network: learned, ...course } = await train(network, { count, images, targets, teacher: scores }, options);
  const read = await evaluateParallel(readBackGraph(learned), images, count, pool);
  return {
    network: learned,
    record: {
      recipe: samples.recipe, images: count, settings: trainSettings(options), ...course, distances: weightDistance(network, learned),
      readBackAgreement: agreementOf(scores, read, count),
    },
  };
}

function checkTeacher(network: SpikingNetwork, teacher: Graph): void {
  const output = indexNodes(teacher).get(teacher.outputs[0]);
  const classes = output === undefined ? 0 : sizeOf(output.shape);
  const { shape } = teacher.nodes[0];
  const wanted = neuronCount(network.populations[network.populations.length - 1].shape);
  if (classes === wanted && sizeOf(shape) === neuronCount(network.imageShape)) return;
  fail('learn/other-teacher', { kind: 'nowhere' }, { teacher: { classes, shape }, network: { classes: wanted, shape: network.imageShape } });
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
const READABLE_ANSWERS = 0.5;
/** A layer that points this nearly where the ANN's does is the ANN's with some noise. */
const READABLE_COSINE = 0.9;

export interface Readability {
  readonly readable: 'wholly' | 'in part' | 'not so';
  /** The same in plain words. */
  readonly verdict: string;
}

/** What a reader of the weights gets; `agreement` is that of the weights, read as a plain ReLU network, with the ANN on `images`. */
export function readability(distances: readonly LayerDistance[], { agreement, images }: { readonly agreement: number; readonly images: string }): Readability {
  const kept = distances.filter(({ cosine }) => cosine > READABLE_COSINE).length;
  const answers = `answer as the ANN does on ${percent(agreement)} of ${images}`;
  const layers = `${kept} of ${distances.length} layers keep a cosine above ${READABLE_COSINE} to the ANN's weights (least ${distances.reduce((a, { cosine }) => Math.min(a, cosine), 1).toFixed(3)})`;
  if (agreement > READABLE_ANSWERS || kept === distances.length) return { readable: 'wholly', verdict: `the weights stay readable: as a plain ReLU network they ${answers}, and ${layers}` };
  if (kept > 0) return { readable: 'in part', verdict: `the weights stay readable in part: ${layers}, though as a plain ReLU network they ${answers}` };
  return { readable: 'not so', verdict: `as a plain ReLU network the weights ${answers}, and ${layers}; these are two ways to read them, no proof that there is no other` };
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** The record in plain words, one line a fact. */
export function learningText({ recipe, kernels, settings: { epochs }, steps, first, last, distances, readBackAgreement }: LearningRecord): string {
  return [
    `learned through time on ${recipe}, ${epochs} epoch${epochs === 1 ? '' : 's'}, ${steps} steps, kernels ${kernels}`,
    `loss ${first.loss.toFixed(3)} to ${last.loss.toFixed(3)}, same answer as the ANN ${percent(first.agreement)} to ${percent(last.agreement)} (batches), synaptic operations per MAC ${last.operations.toFixed(2)}`,
    ...distances.map((d) => `  ${d.layer}  cosine ${d.cosine.toFixed(3)}  moved ${percent(d.relative)}`),
    readability(distances, { agreement: readBackAgreement, images: 'the images it learned from' }).verdict,
  ].join('\n');
}
