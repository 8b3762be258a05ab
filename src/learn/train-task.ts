/**
 * What one worker thread of `train` does: it learns one chunk of images of a batch in their order and
 * writes the chunk's summed gradient to the chunk's place in shared memory.
 */
import { createKernels } from '../kernels/kernels.js';
import { randomStream, substream } from '../random.js';
import type { SpikingNetwork } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';
import { createLearner } from './fast-bptt.js';
import { spikePrices, type LearningOptions } from './learning-problem.js';
import type { TrainingSet } from './train.js';

/** What each thread gets once; the arrays are views of shared memory. */
export interface TrainInit {
  readonly network: SpikingNetwork;
  readonly options: LearningOptions;
  /** Name of the kernels' build, from `kernelBuild`. */
  readonly kernels: string;
  readonly set: TrainingSet;
  readonly parameters: Float32Array;
  /** [chunk][parameters] */
  readonly gradients: Float32Array;
  /** Of the Poisson code: every step draws an image's spikes anew. */
  readonly seed: number;
}

export interface TrainJob {
  readonly images: readonly number[];
  /** Where the gradient goes. */
  readonly chunk: number;
  /** Changes when the parameters have changed. */
  readonly version: number;
}

export interface TrainResult {
  /** Summed over the chunk's images. */
  readonly loss: number;
  /** Images for which network and teacher choose the same class. */
  readonly agreeing: number;
  /** Synaptic operations per multiply-accumulate of the ANN, summed over the chunk's images. */
  readonly operations: number;
}

export function start({ network, options, kernels, set, parameters, gradients, seed }: TrainInit): (job: TrainJob) => TrainResult {
  const learner = createLearner(network, options, createKernels(kernels));
  const size = neuronCount(network.imageShape);
  const draws = substream(randomStream(seed), 'poisson');
  const classes = set.targets.length / set.count;
  const prices = spikePrices(network);
  let loaded = -1;
  return ({ images, chunk, version }) => {
    if (version !== loaded) learner.load(parameters);
    loaded = version;
    learner.clear();
    let [loss, agreeing, operations] = [0, 0, 0];
    for (const i of images) {
      const teacher = set.teacher.subarray(i * classes, (i + 1) * classes);
      const stream = substream(substream(draws, version), i);
      const result = learner.learn(set.images.subarray(i * size, (i + 1) * size), { stream, target: set.targets.subarray(i * classes, (i + 1) * classes), teacher });
      loss += result.loss;
      agreeing += largest(result.scores) === largest(teacher) ? 1 : 0;
      operations += result.spikes.reduce((sum, n, p) => sum + n * prices[p], 0);
    }
    learner.readGradient(gradients.subarray(chunk * parameters.length, (chunk + 1) * parameters.length));
    return { loss, agreeing, operations };
  };
}

const largest = (scores: Float64Array | Float32Array): number => {
  let best = 0;
  for (let c = 1; c < scores.length; c++) if (scores[c] > scores[best]) best = c;
  return best;
};
