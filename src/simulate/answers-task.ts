/** What one thread of `integerAnswers` does: packs the network once and runs chunks of images. */
import { createKernels, kernelBuild } from '../kernels/kernels.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { neuronCount } from '../spiking/network.js';
import { createSampleEngine } from './sample-engine.js';

export interface AnswersInit {
  readonly network: IntegerNetwork;
  /** [count, C, H, W], normalised; over a SharedArrayBuffer. */
  readonly images: Float32Array;
  readonly seed: number;
}

export interface AnswersJob { readonly first: number; readonly count: number }

/** [count, T]: the class that leads after each step. */
export function start({ network, images, seed }: AnswersInit): (job: AnswersJob) => Uint16Array {
  const engine = createSampleEngine(network, createKernels(kernelBuild('auto')!), seed);
  const size = neuronCount(network.imageShape);
  return ({ first, count }) => {
    const answers = new Uint16Array(count * network.timesteps);
    for (let i = 0; i < count; i++) answers.set(engine.run(images.subarray((first + i) * size, (first + i + 1) * size), first + i).predictions, i * network.timesteps);
    return answers;
  };
}
