/**
 * The lowering: from any graph that the importer produces to conv, dense, average-pool, relu and
 * add in the normal form of `verify-core.ts`, with the same class scores. It is a list of pure
 * passes; after each one the graph is evaluated on random images and compared with the import.
 */
import type { CoreNode, Graph } from '../graph/graph.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Reporter } from '../diagnostics.js';
import { checkPass, layerErrors, referenceOf, type Reference } from './check-pass.js';
import { dropSoftmax } from './drop-softmax.js';
import { foldAffine } from './fold-affine.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { lowerAveragePool } from './lower-average-pool.js';
import { lowerConcat } from './lower-concat.js';
import { lowerInterleaved } from './lower-interleaved.js';
import { lowerMaxPool } from './lower-max-pool.js';
import { lowerPad } from './lower-pad.js';
import { lowerSubtract } from './lower-subtract.js';
import { normalForm } from './normal-form.js';
import { normaliseReshapes } from './normalise-reshapes.js';
import { removeTransposes } from './remove-transposes.js';
import { isCore, verifyCore } from './verify-core.js';

/** A step of the lowering. It reports what it cannot lower and leaves it in place. */
export interface LowerPass {
  readonly name: string;
  readonly run: (graph: Graph, report: Reporter) => Graph;
}

/** In the order in which they run; each relies on those before it. */
export const lowerPasses: readonly LowerPass[] = [
  { name: 'drop-softmax', run: dropSoftmax },
  { name: 'lower-interleaved', run: lowerInterleaved },
  { name: 'remove-transposes', run: removeTransposes },
  { name: 'normalise-reshapes', run: normaliseReshapes },
  { name: 'fold-batch-norm', run: foldBatchNorm },
  { name: 'lower-concat', run: lowerConcat },
  { name: 'fold-affine', run: foldAffine },
  { name: 'lower-subtract', run: lowerSubtract },
  { name: 'lower-pad', run: lowerPad },
  { name: 'lower-max-pool', run: lowerMaxPool },
  { name: 'lower-average-pool', run: lowerAveragePool },
  { name: 'normal-form', run: finishLowering },
];

export interface LowerOptions {
  readonly report: Reporter;
  readonly kernels: Kernels;
  /** Of the random images of the check. */
  readonly seed?: number;
  /** Called after each pass, when its result has been checked. */
  readonly onPass?: (name: string, graph: Graph) => void;
}

/** Runs all passes. Throws CompileError with everything that cannot be lowered. */
export function lower(graph: Graph, options: LowerOptions): Graph<CoreNode> {
  const reference = referenceOf(graph, options.kernels, { seed: options.seed ?? 0 });
  let current = graph;
  for (const pass of lowerPasses) {
    current = runPass(pass, current, { reference, kernels: options.kernels, report: options.report });
    options.onPass?.(pass.name, current);
  }
  return asCore(current);
}

/** Runs one pass and checks its result against the import. Throws Error, naming the first node that differs, if the pass is wrong. */
export function runPass(
  pass: LowerPass, graph: Graph, check: { readonly reference: Reference; readonly kernels: Kernels; readonly report: Reporter },
): Graph {
  const result = pass.run(graph, check.report);
  const wrong = result === graph ? undefined : checkPass(check.reference, result, check.kernels);
  if (wrong !== undefined) {
    const errors = [...layerErrors(check.reference, result, check.kernels)].map(([node, error]) => `  ${error.toExponential(2)}  ${node}`);
    throw new Error(`internal: after ${pass.name} node "${wrong.node}" differs from the import by ${wrong.error.toExponential(2)} of its scale; largest error by layer:\n${errors.join('\n')}`);
  }
  return result;
}

/** The result of the last pass under its narrower type. */
export function asCore(graph: Graph): Graph<CoreNode> {
  if (isCore(graph)) return graph;
  throw new Error(`internal: the lowered graph is not in normal form: ${verifyCore(graph).map((v) => `"${v.node}" ${v.problem}`).join('; ')}`);
}

/** Everything that was refused so far is thrown here; what remains is brought into normal form. */
function finishLowering(graph: Graph, report: Reporter): Graph {
  report.finish();
  const result = normalForm(graph, report);
  report.finish();
  return result;
}
