/**
 * What an attacker puts in the place of a spiking network: its rate equation as a plain graph, and the same
 * network with another input code. None of it reads anything but the network itself.
 */
import { nodeId, type CoreNode, type Graph, type NodeId } from '../../graph/graph.js';
import { readBackGraph } from '../../learn/distance.js';
import { populationId, type HostLayer, type Neuron, type Population, type Projection, type SpikingNetwork } from '../../spiking/network.js';

/** The plain ReLU network that the weights spell, for the passes that take core graphs. */
export const asAnn = (network: SpikingNetwork): Graph<CoreNode> => readBackGraph(network) as Graph<CoreNode>;

/**
 * The share of a step's neurons that spike, as clip((I / theta - off) / (1 - off), 0, 1) with I the mean current of
 * a step: nothing below the current that the leak takes (off = 1 - leak, 0 without one), a spike in every step from
 * the threshold on. The read-back graph in units of each threshold.
 */
export function rateGraph(network: SpikingNetwork): Graph<CoreNode> {
  const ann = asAnn(network);
  const of = new Map(network.populations.map((p) => [p.id as string, p]));
  // a rectifier's filters, by the name of the rectifier
  const owner = new Map<NodeId, Population>();
  for (const node of ann.nodes) {
    const p = of.get(node.id);
    if (p === undefined || node.kind !== 'relu') continue;
    const [sum] = node.inputs;
    const above = ann.nodes.find((n) => n.id === sum)!;
    for (const id of above.kind === 'add' ? above.inputs : [sum]) owner.set(id, p);
  }
  const firstOf = new Map([...owner].reverse().map(([id, p]) => [p, id]));
  return {
    ...ann,
    nodes: ann.nodes.flatMap((node): CoreNode[] => {
      const [filtered, fired] = [owner.get(node.id), of.get(node.id)];
      if (node.kind === 'conv' && filtered !== undefined) return [inThresholds(node, filtered, firstOf.get(filtered) === node.id)];
      if (node.kind !== 'relu' || fired === undefined) return [node];
      const bounded = nodeId(`${node.id}/rate`);
      // back in activations, so that the weights behind it stay as they are
      return [{ ...node, id: bounded, cap: 1 }, thresholdsOf(fired, bounded, node.id)];
    }),
  };
}

/** A filter into neurons, in units of what they need above the current that never makes them spike; that is taken off once. */
function inThresholds(node: Extract<CoreNode, { kind: 'conv' }>, { threshold, neuron }: Population, takesOff: boolean): CoreNode {
  const off = offsetOf(neuron);
  const each = node.weight.length / node.bias.length;
  const gain = (c: number): number => 1 / (threshold[c] * (1 - off));
  return { ...node, weight: node.weight.map((w, i) => w * gain(Math.floor(i / each))), bias: node.bias.map((b, c) => b * gain(c) - (takesOff ? off / (1 - off) : 0)) };
}

/** A filter of one tap a channel that multiplies by the thresholds. */
function thresholdsOf({ shape, threshold }: Population, input: NodeId, id: NodeId): CoreNode {
  return { kind: 'conv', id, inputs: [input], shape, weight: threshold.slice(), bias: new Float32Array(shape[0]), window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: shape[0] };
}

/** Share of the threshold that a constant current must exceed before a neuron ever spikes. */
function offsetOf(neuron: Neuron): number {
  switch (neuron.model) {
    case 'lif': case 'cuba': return 1 - neuron.leak;
    case 'if': case 'signed-if': case 'integrator': case 'relay': return 0;
  }
}

/** The network with the image as a constant current: itself, or behind a Poisson code the rate code. */
export function withConstantInput(network: SpikingNetwork): SpikingNetwork {
  const { input } = network;
  if (input.code !== 'poisson') return network;
  return {
    ...network, input: { code: 'rate', population: input.population },
    populations: network.populations.map((p) => (p.id === input.population ? { ...p, neuron: { model: 'if', reset: 'soft' }, initial: 0.5 } : p)),
  };
}

/** The network with the image as Poisson spikes of probability min(1, |x| / full). */
export function withPoissonInput(network: SpikingNetwork, full: number): SpikingNetwork {
  const { input, imageShape } = network;
  if (input.code !== 'bias') {
    const relayed = (p: Population): Population => (p.id === input.population ? { ...p, neuron: { model: 'relay' }, threshold: p.threshold.map(() => full) } : p);
    return { ...network, input: { code: 'poisson', population: input.population }, populations: network.populations.map(relayed), projections: rescaled(network, full) };
  }
  const id = populationId('the image as Poisson spikes');
  const relay: Population = {
    id, shape: [2 * imageShape[0], imageShape[1], imageShape[2]], neuron: { model: 'relay' }, initial: 0, depth: 0,
    threshold: new Float32Array(2 * imageShape[0]).fill(full), bias: new Float32Array(2 * imageShape[0]),
  };
  const entering = input.layers.map((layer, i): Projection => ({
    id: `${layer.target}<-${id} ${i}`, source: id, target: layer.target, weight: bothSigns(layer, imageShape[0], full), window: layer.window, groups: 1, pool: layer.pool, delay: 0,
  }));
  return { ...network, input: { code: 'poisson', population: id }, populations: [relay, ...network.populations], projections: [...entering, ...network.projections] };
}

/** A spike stands for `full` now, not for the encoder's threshold. */
function rescaled({ input, projections, populations }: SpikingNetwork, full: number): readonly Projection[] {
  if (input.code === 'bias') return projections;
  const { threshold } = populations.find((p) => p.id === input.population)!;
  return projections.map((p) => (p.source === input.population ? { ...p, weight: p.weight.map((w) => (w * full) / threshold[0]) } : p));
}

/** [Co, 2 Ci, Kh, Kw]: a host layer over positive parts, then negative ones, its groups written out. */
function bothSigns({ weight, window: { kernel }, groups }: HostLayer, channels: number, full: number): Float32Array {
  const taps = kernel[0] * kernel[1];
  const inGroup = channels / groups;
  const outputs = weight.length / (inGroup * taps);
  const out = new Float32Array(outputs * 2 * channels * taps);
  for (let o = 0; o < outputs; o++) for (let i = 0; i < inGroup; i++) for (let tap = 0; tap < taps; tap++) {
    const c = Math.floor(o / (outputs / groups)) * inGroup + i;
    const w = weight[(o * inGroup + i) * taps + tap] * full;
    out[(o * 2 * channels + c) * taps + tap] = w;
    out[(o * 2 * channels + channels + c) * taps + tap] = -w;
  }
  return out;
}
