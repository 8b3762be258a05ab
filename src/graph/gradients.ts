/**
 * The gradient of a loss with respect to the input image, for a batch at once: reverse-mode
 * differentiation through a lowered network. The loss speaks at the output and, if it wants, at inner
 * nodes in the same pass: it adds its own gradient there when the readers of the node have given theirs.
 * Nothing here mixes samples, so a sample's gradient does not depend on its batch unless the loss does.
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

export interface Differentiator {
  /** Runs `images`, [count, ...input shape], forward and back; returns d loss / d images. Throws RangeError if the length differs. */
  differentiate(images: Float32Array, count: number, loss: Loss): Float32Array;
}

/**
 * Packs the constants of both directions into the kernels' memory, where they stay. `watch` names the
 * inner nodes whose values the loss wants to see; `backend` takes the dense nodes over.
 */
export function createDifferentiator(graph: Graph<CoreNode>, kernels: Kernels, watch: readonly NodeId[] = [], backend?: DenseBackend): Differentiator {
  const network = prepare(graph, kernels, watch, backend);
  const { input, sizes } = network;
  return {
    differentiate(images, count, loss) {
      const length = count * sizes(input);
      if (images.length !== length) throw new RangeError(`differentiate: ${count} samples of ${sizes(input)} numbers need ${length} numbers, not ${images.length}`);
      const mark = kernels.memory.mark();
      const buffers = reserve(network, count);
      buffers.value(input).set(images);
      runForward(network, buffers);
      const reached = runBack(network, buffers, loss);
      const result = reached.has(input) ? buffers.gradient(input).slice() : new Float32Array(length);
      kernels.memory.release(mark);
      return result;
    },
  };
}

interface Network {
  readonly graph: Graph<CoreNode>;
  readonly kernels: Kernels;
  readonly input: NodeId;
  readonly output: NodeId;
  readonly watched: ReadonlySet<NodeId>;
  /** Numbers of a node's output. */
  readonly sizes: (id: NodeId) => number;
  readonly plan: GradientPlan;
  readonly forward: readonly PreparedStep[];
  /** One step an input of each node. */
  readonly back: readonly (readonly BackStep[])[];
  /** Floats of one sample for a second share of a gradient, and for what steps need of their own. */
  readonly shareLength: number;
  readonly scratchLength: number;
}

function prepare(graph: Graph<CoreNode>, kernels: Kernels, watch: readonly NodeId[], backend: DenseBackend | undefined): Network {
  const nodes = indexNodes(graph);
  const nodeOf = (id: NodeId): CoreNode => nodes.get(id) ?? missing(id);
  if (graph.nodes[0].kind !== 'input') throw new Error('internal: a lowered graph begins with its input');
  const [output] = graph.outputs;
  const watched = new Set([...watch, output]);
  for (const id of watched) nodeOf(id);
  const plan = planGradients(graph, watched);
  const forward = prepareSteps(graph, kernels, backend);
  const back = graph.nodes.map((n) => n.inputs.map((id) => prepareGradient(n, nodeOf(id).shape, kernels, backend)));
  const shareLength = Math.max(...graph.nodes.map((n) => sizeOf(n.shape)));
  const scratchLength = Math.max(0, ...forward.map((s) => s.scratchPerSample), ...back.flat().map((s) => s.scratchPerSample));
  return { graph, kernels, input: graph.nodes[0].id, output, watched, sizes: (id) => sizeOf(nodeOf(id).shape), plan, forward, back, shareLength, scratchLength };
}

function missing(id: NodeId): never {
  throw new RangeError(`differentiate: no node "${id}"`);
}

/** The memory of one run, by node: where a value or gradient lies, and views of it. */
interface Buffers {
  readonly count: number;
  readonly valueAt: (id: NodeId) => number;
  readonly gradientAt: (id: NodeId) => number;
  readonly value: (id: NodeId) => Float32Array;
  readonly gradient: (id: NodeId) => Float32Array;
  readonly share: number;
  readonly scratch: number;
  readonly productScratch: number;
}

function reserve({ kernels, plan, sizes, shareLength, scratchLength }: Network, count: number): Buffers {
  const { memory } = kernels;
  const floats = (perSample: number): number => memory.reserve(perSample * count * 4);
  const [values, gradients, share, scratch] = [plan.valuesLength, plan.gradientsLength, shareLength, scratchLength].map(floats);
  const valueAt = (id: NodeId): number => values + (plan.values.get(id) as number) * count * 4;
  const gradientAt = (id: NodeId): number => gradients + (plan.gradients.get(id) as number) * count * 4;
  return {
    count, valueAt, gradientAt, share, scratch, productScratch: memory.reserve(multiplyScratchBytes(kernels)),
    value: (id) => memory.float32(valueAt(id), count * sizes(id)),
    gradient: (id) => memory.float32(gradientAt(id), count * sizes(id)),
  };
}

function runForward({ graph, forward }: Network, { valueAt, count, scratch, productScratch }: Buffers): void {
  graph.nodes.forEach((node, i) => forward[i].run({ inputs: node.inputs.map(valueAt), output: valueAt(node.id), count, scratch, productScratch }));
}

/** Returns the nodes that have a gradient. */
function runBack({ graph, kernels, output, watched, back, sizes }: Network, buffers: Buffers, loss: Loss): ReadonlySet<NodeId> {
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
    const outputGradient = gradientAt(node.id);
    // last input first: the first may share the node's own buffer
    for (let k = node.inputs.length - 1; k >= 0; k--) {
      const id = node.inputs[k];
      const at = gradientAt(id);
      const first = !reached.has(id);
      reached.add(id);
      if (at === outputGradient && node.kind !== 'relu') continue;
      back[i][k].run({ output: valueAt(node.id), outputGradient, inputGradient: first ? at : share, count, scratch, productScratch });
      if (!first) kernels.call['add'](count * sizes(id), at, share, at);
    }
  }
  return reached;
}
