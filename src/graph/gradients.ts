/**
 * The gradient of a loss with respect to the input image, for a batch at once: reverse-mode
 * differentiation through a lowered network. The loss speaks at the output and, if it wants, at inner
 * nodes in the same pass: it adds its own gradient there when the readers of the node have given theirs.
 * Nothing here mixes samples, so a sample's gradient does not depend on its batch unless the loss does.
 */
import type { CoreNode, Graph, NodeId } from './graph.js';
import { indexNodes, sizeOf } from './graph.js';
import type { Kernels } from '../kernels/kernels.js';
import { multiplyScratchBytes } from '../kernels/sgemm.js';
import { planGradients } from './gradient-plan.js';
import { prepareSteps } from './prepare.js';
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
  /** Memory that one sample takes while it runs. */
  readonly bytesPerSample: number;
}

/**
 * Packs the constants of both directions into the kernels' memory, where they stay. `watch` names the
 * inner nodes whose values the loss wants to see.
 */
export function createDifferentiator(graph: Graph<CoreNode>, kernels: Kernels, watch: readonly NodeId[] = []): Differentiator {
  const nodes = indexNodes(graph);
  const [input] = graph.nodes;
  if (input.kind !== 'input') throw new Error('internal: a lowered graph begins with its input');
  const [output] = graph.outputs;
  const watched = new Set([...watch, output]);
  for (const id of watched) if (!nodes.has(id)) throw new RangeError(`differentiate: no node "${id}"`);
  const plan = planGradients(graph, watched);
  const forward = prepareSteps(graph, kernels);
  const back = graph.nodes.map((n) => prepareBack(n, nodes, kernels));
  const extra = Math.max(0, ...[...nodes.values()].map((n) => sizeOf(n.shape)));
  const scratchLength = Math.max(0, ...forward.map((s) => s.scratchPerSample), ...back.flat().map((s) => s.scratchPerSample));
  const perSample = plan.valuesLength + plan.gradientsLength + extra + scratchLength;

  const differentiate: Differentiator['differentiate'] = (images, count, loss) => {
    const inputSize = sizeOf(input.shape);
    if (images.length !== count * inputSize) throw new RangeError(`differentiate: ${count} samples of ${inputSize} numbers need ${count * inputSize} numbers, not ${images.length}`);
    const { memory } = kernels;
    const mark = memory.mark();
    const values = memory.reserve(plan.valuesLength * count * 4);
    const gradients = memory.reserve(plan.gradientsLength * count * 4);
    const share = memory.reserve(extra * count * 4);
    const scratch = memory.reserve(scratchLength * count * 4);
    const productScratch = memory.reserve(multiplyScratchBytes(kernels));
    const valueAt = (id: NodeId): number => values + (plan.values.get(id) as number) * count * 4;
    const gradientAt = (id: NodeId): number => gradients + (plan.gradients.get(id) as number) * count * 4;
    const view = (at: number, id: NodeId): Float32Array => memory.float32(at, count * sizeOf((nodes.get(id) as CoreNode).shape));

    view(valueAt(input.id), input.id).set(images);
    graph.nodes.forEach((node, i) => forward[i].run({ inputs: node.inputs.map(valueAt), output: valueAt(node.id), count, scratch, productScratch }));

    const started = new Set<NodeId>([output]);
    view(gradientAt(output), output).set(loss.atOutput((id) => {
      if (!watched.has(id)) throw new RangeError(`differentiate: "${id}" is not watched`);
      return view(valueAt(id), id);
    }));
    for (let i = graph.nodes.length - 1; i >= 0; i--) {
      const node = graph.nodes[i];
      if (!started.has(node.id)) continue;
      if (node.id !== output && watched.has(node.id)) loss.atNode?.(node.id, view(valueAt(node.id), node.id), view(gradientAt(node.id), node.id));
      // last input first: the first may share the node's own buffer
      for (let k = node.inputs.length - 1; k >= 0; k--) {
        const id = node.inputs[k];
        const at = gradientAt(id);
        const outputGradient = gradientAt(node.id);
        const first = !started.has(id);
        started.add(id);
        if (at === outputGradient && node.kind !== 'relu') continue;
        back[i][k].run({ output: valueAt(node.id), outputGradient, inputGradient: first ? at : share, count, scratch, productScratch });
        if (!first) kernels.call['add'](count * sizeOf((nodes.get(id) as CoreNode).shape), at, share, at);
      }
    }
    const result = started.has(input.id) ? view(gradientAt(input.id), input.id).slice() : new Float32Array(images.length);
    memory.release(mark);
    return result;
  };
  return { differentiate, bytesPerSample: perSample * 4 };
}

/** One step back an input. */
function prepareBack(node: CoreNode, nodes: ReadonlyMap<NodeId, CoreNode>, kernels: Kernels): BackStep[] {
  return node.inputs.map((id) => prepareGradient(node, (nodes.get(id) as CoreNode).shape, kernels));
}
