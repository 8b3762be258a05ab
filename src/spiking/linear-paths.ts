/**
 * Reads a core graph (normal form) as populations and linear paths. Every `relu` becomes a population;
 * between two of them lies a sum of linear paths: a source, perhaps an aligned average pool, perhaps a
 * filter. A dense layer is a filter that covers its whole map; a path without any filter is the
 * identity. All filters leave here as [Co, Ci / groups, Kh, Kw].
 */
import { indexNodes, type CoreNode, type Graph, type NodeId, type Pair, type Shape, type Window } from '../graph/graph.js';
import type { MapShape } from './network.js';

/** One linear path from a rectified node (or the input) into a population. */
export interface LinearPath {
  readonly source: NodeId;
  readonly sourceShape: MapShape;
  /** Mean over non-overlapping cells of this many rows and columns, in front of the filter. */
  readonly pool: Pair;
  readonly weight: Float32Array;
  readonly window: Window;
  readonly groups: number;
  /** The node of the filter; null for the identity. */
  readonly filter: NodeId | null;
}

/** Everything that flows into one population: the sum of its paths plus a bias per channel. */
export interface Inflow {
  /** The relu node, or the graph's output. */
  readonly target: NodeId;
  readonly shape: MapShape;
  readonly paths: readonly LinearPath[];
  readonly bias: Float32Array;
  /** Largest activation (finite for a ReLU6); Infinity otherwise. */
  readonly cap: number;
  readonly isOutput: boolean;
  /** The node whose value is the sum before rectification. */
  readonly preActivation: NodeId;
}

/** A vector of n values is a map of n channels with one pixel. */
export function mapShape(shape: Shape): MapShape {
  if (shape.length === 3) return [shape[0], shape[1], shape[2]];
  if (shape.length === 1) return [shape[0], 1, 1];
  throw new Error(`internal: a core node has shape [${shape.join(', ')}]`);
}

/** The inflow of every relu, in topological order, and last that of the output. */
export function findInflows(graph: Graph<CoreNode>): Inflow[] {
  const nodes = indexNodes(graph);
  const get = (id: NodeId): CoreNode => {
    const node = nodes.get(id);
    if (node === undefined) throw new Error(`internal: no node ${id}`);
    return node;
  };
  const inflow = (target: CoreNode, from: NodeId, isOutput: boolean): Inflow => {
    const shape = mapShape(target.shape);
    const bias = new Float32Array(shape[0]);
    const paths = collectPaths(get, from, bias);
    return { target: target.id, shape, paths, bias, cap: target.kind === 'relu' ? target.cap : Infinity, isOutput, preActivation: from };
  };
  const hidden = graph.nodes.flatMap((n) => (n.kind === 'relu' ? [inflow(n, n.inputs[0], false)] : []));
  const output = get(graph.outputs[0]);
  return [...hidden, inflow(output, output.id, true)];
}

type GetNode = (id: NodeId) => CoreNode;

function collectPaths(get: GetNode, from: NodeId, bias: Float32Array): LinearPath[] {
  const node = get(from);
  switch (node.kind) {
    case 'add': return node.inputs.flatMap((id) => collectPaths(get, id, bias));
    case 'conv': {
      node.bias.forEach((b, c) => { bias[c] += b; });
      const { source, pool } = findSource(get, node.inputs[0]);
      return [{ source: source.id, sourceShape: mapShape(source.shape), pool, weight: node.weight, window: node.window, groups: node.groups, filter: node.id }];
    }
    case 'dense': {
      node.bias.forEach((b, c) => { bias[c] += b; });
      const { source, pool } = findSource(get, node.inputs[0]);
      const [channels, height, width] = mapShape(source.shape);
      return [{ source: source.id, sourceShape: [channels, height, width], pool, weight: node.weight, window: plainWindow([height / pool[0], width / pool[1]]), groups: 1, filter: node.id }];
    }
    case 'input': case 'relu': case 'average-pool': case 'reshape': {
      const { source, pool } = findSource(get, node.id);
      const shape = mapShape(source.shape);
      return [{ source: source.id, sourceShape: shape, pool, weight: new Float32Array(shape[0]).fill(1), window: plainWindow([1, 1]), groups: shape[0], filter: null }];
    }
  }
}

/** Walks back through flattening and pooling to the rectified node or the input. */
function findSource(get: GetNode, from: NodeId): { source: CoreNode; pool: Pair } {
  let node = get(from);
  let pool: Pair = [1, 1];
  while (node.kind === 'reshape' || node.kind === 'average-pool') {
    if (node.kind === 'average-pool') pool = [pool[0] * node.window.kernel[0], pool[1] * node.window.kernel[1]];
    node = get(node.inputs[0]);
  }
  if (node.kind !== 'relu' && node.kind !== 'input') throw new Error(`internal: ${node.kind} ${node.id} feeds a filter: the graph is not in normal form`);
  return { source: node, pool };
}

/** A filter of this size that does not slide past the border. */
export const plainWindow = (kernel: Pair): Window => ({ kernel, stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] });

/** Output channels of a path's filter. */
export const pathOutputs = (path: LinearPath): number =>
  (path.weight.length * path.groups) / (path.sourceShape[0] * path.window.kernel[0] * path.window.kernel[1]);
