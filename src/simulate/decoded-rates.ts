/**
 * What the integer network says of each activation: the net spikes of every neuron over T steps, times
 * the threshold they stand for. Runs on the simulator's engine, so these are the program's own spikes.
 */
import type { Kernels } from '../kernels/kernels.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { neuronCount } from '../spiking/network.js';
import { createSampleEngine } from './sample-engine.js';

export interface DecodedRates {
  /** Net spikes over T of every neuron but the output's, [count, C, H, W], by population. */
  readonly rates: ReadonlyMap<string, Float32Array>;
  /** The class scores in the unit of the ANN's, [count, classes]. */
  readonly scores: Float32Array;
}

/** Runs normalised `images`, [count, C, H, W]; `seed` is that of the Poisson code. */
export function decodedRates(network: IntegerNetwork, { images, count }: { readonly images: Float32Array; readonly count: number }, { kernels, seed }: { readonly kernels: Kernels; readonly seed: number }): DecodedRates {
  const mark = kernels.memory.mark();
  const engine = createSampleEngine(network, kernels, seed);
  const size = neuronCount(network.imageShape);
  const output = network.populations.find((p) => p.id === network.output)!;
  const classes = neuronCount(output.shape);
  const pixels = classes / output.shape[0];
  const rates = new Map(network.populations.filter((p) => p !== output).map((p) => [p.id as string, new Float32Array(count * neuronCount(p.shape))]));
  const scores = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) {
    const answer = engine.run(images.subarray(i * size, (i + 1) * size), i);
    network.populations.forEach((p, index) => {
      const own = rates.get(p.id);
      if (own !== undefined) countSpikes(kernels, engine.buffers[index], own.subarray(i * neuronCount(p.shape), (i + 1) * neuronCount(p.shape)));
    });
    answer.scores.forEach((v, c) => { scores[i * classes + c] = v / (network.timesteps * output.scale[Math.floor(c / pixels)]); });
  }
  kernels.memory.release(mark);
  return { rates, scores };
}

/** Net spikes divided by T, in C, H, W order, out of the masks [pixel][step][sign][word]. */
function countSpikes({ memory }: Kernels, { shape: [channels, height, width], steps, signs, words, spikes }: SpikeBuffers, out: Float32Array): void {
  const pixels = height * width;
  const bytes = memory.uint8(spikes, pixels * steps * signs * words * 8);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let t = 0; t < steps; t++) {
      for (let sign = 0; sign < signs; sign++) {
        const at = ((pixel * steps + t) * signs + sign) * words * 8;
        const one = (sign === 0 ? 1 : -1) / steps;
        for (let c = 0; c < channels; c++) if ((bytes[at + (c >> 3)] >> (c & 7)) & 1) out[c * pixels + pixel] += one;
      }
    }
  }
}
