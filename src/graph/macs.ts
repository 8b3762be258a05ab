/**
 * The work of a float graph by layer: multiply-accumulates, parameters and the numbers that each
 * convolution and dense layer reads and writes for one sample. Everything else (pooling, sums,
 * activation functions) is left out, as is usual when networks are compared by their MACs.
 */
import type { Graph, NodeId } from './graph.js';
import { indexNodes, sizeOf } from './graph.js';

export interface LayerWork {
  readonly id: NodeId;
  readonly kind: 'conv' | 'dense';
  /** Multiply-accumulates of one sample; those with padding count. */
  readonly macs: number;
  /** Weights and biases. */
  readonly parameters: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** One entry for each convolution and dense layer, in the graph's order. */
export function layerWork(graph: Graph): LayerWork[] {
  const nodes = indexNodes(graph);
  return graph.nodes.flatMap((node) => {
    if (node.kind !== 'conv' && node.kind !== 'dense') return [];
    const input = nodes.get(node.inputs[0]);
    if (input === undefined) throw new Error(`no node "${node.inputs[0]}"`);
    const outputs = sizeOf(node.shape);
    return [{
      id: node.id, kind: node.kind, macs: (node.weight.length / node.shape[0]) * outputs,
      parameters: node.weight.length + node.bias.length, inputs: sizeOf(input.shape), outputs,
    }];
  });
}
