/**
 * All weights and biases of a lowered network as one flat vector, layer by layer in the graph's order:
 * the weights of a convolution or dense layer, then its biases. Training and pruning see only the vector.
 */
import type { Conv, CoreNode, Dense, Graph, NodeId } from './graph.js';

export interface LayerSlot {
  readonly id: NodeId;
  /** Where the layer's weights begin, and how many there are. */
  readonly weights: number;
  readonly weightCount: number;
  readonly biases: number;
  readonly biasCount: number;
}

export interface GraphLayout {
  readonly slots: readonly LayerSlot[];
  readonly length: number;
}

export const hasWeights = (node: CoreNode): node is Conv | Dense => node.kind === 'conv' || node.kind === 'dense';

export function graphLayout(graph: Graph<CoreNode>): GraphLayout {
  let length = 0;
  const slots = graph.nodes.filter(hasWeights).map(({ id, weight, bias }): LayerSlot => {
    const weights = length;
    length += weight.length + bias.length;
    return { id, weights, weightCount: weight.length, biases: weights + weight.length, biasCount: bias.length };
  });
  return { slots, length };
}

/** The network's own numbers. */
export function readGraphParameters(graph: Graph<CoreNode>): Float32Array {
  const { slots, length } = graphLayout(graph);
  const out = new Float32Array(length);
  graph.nodes.filter(hasWeights).forEach(({ weight, bias }, i) => {
    out.set(weight, slots[i].weights);
    out.set(bias, slots[i].biases);
  });
  return out;
}

/** The same network with these numbers. Statistics of batch norm belong to the old ones and are left out. Throws RangeError for another length. */
export function withGraphParameters(graph: Graph<CoreNode>, values: Float32Array): Graph<CoreNode> {
  const { slots, length } = graphLayout(graph);
  if (values.length !== length) throw new RangeError(`internal: ${values.length} parameters for a network of ${length}`);
  const slotOf = new Map(slots.map((s) => [s.id, s]));
  return {
    outputs: graph.outputs,
    nodes: graph.nodes.map((node) => {
      const slot = slotOf.get(node.id);
      if (slot === undefined || !hasWeights(node)) return node;
      const { statistics: _, ...rest } = node;
      return { ...rest, weight: values.slice(slot.weights, slot.biases), bias: values.slice(slot.biases, slot.biases + slot.biasCount) };
    }),
  };
}

/**
 * Layers that only move or compare numbers: they stand for the pooling, joining and picking that the lowering
 * took apart. Every weight is 0, 1 or -1, at most two of an output are not 0, and no bias is there. Learning and pruning leave them.
 */
export function isWiring({ weight, bias }: Pick<Conv, 'weight' | 'bias'>): boolean {
  if (bias.some((b) => b !== 0) || weight.some((w) => w !== 0 && Math.abs(w) !== 1)) return false;
  const row = weight.length / bias.length;
  return bias.every((_, o) => weight.subarray(o * row, (o + 1) * row).reduce((n, w) => n + Math.abs(w), 0) <= 2);
}
