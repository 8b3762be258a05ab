/**
 * Float and spiking networks as pruning sees them: their layers in the flat vector of parameters, and which weights read
 * a filter. What a filter without weights and bias would send is zero, so the weights that read it can go with it.
 */
import { indexNodes, type CoreNode, type Graph, type NodeId } from '../graph/graph.js';
import { graphLayout, hasWeights, isWiring } from '../graph/graph-parameters.js';
import type { HostLayer, PopulationId, Projection, SpikingNetwork } from '../spiking/network.js';
import { layoutOf, slotOf } from './parameters.js';
import type { PrunableLayer, ReadersOf } from './prune.js';

export interface Prunable {
  readonly layers: readonly PrunableLayer[];
  readonly readersOf: ReadersOf;
}

/** A lowered network in the order of `graphLayout`. Layers that only move or compare numbers are not among them. */
export function prunableGraph(graph: Graph<CoreNode>): Prunable {
  const { slots } = graphLayout(graph);
  const nodes = indexNodes(graph);
  const ends = new Set<NodeId>([graph.outputs[0], ...(nodes.get(graph.outputs[0])?.kind === 'add' ? nodes.get(graph.outputs[0])!.inputs : [])]);
  const layers = slots.flatMap(({ id, weights, weightCount, biases, biasCount }): PrunableLayer[] => {
    const node = nodes.get(id);
    if (node === undefined || !hasWeights(node) || isWiring(node)) return [];
    return [{ id, offset: weights, filters: biasCount, perFilter: weightCount / biasCount, biases, scale: 1, last: ends.has(id) }];
  });
  return { layers, readersOf: (layer, filter) => graphReaders(graph, layer.id as NodeId, filter) };
}

/** Follows channel `filter` through rectifiers, pools and flattenings to the filters that read it; a sum with other layers ends the way. */
function graphReaders(graph: Graph<CoreNode>, from: NodeId, filter: number): number[] {
  const slots = new Map(graphLayout(graph).slots.map((s) => [s.id, s]));
  const nodes = indexNodes(graph);
  const found: number[] = [];
  // the places [first, first + count) of the value's first axis
  const follow = (id: NodeId, first: number, count: number): void => {
    for (const reader of graph.nodes.filter((n) => n.inputs.includes(id))) {
      switch (reader.kind) {
        case 'relu': case 'average-pool': follow(reader.id, first, count); break;
        case 'reshape': {
          const [, height = 1, width = 1] = nodes.get(id)!.shape;
          follow(reader.id, first * height * width, count * height * width);
          break;
        }
        case 'dense': case 'conv': {
          const slot = slots.get(reader.id)!;
          const row = slot.weightCount / slot.biasCount;
          if (reader.kind === 'dense') {
            for (let o = 0; o < slot.biasCount; o++) for (let k = first; k < first + count; k++) found.push(slot.weights + o * row + k);
          } else if (!isWiring(reader)) {
            const taps = reader.window.kernel[0] * reader.window.kernel[1];
            found.push(...groupReaders(slot.weights, { outputs: slot.biasCount, inGroup: row / taps, taps, groups: reader.groups }, first));
          }
          break;
        }
        case 'add': case 'input': break;
      }
    }
  };
  follow(from, filter, 1);
  return found;
}

interface FilterGeometry { readonly outputs: number; readonly inGroup: number; readonly taps: number; readonly groups: number }

/** The weights of a convolution that read input channel `channel`. */
function groupReaders(weights: number, { outputs, inGroup, taps, groups }: FilterGeometry, channel: number): number[] {
  const group = Math.floor(channel / inGroup);
  const perGroup = outputs / groups;
  const found: number[] = [];
  for (let o = group * perGroup; o < (group + 1) * perGroup; o++) {
    const start = weights + (o * inGroup + (channel % inGroup)) * taps;
    for (let t = 0; t < taps; t++) found.push(start + t);
  }
  return found;
}

/** A spiking network in the order of `layoutOf`. Weights count as those of the float network that they spell: the pooled cell and the source's threshold undone. */
export function prunableSpiking(network: SpikingNetwork): Prunable {
  const layout = layoutOf(network);
  const host = network.input.code === 'bias' ? network.input.layers : [];
  const populationAt = (id: PopulationId): number => network.populations.findIndex((p) => p.id === id);
  const layerOf = (kind: 'host' | 'weight', index: number, { target, weight, pool }: HostLayer | Projection, threshold: number): PrunableLayer => {
    const p = populationAt(target);
    const filters = network.populations[p].shape[0];
    return {
      id: target, offset: slotOf(layout, kind, index).offset, filters, perFilter: weight.length / filters, biases: slotOf(layout, 'bias', p).offset,
      scale: (pool[0] * pool[1]) / threshold, last: target === network.output,
    };
  };
  const layers = [
    ...host.map((l, i) => layerOf('host', i, l, 1)),
    ...network.projections.map((p, i) => layerOf('weight', i, p, mean(network.populations[populationAt(p.source)].threshold))),
  ];
  return {
    layers,
    readersOf: ({ id }, filter) => network.projections.flatMap((p, i) => {
      if (p.source !== id) return [];
      const outputs = network.populations[populationAt(p.target)].shape[0];
      const taps = p.window.kernel[0] * p.window.kernel[1];
      return groupReaders(slotOf(layout, 'weight', i).offset, { outputs, inGroup: p.weight.length / outputs / taps, taps, groups: p.groups }, filter);
    }),
  };
}

const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
