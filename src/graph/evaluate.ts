/**
 * Evaluates a float graph on batches of samples. Constants are packed once; a batch is cut into
 * chunks so that memory stays bounded and several small pictures share one matrix product. A sample's
 * result does not depend, to the bit, on which samples share its batch or chunk.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import type { Graph, GraphNode, NodeId } from './graph.js';
import { indexNodes, sizeOf } from './graph.js';
import type { Kernels } from '../kernels/kernels.js';
import { multiplyScratchBytes } from '../kernels/sgemm.js';
import { planMemory } from './memory-plan.js';
import { prepareSteps } from './prepare.js';

export interface RunOptions {
  /** Nodes whose outputs are wanted, beside the graph's outputs. */
  readonly keep?: readonly NodeId[] | 'all';
}

export interface RunResult {
  /** One a graph output: [count, ...shape]. */
  readonly outputs: readonly Float32Array[];
  /** [count, ...shape] for each node of `keep`. */
  readonly kept: ReadonlyMap<NodeId, Float32Array>;
}

export interface Evaluator {
  /** `images` is [count, ...input shape]. Throws RangeError if its length differs. */
  run(images: Float32Array, count: number, options?: RunOptions): RunResult;
}

/** Bytes that the buffers of one chunk may take: small enough to stay near the last level of cache. */
const CHUNK_BYTES = 16 * 1024 * 1024;
const CHUNK_MOST = 64;

/**
 * Packs the graph's constants into the kernels' memory. They stay there: to free them take
 * `kernels.memory.mark()` before and `release` that mark when the evaluator is no longer used.
 * `backend` takes the dense nodes over; its floats, and what they depend on, are then its own.
 */
export function createEvaluator(graph: Graph, kernels: Kernels, backend?: DenseBackend): Evaluator {
  const nodes = indexNodes(graph);
  const input = onlyInput(graph);
  const inputSize = sizeOf(input.shape);
  const plan = planMemory(graph);
  const steps = prepareSteps(graph, kernels, backend);
  const scratchLength = Math.max(0, ...steps.map((s) => s.scratchPerSample));
  const chunk = Math.max(1, Math.min(CHUNK_MOST, Math.floor(CHUNK_BYTES / ((plan.length + scratchLength) * 4))));

  const runChunk = (images: Float32Array, count: number, take: (node: GraphNode, at: number) => void): void => {
    const mark = kernels.memory.mark();
    const buffers = kernels.memory.reserve(plan.length * count * 4);
    const scratch = kernels.memory.reserve(scratchLength * count * 4);
    const productScratch = kernels.memory.reserve(multiplyScratchBytes(kernels));
    const placeOf = (id: NodeId): number => buffers + (plan.places.get(id) as number) * count * 4;
    graph.nodes.forEach((node, i) => {
      if (node === input) kernels.memory.float32(placeOf(node.id), count * inputSize).set(images);
      steps[i].run({ inputs: node.inputs.map(placeOf), output: placeOf(node.id), count, scratch, productScratch });
      take(node, placeOf(node.id));
    });
    kernels.memory.release(mark);
  };

  return {
    run(images, count, options = {}) {
      if (images.length !== count * inputSize) {
        throw new RangeError(`evaluate: ${count} samples of ${inputSize} numbers need ${count * inputSize} numbers, not ${images.length}`);
      }
      const keep = options.keep === 'all' ? graph.nodes.map((n) => n.id) : options.keep ?? [];
      const results = new Map([...keep, ...graph.outputs].map((id) => {
        const node = nodes.get(id);
        if (node === undefined) throw new RangeError(`evaluate: no node "${id}" to keep`);
        return [id, new Float32Array(count * sizeOf(node.shape))];
      }));
      for (let first = 0; first < count; first += chunk) {
        const length = Math.min(chunk, count - first);
        runChunk(images.subarray(first * inputSize, (first + length) * inputSize), length, (node, at) => {
          const size = sizeOf(node.shape);
          results.get(node.id)?.set(kernels.memory.float32(at, length * size), first * size);
        });
      }
      const resultOf = (id: NodeId): Float32Array => results.get(id) as Float32Array;
      return { outputs: graph.outputs.map(resultOf), kept: new Map(keep.map((id) => [id, resultOf(id)])) };
    },
  };
}

function onlyInput(graph: Graph): GraphNode {
  const inputs = graph.nodes.filter((n) => n.kind === 'input');
  if (inputs.length !== 1) throw new Error(`evaluate: the graph has ${inputs.length} inputs, one is needed`);
  return inputs[0];
}
