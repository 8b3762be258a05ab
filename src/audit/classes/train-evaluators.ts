/** Splits the real images that the subject was not trained on, and trains the evaluators on one part of them. */
import { createEvaluator } from '../../graph/evaluate.js';
import { createKernels } from '../../kernels/kernels.js';
import { reinitialise, trainGraph } from '../../learn/train-graph.js';
import { permutation, randomStream, substream } from '../../random.js';
import { normaliseBytes, type PictureNormalisation, type PictureShape } from '../../synthesise/picture.js';
import { evaluatorGraph, featureNode } from './evaluator-architectures.js';
import { darkest, type Evaluator, type LabelledPictures } from './judge.js';

export interface RealSplit {
  /** For the evaluators to learn from. */
  readonly training: LabelledPictures;
  /** For distances and for the thief's test. */
  readonly reference: LabelledPictures;
  /** Stands in the place of drawn images for the ceiling. */
  readonly ceiling: LabelledPictures;
}

/** Real images a class in the reference, at most. */
const MOST_REFERENCE = 40;
/** Share of a class that the evaluators learn from, at most. */
const TRAINING_SHARE = 0.6;

/** The same split for the same images and seed; null where a class has too few for `perClass` images of ceiling, as many of reference and some to learn from. */
export function splitReal(real: LabelledPictures, { classes, perClass, seed }: { readonly classes: number; readonly perClass: number; readonly seed: number }): RealSplit | null {
  const order = permutation(substream(randomStream(seed), 'split of the real images'), real.labels.length);
  const parts: Readonly<Record<keyof RealSplit, number[]>> = { training: [], reference: [], ceiling: [] };
  for (let c = 0; c < classes; c++) {
    const own = [...order].filter((i) => real.labels[i] === c);
    if (own.length < 4 * perClass) return null;
    const training = Math.min(Math.floor(TRAINING_SHARE * own.length), own.length - 2 * perClass);
    parts.ceiling.push(...own.slice(0, perClass));
    parts.reference.push(...own.slice(perClass, Math.min(own.length - training, perClass + MOST_REFERENCE)));
    parts.training.push(...own.slice(own.length - training));
  }
  return { training: pick(real, parts.training), reference: pick(real, parts.reference), ceiling: interleaved(pick(real, parts.ceiling), classes) };
}

/** These images, in this order. */
export function pick({ bytes, labels }: LabelledPictures, rows: readonly number[]): LabelledPictures {
  const size = bytes.length / labels.length;
  const out = new Uint8Array(rows.length * size);
  rows.forEach((from, to) => out.set(bytes.subarray(from * size, (from + 1) * size), to * size));
  return { bytes: out, labels: Uint16Array.from(rows, (i) => labels[i]) };
}

/** Image i is of class i modulo the classes, as drawn images are. */
function interleaved(set: LabelledPictures, classes: number): LabelledPictures {
  const perClass = set.labels.length / classes;
  return pick(set, Array.from(set.labels, (_, i) => (i % classes) * perClass + Math.floor(i / classes)));
}

export interface EvaluatorOptions {
  readonly shape: PictureShape;
  readonly classes: number;
  readonly normalisation: PictureNormalisation;
  /** How many; at least 3. */
  readonly count: number;
  readonly epochs: number;
  readonly seed: number;
  readonly workers: number;
  /** One checkpoint file each, named with its number. */
  readonly checkpoint?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (done: number, total: number) => void;
}

/** Trains them one after another; the same weights for any number of workers. */
export async function trainEvaluators({ bytes, labels }: LabelledPictures, options: EvaluatorOptions): Promise<Evaluator[]> {
  const { shape, classes, normalisation, count, epochs, seed, workers, checkpoint, signal, onStep } = options;
  const set = { count: labels.length, images: normaliseBytes(bytes, shape, normalisation), labels };
  const evaluators: Evaluator[] = [];
  for (let e = 0; e < count; e++) {
    const { graph } = await trainGraph(reinitialise(evaluatorGraph(e, shape, classes), seed + 1000 * (e + 1)), set, {
      epochs, seed: seed + 1000 * (e + 1), workers, batch: 64, rate: 0.003, weightDecay: 1e-4, augmentation: { shift: 1, mirror: false }, background: darkest(normalisation),
      ...(checkpoint === undefined ? {} : { checkpoint: { path: `${checkpoint}-${e}`, everySteps: 100 } }), ...(signal === undefined ? {} : { signal }),
      onStep: ({ step, steps }) => onStep?.(e * steps + step, count * steps),
    });
    const { kept } = createEvaluator(graph, createKernels()).run(set.images, set.count, { keep: [featureNode] });
    evaluators.push({ graph, ...standard(kept.get(featureNode)!, set.count) });
  }
  return evaluators;
}

/** Mean and standard deviation of each feature; a feature that never moves counts with deviation 1. */
function standard(values: Float32Array, count: number): { readonly mean: Float64Array; readonly deviation: Float64Array } {
  const width = values.length / count;
  const [mean, square] = [new Float64Array(width), new Float64Array(width)];
  values.forEach((v, k) => {
    mean[k % width] += v / count;
    square[k % width] += (v * v) / count;
  });
  return { mean, deviation: square.map((s, i) => Math.sqrt(s - mean[i] ** 2) || 1) };
}
