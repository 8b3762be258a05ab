/**
 * Evaluation of operators that work element by element, with NumPy's broadcasting: arithmetic,
 * comparisons, selection and activation functions. Numbers are computed in double precision and rounded
 * to the result's type once.
 */
import type { Constant } from '../constant.js';
import { elementType, isFloat, keepAs, roundEven, type ElementType } from '../element-type.js';
import { constant, floatAttribute, intAttribute, optionalConstant, refuse, scalar, type NodeContext } from '../rule.js';
import { broadcastDims, broadcastIndex, sameDims } from '../value.js';
import { blank, type Evaluation } from './result.js';

type Numeric = (...values: number[]) => number;

function broadcastAll(context: NodeContext, parts: readonly Constant[]): readonly number[] {
  return parts.slice(1).reduce<readonly number[]>((dims, part) => broadcastDims(dims, part.dims)
    ?? refuse('onnx/shape', { op: context.node.op, problem: `[${dims.join(', ')}] and [${part.dims.join(', ')}] do not broadcast` }), parts[0].dims);
}

/** `operation` on the elements of one, two or three tensors. */
function apply(context: NodeContext, parts: readonly Constant[], type: ElementType, operation: Numeric): Constant {
  const result = blank(context, type, broadcastAll(context, parts));
  const { data } = result;
  const keep = keepAs[type];
  const [a, b, c] = parts.map((p) => p.data);
  if (parts.length === 1) {
    for (let i = 0; i < data.length; i++) data[i] = keep(operation(a[i]));
    return result;
  }
  const [ia, ib, ic] = parts.map((p) => indexOf(p, result));
  if (parts.length === 2) for (let i = 0; i < data.length; i++) data[i] = keep(operation(a[ia(i)], b[ib(i)]));
  else for (let i = 0; i < data.length; i++) data[i] = keep(operation(a[ia(i)], b[ib(i)], c[ic(i)]));
  return result;
}

function indexOf(part: Constant, result: Constant): (at: number) => number {
  if (sameDims(part.dims, result.dims)) return (at) => at;
  return part.data.length === 1 ? () => 0 : broadcastIndex(part.dims, result.dims);
}

/** One input; the result has its type. */
export const unary = (operation: (a: number) => number): Evaluation => (context) => {
  const a = constant(context, 0);
  return apply(context, [a], a.type, operation);
};

/** Two inputs of one type; `whole` is the form for whole numbers where it differs. */
export const binary = (float: (a: number, b: number) => number, whole = float): Evaluation => (context) => {
  const [a, b] = [constant(context, 0), constant(context, 1)];
  return apply(context, [a, b], a.type, isFloat(a.type) || isFloat(b.type) ? float : whole);
};

/** Products of 32-bit numbers leave double precision, their lower halves do not. */
export const multiplyWhole = (a: number, b: number): number => (Number.isSafeInteger(a * b) ? a * b : Number(BigInt.asIntN(64, BigInt(a) * BigInt(b))));
export const divideWhole = (a: number, b: number): number => (b === 0 ? refuse('onnx/shape', { op: 'Div', problem: 'a whole number is divided by 0' }) : Math.trunc(a / b));

export const compare = (holds: (a: number, b: number) => boolean): Evaluation => (context) =>
  apply(context, [constant(context, 0), constant(context, 1)], 'bool', (a, b) => Number(holds(a, b)));

/** Any number of inputs, combined from left to right. */
export const variadic = (operation: (a: number, b: number) => number, finish: (total: number, count: number) => number = (v) => v): Evaluation => (context) => {
  const parts = context.inputs.map((_, index) => constant(context, index));
  const [first] = parts;
  if (first === undefined) return refuse('onnx/missing-input', { op: context.node.op, index: 0 });
  const exact = isFloat(first.type) ? 'float64' : first.type;
  const total = parts.slice(1).reduce((sum, part) => apply(context, [sum, part], exact, operation), first);
  return apply(context, [total], first.type, (v) => finish(v, parts.length));
};

export const where: Evaluation = (context) => {
  const [condition, a, b] = [0, 1, 2].map((index) => constant(context, index));
  return apply(context, [condition, a, b], a.type, (c, x, y) => (c === 0 ? y : x));
};

export const clip: Evaluation = (context) => {
  const x = constant(context, 0);
  const bound = (name: string, index: number, fallback: number): number => {
    if (context.opset < 11) return floatAttribute(context, name) ?? fallback;
    const value = optionalConstant(context, index);
    return value === undefined ? fallback : scalar(context, value);
  };
  const [low, high] = [bound('min', 1, -Infinity), bound('max', 2, Infinity)];
  return apply(context, [x], x.type, (v) => Math.min(Math.max(v, low), high));
};

export const prelu: Evaluation = (context) => {
  const [x, slope] = [constant(context, 0), constant(context, 1)];
  return apply(context, [x, slope], x.type, (v, a) => (v < 0 ? a * v : v));
};

/** An activation function with the constants of its attributes, in the order in which their names stand. */
const activation = (attributes: Readonly<Record<string, number>>, operation: Numeric): Evaluation => (context) => {
  const x = constant(context, 0);
  const parameters = Object.entries(attributes).map(([name, fallback]) => floatAttribute(context, name) ?? fallback);
  return apply(context, [x], x.type, (v) => operation(v, ...parameters));
};

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
const unit = (v: number): number => Math.min(Math.max(v, 0), 1);
export const relu = unary((v) => Math.max(v, 0));
export const leakyRelu = activation({ alpha: 0.01 }, (v, alpha) => (v < 0 ? alpha * v : v));
export const thresholdedRelu = activation({ alpha: 1 }, (v, alpha) => (v > alpha ? v : 0));
export const elu = activation({ alpha: 1 }, (v, alpha) => (v < 0 ? alpha * Math.expm1(v) : v));
/** Defaults of the standard: Klambauer et al. 2017. */
export const selu = activation({ alpha: 1.6732632423543772, gamma: 1.0507009873554805 }, (v, alpha, gamma) => gamma * (v > 0 ? v : alpha * Math.expm1(v)));
export const hardSigmoid = activation({ alpha: 0.2, beta: 0.5 }, (v, alpha, beta) => unit(alpha * v + beta));
export const hardSwish = unary((v) => v * unit(v / 6 + 0.5));
export const sigmoidOf = unary(sigmoid);
export const softplus = unary((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))));
export const round = unary(roundEven);

export const cast: Evaluation = (context) => {
  const x = constant(context, 0);
  const to = intAttribute(context, 'to') ?? 0;
  const type = elementType(to) ?? refuse('onnx/tensor-type', { tensor: context.node.outputs[0] ?? context.node.name, type: `type number ${to}` });
  return apply(context, [x], type, isFloat(type) || type === 'bool' ? (v) => v : Math.trunc);
};
