/**
 * What can be said about a node's values without an image: whether they can be negative, and the
 * largest they can be. A ReLU says most of it; pooling, padding, flattening and sums with
 * non-negative weights pass it on.
 */
import type { GraphNode, NodeId } from '../graph/graph.js';

export interface Bounds {
  /** True when no value of the node can be below zero. */
  readonly nonNegative: (id: NodeId) => boolean;
  /** No value of the node is above this; Infinity when nothing is known. */
  readonly upper: (id: NodeId) => number;
}

/** Bounds over nodes that `node` looks up; answers are remembered. */
export function boundsOf(node: (id: NodeId) => GraphNode): Bounds {
  const nonNegativeKnown = new Map<NodeId, boolean>();
  const upperKnown = new Map<NodeId, number>();
  const nonNegative = (id: NodeId): boolean => {
    let known = nonNegativeKnown.get(id);
    if (known === undefined) nonNegativeKnown.set(id, known = isNonNegative(node(id), nonNegative));
    return known;
  };
  const upper = (id: NodeId): number => {
    let known = upperKnown.get(id);
    if (known === undefined) upperKnown.set(id, known = upperBound(node(id), upper));
    return known;
  };
  return { nonNegative, upper };
}

function isNonNegative(n: GraphNode, of: (id: NodeId) => boolean): boolean {
  switch (n.kind) {
    case 'relu': return true;
    case 'softmax': return !n.log;
    case 'average-pool': case 'max-pool': case 'reshape': case 'transpose': case 'slice': case 'concat': case 'add':
      return n.inputs.every(of);
    case 'pad': return n.value >= 0 && n.inputs.every(of);
    case 'conv': case 'dense': return n.inputs.every(of) && noneNegative(n.weight) && noneNegative(n.bias);
    case 'affine': return n.inputs.every(of) && noneNegative(n.scale) && noneNegative(n.shift);
    case 'input': case 'batch-norm': case 'subtract': return false;
  }
}

function upperBound(n: GraphNode, of: (id: NodeId) => number): number {
  switch (n.kind) {
    case 'relu': return Math.min(n.cap, Math.max(0, of(n.inputs[0])));
    case 'max-pool': case 'reshape': case 'transpose': case 'slice': return of(n.inputs[0]);
    case 'average-pool': return Math.max(0, of(n.inputs[0]));
    case 'pad': return Math.max(n.value, of(n.inputs[0]));
    case 'concat': return Math.max(...n.inputs.map(of));
    case 'softmax': return n.log ? 0 : 1;
    case 'input': case 'conv': case 'dense': case 'affine': case 'batch-norm': case 'add': case 'subtract': return Infinity;
  }
}

const noneNegative = (values: Float32Array): boolean => values.every((v) => v >= 0);
