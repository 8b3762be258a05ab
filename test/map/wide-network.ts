/** Networks with layers that read more sources than a core of the tiny target here takes, for tests of fan-ins in parts. */
import fc from 'fast-check';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import type { MapShape, Neuron } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chain, conv, dense, shapeAfter, type Layer } from './random-network.js';

export interface GradedTarget { readonly multicast?: boolean; readonly gradedBits?: number; readonly sharedConvolution?: boolean }

/** A chip with graded spikes whose cores hold some 50 synapse lists and 50 axons. */
export function gradedTarget({ multicast = false, gradedBits = 32, sharedConvolution = true }: GradedTarget = {}): Target {
  const loihi2 = loadTarget('loihi2');
  return {
    ...loihi2, name: 'graded', board: { chips: 64, columns: 8 },
    core: { ...loihi2.core, neurons: 40, inAxons: 50, outAxons: 2000, synapticMemoryBits: 50 * 64, delaySlots: 40 * 8 },
    memory: { ...loihi2.memory, axonChannels: 2 }, numbers: { ...loihi2.numbers, gradedBits },
    capabilities: { ...loihi2.capabilities, multicast, sharedConvolution },
  };
}

/** An image, a convolution, a vector of 20 that reads both, and an output that reads the vector and a pooled image. */
export function wideNetwork(neuron: Neuron = { model: 'if', reset: 'soft' }, pruned = 0, seed = 1): IntegerNetwork {
  const image: MapShape = [4, 6, 6]; // the two signs of two channels
  const network = chain(image, [conv(4, 3, { pad: 1 }), dense(20, [4, 6, 6]), dense(5, [20, 1, 1])], {
    neuron, pruned, seed, skips: [[0, 2, { ...dense(20, image), delay: 1 }], [0, 3, { ...dense(5, [4, 2, 2]), pool: [3, 3], delay: 2 }]],
  });
  // thresholds that a few spikes reach, so that all layers are busy
  return { ...network, imageShape: [2, 6, 6], populations: network.populations.map((p) => (p.threshold === 0 ? p : { ...p, threshold: 64 * 10 })) };
}

/** Vectors behind maps of all kinds, pooled or not, dense or pruned. */
export const wideNetworks: fc.Arbitrary<IntegerNetwork> = fc.record({
  image: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 4, max: 5 }), fc.integer({ min: 4, max: 5 })),
  neurons: fc.integer({ min: 1, max: 20 }),
  pool: fc.integer({ min: 1, max: 2 }),
  pruned: fc.constantFrom(0, 0.9),
  shortcut: fc.boolean(),
  seed: fc.nat(1000),
}).map(({ image, neurons, pool, pruned, shortcut, seed }) => {
  const over = (shape: MapShape): Layer => ({ ...dense(neurons, [shape[0], Math.ceil(shape[1] / pool), Math.ceil(shape[2] / pool)]), pool: [pool, pool] });
  const first = conv(3, 3, { pad: 1 });
  const middle = shapeAfter(image, first);
  return chain(image, [first, over(middle), dense(4, [neurons, 1, 1])], { pruned, seed, skips: shortcut ? [[0, 2, { ...over(image), delay: 1 }]] : [] });
});
