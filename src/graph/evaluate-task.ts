/**
 * What one worker thread of `evaluateParallel` does: it packs the graph once, then evaluates one
 * chunk of images a job and writes the scores to their place in shared memory. A dense backend is never
 * handed to a thread; with one, `evaluateParallel` does the same work in its own.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import type { EvaluateJob, EvaluateTask } from './evaluate-parallel.js';
import { createEvaluator } from './evaluate.js';
import { sizeOf } from './graph.js';
import { createKernels } from '../kernels/kernels.js';

export function start({ graph, images, scores }: EvaluateTask, backend?: DenseBackend): (job: EvaluateJob) => void {
  const evaluator = createEvaluator(graph, createKernels(), backend);
  const inputs = graph.nodes.find((n) => n.kind === 'input');
  const outputs = graph.nodes.find((n) => n.id === graph.outputs[0]);
  const inputSize = sizeOf(inputs?.shape ?? []);
  const outputSize = sizeOf(outputs?.shape ?? []);
  return ({ first, count }) => {
    const batch = images.subarray(first * inputSize, (first + count) * inputSize);
    scores.set(evaluator.run(batch, count).outputs[0], first * outputSize);
  };
}
