/**
 * TensorFlow.js as a dense backend. It works on NHWC pictures and HWIO filters, so pictures are transposed
 * on the way in and out, filters once. To need nothing that its builds do differently or lack, every
 * convolution becomes the plainest one: padding is added first, a dilated filter is spread out with
 * zeros, groups are split and joined. All arithmetic is in float32. No tensor outlives a call.
 */
import type { MatrixSizes } from '../kernels/sgemm.js';
import type { ConvolutionSizes, DenseBackend, LayerOnBackend } from './dense-backend.js';
import { filterPlan, type FilterPlan } from './filter-layout.js';
import type { Tensor, TensorFlow } from './tensorflow-namespace.js';

export function tensorFlowBackend(tf: TensorFlow): DenseBackend {
  return {
    identity: { name: 'tensorflow', version: versionOf(tf) },
    multiply: (a, b, { rows, columns, depth, transposeA = false, transposeB = false }: MatrixSizes) => compute(tf, () => {
      const left = tensorOf(tf, a, transposeA ? [depth, rows] : [rows, depth]);
      return [tf.matMul(left, tensorOf(tf, b, transposeB ? [columns, depth] : [depth, columns]), transposeA, transposeB)];
    })[0],
    convolution: (sizes, weight, bias) => convolution({ tf, sizes, plan: filterPlan(sizes, weight) }, bias),
  };
}

/** `tfjs-node 4.22.0, libtensorflow 2.9.1`, of which each part may be unknown. */
function versionOf(tf: TensorFlow): string | null {
  const { binding } = tf.backend() as { readonly binding?: { readonly TF_Version?: unknown } };
  const known = [['tfjs-node', tf.version?.['tfjs-node']], ['libtensorflow', binding?.TF_Version]].filter(([, v]) => typeof v === 'string');
  return known.length === 0 ? null : known.map((part) => part.join(' ')).join(', ');
}

/** A copy goes in: the engines keep the array itself, and ours may lie in shared memory that is written again. */
const tensorOf = (tf: TensorFlow, values: Float32Array, shape: readonly number[]): Tensor => tf.tensor(values.slice(), shape, 'float32');

/** The numbers of the tensors that `work` returns; every tensor that it made is freed. */
function compute(tf: TensorFlow, work: () => readonly Tensor[]): readonly Float32Array[] {
  let results: readonly Float32Array[] = [];
  // the numbers are not handed out of tidy, which would look for tensors in each element of them
  tf.tidy(() => {
    results = work().map((tensor) => {
      const numbers = tensor.dataSync();
      if (!(numbers instanceof Float32Array)) throw new Error('internal: TensorFlow gave no float32 numbers');
      return numbers;
    });
  });
  return results;
}

interface Prepared {
  readonly tf: TensorFlow;
  readonly sizes: ConvolutionSizes;
  readonly plan: FilterPlan;
}

const NHWC = [0, 2, 3, 1];
const NCHW = [0, 3, 1, 2];

function convolution(layer: Prepared, bias: Float32Array): LayerOnBackend {
  const { tf, sizes: { input, output, pads: [top, left] }, plan } = layer;
  const gradientOf = (dy: Float32Array, count: number): Tensor => tf.transpose(tensorOf(tf, dy, [count, ...output]), NHWC);
  return {
    forward: (x, count) => compute(tf, () => {
      const y = tf.add(convolve(layer, paddedPictures(layer, x, count)), tensorOf(tf, bias, [output[0]]));
      return [tf.transpose(y, NCHW)];
    })[0],
    inputGradient: (dy, count) => compute(tf, () => {
      const padded = inputGradient(layer, gradientOf(dy, count), count);
      return [tf.transpose(tf.slice(padded, [0, top, left, 0], [count, input[1], input[2], input[0]]), NCHW)];
    })[0],
    weightGradient: (x, dy, count) => plan.gather(compute(tf, () => filterGradients(layer, paddedPictures(layer, x, count), gradientOf(dy, count)))),
  };
}

/** [count, H + pads, W + pads, C] */
function paddedPictures({ tf, sizes: { input, pads: [top, left, bottom, right] } }: Prepared, x: Float32Array, count: number): Tensor {
  const pictures = tf.transpose(tensorOf(tf, x, [count, ...input]), NHWC);
  return top + left + bottom + right === 0 ? pictures : tf.pad(pictures, [[0, 0], [top, bottom], [left, right], [0, 0]]);
}

const filtersOf = ({ tf, plan }: Prepared): readonly Tensor[] => plan.filters.map((f) => tensorOf(tf, f, plan.shape));

/** The channels of each group. */
const groupsOf = ({ tf, plan: { filters } }: Prepared, x: Tensor): readonly Tensor[] => (filters.length === 1 ? [x] : tf.split(x, filters.length, 3));

const joined = (tf: TensorFlow, parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0] : tf.concat(parts, 3));

function convolve(layer: Prepared, x: Tensor): Tensor {
  const { tf, sizes: { stride }, plan: { depthwise } } = layer;
  const filters = filtersOf(layer);
  if (depthwise) return tf.depthwiseConv2d(x, filters[0], stride, 'valid');
  return joined(tf, groupsOf(layer, x).map((part, g) => tf.conv2d(part, filters[g], stride, 'valid')));
}

/** With respect to the padded pictures. */
function inputGradient(layer: Prepared, dy: Tensor, count: number): Tensor {
  const { tf, sizes: { input, stride, pads: [top, left, bottom, right] }, plan: { depthwise, shape } } = layer;
  const filters = filtersOf(layer);
  const how = { ...plainly(stride), inputShape: [count, input[1] + top + bottom, input[2] + left + right, shape[2]] };
  if (depthwise) return runKernel(tf, 'DepthwiseConv2dNativeBackpropInput', { dy, filter: filters[0] }, how);
  return joined(tf, groupsOf(layer, dy).map((part, g) => runKernel(tf, 'Conv2DBackpropInput', { dy: part, filter: filters[g] }, how)));
}

/** With respect to each array of filters. */
function filterGradients(layer: Prepared, x: Tensor, dy: Tensor): readonly Tensor[] {
  const { tf, sizes: { stride }, plan: { depthwise, shape } } = layer;
  const how = { ...plainly(stride), filterShape: shape };
  if (depthwise) return [runKernel(tf, 'DepthwiseConv2dNativeBackpropFilter', { x, dy }, how)];
  const pictures = groupsOf(layer, x);
  return groupsOf(layer, dy).map((part, g) => runKernel(tf, 'Conv2DBackpropFilter', { x: pictures[g], dy: part }, how));
}

/** How a gradient kernel runs: without padding and dilation. */
const plainly = (strides: readonly [number, number]): Readonly<Record<string, unknown>> => ({ strides, pad: 'valid', dilations: [1, 1], dataFormat: 'NHWC' });

/** The gradient kernels have no function in the namespace; asking for a gradient there would run the layer forward once more. */
function runKernel(tf: TensorFlow, name: string, inputs: Readonly<Record<string, Tensor>>, attributes: Readonly<Record<string, unknown>>): Tensor {
  return tf.engine().runKernel(name, inputs, attributes) as Tensor;
}
