// A small network with images that it can learn: each class is a pattern of its own plus noise.
import { normal, randomStream, substream } from '../../src/random.js';
import { populationId, type MapShape, type Population, type Projection, type SpikingNetwork } from '../../src/spiking/network.js';
import type { Window } from '../../src/graph/graph.js';
import type { TrainingSet } from '../../src/learn/train.js';

const CLASSES = 4;
const root = randomStream(5);
const floats = (name: string, count: number, scale: number): Float32Array => Float32Array.from(normal(substream(root, name), count), (x) => x * scale);
const window = (kernel: number, stride: number, pad: number): Window => ({ kernel: [kernel, kernel], stride: [stride, stride], dilation: [1, 1], pads: [pad, pad, pad, pad] });
const population = (id: string, shape: MapShape, depth: number): Population => ({
  id: populationId(id), shape, neuron: { model: 'lif', reset: 'soft', leak: 0.9 }, threshold: new Float32Array(shape[0]).fill(1), bias: floats(`${id} bias`, shape[0], 0.1), initial: 0.5, depth,
});

/** 6 x 6 images -> 8 maps -> 8 maps of 3 x 3 -> 4 classes, T = 4. */
export function smallLesson(count: number): { readonly network: SpikingNetwork; readonly set: TrainingSet } {
  const [first, second] = [population('first', [8, 6, 6], 0), population('second', [8, 3, 3], 1)];
  const output: Population = { ...population('classes', [CLASSES, 1, 1], 2), neuron: { model: 'integrator' }, initial: 0 };
  const join = (source: Population, target: Population, rest: Pick<Projection, 'weight' | 'window'>): Projection => ({ id: `${target.id}<-${source.id}`, source: source.id, target: target.id, groups: 1, pool: [1, 1], delay: 0, ...rest });
  const network: SpikingNetwork = {
    imageShape: [1, 6, 6], timesteps: 4, output: output.id, populations: [first, second, output],
    input: { code: 'bias', layers: [{ target: first.id, weight: floats('host', 72, 0.3), window: window(3, 1, 1), groups: 1, pool: [1, 1] }] },
    projections: [
      join(first, second, { weight: floats('middle', 8 * 8 * 9, 0.2), window: window(3, 2, 1) }),
      join(second, output, { weight: floats('read', CLASSES * 72, 0.1), window: window(3, 1, 0) }),
    ],
  };
  const patterns = Array.from({ length: CLASSES }, (_, c) => normal(substream(root, c), 36));
  const images = new Float32Array(count * 36);
  const targets = new Float32Array(count * CLASSES);
  const teacher = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) {
    const label = i % CLASSES;
    const noise = normal(substream(root, 1000 + i), 36);
    images.set(patterns[label].map((x, k) => x + 0.3 * noise[k]), i * 36);
    targets[i * CLASSES + label] = 1;
    teacher[i * CLASSES + label] = 3;
  }
  return { network, set: { count, images, targets, teacher } };
}
