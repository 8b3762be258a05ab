/**
 * Builds small graphs for tests, line by line: each call adds a node with random constants, works out
 * its shape by the node's rule and returns its name.
 */
import type { Graph, GraphNode, NodeId, Shape, Window } from '../../src/graph/graph.js';
import { nodeId, sizeOf } from '../../src/graph/graph.js';
import { outputShape } from '../../src/graph/shape.js';
import { normal, randomStream, substream } from '../../src/random.js';

export const noise = (seed: number, length: number): Float32Array => Float32Array.from(normal(randomStream(seed), length));

export const windowOf = (kernel: number, rest: Partial<Window> = {}): Window => ({
  kernel: [kernel, kernel], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0], ...rest,
});

type Attributes<N> = N extends GraphNode ? Omit<N, 'id' | 'inputs' | 'shape'> & { readonly shape?: Shape } : never;

export interface GraphBuilder {
  input(shape: Shape): NodeId;
  add(inputs: readonly NodeId[], attributes: Attributes<GraphNode>): NodeId;
  conv(from: NodeId, channels: number, window: Window, groups?: number): NodeId;
  dense(from: NodeId, features: number): NodeId;
  shapeOf(id: NodeId): Shape;
  graph(...outputs: NodeId[]): Graph;
}

export function graphBuilder(seed = 1): GraphBuilder {
  const nodes: GraphNode[] = [];
  const random = (length: number, scale = 1): Float32Array =>
    Float32Array.from(normal(substream(randomStream(seed), nodes.length * 2 + (scale === 1 ? 0 : 1)), length), (x) => x * scale);
  const shapeOf = (id: NodeId): Shape => nodes.find((n) => n.id === id)!.shape;
  const push = (node: GraphNode): NodeId => { nodes.push(node); return node.id; };
  const add: GraphBuilder['add'] = (inputs, attributes) => {
    const draft = { shape: [], ...attributes, id: nodeId(`${attributes.kind}${nodes.length}`), inputs } as GraphNode;
    return push({ ...draft, shape: outputShape(draft, inputs.map(shapeOf)) });
  };
  return {
    input: (shape) => push({ kind: 'input', id: nodeId('input'), inputs: [], shape }),
    add,
    conv(from, channels, window, groups = 1) {
      const depth = (shapeOf(from)[0] / groups) * sizeOf(window.kernel);
      return add([from], { kind: 'conv', weight: random(channels * depth, 1 / Math.sqrt(depth)), bias: random(channels), window, groups });
    },
    dense(from, features) {
      const depth = sizeOf(shapeOf(from));
      return add([from], { kind: 'dense', weight: random(features * depth, 1 / Math.sqrt(depth)), bias: random(features) });
    },
    shapeOf,
    graph: (...outputs) => ({ nodes: [...nodes], outputs }),
  };
}
