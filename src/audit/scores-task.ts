/** What one thread of `scoresOf` does for spiking networks and programs: packs the network once, runs chunks of images and writes their scores to shared memory. */
import { createKernels, kernelBuild } from '../kernels/kernels.js';
import { createLearner } from '../learn/fast-bptt.js';
import { DEFAULT_SURROGATE } from '../learn/learning-problem.js';
import { readParameters } from '../learn/parameters.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { createSampleEngine } from '../simulate/sample-engine.js';
import { neuronCount, type SpikingNetwork } from '../spiking/network.js';

/** The arrays are views of shared memory: images [count, C, H, W], scores [count, classes]. */
export type ScoresInit = { readonly images: Float32Array; readonly scores: Float64Array } & (
  | { readonly kind: 'spiking'; readonly network: SpikingNetwork }
  | { readonly kind: 'program'; readonly network: IntegerNetwork; readonly seeds: readonly number[] });

export interface ScoresJob { readonly first: number; readonly count: number }

/** Scores of image number `sample`. */
type Ask = (image: Float32Array, sample: number) => ArrayLike<number>;

export function start(init: ScoresInit): (job: ScoresJob) => null {
  const { network, images, scores } = init;
  const ask = init.kind === 'spiking' ? floatScores(init.network) : integerScores(init.network, init.seeds);
  const size = neuronCount(network.imageShape);
  return ({ first, count }) => {
    for (let i = first; i < first + count; i++) {
      const found = ask(images.subarray(i * size, (i + 1) * size), i);
      scores.set(found, i * found.length);
    }
    return null;
  };
}

function floatScores(network: SpikingNetwork): Ask {
  const learner = createLearner(network, { surrogate: DEFAULT_SURROGATE, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, createKernels(kernelBuild('auto')!));
  learner.load(readParameters(network));
  const nothing = new Float64Array(network.populations[network.populations.length - 1].shape[0]);
  return (image) => learner.evaluate(image, { target: nothing, teacher: nothing }).scores;
}

/** v / (scale T): the mean over the seeds. */
function integerScores(network: IntegerNetwork, seeds: readonly number[]): Ask {
  const engines = seeds.map((seed) => createSampleEngine(network, createKernels(kernelBuild('auto')!), seed));
  const { scale, shape } = network.populations.find((p) => p.id === network.output)!;
  const pixels = shape[1] * shape[2];
  return (image, sample) => {
    const sums = new Float64Array(neuronCount(shape));
    for (const engine of engines) engine.run(image, sample).scores.forEach((v, i) => { sums[i] += v; });
    return sums.map((v, i) => v / (scale[Math.floor(i / pixels)] * network.timesteps * seeds.length));
  };
}
