/**
 * The gradient of a loss with respect to every weight and bias of a lowered network, summed over the
 * samples of a batch: what plain training of the float network needs.
 */
import { prepareNetwork, reserveRun, runBack, runForward } from './back-propagation.js';
import type { CoreNode, Graph, NodeId } from './graph.js';
import { indexNodes } from './graph.js';
import { graphLayout, hasWeights } from './graph-parameters.js';
import type { Kernels } from '../kernels/kernels.js';
import { prepareWeightGradient, type WeightStep } from './prepare-weight-gradient.js';

export interface ParameterDifferentiator {
  /**
   * Runs `images`, [count, ...input shape], forward and back. `slopes` makes d loss / d output, [count, outputs], of the
   * output. `gradient` gets the sums over the samples, in the order of `graphLayout`. Throws RangeError if a length differs.
   */
  differentiate(images: Float32Array, count: number, slopes: (output: Float32Array) => Float32Array, gradient: Float32Array): void;
}

/** Packs the constants of both directions into the kernels' memory, where they stay until the caller releases it. Layers in `skip` get a gradient of 0. */
export function createParameterDifferentiator(graph: Graph<CoreNode>, kernels: Kernels, skip: ReadonlySet<NodeId> = new Set()): ParameterDifferentiator {
  const network = prepareNetwork(graph, kernels, { inputGradient: false });
  const { input, output, sizes } = network;
  const { memory } = kernels;
  const nodes = indexNodes(graph);
  const { slots, length } = graphLayout(graph);
  const slotOf = new Map(slots.map((s) => [s.id, s]));
  const steps = graph.nodes.map((n): WeightStep | null => (hasWeights(n) && !skip.has(n.id) ? prepareWeightGradient(n, nodes.get(n.inputs[0])!.shape, kernels) : null));
  const scratchLength = Math.max(0, ...steps.map((s) => s?.scratchPerSample ?? 0));
  return {
    differentiate(images, count, slopes, gradient) {
      if (images.length !== count * sizes(input)) throw new RangeError(`differentiate: ${count} samples of ${sizes(input)} numbers need ${count * sizes(input)} numbers, not ${images.length}`);
      if (gradient.length !== length) throw new RangeError(`differentiate: ${gradient.length} places for ${length} gradients`);
      const mark = memory.mark();
      const buffers = reserveRun(network, count, scratchLength);
      const sums = memory.reserve(length * 4);
      memory.float32(sums, length).fill(0);
      buffers.value(input).set(images);
      runForward(network, buffers);
      runBack(network, buffers, { atOutput: (valueOf) => slopes(valueOf(output)) }, (node, i) => {
        const slot = slotOf.get(node.id);
        if (slot === undefined) return;
        steps[i]?.run({
          input: buffers.valueAt(node.inputs[0]), outputGradient: buffers.gradientAt(node.id), weightGradient: sums + slot.weights * 4, biasGradient: sums + slot.biases * 4,
          count, scratch: buffers.scratch, productScratch: buffers.productScratch,
        });
      });
      gradient.set(memory.float32(sums, length));
      memory.release(mark);
    },
  };
}
