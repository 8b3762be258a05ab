/**
 * Quantised models on activations. A quantised tensor is carried as the real numbers that its whole numbers stand
 * for, marked with scale and zero point. Weights keep the exact values of their whole numbers. Rounding is
 * left out, which moves a value by at most half a step. A range that begins at 0 becomes a neuron that saturates. One
 * that reaches below goes with the value (`within`): a rectifier behind it takes over its upper end and needs no lower
 * one; where anything else reads the value, both ends are left out with a warning, since no neuron saturates there.
 */
import type { Constant } from '../constant.js';
import { elementType, integerRange, type ElementType } from '../element-type.js';
import { dequantizeLinear } from '../evaluate/quantisation.js';
import { activation, constant, intAttribute, optionalConstant, refuse, scalar, type RuleContext } from '../rule.js';
import type { Activation, QuantisedAs, Value } from '../value.js';
import { conv } from './convolution.js';
import { matmul } from './dense.js';
import { rectified, scaledAndShifted } from './piecewise.js';

/** One scale and zero point for the whole tensor. */
function parameters(context: RuleContext, scale: Constant, zero: Constant | undefined): QuantisedAs {
  const { op } = context.node;
  if (scale.data.length !== 1 || (zero !== undefined && zero.data.length !== 1)) refuse('onnx/form', { op, problem: `activations have ${scale.data.length} scales`, advice: 'quantise activations per tensor; weights may have a scale a channel' });
  const size = scalar(context, scale);
  if (!(size > 0) || !Number.isFinite(size)) refuse('onnx/attribute', { op, attribute: 'scale', problem: `it is ${size}` });
  return { scale: size, zero: zero === undefined ? 0 : scalar(context, zero) };
}

/** `x` within the range of the type, marked as quantised. */
function saturated(context: RuleContext, x: Activation, { as, type }: { readonly as: QuantisedAs; readonly type: ElementType }): Activation {
  const [low, high] = integerRange[type] ?? refuse('onnx/form', { op: context.node.op, problem: `it quantises to ${type}`, advice: 'quantise to 8 or 16 bits' });
  if (x.image === true) return { ...x, quantised: as };
  if (as.zero === low) return { ...rectified(context, x, { cap: (high - low) * as.scale }), quantised: as };
  return { ...x, quantised: as, within: { low: (low - as.zero) * as.scale, high: (high - as.zero) * as.scale, node: context.node.name } };
}

export function quantize(context: RuleContext): Value {
  const zero = optionalConstant(context, 2);
  const type = zero?.type ?? elementType(intAttribute(context, 'output_dtype') ?? 0) ?? 'uint8';
  return saturated(context, activation(context), { as: parameters(context, constant(context, 1), zero), type });
}

/** The numbers as they are where they were quantised alike; an image of whole numbers becomes real ones. */
export function dequantize(context: RuleContext): Value {
  const { quantised, ...x } = activation(context);
  const { scale, zero } = parameters(context, constant(context, 1), optionalConstant(context, 2));
  const from = quantised ?? { scale: 1, zero: 0 };
  return scaledAndShifted(context, x, { scale: scale / from.scale, shift: (from.zero - zero) * scale });
}

/** The real numbers of a constant that is quantised; a list of scales runs along `axis`. */
function real(context: RuleContext, inputs: readonly [Constant, Constant, Constant | undefined], axis: number): Constant {
  const attributes = new Map([...context.node.attributes, ['axis', { kind: 'int', value: axis }] as const]);
  return dequantizeLinear({ ...context, node: { ...context.node, attributes }, inputs });
}

/** The activations of input 0 have to be what inputs 1 and 2 say. */
function quantisedInput(context: RuleContext): Activation {
  const { quantised, ...x } = activation(context);
  const stated = parameters(context, constant(context, 1), optionalConstant(context, 2));
  if (quantised === undefined || quantised.scale !== stated.scale || quantised.zero !== stated.zero) refuse('onnx/form', { op: context.node.op, problem: `its input is not quantised with scale ${stated.scale} and zero point ${stated.zero}`, advice: 'export the float network' });
  return x;
}

export function qLinearConv(context: RuleContext): Value {
  const [scale, zero] = [constant(context, 6), constant(context, 7)];
  const weight = real(context, [constant(context, 3), constant(context, 4), optionalConstant(context, 5)], 0);
  const bias = optionalConstant(context, 8);
  const step = weightSteps(constant(context, 4), scalar(context, constant(context, 1)));
  const floatBias = bias === undefined ? undefined : { ...bias, type: 'float32' as const, data: Float32Array.from(bias.data, (b, c) => b * step(c)) };
  const result = conv(suffixed({ ...context, inputs: [quantisedInput(context), weight, floatBias] }, 'sum')) as Activation;
  return saturated(context, result, { as: parameters(context, scale, zero), type: zero.type });
}

/** What one unit of a bias stands for. */
const weightSteps = (scale: Constant, input: number) => (c: number): number => input * scale.data[scale.data.length === 1 ? 0 : c];

export function qLinearMatMul(context: RuleContext): Value {
  const [scale, zero] = [constant(context, 6), constant(context, 7)];
  const matrix = real(context, [constant(context, 3), constant(context, 4), constant(context, 5)], 1);
  const result = matmul(suffixed({ ...context, inputs: [quantisedInput(context), matrix] }, 'sum')) as Activation;
  return saturated(context, result, { as: parameters(context, scale, zero), type: zero.type });
}

/** The context of a rule that works inside another: its nodes get a suffix. */
const suffixed = (context: RuleContext, suffix: string): RuleContext => ({ ...context, emit: (draft, dims, own) => context.emit(draft, dims, own === undefined ? suffix : `${suffix}/${own}`) });
