/**
 * One run of a lowered network forward and back, for a batch at once: reverse-mode differentiation. What
 * is wanted of it (the gradient of the input image, or of the weights) is up to who runs it: see
 * `gradients.ts` and `parameter-gradients.ts`. Nothing here mixes samples.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import type { CoreNode, Graph, NodeId } from './graph.js';
import { indexNodes, sizeOf } from './graph.js';
import type { Kernels } from '../kernels/kernels.js';
import { multiplyScratchBytes } from '../kernels/sgemm.js';
import { planGradients, type GradientPlan } from './gradient-plan.js';
import { prepareSteps, type PreparedStep } from './prepare.js';
import { prepareGradient, type BackStep } from './prepare-gradient.js';

/** A loss, as what it adds to gradients. All arrays are [count, ...shape] and belong to the caller for the call only. */
export interface Loss {
  /** From the values of the output and of watched nodes: the gradient with respect to the output. */
  readonly atOutput: (valueOf: (node: NodeId) => Float32Array) => Float32Array;
  /** Adds to the gradient with respect to a watched node's output. Called once a node, from the output to the input. */
  readonly atNode?: (node: NodeId, value: Float32Array, gradient: Float32Array) => void;
}

export interface PreparedNetwork {
  readonly graph: Graph<CoreNode>;
  readonly kernels: Kernels;
  readonly input: NodeId;
  readonly output: NodeId;
  readonly watched: ReadonlySet<NodeId>;
  /** Numbers of a node's output. */
  readonly sizes: (id: NodeId) => number;
  readonly plan: GradientPlan;
  readonly forward: readonly PreparedStep[];
  /** One step an input of each node; null where the gradient is not wanted. */
  readonly back: readonly (readonly (BackStep | null)[])[];
  /** Floats of one sample for a second share of a gradient, and for what steps need of their own. */
  readonly shareLength: number;
  readonly scratchLength: number;
}

export interface PreparationOptions {
  /** Inner nodes whose values the loss wants to see. */
  readonly watch?: readonly NodeId[];
  /** Takes the dense nodes over. */
  readonly backend?: DenseBackend | undefined;
  /** Whether anybody asks for the gradient of the image. */
  readonly inputGradient: boolean;
}

/** Packs the constants of both directions into the kernels' memory, where they stay. Throws RangeError for a watched node that is not there. */
export function prepareNetwork(graph: Graph<CoreNode>, kernels: Kernels, { watch = [], backend, inputGradient }: PreparationOptions): PreparedNetwork {
  const nodes = indexNodes(graph);
  const nodeOf = (id: NodeId): CoreNode => nodes.get(id) ?? missing(id);
  if (graph.nodes[0].kind !== 'input') throw new Error('internal: a lowered graph begins with its input');
  const [output] = graph.outputs;
  const input = graph.nodes[0].id;
  const watched = new Set([...watch, output]);
  for (const id of watched) nodeOf(id);
  const plan = planGradients(graph, watched);
  const forward = prepareSteps(graph, kernels, backend);
  const back = graph.nodes.map((n) => n.inputs.map((id) => (inputGradient || id !== input ? prepareGradient(n, nodeOf(id).shape, kernels, backend) : null)));
  const shareLength = Math.max(...graph.nodes.map((n) => sizeOf(n.shape)));
  const scratchLength = Math.max(0, ...forward.map((s) => s.scratchPerSample), ...back.flat().map((s) => s?.scratchPerSample ?? 0));
  return { graph, kernels, input, output, watched, sizes: (id) => sizeOf(nodeOf(id).shape), plan, forward, back, shareLength, scratchLength };
}

function missing(id: NodeId): never {
  throw new RangeError(`differentiate: no node "${id}"`);
}

/** The memory of one run, by node: where a value or gradient lies, and views of it. */
export interface RunBuffers {
  readonly count: number;
  readonly valueAt: (id: NodeId) => number;
  readonly gradientAt: (id: NodeId) => number;
  readonly value: (id: NodeId) => Float32Array;
  readonly gradient: (id: NodeId) => Float32Array;
  readonly share: number;
  readonly scratch: number;
  readonly productScratch: number;
}

/** Reserves the memory of a run of `count` samples; `scratchLength`: floats of one sample, if more than the network's own steps need. */
export function reserveRun({ kernels, plan, sizes, shareLength, ...network }: PreparedNetwork, count: number, scratchLength = 0): RunBuffers {
  const { memory } = kernels;
  const floats = (perSample: number): number => memory.reserve(perSample * count * 4);
  const [values, gradients, share, scratch] = [plan.valuesLength, plan.gradientsLength, shareLength, Math.max(scratchLength, network.scratchLength)].map(floats);
  const valueAt = (id: NodeId): number => values + (plan.values.get(id) as number) * count * 4;
  const gradientAt = (id: NodeId): number => gradients + (plan.gradients.get(id) as number) * count * 4;
  return {
    count, valueAt, gradientAt, share, scratch, productScratch: memory.reserve(multiplyScratchBytes(kernels)),
    value: (id) => memory.float32(valueAt(id), count * sizes(id)),
    gradient: (id) => memory.float32(gradientAt(id), count * sizes(id)),
  };
}

/** The input's value is in its buffer; afterwards every node's is. */
export function runForward({ graph, forward }: PreparedNetwork, { valueAt, count, scratch, productScratch }: RunBuffers): void {
  graph.nodes.forEach((node, i) => forward[i].run({ inputs: node.inputs.map(valueAt), output: valueAt(node.id), count, scratch, productScratch }));
}

/** Returns the nodes that have a gradient. `atGradient` is called with each node as soon as the gradient of its output is whole. */
export function runBack({ graph, kernels, output, watched, back, sizes }: PreparedNetwork, buffers: RunBuffers, loss: Loss, atGradient?: (node: CoreNode, index: number) => void): ReadonlySet<NodeId> {
  const { count, valueAt, gradientAt, share, scratch, productScratch } = buffers;
  const reached = new Set<NodeId>([output]);
  buffers.gradient(output).set(loss.atOutput((id) => {
    if (!watched.has(id)) throw new RangeError(`differentiate: "${id}" is not watched`);
    return buffers.value(id);
  }));
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!reached.has(node.id)) continue;
    if (node.id !== output && watched.has(node.id)) loss.atNode?.(node.id, buffers.value(node.id), buffers.gradient(node.id));
    atGradient?.(node, i);
    const outputGradient = gradientAt(node.id);
    // last input first: the first may share the node's own buffer
    for (let k = node.inputs.length - 1; k >= 0; k--) {
      const id = node.inputs[k];
      const step = back[i][k];
      if (step === null) continue;
      const at = gradientAt(id);
      const first = !reached.has(id);
      reached.add(id);
      if (at === outputGradient && node.kind !== 'relu') continue;
      step.run({ output: valueAt(node.id), outputGradient, inputGradient: first ? at : share, count, scratch, productScratch });
      if (!first) kernels.call['add'](count * sizes(id), at, share, at);
    }
  }
  return reached;
}
