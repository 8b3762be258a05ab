/**
 * The gradient of a loss with respect to the input image, for a batch at once: reverse-mode
 * differentiation through a lowered network. The loss speaks at the output and, if it wants, at inner
 * nodes in the same pass: it adds its own gradient there when the readers of the node have given theirs.
 * Nothing here mixes samples, so a sample's gradient does not depend on its batch unless the loss does.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { prepareNetwork, reserveRun, runBack, runForward, type Loss } from './back-propagation.js';
import type { CoreNode, Graph, NodeId } from './graph.js';
import type { Kernels } from '../kernels/kernels.js';

export type { Loss };

export interface Differentiator {
  /** Runs `images`, [count, ...input shape], forward and back; returns d loss / d images. Throws RangeError if the length differs. */
  differentiate(images: Float32Array, count: number, loss: Loss): Float32Array;
}

/**
 * Packs the constants of both directions into the kernels' memory, where they stay. `watch` names the
 * inner nodes whose values the loss wants to see; `backend` takes the dense nodes over.
 */
export function createDifferentiator(graph: Graph<CoreNode>, kernels: Kernels, watch: readonly NodeId[] = [], backend?: DenseBackend): Differentiator {
  const network = prepareNetwork(graph, kernels, { watch, backend, inputGradient: true });
  const { input, sizes } = network;
  return {
    differentiate(images, count, loss) {
      const length = count * sizes(input);
      if (images.length !== length) throw new RangeError(`differentiate: ${count} samples of ${sizes(input)} numbers need ${length} numbers, not ${images.length}`);
      const mark = kernels.memory.mark();
      const buffers = reserveRun(network, count);
      buffers.value(input).set(images);
      runForward(network, buffers);
      const reached = runBack(network, buffers, loss);
      const result = reached.has(input) ? buffers.gradient(input).slice() : new Float32Array(length);
      kernels.memory.release(mark);
      return result;
    },
  };
}
