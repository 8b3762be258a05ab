/** What the network says about the images that were made from it: how sure it is, and whether it sees what was asked for. */
import { evaluateParallel, type ParallelOptions } from '../graph/evaluate-parallel.js';
import type { Graph } from '../graph/graph.js';
import type { ImageSet } from '../synthesise/image-set.js';

export interface ImageAnswers {
  /** Part of the images whose largest score is that of their largest label; null where no label was asked for. */
  readonly agreement: number | null;
  /** Mean of the largest softmax probability. */
  readonly confidence: number;
  /** Classes that are some image's largest score. */
  readonly classesSeen: number;
}

export async function imageAnswers(graph: Graph, set: ImageSet, options: ParallelOptions): Promise<ImageAnswers> {
  const scores = await evaluateParallel(graph, set.images, set.count, options);
  const classes = scores.length / set.count;
  const rows = (all: Float32Array): Float32Array[] => Array.from({ length: set.count }, (_, i) => all.subarray(i * classes, (i + 1) * classes));
  const largest = (row: Float32Array): number => row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  const answers = rows(scores).map(largest);
  const confidence = rows(scores).reduce((sum, row, i) => sum + 1 / row.reduce((s, v) => s + Math.exp(v - row[answers[i]]), 0), 0) / set.count;
  const agreement = set.classes !== classes ? null : rows(set.targets).reduce((sum, row, i) => sum + (largest(row) === answers[i] ? 1 : 0), 0) / set.count;
  return { agreement, confidence, classesSeen: new Set(answers).size };
}
