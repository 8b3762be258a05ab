// Labelled pictures that a small network tells apart: a bar across, a bar down, a diagonal and a square, at random places with noise.
import { createKernels } from '../../../src/kernels/kernels.js';
import type { CoreNode, Graph } from '../../../src/graph/graph.js';
import { evaluatorGraph } from '../../../src/audit/classes/evaluator-architectures.js';
import type { NamedSubject } from '../../../src/audit/classes/audit-classes.js';
import type { LabelledPictures } from '../../../src/audit/classes/judge.js';
import { reinitialise, trainGraph } from '../../../src/learn/train-graph.js';
import { calibrate } from '../../../src/spiking/calibrate.js';
import { convert } from '../../../src/spiking/convert.js';
import { calibrationSamples } from '../../../src/spiking/calibration-samples.js';
import { Reporter } from '../../../src/diagnostics.js';
import { lower } from '../../../src/lower/lower.js';
import { randomStream, substream, uniform } from '../../../src/random.js';
import type { SpikingNetwork } from '../../../src/spiking/network.js';
import { normaliseBytes } from '../../../src/synthesise/picture.js';

export const SIDE = 8;
export const CLASSES = 4;
export const SHAPE = [1, SIDE, SIDE] as const;
export const NORMALISATION = { scale: 255, mean: [0.2], std: [0.35] };
export const CANVAS = { shape: SHAPE, normalisation: NORMALISATION };

const inside: readonly ((y: number, x: number, at: number) => boolean)[] = [
  (y, _, at) => y === at || y === at + 1,
  (_, x, at) => x === at || x === at + 1,
  (y, x, at) => Math.abs(y - x + at - 3) <= 1,
  (y, x, at) => (y === at || y === at + 3 || x === 2 || x === 5) && y >= at && y <= at + 3 && x >= 2 && x <= 5,
];

/** Image i is of class i modulo 4. */
export function shapes(count: number, seed: number): LabelledPictures {
  const bytes = new Uint8Array(count * SIDE * SIDE);
  for (let i = 0; i < count; i++) {
    const draws = uniform(substream(randomStream(seed), i), SIDE * SIDE + 1);
    const at = 1 + Math.floor(draws[SIDE * SIDE] * 4);
    for (let k = 0; k < SIDE * SIDE; k++) bytes[i * SIDE * SIDE + k] = (inside[i % CLASSES](Math.floor(k / SIDE), k % SIDE, at) ? 190 : 0) + Math.floor(60 * draws[k]);
  }
  return { bytes, labels: Uint16Array.from({ length: count }, (_, i) => i % CLASSES) };
}

/** A float network that has learned `members`. */
export async function trainedGraph(members: LabelledPictures): Promise<Graph<CoreNode>> {
  const images = normaliseBytes(members.bytes, SHAPE, NORMALISATION);
  const { graph } = await trainGraph(reinitialise(evaluatorGraph(1, SHAPE, CLASSES), 77), { count: members.labels.length, images, labels: members.labels }, { epochs: 12, seed: 3, workers: 1, batch: 32, rate: 0.01 });
  return lower(graph, { report: new Reporter(), kernels: createKernels() });
}

/** The same converted. */
export function converted(graph: Graph<CoreNode>, timesteps: number): SpikingNetwork {
  const samples = calibrationSamples({ imageShape: SHAPE, normalisation: NORMALISATION, images: undefined, modelSha256: '0'.repeat(64), seed: 1, dataset: undefined, count: 32 }, new Reporter());
  const chosen = calibrate(graph, { timesteps, reset: 'soft', samples, privateData: false, synthetic: false, backend: undefined });
  return convert(graph, { ...chosen, timesteps, reset: 'soft', leak: 1, initial: 0.5, code: 'bias', inputRange: samples.range });
}

export const subjectOf = (name: string, subject: NamedSubject['subject'], plain = false): NamedSubject => ({ name, subject, sha256: name.padEnd(64, '0').replace(/[^0-9a-f]/g, 'a'), canvas: CANVAS, plain });
