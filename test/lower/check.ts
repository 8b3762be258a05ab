/** What the tests of the passes share: run the lowering (or one pass) with its own check and see what is left. */
import { expect } from 'vitest';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { checkPass, referenceOf } from '../../src/lower/check-pass.js';
import { lower } from '../../src/lower/lower.js';
import { verifyCore } from '../../src/lower/verify-core.js';

export const kernels = createKernels();

/** Lowers; every pass has then been checked against the import. */
export function lowered(graph: Graph): Graph<CoreNode> {
  const result = lower(graph, { report: new Reporter(), kernels, seed: 5 });
  expect(verifyCore(result)).toEqual([]);
  return result;
}

/** One pass alone: same values, and what it leaves. */
export function afterPass(graph: Graph, pass: (graph: Graph, report: Reporter) => Graph): Graph {
  const report = new Reporter();
  const result = pass(graph, report);
  report.finish();
  expect(checkPass(referenceOf(graph, kernels, { seed: 3, count: 3 }), result, kernels)).toBeUndefined();
  return result;
}

export const kindsOf = (graph: Graph): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const n of graph.nodes) counts[n.kind] = (counts[n.kind] ?? 0) + 1;
  return counts;
};

/** The whole formatted text of what is refused. */
export function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  throw new Error('expected a refusal');
}
