/**
 * A student that answers as the subject does, from its answers alone. Half of the queries are images drawn from a
 * seed; the others are what the student so far takes for the classes, disturbed, so that the subject corrects it
 * where it matters (as in Papernot et al., "Practical black-box attacks against machine learning", 2017, and Truong et al.,
 * "Data-free model extraction", CVPR 2021, but without their generator).
 */
import type { CoreNode, Graph } from '../../graph/graph.js';
import { createKernels } from '../../kernels/kernels.js';
import { softmax } from '../../learn/learning-problem.js';
import { reinitialise, trainGraph } from '../../learn/train-graph.js';
import { normal, substream, uniform, type RandomStream } from '../../random.js';
import { normaliseBytes } from '../../synthesise/picture.js';
import { proceduralImages } from '../../synthesise/procedural-images.js';
import { studentGraph } from './evaluator-architectures.js';
import type { Scorer } from './evolve.js';
import { invert, type Canvas } from './invert.js';
import { graphVictim } from './victim.js';

export interface DistilSettings {
  readonly classes: number;
  /** Images that the subject is asked about, over all rounds. */
  readonly queries: number;
}

/** Rounds in which the student chooses the queries. */
const OWN_ROUNDS = 2;
const OWN_STEPS = 25;
/** Of training in each round, about. */
const STEPS = 100;
const BATCH = 64;
/** Of the answers that are taught; warm, so that the wrong classes teach too. */
const TEACHING_TEMPERATURE = 2;
/** Images of one question. */
const CHUNK = 64;

/** The student; equal streams give equal students. */
export async function distil(scorer: Scorer, canvas: Canvas, { settings, stream }: { readonly settings: DistilSettings; readonly stream: RandomStream }): Promise<Graph<CoreNode>> {
  const { shape } = canvas;
  const { classes, queries } = settings;
  const seed = stream.key0;
  const half = Math.ceil(queries / 2);
  let student = reinitialise(studentGraph(shape, classes), seed);
  let pictures = pictureBytes(proceduralImages({ count: half, shape, seed, normalise: (v) => v }).images);
  let [images, targets] = [new Float32Array(0), new Float32Array(0)];
  for (let round = 0; round <= OWN_ROUNDS; round++) {
    const own = substream(stream, round);
    if (round > 0) pictures = wishes(student, canvas, { count: Math.ceil((queries - half) / OWN_ROUNDS), classes, stream: own });
    const asked = normaliseBytes(pictures, shape, canvas.normalisation);
    images = joined(images, asked);
    targets = joined(targets, answers(scorer, asked, { classes, size: shape[0] * shape[1] * shape[2], stream: substream(own, 'answers') }));
    const count = targets.length / classes;
    ({ graph: student } = await trainGraph(student, { count, images, labels: new Uint16Array(count) }, { targets, epochs: Math.max(1, Math.round((STEPS * BATCH) / count)), seed: seed + round, workers: 1, batch: BATCH, rate: 0.003 }));
  }
  return student;
}

/** What the student takes for the classes, some of it disturbed. */
function wishes(student: Graph<CoreNode>, canvas: Canvas, { count, classes, stream }: { readonly count: number; readonly classes: number; readonly stream: RandomStream }): Uint8Array {
  const labels = Uint16Array.from({ length: count }, (_, i) => i % classes);
  const drawing = invert(graphVictim(student, createKernels()), labels, canvas, { settings: { prior: 'smooth', steps: OWN_STEPS, rate: 0.1, restarts: 1 }, stream });
  let next = drawing.next();
  while (next.done !== true) next = drawing.next();
  const { bytes } = next.value;
  const size = bytes.length / count;
  const noise = normal(substream(stream, 'disturb'), bytes.length);
  const strength = uniform(substream(stream, 'strength'), count);
  return Uint8Array.from(bytes, (v, k) => Math.min(255, Math.max(0, Math.round(v + 60 * strength[Math.floor(k / size)] * noise[k]))));
}

function answers(scorer: Scorer, images: Float32Array, { classes, size, stream }: { readonly classes: number; readonly size: number; readonly stream: RandomStream }): Float32Array {
  const count = images.length / size;
  const out = new Float32Array(count * classes);
  for (let first = 0; first < count; first += CHUNK) {
    const length = Math.min(CHUNK, count - first);
    const scores = scorer(images.subarray(first * size, (first + length) * size), length, substream(stream, first));
    for (let i = 0; i < length; i++) out.set(softmax(scores.subarray(i * classes, (i + 1) * classes), TEACHING_TEMPERATURE), (first + i) * classes);
  }
  return out;
}

/** From values in [0, 1]. */
const pictureBytes = (images: Float32Array): Uint8Array => Uint8Array.from(images, (v) => Math.round(255 * v));

function joined(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
