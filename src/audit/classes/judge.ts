/**
 * What drawn images are worth, by networks that never saw the subject: trained on images that it was not
 * trained on, of other make and with other weights. An image counts as a success where more than half of them
 * take it for the class that it was to be. Their features say how far the set is from real images, and a thief
 * who trains a network on nothing but the drawn images says what they teach.
 */
import type { CoreNode, Graph } from '../../graph/graph.js';
import { createEvaluator } from '../../graph/evaluate.js';
import type { Kernels } from '../../kernels/kernels.js';
import { softmax } from '../../learn/learning-problem.js';
import { reinitialise, trainGraph } from '../../learn/train-graph.js';
import { normaliseBytes, type PictureNormalisation, type PictureShape } from '../../synthesise/picture.js';
import { evaluatorGraph, featureNode } from './evaluator-architectures.js';
import { frechetDistance, kernelDistance, nearestDistance, spreadWithinClasses, type Features, type LabelledFeatures } from './feature-distances.js';

export interface LabelledPictures {
  /** [count, C, H, W] */
  readonly bytes: Uint8Array;
  readonly labels: Uint16Array;
}

export interface Evaluator {
  readonly graph: Graph<CoreNode>;
  /** Of each feature over the images it was trained on. */
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** What a judge needs; plain values, so that threads can have it. */
export interface JudgeParts {
  readonly shape: PictureShape;
  readonly classes: number;
  readonly normalisation: PictureNormalisation;
  readonly evaluators: readonly Evaluator[];
  /** Real images that no evaluator was trained on: the other side of all distances, and the test of the thief. */
  readonly reference: LabelledPictures;
  /** Images that the subject was trained on, as many a class as the reference has; null where they are not at hand. */
  readonly members: LabelledPictures | null;
}

/** All shares are fractions of 1; distances are means over the evaluators, in standard deviations of their features. */
export interface Judged {
  readonly count: number;
  readonly success: number;
  /** Mean probability of the wanted class. */
  readonly confidence: number;
  /** Success of each class. */
  readonly successByClass: readonly number[];
  /** Null where the images are too few for it. */
  readonly frechet: number | null;
  readonly kernel: number | null;
  /** Accuracy on the reference of a network that was trained on these images alone. */
  readonly thief: number;
  /** Mean distance of two images of a class. */
  readonly diversity: number | null;
  /** Distance to the nearest image the subject was trained on, less that to the nearest other real one: below 0 where images it was trained on show. */
  readonly memberGap: number | null;
}

export type Judge = (drawn: LabelledPictures, seed: number) => Promise<Judged>;

const THIEF_STEPS = 100;
const THIEF_BATCH = 32;

/** The evaluators' own: mean 0 and deviation 1 over the images that they learn from. */
export function judgeNormalisation({ bytes }: LabelledPictures, [channels, height, width]: PictureShape): PictureNormalisation {
  const plane = height * width;
  const [sum, square] = [new Float64Array(channels), new Float64Array(channels)];
  bytes.forEach((b, i) => {
    const c = Math.floor(i / plane) % channels;
    sum[c] += b / 255;
    square[c] += (b / 255) ** 2;
  });
  const places = bytes.length / channels;
  const mean = Array.from(sum, (s) => s / places);
  return { scale: 255, mean, std: mean.map((m, c) => Math.sqrt(Math.max(0, square[c] / places - m * m)) || 1) };
}

export function createJudge({ shape, classes, normalisation, evaluators, reference, members }: JudgeParts, kernels: Kernels): Judge {
  const asked = evaluators.map((e) => askEvaluator(e, { shape, normalisation }, kernels));
  const real = asked.map((ask) => ask(reference).features);
  const trained = members === null ? null : asked.map((ask) => ask(members).features);
  const mean = (values: readonly (number | null)[]): number | null => (values.some((v) => v === null) ? null : values.reduce<number>((sum, v) => sum + v!, 0) / values.length);
  return async (drawn, seed) => {
    const answers = asked.map((ask) => ask(drawn));
    const hit = Array.from(drawn.labels, (label, i) => answers.filter((a) => a.predicted[i] === label).length * 2 > evaluators.length);
    const over = (of: (i: number) => number, among: (i: number) => boolean = () => true): number => {
      const chosen = hit.map((_, i) => i).filter(among);
      return chosen.length === 0 ? 0 : chosen.reduce((sum, i) => sum + of(i), 0) / chosen.length;
    };
    const labelled = (features: Features): LabelledFeatures => ({ features, labels: drawn.labels });
    return {
      count: drawn.labels.length,
      success: over((i) => Number(hit[i])),
      confidence: over((i) => answers.reduce((sum, a) => sum + a.confidence[i], 0) / answers.length),
      successByClass: Array.from({ length: classes }, (_, c) => over((i) => Number(hit[i]), (i) => drawn.labels[i] === c)),
      frechet: mean(answers.map((a, e) => frechetDistance(a.features, real[e]))),
      kernel: mean(answers.map((a, e) => kernelDistance(a.features, real[e]))),
      thief: await thiefAccuracy(drawn, { shape, classes, normalisation, reference, seed, kernels }),
      diversity: mean(answers.map((a) => spreadWithinClasses(a.features, drawn.labels))),
      memberGap: trained === null ? null : mean(answers.map((a, e) => {
        const near = nearestDistance(labelled(a.features), { features: trained[e], labels: members!.labels });
        const far = nearestDistance(labelled(a.features), { features: real[e], labels: reference.labels });
        return near === null || far === null ? null : near - far;
      })),
    };
  };
}

/** Byte 0, one number a channel. */
export const darkest = ({ mean, std }: PictureNormalisation): number[] => mean.map((m, c) => -m / std[c]);

/** Noise can excite a feature a thousand deviations far: far counts as far, not as everything. */
const FAR = 4;
const clipped = (v: number): number => Math.max(-FAR, Math.min(FAR, v));

interface Answers {
  readonly predicted: readonly number[];
  /** Probability of each image's label. */
  readonly confidence: readonly number[];
  readonly features: Features;
}

function askEvaluator({ graph, mean, deviation }: Evaluator, { shape, normalisation }: Pick<JudgeParts, 'shape' | 'normalisation'>, kernels: Kernels): (pictures: LabelledPictures) => Answers {
  const evaluator = createEvaluator(graph, kernels);
  return ({ bytes, labels }) => {
    const { outputs: [scores], kept } = evaluator.run(normaliseBytes(bytes, shape, normalisation), labels.length, { keep: [featureNode] });
    const classes = scores.length / labels.length;
    const rows = Array.from(labels, (_, i) => softmax(scores.subarray(i * classes, (i + 1) * classes), 1));
    return {
      predicted: rows.map((p) => p.indexOf(p.reduce((a, b) => Math.max(a, b)))),
      confidence: rows.map((p, i) => p[labels[i]]),
      features: { count: labels.length, width: mean.length, values: Float64Array.from(kept.get(featureNode)!, (v, k) => clipped((v - mean[k % mean.length]) / deviation[k % mean.length])) },
    };
  };
}

interface ThiefSettings extends Pick<JudgeParts, 'shape' | 'classes' | 'normalisation' | 'reference'> {
  readonly seed: number;
  readonly kernels: Kernels;
}

async function thiefAccuracy({ bytes, labels }: LabelledPictures, { shape, classes, normalisation, reference, seed, kernels }: ThiefSettings): Promise<number> {
  const set = { count: labels.length, images: normaliseBytes(bytes, shape, normalisation), labels };
  const batch = Math.min(THIEF_BATCH, set.count);
  const { graph } = await trainGraph(reinitialise(evaluatorGraph(0, shape, classes), seed), set, {
    seed, workers: 1, batch, epochs: Math.ceil(THIEF_STEPS / Math.ceil(set.count / batch)), rate: 0.003, augmentation: { shift: 2, mirror: false }, background: darkest(normalisation),
  });
  const mark = kernels.memory.mark();
  const [scores] = createEvaluator(graph, kernels).run(normaliseBytes(reference.bytes, shape, normalisation), reference.labels.length).outputs;
  kernels.memory.release(mark);
  let right = 0;
  reference.labels.forEach((label, i) => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(row.reduce((a, b) => Math.max(a, b))) === label) right++;
  });
  return right / reference.labels.length;
}
