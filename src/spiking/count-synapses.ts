/** How many synapses a network would have if its shared weights were written out one by one. */
import { neuronCount, type MapShape, type Projection, type SpikingNetwork } from './network.js';

/** Pairs of neurons joined by all projections; taps that fall on padding do not count. */
export function countSynapses(network: Pick<SpikingNetwork, 'populations' | 'projections'>): number {
  const shapes = new Map(network.populations.map((p) => [p.id, p.shape]));
  return network.projections.reduce((sum, p) => {
    const source = shapes.get(p.source);
    const target = shapes.get(p.target);
    if (source === undefined || target === undefined) throw new Error(`internal: ${p.id} joins unknown populations`);
    return sum + projectionSynapses(p, source, target);
  }, 0);
}

function projectionSynapses(p: Pick<Projection, 'window' | 'pool' | 'groups'>, source: MapShape, target: MapShape): number {
  const rows = validTaps(p, 0, source[1] / p.pool[0], target[1]);
  const columns = validTaps(p, 1, source[2] / p.pool[1], target[2]);
  const channelPairs = (source[0] * target[0]) / p.groups;
  return rows * columns * channelPairs * p.pool[0] * p.pool[1];
}

/** Pairs (output place, tap) along one axis whose input place exists. */
function validTaps({ window }: Pick<Projection, 'window'>, axis: 0 | 1, inputs: number, outputs: number): number {
  let count = 0;
  for (let o = 0; o < outputs; o++) {
    for (let k = 0; k < window.kernel[axis]; k++) {
      const at = o * window.stride[axis] + k * window.dilation[axis] - window.pads[axis];
      if (at >= 0 && at < inputs) count++;
    }
  }
  return count;
}

export const countNeurons = (network: Pick<SpikingNetwork, 'populations'>): number =>
  network.populations.reduce((sum, p) => sum + neuronCount(p.shape), 0);
