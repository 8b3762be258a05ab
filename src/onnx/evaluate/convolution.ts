/**
 * Evaluation of Conv and ConvTranspose with one to three spatial axes. All are computed as if they had
 * three, the missing ones of size 1. Sums are taken in double precision.
 */
import type { Constant } from '../constant.js';
import { keepAs, type ElementType } from '../element-type.js';
import { constant, intAttribute, optionalConstant, refuse, type NodeContext } from '../rule.js';
import { product } from '../value.js';
import { resolveAxes, type ResolvedAxis } from '../window.js';
import { resolveTransposed } from '../transposed-window.js';
import { blank, spendWork } from './result.js';

/** Sizes, strides, dilations and leading pads on depth, rows and columns. */
interface Geometry {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
}

/** A list for one to three axes as one for three. */
const three = (values: readonly number[], fallback: number): readonly number[] => [...new Array<number>(3 - values.length).fill(fallback), ...values];

export function spatialSizes(context: NodeContext, { dims }: Constant): readonly number[] {
  if (dims.length < 3 || dims.length > 5) refuse('onnx/form', { op: context.node.op, problem: `its input has dims [${dims.join(', ')}]`, advice: 'one to three spatial axes are supported' });
  return dims.slice(2);
}

/** Places of a window on one axis. */
export const outputSize = ({ size, before, after, kernel, dilation, stride }: ResolvedAxis): number => Math.floor((size + before + after - (kernel - 1) * dilation - 1) / stride) + 1;

interface Operands { readonly x: Constant; readonly weight: Constant; readonly bias: Constant | undefined; readonly type: ElementType }

export function conv(context: NodeContext): Constant {
  const x = constant(context, 0);
  return convolve(context, { x, weight: constant(context, 1), bias: optionalConstant(context, 2), type: x.type });
}

/** The convolution of the node's attributes on the given tensors. */
export function convolve(context: NodeContext, { x, weight, bias, type }: Operands): Constant {
  const sizes = spatialSizes(context, x);
  const groups = intAttribute(context, 'group') ?? 1;
  const [outputs, inGroup, ...kernel] = weight.dims;
  if (kernel.length !== sizes.length || groups < 1 || inGroup * groups !== x.dims[1] || outputs % groups !== 0 || (bias !== undefined && bias.data.length !== outputs)) {
    refuse('onnx/shape', { op: context.node.op, problem: `${x.dims[1]} channels in ${groups} groups do not fit weights of dims [${weight.dims.join(', ')}]` });
  }
  const axes = resolveAxes(context, sizes, kernel);
  const to = axes.map(outputSize);
  const result = blank(context, type, [x.dims[0], outputs, ...to]);
  spendWork(context, result.data.length * inGroup * product(kernel));
  const geometry: Geometry = {
    from: three(sizes, 1), to: three(to, 1), kernel: three(kernel, 1), stride: three(axes.map((a) => a.stride), 1),
    dilation: three(axes.map((a) => a.dilation), 1), before: three(axes.map((a) => a.before), 0),
  };
  const [fromPlane, toPlane, taps] = [product(sizes), product(to), product(kernel)];
  const sums = new Float64Array(toPlane);
  for (let plane = 0; plane < x.dims[0] * outputs; plane++) {
    const co = plane % outputs;
    const first = (Math.floor(plane / outputs) * x.dims[1] + Math.floor(co / (outputs / groups)) * inGroup) * fromPlane;
    sums.fill(bias?.data[co] ?? 0);
    for (let ci = 0; ci < inGroup; ci++) {
      gatherPlane(geometry, { source: x.data.subarray(first + ci * fromPlane, first + (ci + 1) * fromPlane), filter: weight.data.subarray((co * inGroup + ci) * taps, (co * inGroup + ci + 1) * taps), sums });
    }
    for (let i = 0; i < toPlane; i++) result.data[plane * toPlane + i] = keepAs[type](sums[i]);
  }
  return result;
}

interface PlaneWork { readonly source: ArrayLike<number>; readonly filter: ArrayLike<number>; readonly sums: Float64Array }

/** Outputs `from..to` of an axis whose place under the tap lies inside. */
function inside({ from, to, stride, dilation, before }: Geometry, axis: number, tap: number): readonly [number, number] {
  const shift = before[axis] - tap * dilation[axis];
  return [Math.max(0, Math.ceil(shift / stride[axis])), Math.min(to[axis], Math.floor((from[axis] - 1 + shift) / stride[axis]) + 1)];
}

/** sums[o] += filter[k] source[o * stride + k * dilation - before] */
function gatherPlane(g: Geometry, { source, filter, sums }: PlaneWork): void {
  let tap = 0;
  for (let kd = 0; kd < g.kernel[0]; kd++) for (let ky = 0; ky < g.kernel[1]; ky++) for (let kx = 0; kx < g.kernel[2]; kx++) {
    const factor = filter[tap++];
    const [[d0, d1], [y0, y1], [x0, x1]] = [inside(g, 0, kd), inside(g, 1, ky), inside(g, 2, kx)];
    for (let d = d0; d < d1; d++) for (let y = y0; y < y1; y++) {
      const row = ((d * g.stride[0] + kd * g.dilation[0] - g.before[0]) * g.from[1] + y * g.stride[1] + ky * g.dilation[1] - g.before[1]) * g.from[2] + kx * g.dilation[2] - g.before[2];
      const out = (d * g.to[1] + y) * g.to[2];
      for (let x = x0; x < x1; x++) sums[out + x] += factor * source[row + x * g.stride[2]];
    }
  }
}

/** The transpose of a convolution: each input is spread over the window that it would be gathered from. Weights are [Ci, Co / groups, ...]. */
export function convTranspose(context: NodeContext): Constant {
  const [x, weight, bias] = [constant(context, 0), constant(context, 1), optionalConstant(context, 2)];
  const sizes = spatialSizes(context, x);
  const [inputs, outGroup, ...kernel] = weight.dims;
  const groups = intAttribute(context, 'group') ?? 1;
  const outputs = outGroup * groups;
  if (kernel.length !== sizes.length || groups < 1 || inputs !== x.dims[1] || inputs % groups !== 0 || (bias !== undefined && bias.data.length !== outputs)) {
    refuse('onnx/shape', { op: context.node.op, problem: `${x.dims[1]} channels in ${groups} groups do not fit weights of dims [${weight.dims.join(', ')}]` });
  }
  const axes = resolveTransposed(context, sizes, kernel);
  const result = blank(context, x.type, [x.dims[0], outputs, ...axes.map((a) => a.output)]);
  spendWork(context, x.data.length * outGroup * product(kernel));
  const geometry: Geometry = {
    from: three(axes.map((a) => a.output), 1), to: three(sizes, 1), kernel: three(kernel, 1), stride: three(axes.map((a) => a.stride), 1),
    dilation: three(axes.map((a) => a.dilation), 1), before: three(axes.map((a) => a.before), 0),
  };
  const [inPlane, outPlane, taps, inGroup] = [product(sizes), product(geometry.from), product(kernel), inputs / groups];
  for (let plane = 0; plane < x.dims[0] * outputs; plane++) {
    const co = plane % outputs;
    const sums = new Float64Array(outPlane).fill(bias?.data[co] ?? 0);
    for (let k = 0; k < inGroup; k++) {
      const ci = Math.floor(co / outGroup) * inGroup + k;
      const at = (Math.floor(plane / outputs) * inputs + ci) * inPlane;
      spreadPlane(geometry, { source: x.data.subarray(at, at + inPlane), filter: weight.data.subarray((ci * outGroup + co % outGroup) * taps, (ci * outGroup + co % outGroup + 1) * taps), sums });
    }
    for (let i = 0; i < outPlane; i++) result.data[plane * outPlane + i] = keepAs[x.type](sums[i]);
  }
  return result;
}

/** sums[o * stride + k * dilation - before] += filter[k] source[o] */
function spreadPlane(g: Geometry, { source, filter, sums }: PlaneWork): void {
  let tap = 0;
  for (let kd = 0; kd < g.kernel[0]; kd++) for (let ky = 0; ky < g.kernel[1]; ky++) for (let kx = 0; kx < g.kernel[2]; kx++) {
    const factor = filter[tap++];
    const [[d0, d1], [y0, y1], [x0, x1]] = [inside(g, 0, kd), inside(g, 1, ky), inside(g, 2, kx)];
    for (let d = d0; d < d1; d++) for (let y = y0; y < y1; y++) {
      const row = ((d * g.stride[0] + kd * g.dilation[0] - g.before[0]) * g.from[1] + y * g.stride[1] + ky * g.dilation[1] - g.before[1]) * g.from[2] + kx * g.dilation[2] - g.before[2];
      const out = (d * g.to[1] + y) * g.to[2];
      for (let x = x0; x < x1; x++) sums[row + x * g.stride[2]] += factor * source[out + x];
    }
  }
}
