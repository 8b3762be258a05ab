/**
 * How far learning moved the weights, and what a reader of the weights gets. Whoever knows the
 * conversion can undo it: weight times pooled cell over the source's threshold is the ANN's weight. So
 * both the comparison and the ReLU network that is read back use these undone weights.
 */
import type { Graph, GraphNode, NodeId, Pair } from '../graph/graph.js';
import { nodeId } from '../graph/graph.js';
import type { HostLayer, MapShape, Population, Projection, SpikingNetwork } from '../spiking/network.js';

export interface LayerDistance {
  /** The projection's id, or `host into` its population. */
  readonly layer: string;
  /** 1: the same direction. */
  readonly cosine: number;
  /** |after - before| / |before|. */
  readonly relative: number;
}

/** Per layer, learned against initial. The two networks have the same structure. */
export function weightDistance(before: SpikingNetwork, after: SpikingNetwork): LayerDistance[] {
  const layers = (network: SpikingNetwork): { readonly layer: string; readonly weight: Float32Array }[] => [
    ...(network.input.code === 'bias' ? network.input.layers : []).map((l) => ({ layer: `host into ${l.target}`, weight: undone(l, null) })),
    ...network.projections.map((p) => ({ layer: p.id, weight: undone(p, populationOf(network, p.source)) })),
  ];
  const learned = layers(after);
  return layers(before).map(({ layer, weight }, i) => ({ layer, ...compare(weight, learned[i].weight) }));
}

function compare(a: Float32Array, b: Float32Array): Omit<LayerDistance, 'layer'> {
  let [dot, squareA, squareB, difference] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    squareA += a[i] ** 2;
    squareB += b[i] ** 2;
    difference += (b[i] - a[i]) ** 2;
  }
  return {
    cosine: squareA > 0 && squareB > 0 ? dot / Math.sqrt(squareA * squareB) : squareA === squareB ? 1 : 0,
    relative: squareA > 0 ? Math.sqrt(difference / squareA) : difference > 0 ? Infinity : 0,
  };
}

function populationOf(network: SpikingNetwork, id: string): Population {
  const found = network.populations.find((p) => p.id === id);
  if (found === undefined) throw new Error(`internal: no population ${id}`);
  return found;
}

/** The ANN's weights in a projection, or in a host layer (which has no source population). */
function undone({ weight, pool, groups, window }: Projection | HostLayer, source: Population | null): Float32Array {
  const cell = pool[0] * pool[1];
  if (source === null) return weight.map((w) => w * cell);
  const taps = window.kernel[0] * window.kernel[1];
  const inGroup = source.shape[0] / groups;
  const perGroup = weight.length / groups;
  return weight.map((w, i) => (w * cell) / source.threshold[Math.floor(i / perGroup) * inGroup + (Math.floor(i / taps) % inGroup)]);
}

/** The plain ReLU network that the weights spell; its output is [classes]. */
export function readBackGraph(network: SpikingNetwork): Graph {
  const nodes: GraphNode[] = [{ kind: 'input', id: nodeId('image'), inputs: [], shape: network.imageShape }];
  for (const p of network.populations) {
    if (network.input.code !== 'bias' && network.input.population === p.id) { nodes.push(...signHalves(p, network.imageShape)); continue; }
    const fromImage = (network.input.code === 'bias' ? network.input.layers : []).filter((l) => l.target === p.id)
      .map((filter) => ({ filter, weight: undone(filter, null), source: nodeId('image'), shape: network.imageShape }));
    const fromSpikes = network.projections.filter((q) => q.target === p.id).map((filter) => {
      const source = populationOf(network, filter.source);
      return { filter, weight: undone(filter, source), source: nodeId(source.id), shape: source.shape };
    });
    nodes.push(...rectified(p, [...fromImage, ...fromSpikes]));
  }
  return { nodes, outputs: [nodeId(network.output)] };
}

interface Path {
  readonly filter: { readonly window: Projection['window']; readonly groups: number; readonly pool: Pair };
  readonly weight: Float32Array;
  readonly source: NodeId;
  readonly shape: MapShape;
}

/** Pool, filter, sum and rectifier of one population. */
function rectified(p: Population, paths: readonly Path[]): GraphNode[] {
  const nodes: GraphNode[] = [];
  const sums = paths.map(({ filter: { window, groups, pool }, weight, source, shape }, i) => {
    let from = source;
    if (pool[0] * pool[1] > 1) {
      const id = nodeId(`${p.id}/pool${i}`);
      const over = { kernel: pool, stride: pool, dilation: [1, 1], pads: [0, 0, 0, 0] } as const;
      nodes.push({ kind: 'average-pool', id, inputs: [from], shape: [shape[0], shape[1] / pool[0], shape[2] / pool[1]], window: over, countPad: true });
      from = id;
    }
    const id = nodeId(`${p.id}/filter${i}`);
    nodes.push({ kind: 'conv', id, inputs: [from], shape: p.shape, weight, bias: i === 0 ? p.bias : new Float32Array(p.bias.length), window, groups });
    return id;
  });
  let sum = sums[0];
  if (sums.length > 1) {
    sum = nodeId(`${p.id}/sum`);
    nodes.push({ kind: 'add', id: sum, inputs: sums, shape: p.shape });
  }
  if (p.neuron.model === 'integrator') nodes.push({ kind: 'reshape', id: nodeId(p.id), inputs: [sum], shape: [p.shape[0] * p.shape[1] * p.shape[2]] });
  else nodes.push({ kind: 'relu', id: nodeId(p.id), inputs: [sum], shape: p.shape, cap: Infinity });
  return nodes;
}

/** The encoder of the rate code: the image's positive part, then its negative part. */
function signHalves(p: Population, [channels]: MapShape): GraphNode[] {
  const weight = new Float32Array(2 * channels * channels);
  for (let c = 0; c < channels; c++) {
    weight[c * channels + c] = 1;
    weight[(channels + c) * channels + c] = -1;
  }
  const window = { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] } as const;
  const both = nodeId(`${p.id}/signs`);
  return [
    { kind: 'conv', id: both, inputs: [nodeId('image')], shape: p.shape, weight, bias: new Float32Array(2 * channels), window, groups: 1 },
    { kind: 'relu', id: nodeId(p.id), inputs: [both], shape: p.shape, cap: Infinity },
  ];
}
