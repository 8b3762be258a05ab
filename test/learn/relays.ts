// Relays in the place of the encoder of a random rate-coded network: the Poisson code, and what it sends.
import { randomStream, uniform } from '../../src/random.js';
import { neuronCount, type SpikingNetwork } from '../../src/spiking/network.js';

/** The rate-coded network with relays in the place of its encoder. */
export function withRelays(network: SpikingNetwork): SpikingNetwork {
  if (network.input.code === 'bias') throw new Error('no encoder');
  return {
    ...network, input: { code: 'poisson', population: network.input.population },
    populations: network.populations.map((p, i) => (i === 0 ? { ...p, neuron: { model: 'relay' as const }, threshold: p.threshold.map(() => 1.7) } : p)),
  };
}

export const probabilities = ({ populations: [relay] }: SpikingNetwork, image: Float32Array): Float64Array =>
  Float64Array.from({ length: neuronCount(relay.shape) }, (_, i) => Math.min(1, Math.max(0, i < image.length ? image[i] : -image[i - image.length]) / relay.threshold[0]));

/** What the relays send for an image on the stream of a seed: [step][neuron]. */
export function sentSpikes(network: SpikingNetwork, image: Float32Array, seed: number): Float64Array[] {
  const n = Math.ceil(image.length / 4) * 4;
  const draws = uniform(randomStream(seed), n * network.timesteps);
  return Array.from({ length: network.timesteps }, (_, t) => probabilities(network, image).map((p, i) => (draws[t * n + (i % image.length)] < p ? 1 : 0)));
}
