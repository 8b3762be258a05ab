/**
 * What a thief of a chip has: the integers of a program as a spiking network in floats again. Every integer
 * stands in the clear in the program's memory, beside the scale that says what it means, so nothing is lost but
 * what rounding lost before.
 */
import { fromEventOrder } from '../../quantise/rounded-network.js';
import { thresholdsOf, type IntegerNetwork, type IntegerPopulation } from '../../quantise/integer-network.js';
import { fires, type InputCode, type Population, type SpikingNetwork } from '../../spiking/network.js';

/** The network whose spikes are those of the integers, up to the rounding of currents. */
export function readNetwork(integers: IntegerNetwork): SpikingNetwork {
  const scales = new Map(integers.populations.map((p) => [p.id, p.scale]));
  return {
    imageShape: integers.imageShape,
    input: inputOf(integers),
    populations: integers.populations.map((p) => populationOf(integers, p)),
    projections: integers.projections.map(({ id, source, target, weight, window, groups, pool, delay, shift }) => ({
      id, source, target, window, groups, pool, delay, weight: fromEventOrder(weight, { window, groups }, { shift, scale: scales.get(target)! }),
    })),
    output: integers.output,
    timesteps: integers.timesteps,
  };
}

function inputOf({ input }: IntegerNetwork): InputCode {
  if (input.code !== 'bias') return { code: input.code, population: input.population };
  return { code: 'bias', layers: input.layers.map(({ target, weight, window, groups, pool }) => ({ target, weight, window, groups, pool })) };
}

function populationOf({ input }: IntegerNetwork, population: IntegerPopulation): Population {
  const { id, shape, neuron, threshold, initial, bias, depth, scale } = population;
  const thresholds = thresholdsOf(population);
  const injected = input.code === 'bias' ? input.layers.filter((l) => l.target === id) : [];
  const thresholdOf = (c: number): number => {
    if (neuron.model === 'relay' && input.code === 'poisson') return input.full;
    return fires(neuron) ? thresholds[c] / scale[c] : 1;
  };
  return {
    id, shape, neuron, depth,
    threshold: Float32Array.from(thresholds, (_, c) => thresholdOf(c)),
    bias: Float32Array.from(bias, (b, c) => b / scale[c] + injected.reduce((sum, l) => sum + l.bias[c], 0)),
    initial: threshold > 0 ? initial / threshold : 0,
  };
}
