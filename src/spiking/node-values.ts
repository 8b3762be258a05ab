/**
 * The value of one node for a batch of images, for passes that walk a core graph node by node and
 * change something between the nodes.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { createEvaluator } from '../graph/evaluate.js';
import { nodeId, type CoreNode, type NodeId } from '../graph/graph.js';
import type { Kernels } from '../kernels/kernels.js';

export interface RunContext {
  readonly count: number;
  readonly kernels: Kernels;
  readonly nodes: ReadonlyMap<NodeId, CoreNode>;
  /** Does the dense work in place of the kernels. */
  readonly backend: DenseBackend | undefined;
}

/** max(0, x), at most the cap. */
export function rectified(values: Float32Array, cap: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    out[i] = v > 0 ? (v < cap ? v : cap) : 0;
  }
  return out;
}

/** Sum of arrays, a new array. */
export function summed(inputs: readonly Float32Array[]): Float32Array {
  const out = inputs[0].slice();
  for (const input of inputs.slice(1)) for (let i = 0; i < out.length; i++) out[i] += input[i];
  return out;
}

/** Evaluates one node on a batch, as a graph of its own. */
export function runNode(node: CoreNode, input: Float32Array, { count, kernels, nodes, backend }: RunContext): Float32Array {
  const source = nodes.get(node.inputs[0]);
  if (source === undefined) throw new Error(`internal: no node ${node.inputs[0]}`);
  const inputId = nodeId(`${node.id}:in`);
  const mark = kernels.memory.mark();
  const evaluator = createEvaluator({ nodes: [{ kind: 'input', id: inputId, inputs: [], shape: source.shape }, { ...node, inputs: [inputId] }], outputs: [node.id] }, kernels, backend);
  const value = evaluator.run(input, count).outputs[0];
  kernels.memory.release(mark);
  return value;
}
