/**
 * Two linear nodes in a row as one. A convolution behind a convolution is a convolution with a
 * larger filter, as long as the outer one's zero padding does not read places where the inner one
 * would have given something else than zero; a dense layer behind a convolution is a dense layer. All
 * sums are made in double precision and rounded once.
 */
import { sizeOf, type AveragePool, type Conv, type Dense, type NodeId, type Shape, type Window } from '../graph/graph.js';
import { noPads } from './linear-nodes.js';

/** One axis of two windows in a row: lengths of the outer output, the middle and the inner input. */
interface Axis {
  readonly outer: Taps;
  readonly inner: Taps;
  readonly lengths: readonly [output: number, middle: number, input: number];
}
interface Taps { readonly kernel: number; readonly stride: number; readonly dilation: number; readonly pad: number }

/** One axis of the composed window; tap (ko, ki) lies at place ko * outerStep + ki * innerStep of its kernel. */
interface ComposedAxis extends Taps {
  readonly padEnd: number;
  readonly outerStep: number;
  readonly innerStep: number;
}

/** Number of weights of `composeConvs`, or undefined where it would not be exact. */
export function composedWeights(outer: Conv, inner: Conv, input: Shape): number | undefined {
  const axes = composeAxes(outer, inner, input);
  if (axes === undefined) return undefined;
  return outer.bias.length * (input[0] / commonDivisor(outer.groups, inner.groups)) * axes[0].kernel * axes[1].kernel;
}

/** `outer` after `inner` on an input of shape `input`; has `outer`'s name and statistics and `inner`'s input. Undefined where not exact. */
export function composeConvs(outer: Conv, inner: Conv, input: Shape): Conv | undefined {
  const axes = composeAxes(outer, inner, input);
  if (axes === undefined) return undefined;
  const groups = commonDivisor(outer.groups, inner.groups);
  const [y, x] = axes;
  const window: Window = {
    kernel: [y.kernel, x.kernel], stride: [y.stride, x.stride], dilation: [y.dilation, x.dilation],
    pads: [y.pad, x.pad, y.padEnd, x.padEnd],
  };
  const { weight, bias } = composedFilters({ outer, inner, axes, channels: input[0], groups });
  return { ...outer, inputs: inner.inputs, weight, bias, window, groups };
}

interface Filters {
  readonly outer: Conv;
  readonly inner: Conv;
  readonly axes: readonly [ComposedAxis, ComposedAxis];
  readonly channels: number;
  readonly groups: number;
}

function composedFilters({ outer, inner, axes: [y, x], channels, groups }: Filters): { weight: Float32Array; bias: Float32Array } {
  const outputs = outer.bias.length;
  const middles = inner.bias.length;
  const perGroup = channels / groups;
  const weight = new Float64Array(outputs * perGroup * y.kernel * x.kernel);
  const bias = Float64Array.from(outer.bias);
  const middlePerOuter = middles / outer.groups;
  const inputPerInner = channels / inner.groups;
  const [ky, kx] = outer.window.kernel;
  const [jy, jx] = inner.window.kernel;
  for (let o = 0; o < outputs; o++) {
    const firstMiddle = Math.floor(o / (outputs / outer.groups)) * middlePerOuter;
    const firstInput = Math.floor(o / (outputs / groups)) * perGroup;
    for (let tap = 0; tap < middlePerOuter * ky * kx; tap++) {
      const factor = outer.weight[o * middlePerOuter * ky * kx + tap];
      if (factor === 0) continue;
      const m = firstMiddle + Math.floor(tap / (ky * kx));
      const atY = (Math.floor(tap / kx) % ky) * y.outerStep;
      const atX = (tap % kx) * x.outerStep;
      const innerInput = Math.floor(m / (middles / inner.groups)) * inputPerInner - firstInput;
      bias[o] += factor * inner.bias[m];
      for (let i = 0; i < inputPerInner; i++) {
        for (let iy = 0; iy < jy; iy++) {
          const from = ((m * inputPerInner + i) * jy + iy) * jx;
          const to = ((o * perGroup + innerInput + i) * y.kernel + atY + iy * y.innerStep) * x.kernel + atX;
          for (let ix = 0; ix < jx; ix++) weight[to + ix * x.innerStep] += factor * inner.weight[from + ix];
        }
      }
    }
  }
  return { weight: Float32Array.from(weight), bias: Float32Array.from(bias) };
}

function composeAxes(outer: Conv, inner: Conv, input: Shape): readonly [ComposedAxis, ComposedAxis] | undefined {
  const biasFree = inner.bias.every((b) => b === 0);
  const [y, x] = [0, 1].map((a) => composeAxis({
    outer: tapsOf(outer.window, a), inner: tapsOf(inner.window, a), lengths: [outer.shape[a + 1], inner.shape[a + 1], input[a + 1]],
  }, biasFree));
  return y === undefined || x === undefined ? undefined : [y, x];
}

const tapsOf = (w: Window, axis: number): Taps =>
  ({ kernel: w.kernel[axis], stride: w.stride[axis], dilation: w.dilation[axis], pad: w.pads[axis] });

function composeAxis(axis: Axis, biasFree: boolean): ComposedAxis | undefined {
  if (!exactAtBorder(axis, biasFree)) return undefined;
  const { outer, inner, lengths: [output, , input] } = axis;
  const outerStride = outer.dilation * inner.stride;
  const dilation = Math.max(1, commonDivisor(outer.kernel > 1 ? outerStride : 0, inner.kernel > 1 ? inner.dilation : 0));
  const span = (outer.kernel - 1) * outerStride + (inner.kernel - 1) * inner.dilation + 1;
  const stride = outer.stride * inner.stride;
  const pad = outer.pad * inner.stride + inner.pad;
  const padEnd = Math.max(0, (output - 1) * stride + span - input - pad);
  if (Math.floor((input + pad + padEnd - span) / stride) + 1 !== output) return undefined;
  return {
    kernel: (span - 1) / dilation + 1, stride, dilation, pad, padEnd,
    outerStep: outer.kernel > 1 ? outerStride / dilation : 0, innerStep: inner.kernel > 1 ? inner.dilation / dilation : 0,
  };
}

/** The outer filter's reads beyond the middle give zero; the composed filter must give zero there too. */
function exactAtBorder({ outer, inner, lengths: [output, middle, input] }: Axis, biasFree: boolean): boolean {
  for (let p = 0; p < output; p++) {
    for (let k = 0; k < outer.kernel; k++) {
      const q = p * outer.stride + k * outer.dilation - outer.pad;
      if (q >= 0 && q < middle) continue;
      if (!biasFree) return false;
      for (let j = 0; j < inner.kernel; j++) {
        const r = q * inner.stride + j * inner.dilation - inner.pad;
        if (r >= 0 && r < input) return false;
      }
    }
  }
  return true;
}

/** A pool of which every place counts in the divisor (no padding, or `countPad`) as a depthwise convolution. */
export function poolAsConv(pool: AveragePool, id: NodeId): Conv {
  const [channels] = pool.shape;
  const size = sizeOf(pool.window.kernel);
  return {
    kind: 'conv', id, inputs: pool.inputs, shape: pool.shape, window: pool.window, groups: channels,
    weight: new Float32Array(channels * size).fill(1 / size), bias: new Float32Array(channels),
  };
}

/** `outer` after `inner`, both dense. */
export function composeDense(outer: Dense, inner: Dense): Dense {
  const outputs = outer.bias.length;
  const middles = inner.bias.length;
  const inputs = inner.weight.length / middles;
  const weight = new Float32Array(outputs * inputs);
  const bias = new Float32Array(outputs);
  // Diagonals come often: of each inner row only the columns from its first to behind its last number count.
  const spans = Array.from({ length: middles }, (_, m) => spanOf(inner.weight.subarray(m * inputs, (m + 1) * inputs)));
  for (let o = 0; o < outputs; o++) {
    const row = new Float64Array(inputs);
    let shift = outer.bias[o];
    for (let m = 0; m < middles; m++) {
      const factor = outer.weight[o * middles + m];
      if (factor === 0) continue;
      shift += factor * inner.bias[m];
      const [from, to] = spans[m];
      for (let i = from; i < to; i++) row[i] += factor * inner.weight[m * inputs + i];
    }
    weight.set(row, o * inputs);
    bias[o] = shift;
  }
  return { ...outer, inputs: inner.inputs, weight, bias };
}

/** Where the numbers of a row begin and end that are not zero. */
function spanOf(row: Float32Array): readonly [number, number] {
  let [from, to] = [0, row.length];
  while (from < to && row[from] === 0) from++;
  while (to > from && row[to - 1] === 0) to--;
  return [from, to];
}

/** `outer` after flattening `inner`'s picture; reads the flattened picture of shape `input`. */
export function composeDenseConv(outer: Dense, inner: Conv, input: Shape): Dense {
  const outputs = outer.bias.length;
  const middle = sizeOf(inner.shape);
  const weight = new Float32Array(outputs * sizeOf(input));
  const bias = new Float32Array(outputs);
  const places = middle / inner.shape[0];
  for (let o = 0; o < outputs; o++) {
    const row = outer.weight.subarray(o * middle, (o + 1) * middle);
    weight.set(backThroughConv(row, inner, input), o * sizeOf(input));
    bias[o] = row.reduce((sum, w, i) => sum + w * inner.bias[Math.floor(i / places)], outer.bias[o]);
  }
  return { ...outer, inputs: inner.inputs, weight, bias };
}

/** A convolution written out as a dense layer on the flattened picture of shape `input`. */
export function unrollConv(node: Conv, input: Shape): Dense {
  const count = sizeOf(node.shape);
  const columns = sizeOf(input);
  const weight = new Float32Array(count * columns);
  const one = new Float32Array(count);
  for (let o = 0; o < count; o++) {
    one[o] = 1;
    weight.set(backThroughConv(one, node, input), o * columns);
    one[o] = 0;
  }
  const places = count / node.shape[0];
  const { statistics } = node;
  return {
    kind: 'dense', id: node.id, inputs: node.inputs, shape: [count], weight,
    bias: Float32Array.from({ length: count }, (_, i) => node.bias[Math.floor(i / places)]),
    ...(statistics === undefined || places !== 1 ? {} : { statistics }),
  };
}

/** Factors on the convolution's outputs [Co, Ho, Wo] as factors on its inputs [Ci, H, W]. */
function backThroughConv(factors: Float32Array, node: Conv, input: Shape): Float64Array {
  const { kernel: [ky, kx], stride, dilation, pads } = node.window;
  const [outputs, outHeight, outWidth] = node.shape;
  const [channels, height, width] = input;
  const perGroup = channels / node.groups;
  const result = new Float64Array(sizeOf(input));
  for (let at = 0; at < factors.length; at++) {
    const factor = factors[at];
    if (factor === 0) continue;
    const o = Math.floor(at / (outHeight * outWidth));
    const top = (Math.floor(at / outWidth) % outHeight) * stride[0] - pads[0];
    const left = (at % outWidth) * stride[1] - pads[1];
    const firstInput = Math.floor(o / (outputs / node.groups)) * perGroup;
    for (let tap = 0; tap < perGroup * ky * kx; tap++) {
      const row = top + (Math.floor(tap / kx) % ky) * dilation[0];
      const column = left + (tap % kx) * dilation[1];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const channel = firstInput + Math.floor(tap / (ky * kx));
      result[(channel * height + row) * width + column] += factor * node.weight[o * perGroup * ky * kx + tap];
    }
  }
  return result;
}

/** Two aligned pools in a row as one; the result reads what `inner` reads. */
export function mergePools(outer: AveragePool, inner: AveragePool, id: NodeId): AveragePool {
  const kernel = [0, 1].map((a) => outer.window.kernel[a] * inner.window.kernel[a]) as [number, number];
  return { ...outer, id, inputs: inner.inputs, shape: [inner.shape[0], ...outer.shape.slice(1)], window: alignedWindow(kernel) };
}

const alignedWindow = (kernel: readonly [number, number]): Window => ({ kernel, stride: kernel, dilation: [1, 1], pads: noPads });

/** Window equal to the stride, no padding, no dilation, and the picture divisible by it. */
export function isAligned(pool: Pick<AveragePool, 'window'>, input: Shape): boolean {
  const { kernel, stride, dilation, pads } = pool.window;
  return pads.every((p) => p === 0)
    && [0, 1].every((a) => kernel[a] === stride[a] && dilation[a] === 1 && input[a + 1] % kernel[a] === 0);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
