/**
 * Brings average pools into one of two forms: aligned (window = stride, no padding, nothing left
 * over), which the spiking network folds into the projection behind it, or a depthwise convolution
 * with weights 1/k. Padding that does not count in the divisor makes the divisor depend on the place
 * and has no convolution; it is refused unless every window holds the same number of real places.
 */
import { sizeOf, windowOutput, type AveragePool, type Graph, type Shape } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { isAligned, poolAsConv } from './compose.js';
import { rewriteGraph } from './edit.js';

export function lowerAveragePool(graph: Graph, report: Reporter): Graph {
  return rewriteGraph(graph, (node, edit) => {
    if (node.kind !== 'average-pool') return undefined;
    const input = edit.node(node.inputs[0]).shape;
    const pool = fullWindows(node, input);
    const { kernel, stride, pads } = pool.window;
    if (sizeOf(kernel) === 1 && sizeOf(stride) === 1 && pads.every((p) => p === 0)) return node.inputs[0];
    if (isAligned(pool, input)) return isAligned(node, input) ? undefined : edit.emit(pool);
    if (node.countPad || pads.every((p) => p === 0)) return edit.emit(poolAsConv(pool, node.id));
    const real = realPlaces(node, input);
    if (real === undefined) {
      report.report('lower/average-pool-divisor', { kind: 'node', node: node.id }, { pads });
      return undefined;
    }
    const conv = poolAsConv(pool, node.id);
    return edit.emit({ ...conv, weight: conv.weight.fill(1 / real) });
  });
}

/** A window that fits once needs no stride or dilation of its own: both become what aligned pooling has. */
function fullWindows(node: AveragePool, input: Shape): AveragePool {
  const { window } = node;
  const once = [0, 1].map((a) => node.shape[a + 1] === 1 && window.kernel[a] === input[a + 1] && window.pads[a] === 0 && window.pads[a + 2] === 0);
  const stride = [0, 1].map((a) => once[a] ? window.kernel[a] : window.stride[a]) as [number, number];
  const dilation = [0, 1].map((a) => window.kernel[a] === 1 ? 1 : window.dilation[a]) as [number, number];
  return { ...node, window: { ...window, stride, dilation } };
}

/** Places of the picture under each window, if that is the same number for all. */
function realPlaces(node: AveragePool, input: Shape): number | undefined {
  const counts = [0, 1].map((a) => {
    const { kernel, stride, dilation, pads } = node.window;
    const output = windowOutput(node.window, input[1], input[2])[a];
    const seen = new Set<number>();
    for (let p = 0; p < output; p++) {
      let count = 0;
      for (let k = 0; k < kernel[a]; k++) {
        const at = p * stride[a] + k * dilation[a] - pads[a];
        if (at >= 0 && at < input[a + 1]) count++;
      }
      seen.add(count);
    }
    return seen.size === 1 ? [...seen][0] : undefined;
  });
  return counts[0] === undefined || counts[1] === undefined ? undefined : counts[0] * counts[1];
}
