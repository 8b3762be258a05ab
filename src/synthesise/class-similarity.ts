/**
 * Which classes a network takes for relatives: the cosine between the rows of its last layer. Data
 * impressions (Nayak et al., "Zero-shot knowledge distillation in deep networks", ICML 2019) use it as
 * the concentration of the soft labels they ask for.
 */
import { indexNodes, sizeOf, type Conv, type CoreNode, type Dense, type Graph, type NodeId } from '../graph/graph.js';

/** Added to each concentration: the smallest of a row is 0, which no Dirichlet distribution has. */
export const CONCENTRATION_FLOOR = 1e-3;

/** The layer whose rows are the classes, or undefined where the network ends in another way. */
export function lastLayer(graph: Graph<CoreNode>): Conv | Dense | undefined {
  const nodes = indexNodes(graph);
  const classes = sizeOf(nodes.get(graph.outputs[0])?.shape ?? []);
  let id: NodeId | undefined = graph.outputs[0];
  while (id !== undefined) {
    const node: CoreNode | undefined = nodes.get(id);
    if (node?.kind === 'conv' || node?.kind === 'dense') return node.shape[0] === classes ? node : undefined;
    id = node?.inputs[0];
  }
  return undefined;
}

/** Concentrations, [classes x classes]: row c belongs to images of class c. Each row is scaled to [0, 1] and raised by the floor. */
export function classConcentrations(graph: Graph<CoreNode>): Float64Array {
  const layer = lastLayer(graph);
  const classes = sizeOf(indexNodes(graph).get(graph.outputs[0])?.shape ?? []);
  if (layer === undefined) return Float64Array.from({ length: classes * classes }, (_, k) => (k % (classes + 1) === 0 ? 1 : 0) + CONCENTRATION_FLOOR);
  const depth = layer.weight.length / classes;
  const rows = Array.from({ length: classes }, (_, c) => layer.weight.subarray(c * depth, (c + 1) * depth));
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const norms = rows.map((r) => Math.max(Math.sqrt(dot(r, r)), Number.MIN_VALUE));
  return Float64Array.from(rows.flatMap((r, i) => {
    const cosines = rows.map((other, j) => dot(r, other) / (norms[i] * norms[j]));
    const [low, high] = [Math.min(...cosines), Math.max(...cosines)];
    return cosines.map((v) => (high > low ? (v - low) / (high - low) : 1) + CONCENTRATION_FLOOR);
  }));
}
