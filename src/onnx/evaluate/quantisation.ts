/**
 * Evaluation of the linear quantisation operators: q = saturate(round(x / scale) + zero), ties to even, and
 * x = (q - zero) scale, with a scale for the tensor, for each place of an axis, or for each block of one.
 */
import type { Constant } from '../constant.js';
import { elementType, integerRange, keepAs, roundEven, type ElementType } from '../element-type.js';
import { constant, intAttribute, normaliseAxis, optionalConstant, refuse, type NodeContext } from '../rule.js';
import { stridesOf } from '../value.js';
import { convolve } from './convolution.js';
import { multiplyStacked } from './product.js';
import { blank, filled } from './result.js';

/** The element of `scale` that belongs to each element of a tensor of `dims`. */
function scaleIndex(context: NodeContext, dims: readonly number[], scale: Constant): (at: number) => number {
  if (scale.data.length === 1) return () => 0;
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 1, dims.length);
  const strides = stridesOf(dims);
  const wrong = (): never => refuse('onnx/shape', { op: context.node.op, problem: `a scale of dims [${scale.dims.join(', ')}] for [${dims.join(', ')}]` });
  if (scale.dims.length === 1) return scale.data.length === dims[axis] ? (at) => Math.floor(at / strides[axis]) % dims[axis] : wrong();
  const block = intAttribute(context, 'block_size') ?? 0;
  if (scale.dims.length !== dims.length || scale.dims.some((d, i) => (i === axis ? block < 1 || d !== Math.ceil(dims[axis] / block) : d !== dims[i]))) wrong();
  const own = stridesOf(scale.dims);
  return (at) => dims.reduce((sum, d, i) => sum + Math.floor((Math.floor(at / strides[i]) % d) / (i === axis ? block : 1)) * own[i], 0);
}

interface Quantising { readonly values: Constant; readonly scale: Constant; readonly zero: Constant | undefined; readonly type: ElementType }

function quantised(context: NodeContext, { values, scale, zero, type }: Quantising): Constant {
  const [low, high] = integerRange[type] ?? refuse('onnx/form', { op: context.node.op, problem: `it quantises to ${type}`, advice: 'quantise to 8 or 16 bits' });
  const result = blank(context, type, values.dims);
  const index = scaleIndex(context, values.dims, scale);
  for (let i = 0; i < result.data.length; i++) {
    const k = index(i);
    result.data[i] = Math.min(Math.max(roundEven(keepAs[scale.type](values.data[i] / scale.data[k])) + (zero?.data[k] ?? 0), low), high);
  }
  return result;
}

export function quantizeLinear(context: NodeContext): Constant {
  const zero = optionalConstant(context, 2);
  const type = zero?.type ?? elementType(intAttribute(context, 'output_dtype') ?? 0) ?? 'uint8';
  return quantised(context, { values: constant(context, 0), scale: constant(context, 1), zero, type });
}

export function dequantizeLinear(context: NodeContext): Constant {
  const [x, scale, zero] = [constant(context, 0), constant(context, 1), optionalConstant(context, 2)];
  const result = blank(context, scale.type, x.dims);
  const index = scaleIndex(context, x.dims, scale);
  for (let i = 0; i < result.data.length; i++) {
    const k = index(i);
    result.data[i] = keepAs[scale.type]((x.data[i] - (zero?.data[k] ?? 0)) * scale.data[k]);
  }
  return result;
}

/** The values that the whole numbers stand for, in double precision; a list of scales runs along `axis`. */
function meant(context: NodeContext, x: Constant, { scale, zero, axis }: { readonly scale: Constant; readonly zero: Constant; readonly axis: number }): Constant {
  const result = blank(context, 'float64', x.dims);
  const stride = stridesOf(x.dims)[axis];
  const at = (values: Constant, i: number): number => values.data[values.data.length === 1 ? 0 : Math.floor(i / stride) % values.data.length];
  for (let i = 0; i < result.data.length; i++) result.data[i] = (x.data[i] - at(zero, i)) * at(scale, i);
  return result;
}

export function qLinearConv(context: NodeContext): Constant {
  const [x, xScale, xZero, w, wScale, wZero, scale, zero] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => constant(context, index));
  const stated = optionalConstant(context, 8);
  const bias = stated === undefined ? undefined : filled(context, 'float64', stated.dims, stated.data.map((b, c) => b * xScale.data[0] * wScale.data[wScale.data.length === 1 ? 0 : c]));
  const weight = meant(context, w, { scale: wScale, zero: wZero, axis: 0 });
  const values = convolve(context, { x: meant(context, x, { scale: xScale, zero: xZero, axis: 0 }), weight, bias, type: 'float64' });
  return quantised(context, { values, scale, zero, type: zero.type });
}

export function qLinearMatMul(context: NodeContext): Constant {
  const [a, aScale, aZero, b, bScale, bZero, scale, zero] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => constant(context, index));
  const left = meant(context, a, { scale: aScale, zero: aZero, axis: Math.max(0, a.dims.length - 2) });
  const right = meant(context, b, { scale: bScale, zero: bZero, axis: b.dims.length - 1 });
  return quantised(context, { values: multiplyStacked(context, left, right, 'float64'), scale, zero, type: zero.type });
}

/** uint8 over the range of the values and zero, as the standard defines it. */
export function dynamicQuantizeLinear(context: NodeContext): readonly Constant[] {
  const values = constant(context, 0);
  let [low, high] = [0, 0];
  for (const v of values.data) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const step = Math.fround(Math.fround(high - low) / 255);
  const origin = step === 0 ? 0 : Math.min(Math.max(roundEven(Math.fround(-low / step)), 0), 255);
  const [scale, zero] = [blank(context, 'float32', [], 1), blank(context, 'uint8', [], 2)];
  scale.data[0] = step;
  zero.data[0] = origin;
  return [quantised(context, { values, scale, zero, type: 'uint8' }), scale, zero];
}

const one = (context: NodeContext): Constant => filled(context, 'float64', [], [1]);
/** x - zero in whole numbers; without a zero point it is 0. */
function centred(context: NodeContext, index: number, { point, axis }: { readonly point: number; readonly axis: number }): Constant {
  const zero = optionalConstant(context, point) ?? filled(context, 'float64', [], [0]);
  return meant(context, constant(context, index), { scale: one(context), zero, axis });
}

export const convInteger = (context: NodeContext): Constant =>
  convolve(context, { x: centred(context, 0, { point: 2, axis: 0 }), weight: centred(context, 1, { point: 3, axis: 0 }), bias: undefined, type: 'int32' });

export function matMulInteger(context: NodeContext): Constant {
  const [a, b] = [constant(context, 0), constant(context, 1)];
  return multiplyStacked(context, centred(context, 0, { point: 2, axis: Math.max(0, a.dims.length - 2) }), centred(context, 1, { point: 3, axis: b.dims.length - 1 }), 'int32');
}
