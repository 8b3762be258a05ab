/**
 * What one worker thread of `trainPrivately` does: for each image of a chunk the gradient of that image
 * alone (back-propagated through all time steps, so summed over time), averaged over its views, clipped
 * jointly over all parameters that learn, and added to the chunk's sum in shared memory.
 */
import { createKernels } from '../kernels/kernels.js';
import { randomStream, substream, type RandomStream } from '../random.js';
import { neuronCount, type SpikingNetwork } from '../spiking/network.js';
import { viewOf, type ViewOptions } from './augment.js';
import { createLearner, type Learner } from './fast-bptt.js';
import type { LearningOptions } from './learning-problem.js';
import { addClipped } from './private-mechanism.js';

/** Labelled images in memory that all threads share. */
export interface LabelledImages {
  readonly count: number;
  /** [count, C, H, W], normalised. */
  readonly images: Float32Array;
  readonly labels: Uint16Array;
}

export interface PrivateInit {
  readonly network: SpikingNetwork;
  readonly options: LearningOptions;
  /** Name of the kernels' build, from `kernelBuild`. */
  readonly kernels: string;
  readonly set: LabelledImages;
  readonly parameters: Float32Array;
  /** [chunk][parameters]: sums of clipped gradients. */
  readonly sums: Float64Array;
  /** Per parameter: the unit that its gradient is measured in; 0 where nothing is learned. */
  readonly units: Float64Array;
  readonly clip: number;
  readonly augmentation: ViewOptions;
  /** What a view shows beyond the border of the image, one number a channel. */
  readonly background: readonly number[];
  readonly seed: number;
}

export interface PrivateJob {
  readonly images: Uint32Array;
  /** Where the sum goes. */
  readonly chunk: number;
  /** Changes when the parameters have changed. */
  readonly version: number;
}

export function start(init: PrivateInit): (job: PrivateJob) => null {
  const { network, options, kernels, parameters, sums, units, clip } = init;
  const learner = createLearner(network, options, createKernels(kernels));
  const gradient = new Float32Array(parameters.length);
  let loaded = -1;
  return ({ images, chunk, version }) => {
    if (version !== loaded) learner.load(parameters);
    loaded = version;
    const sum = sums.subarray(chunk * parameters.length, (chunk + 1) * parameters.length).fill(0);
    for (const image of images) {
      imageGradient(init, learner, { image, step: version }, gradient);
      for (let i = 0; i < gradient.length; i++) gradient[i] = units[i] === 0 ? 0 : gradient[i] * units[i];
      addClipped(sum, gradient, clip);
    }
    return null;
  };
}

/** The gradient of one image, the mean over its views. */
function imageGradient({ network, set, augmentation, background, seed }: PrivateInit, learner: Learner, { image, step }: { readonly image: number; readonly step: number }, out: Float32Array): void {
  const { views, shift, mirror } = augmentation;
  const size = neuronCount(network.imageShape);
  const own = set.images.subarray(image * size, (image + 1) * size);
  const classes = network.populations[network.populations.length - 1].shape[0];
  const target = new Float64Array(classes);
  target[set.labels[image]] = 1;
  learner.clear();
  const streamOf = (name: string): RandomStream => substream(substream(substream(randomStream(seed), name), step), image);
  const [stream, draws] = [streamOf('views'), streamOf('poisson')];
  for (let k = 0; k < views; k++) {
    const view = shift === 0 && !mirror ? own : viewOf(own, network.imageShape, background, { shift, mirror, stream: substream(stream, k) });
    learner.learn(view, { target, teacher: target, stream: substream(draws, k) });
  }
  learner.readGradient(out);
  if (views > 1) for (let i = 0; i < out.length; i++) out[i] /= views;
}
