/**
 * The dense nodes of a graph on a dense backend, which knows products and convolutions only: a dense
 * layer is a product, a mean pooling a convolution with one filter of equal taps a channel. Everything
 * else, maximum pooling included, moves or compares numbers and stays with the own kernels.
 */
import type { DenseBackend, LayerOnBackend } from '../backend/dense-backend.js';
import type { AveragePool, Conv, Dense, GraphNode, Shape } from './graph.js';

export type DenseNode = Conv | Dense | AveragePool;

export const isDense = (node: GraphNode): node is DenseNode => node.kind === 'conv' || node.kind === 'dense' || node.kind === 'average-pool';

/** A layer of a graph on a backend: see `LayerOnBackend` for the arrays. */
export type GraphLayer = Pick<LayerOnBackend, 'forward' | 'inputGradient'>;

/** The node on the backend; `inputShape` is that of its one input. */
export function layerOn(backend: DenseBackend, node: DenseNode, inputShape: Shape): GraphLayer {
  switch (node.kind) {
    case 'dense': return denseLayer(backend, node);
    case 'conv': return backend.convolution({ ...node.window, input: picture(inputShape), output: picture(node.shape), groups: node.groups }, node.weight, node.bias);
    case 'average-pool': return poolLayer(backend, node, inputShape);
  }
}

const picture = ([channels, height, width]: Shape): readonly [number, number, number] => [channels, height, width];

function denseLayer({ multiply }: DenseBackend, { weight, bias }: Dense): GraphLayer {
  const outputs = bias.length;
  const inputs = weight.length / outputs;
  return {
    forward: (x, count) => {
      const y = multiply(x, weight, { rows: count, depth: inputs, columns: outputs, transposeB: true });
      for (let i = 0; i < y.length; i++) y[i] += bias[i % outputs];
      return y;
    },
    inputGradient: (dy, count) => multiply(dy, weight, { rows: count, depth: outputs, columns: inputs }),
  };
}

function poolLayer(backend: DenseBackend, { window, shape, countPad }: AveragePool, inputShape: Shape): GraphLayer {
  const [channels, height, width] = inputShape;
  const area = window.kernel[0] * window.kernel[1];
  const sizes = { ...window, input: picture(inputShape), output: picture(shape), groups: channels };
  const layer = backend.convolution(sizes, new Float32Array(channels * area).fill(1 / area), new Float32Array(channels));
  if (countPad || window.pads.every((n) => n === 0)) return layer;
  const [top, left] = window.pads;
  const rows = seen({ extent: height, outputs: shape[1], kernel: window.kernel[0], stride: window.stride[0], dilation: window.dilation[0], before: top });
  const columns = seen({ extent: width, outputs: shape[2], kernel: window.kernel[1], stride: window.stride[1], dilation: window.dilation[1], before: left });
  // a window that sees padding only has a mean of 0
  const factors = Float32Array.from({ length: shape[1] * shape[2] }, (_, i) => area / Math.max(1, rows[Math.floor(i / shape[2])] * columns[i % shape[2]]));
  const scaled = (values: Float32Array): Float32Array => values.map((v, i) => v * factors[i % factors.length]);
  return { forward: (x, count) => scaled(layer.forward(x, count)), inputGradient: (dy, count) => layer.inputGradient(scaled(dy), count) };
}

interface Axis { readonly extent: number; readonly outputs: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly before: number }

/** How many taps of each window lie inside the picture, along one axis. */
function seen({ extent, outputs, kernel, stride, dilation, before }: Axis): number[] {
  return Array.from({ length: outputs }, (_, place) => {
    const taps = Array.from({ length: kernel }, (_k, tap) => place * stride + tap * dilation - before);
    return taps.filter((at) => at >= 0 && at < extent).length;
  });
}
