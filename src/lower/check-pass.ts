/**
 * The proof that a pass changed nothing: the graph before and after is evaluated on the same random
 * images, and every value that has the same name in both must agree. The first that does not is
 * named; that is a bug of a pass, not a mistake of the user.
 */
import { sizeOf, type Graph, type GraphNode, type NodeId } from '../graph/graph.js';
import { createEvaluator } from '../graph/evaluate.js';
import { verifyGraph } from '../graph/verify.js';
import type { Reporter } from '../diagnostics.js';
import type { Kernels } from '../kernels/kernels.js';
import { normal, randomStream, substream } from '../random.js';
import { scoresOf } from './drop-softmax.js';

/** The import's values on some random images. */
export interface Reference {
  readonly images: Float32Array;
  readonly count: number;
  readonly values: ReadonlyMap<NodeId, Float32Array>;
  /** The size that an error of each value is measured against. */
  readonly scales: ReadonlyMap<NodeId, number>;
  /** The node with the class scores, before any softmax. */
  readonly scores: NodeId;
}

export interface Disagreement {
  readonly node: NodeId;
  /** Largest difference over the scale of the value in the reference. */
  readonly error: number;
}

/** Float folding rounds each weight once; over a deep network that stays well below this share of a value's scale. */
const tolerance = 1e-4;

/** Evaluates the import on `count` images: the given ones, or standard normal numbers. */
export function referenceOf(graph: Graph, kernels: Kernels, options: { readonly seed: number; readonly count?: number; readonly images?: Float32Array }): Reference {
  const count = options.count ?? 2;
  const input = graph.nodes.find((n) => n.kind === 'input') as GraphNode;
  const stream = substream(randomStream(options.seed), 'lower/check-pass');
  const images = options.images ?? Float32Array.from(normal(stream, count * sizeOf(input.shape)));
  const values = valuesOf(graph, kernels, { images, count, keep: graph.nodes.map((n) => n.id) });
  return { images, count, values, scales: scalesOf(graph, values), scores: scoresOf(graph) };
}

/** Above this, sums and squares of a few values leave the range of float32. */
const TOO_LARGE = 1e18;

/** Reports the first value of the import that is too large to compute with, or is no number; a network of finite weights can have them. */
export function checkMagnitudes(reference: Reference, report: Reporter): void {
  for (const [node, values] of reference.values) {
    const largest = largestOf(values);
    if (largest < TOO_LARGE) continue;
    report.report('lower/overflow', { kind: 'node', node }, { value: largest });
    return;
  }
}

/**
 * The scale of a value is its largest magnitude, or that of the terms it came from if that is
 * larger: a ReLU that leaves next to nothing of its input carries the rounding of its input. Terms
 * are followed through nodes that only choose or add, and one linear node back, times its largest factor.
 */
function scalesOf(graph: Graph, values: ReadonlyMap<NodeId, Float32Array>): ReadonlyMap<NodeId, number> {
  const reach = new Map<NodeId, number>();
  const scales = new Map<NodeId, number>();
  for (const node of graph.nodes) {
    const own = largestOf(values.get(node.id) as Float32Array);
    const terms = Math.max(0, ...node.inputs.map((id) => reach.get(id) as number));
    const factor = largestFactor(node);
    reach.set(node.id, factor === undefined ? Math.max(own, terms) : own);
    scales.set(node.id, Math.max(own, terms * (factor ?? 1)));
  }
  return scales;
}

/** Largest factor of a node that multiplies; undefined for one that only chooses, moves or adds. */
function largestFactor(node: GraphNode): number | undefined {
  switch (node.kind) {
    case 'conv': case 'dense': return largestOf(node.weight);
    case 'affine': return largestOf(node.scale);
    case 'batch-norm': return largestOf(node.gamma.map((g, c) => g / Math.sqrt(node.variance[c] + node.epsilon)));
    case 'softmax': return 0;
    case 'input': case 'relu': case 'average-pool': case 'max-pool': case 'add': case 'subtract': case 'concat':
    case 'reshape': case 'transpose': case 'pad': case 'slice': return undefined;
  }
}

const largestOf = (values: Float32Array): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** The first value of `graph`, in its order, that differs from the reference; undefined when all agree. Throws Error on a malformed graph. */
export function checkPass(reference: Reference, graph: Graph, kernels: Kernels): Disagreement | undefined {
  for (const [node, error] of layerErrors(reference, graph, kernels)) if (error > tolerance) return { node, error };
  return undefined;
}

/** Largest error of each value that bears the same name in the reference, in the graph's order, and of the scores. Throws Error on a malformed graph. */
export function layerErrors(reference: Reference, graph: Graph, kernels: Kernels): ReadonlyMap<NodeId, number> {
  verifyGraph(graph);
  const shared = graph.nodes.filter((n) => reference.values.has(n.id)).map((n) => n.id);
  const { images, count } = reference;
  const scores = scoresOf(graph);
  const values = valuesOf(graph, kernels, { images, count, keep: [...new Set([...shared, scores])] });
  const errorOf = (id: NodeId, as: NodeId): number =>
    share(difference(values.get(id) as Float32Array, reference.values.get(as) as Float32Array), reference.scales.get(as) as number);
  const errors = new Map(shared.map((id) => [id, errorOf(id, id)]));
  errors.set(scores, Math.max(errors.get(scores) ?? 0, errorOf(scores, reference.scores)));
  return errors;
}

/** A value that is zero throughout has no scale, and no error unless it differs. */
const share = (apart: number, scale: number): number => (apart === 0 ? 0 : apart / scale);

function valuesOf(
  graph: Graph, kernels: Kernels, run: { readonly images: Float32Array; readonly count: number; readonly keep: readonly NodeId[] },
): ReadonlyMap<NodeId, Float32Array> {
  const mark = kernels.memory.mark();
  const { kept } = createEvaluator(graph, kernels).run(run.images, run.count, { keep: run.keep });
  kernels.memory.release(mark);
  return kept;
}

/** Largest difference; Infinity for unequal lengths and where one is not a number. */
function difference(values: Float32Array, expected: Float32Array): number {
  if (values.length !== expected.length) return Infinity;
  let apart = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(values[i] - expected[i]);
    if (!(d <= apart)) apart = Number.isNaN(d) ? Infinity : d;
  }
  return apart;
}
