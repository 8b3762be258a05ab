/**
 * Turns each node into a step: a function that computes the node's output for a number of samples
 * from buffers in the kernels' memory. Constants are packed into that memory once, here. Buffers hold
 * samples one after another, each in row-major order (for a batch of pictures: NCHW).
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { isDense, layerOn, type DenseNode } from './dense-layers.js';
import type { AveragePool, Conv, Graph, MaxPool, NodeId, NodeRules, Shape } from './graph.js';
import { dispatch, indexNodes, sizeOf } from './graph.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Pooling } from '../kernels/image.js';
import { copyStrided, pool } from '../kernels/image.js';
import { multiply, packLeft, writeFloats, writeOffsets } from '../kernels/sgemm.js';

/** Buffers of one step, as byte offsets. */
export interface StepCall {
  readonly inputs: readonly number[];
  readonly output: number;
  /** Samples. */
  readonly count: number;
  /** `scratchPerSample * count` floats of the step's own. */
  readonly scratch: number;
  /** Scratch of the matrix product. */
  readonly productScratch: number;
}
export type Step = (call: StepCall) => void;

export interface PreparedStep {
  readonly run: Step;
  /** Floats. */
  readonly scratchPerSample: number;
}

interface Context {
  readonly kernels: Kernels;
  /** Shapes of the node's inputs. */
  readonly shapes: readonly Shape[];
}

/** One step a node, in the graph's order, dense nodes on the backend if there is one. Constants stay in the kernels' memory until the caller releases it. */
export function prepareSteps(graph: Graph, kernels: Kernels, backend?: DenseBackend): PreparedStep[] {
  const nodes = indexNodes(graph);
  const shapeOf = (id: NodeId): Shape => {
    const node = nodes.get(id);
    if (node === undefined) throw new Error(`evaluate: no node "${id}"`);
    return node.shape;
  };
  return graph.nodes.map((node) => {
    const context = { kernels, shapes: node.inputs.map(shapeOf) };
    return backend !== undefined && isDense(node) ? stepOn(backend, node, context) : dispatch(rules, node, context);
  });
}

/** A dense node on the backend: the numbers leave the kernels' memory and come back. */
function stepOn(backend: DenseBackend, node: DenseNode, { kernels, shapes: [shape] }: Context): PreparedStep {
  const layer = layerOn(backend, node, shape);
  const [from, to] = [sizeOf(shape), sizeOf(node.shape)];
  return step((c) => kernels.memory.float32(c.output, c.count * to).set(layer.forward(kernels.memory.float32(c.inputs[0], c.count * from), c.count)));
}

const step = (run: Step, scratchPerSample = 0): PreparedStep => ({ run, scratchPerSample });

/** Row-major strides of a shape. */
function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let a = shape.length - 2; a >= 0; a--) strides[a] = strides[a + 1] * shape[a + 1];
  return strides;
}

const rules: NodeRules<[Context], PreparedStep> = {
  input: () => step(() => undefined),
  conv: (node, context) => prepareConv(node, context),
  dense: (node, { kernels }) => {
    const [out] = node.shape;
    const depth = node.weight.length / out;
    const left = packWeights(kernels, node.weight, out, depth);
    const bias = writeFloats(kernels, node.bias);
    const rightRows = writeOffsets(kernels, depth, (k) => k);
    const rightColumns = writeOffsets(kernels, 1, () => 0);
    return step((c) => multiply(kernels, {
      rows: out, columns: c.count, depth, left, bias, right: c.inputs[0], rightRows, rightColumns, group: 1, rightGroupStride: depth,
      result: c.output, resultRowStride: 1, resultGroupStride: out, accumulate: false, scratch: c.productScratch,
    }));
  },
  'batch-norm': (node, { kernels }) => {
    const channels = node.shape[0];
    const plane = sizeOf(node.shape) / channels;
    const factor = Float64Array.from(node.gamma, (g, c) => g / Math.sqrt(node.variance[c] + node.epsilon));
    const scale = writeFloats(kernels, Float32Array.from(factor));
    const shift = writeFloats(kernels, Float32Array.from(node.beta, (b, c) => b - node.mean[c] * factor[c]));
    return step((c) => kernels.call['scale_channels'](c.count, channels, plane, c.inputs[0], scale, shift, c.output));
  },
  affine: (node, { kernels }) => {
    const scale = writeFloats(kernels, node.scale);
    const shift = writeFloats(kernels, node.shift);
    return step((c) => kernels.call['scale_elements'](c.count, node.scale.length, c.inputs[0], scale, shift, c.output));
  },
  relu: (node, { kernels }) => {
    const size = sizeOf(node.shape);
    return step((c) => kernels.call['relu'](c.count * size, c.inputs[0], c.output, node.cap));
  },
  'average-pool': (node, context) => preparePool(node, context, { mode: 'mean', countPad: node.countPad }),
  'max-pool': (node, context) => preparePool(node, context, { mode: 'maximum', countPad: false }),
  add: (node, { kernels }) => {
    const size = sizeOf(node.shape);
    return step((c) => {
      if (c.inputs.length === 1) { copyWhole(kernels, c.inputs[0], c.output, c.count * size); return; }
      kernels.call['add'](c.count * size, c.inputs[0], c.inputs[1], c.output);
      for (const term of c.inputs.slice(2)) kernels.call['add'](c.count * size, c.output, term, c.output);
    });
  },
  subtract: (node, { kernels }) => {
    const size = sizeOf(node.shape);
    return step((c) => kernels.call['subtract'](c.count * size, c.inputs[0], c.inputs[1], c.output));
  },
  concat: (node, { kernels, shapes }) => {
    const size = sizeOf(node.shape);
    const outer = sizeOf(node.shape.slice(0, node.axis));
    const lengths = shapes.map((s) => sizeOf(s) / outer);
    return step((c) => {
      let at = 0;
      c.inputs.forEach((input, i) => {
        copyStrided(kernels, input, c.output + at * 4, {
          extents: [c.count, outer, lengths[i]], outStrides: [size, size / outer, 1], inStrides: [outer * lengths[i], lengths[i], 1],
        });
        at += lengths[i];
      });
    });
  },
  reshape: () => step(() => undefined), // shares its input's buffer
  transpose: (node, { kernels, shapes }) => {
    const size = sizeOf(node.shape);
    const from = stridesOf(shapes[0]);
    const copy = { outStrides: [size, ...stridesOf(node.shape)], inStrides: [size, ...node.permutation.map((axis) => from[axis])] };
    return step((c) => copyStrided(kernels, c.inputs[0], c.output, { extents: [c.count, ...node.shape], ...copy }));
  },
  pad: (node, { kernels, shapes }) => {
    const [shape] = shapes;
    const size = sizeOf(node.shape);
    const from = stridesOf(shape);
    const to = stridesOf(node.shape);
    const extents = shape.map((n, a) => n + Math.min(0, node.amounts[a][0]) + Math.min(0, node.amounts[a][1]));
    const inStart = node.amounts.reduce((sum, [before], a) => sum + Math.max(0, -before) * from[a], 0);
    const outStart = node.amounts.reduce((sum, [before], a) => sum + Math.max(0, before) * to[a], 0);
    return step((c) => {
      kernels.call['fill'](c.count * size, c.output, node.value);
      copyStrided(kernels, c.inputs[0] + inStart * 4, c.output + outStart * 4, {
        extents: [c.count, ...extents], outStrides: [size, ...to], inStrides: [sizeOf(shape), ...from],
      });
    });
  },
  slice: (node, { kernels, shapes }) => {
    const [shape] = shapes;
    const from = stridesOf(shape);
    const start = node.ranges.reduce((sum, r, a) => sum + r.start * from[a], 0);
    const copy = { outStrides: [sizeOf(node.shape), ...stridesOf(node.shape)], inStrides: [sizeOf(shape), ...node.ranges.map((r, a) => r.step * from[a])] };
    return step((c) => copyStrided(kernels, c.inputs[0] + start * 4, c.output, { extents: [c.count, ...node.shape], ...copy }));
  },
  softmax: (node, { kernels }) => {
    const size = sizeOf(node.shape);
    const length = node.shape[node.axis];
    const inner = sizeOf(node.shape.slice(node.axis + 1));
    return step((c) => {
      const input = kernels.memory.float32(c.inputs[0], c.count * size);
      const output = kernels.memory.float32(c.output, c.count * size);
      for (let block = 0; block < input.length; block += length * inner) {
        for (let i = 0; i < inner; i++) softmaxLine(input, output, { start: block + i, stride: inner, length, log: node.log });
      }
    });
  },
};

function copyWhole(kernels: Kernels, from: number, to: number, length: number): void {
  kernels.memory.float32(to, length).set(kernels.memory.float32(from, length));
}

function packWeights(kernels: Kernels, weight: Float32Array, rows: number, depth: number): number {
  return packLeft(kernels, weight, { rows, depth, rowStride: depth, columnStride: 1 });
}

/** A convolution is one product a group, over taps x (images x places), on the padded pictures. */
function prepareConv(node: Conv, { kernels, shapes }: Context): PreparedStep {
  const { groups } = node;
  const { kernel, stride, dilation, pads: [top, left, bottom, right] } = node.window;
  const [inChannels, height, width] = shapes[0];
  const [outChannels, outHeight, outWidth] = node.shape;
  const places = outHeight * outWidth;
  const [paddedHeight, paddedWidth] = [height + top + bottom, width + left + right];
  const paddedPlane = paddedHeight * paddedWidth;
  const taps = kernel[0] * kernel[1];
  const [rows, depth] = [outChannels / groups, (inChannels / groups) * taps];
  const packed = Array.from({ length: groups }, (_, g) => packWeights(kernels, node.weight.subarray(g * rows * depth, (g + 1) * rows * depth), rows, depth));
  const bias = writeFloats(kernels, node.bias);
  const rightRows = writeOffsets(kernels, depth, (k) => Math.floor(k / taps) * paddedPlane
    + Math.floor((k % taps) / kernel[1]) * dilation[0] * paddedWidth + (k % kernel[1]) * dilation[1]);
  const rightColumns = writeOffsets(kernels, places, (p) => Math.floor(p / outWidth) * stride[0] * paddedWidth + (p % outWidth) * stride[1]);
  const padded = paddedPlane > height * width;
  const run: Step = (c) => {
    if (padded) {
      kernels.call['fill'](c.count * inChannels * paddedPlane, c.scratch, 0);
      copyStrided(kernels, c.inputs[0], c.scratch + (top * paddedWidth + left) * 4, {
        extents: [c.count * inChannels, height, width], outStrides: [paddedPlane, paddedWidth, 1], inStrides: [height * width, width, 1],
      });
    }
    const source = padded ? c.scratch : c.inputs[0];
    for (let g = 0; g < groups; g++) {
      multiply(kernels, {
        rows, columns: c.count * places, depth, left: packed[g], bias: bias + g * rows * 4,
        right: source + g * (inChannels / groups) * paddedPlane * 4, rightRows, rightColumns, group: places, rightGroupStride: inChannels * paddedPlane,
        result: c.output + g * rows * places * 4, resultRowStride: places, resultGroupStride: outChannels * places,
        accumulate: false, scratch: c.productScratch,
      });
    }
  };
  return step(run, padded ? inChannels * paddedPlane : 0);
}

function preparePool(node: AveragePool | MaxPool, { kernels, shapes }: Context, mode: Pick<Pooling, 'mode' | 'countPad'>): PreparedStep {
  const [channels, height, width] = shapes[0];
  const { kernel, stride, dilation, pads } = node.window;
  const shared = { input: [height, width], output: [node.shape[1], node.shape[2]], kernel, stride, dilation, pads, ...mode } as const;
  return step((c) => pool(kernels, c.inputs[0], c.output, { planes: c.count * channels, ...shared }));
}

interface Line { readonly start: number; readonly stride: number; readonly length: number; readonly log: boolean }

/** Softmax of one line; the largest number is subtracted first so that exp cannot overflow. */
function softmaxLine(input: Float32Array, output: Float32Array, { start, stride, length, log }: Line): void {
  let largest = -Infinity;
  for (let i = 0; i < length; i++) largest = Math.max(largest, input[start + i * stride]);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.exp(input[start + i * stride] - largest);
  for (let i = 0; i < length; i++) {
    const shifted = input[start + i * stride] - largest;
    output[start + i * stride] = log ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
  }
}

