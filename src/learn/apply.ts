/** Puts learned parameters back into the spiking network, ready for quantisation. */
import type { Neuron, SpikingNetwork } from '../spiking/network.js';
import { layoutOf, slotOf, type ParameterKind } from './parameters.js';

/** The same network with these numbers, in the order of `layoutOf`. */
export function applyParameters(network: SpikingNetwork, values: Float32Array): SpikingNetwork {
  const layout = layoutOf(network);
  if (values.length !== layout.length) throw new RangeError(`internal: ${values.length} parameters for a network of ${layout.length}`);
  const part = (kind: ParameterKind, index: number): Float32Array => {
    const { offset, length } = slotOf(layout, kind, index);
    return values.slice(offset, offset + length);
  };
  const neuron = (before: Neuron, index: number): Neuron => (before.model === 'lif' ? { ...before, leak: part('leak', index)[0] } : before);
  return {
    ...network,
    input: network.input.code === 'bias'
      ? { code: 'bias', layers: network.input.layers.map((layer, i) => ({ ...layer, weight: part('host', i) })) }
      : network.input,
    populations: network.populations.map((p, i) => ({ ...p, neuron: neuron(p.neuron, i), bias: part('bias', i), threshold: part('threshold', i) })),
    projections: network.projections.map((p, i) => ({ ...p, weight: part('weight', i), ...(p.whole === undefined ? {} : { whole: { lost: { why: 'learned' } } as const }) })),
  };
}
