/**
 * The proof that a pass changed nothing: the graph before and after is evaluated on the same random
 * images, and every value that has the same name in both must agree. The first that does not is
 * named; that is a bug of a pass, not a mistake of the user.
 */
import { indexNodes, sizeOf, type Graph, type GraphNode, type NodeId } from '../graph/graph.js';
import { createEvaluator } from '../graph/evaluate.js';
import { verifyGraph } from '../graph/verify.js';
import type { Kernels } from '../kernels/kernels.js';
import { normal, randomStream, substream } from '../random.js';
import { scoresOf } from './drop-softmax.js';

/** The import's values on some random images. */
export interface Reference {
  readonly images: Float32Array;
  readonly count: number;
  readonly values: ReadonlyMap<NodeId, Float32Array>;
  /** The class scores before any softmax. */
  readonly scores: Float32Array;
}

export interface Disagreement {
  readonly node: NodeId;
  /** Largest difference over the largest magnitude of the value in the reference. */
  readonly error: number;
}

/** Float folding rounds each weight once; over a deep network that stays well below this share of the largest value. */
const tolerance = 1e-4;

/** Evaluates the import on `count` images of standard normal numbers. */
export function referenceOf(graph: Graph, kernels: Kernels, options: { readonly seed: number; readonly count?: number }): Reference {
  const count = options.count ?? 2;
  const input = graph.nodes.find((n) => n.kind === 'input') as GraphNode;
  const stream = substream(randomStream(options.seed), 'lower/check-pass');
  const images = Float32Array.from(normal(stream, count * sizeOf(input.shape)));
  const values = valuesOf(graph, kernels, { images, count, keep: graph.nodes.map((n) => n.id) });
  return { images, count, values, scores: values.get(scoresOf(graph)) as Float32Array };
}

/** The first value of `graph`, in its order, that differs from the reference; undefined when all agree. Throws Error on a malformed graph. */
export function checkPass(reference: Reference, graph: Graph, kernels: Kernels): Disagreement | undefined {
  verifyGraph(graph);
  const shared = graph.nodes.filter((n) => reference.values.has(n.id)).map((n) => n.id);
  const { images, count } = reference;
  const [output] = graph.outputs;
  const values = valuesOf(graph, kernels, { images, count, keep: [...new Set([...shared, output])] });
  const nodes = indexNodes(graph);
  for (const id of shared) {
    const error = difference(values.get(id) as Float32Array, reference.values.get(id) as Float32Array);
    if (!(error <= tolerance) && nodes.get(id)?.kind !== 'softmax') return { node: id, error };
  }
  const error = difference(values.get(scoresOf(graph)) ?? values.get(output) as Float32Array, reference.scores);
  return error <= tolerance ? undefined : { node: output, error };
}

function valuesOf(
  graph: Graph, kernels: Kernels, run: { readonly images: Float32Array; readonly count: number; readonly keep: readonly NodeId[] },
): ReadonlyMap<NodeId, Float32Array> {
  const mark = kernels.memory.mark();
  const { kept } = createEvaluator(graph, kernels).run(run.images, run.count, { keep: run.keep });
  kernels.memory.release(mark);
  return kept;
}

function difference(values: Float32Array, expected: Float32Array): number {
  if (values.length !== expected.length) return Infinity;
  let largest = 0;
  let apart = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const d = Math.abs(values[i] - expected[i]);
    apart = d <= apart ? apart : d; // keeps NaN
  }
  return apart === 0 ? 0 : apart / largest;
}
