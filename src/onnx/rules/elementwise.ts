/** Add, Sub, Mul, Div and Sum: with a constant they are an affine node, between activations add or subtract. */
import type { Constant } from '../constant.js';
import { activation, from, refuse, sample, weights, type RuleContext } from '../rule.js';
import { broadcastDims, broadcastIndex, product, sameDims, type Activation, type Value } from '../value.js';

type Affine = { readonly scale?: Constant; readonly shift?: Constant; readonly invert?: boolean; readonly negate?: 'input' | 'constant' };

/** y = x * scale + shift with the constant spread over one sample. */
function affine(context: RuleContext, x: Activation, { scale, shift, invert = false, negate }: Affine): Value {
  const constant = (scale ?? shift) as Constant;
  const spread = spreadOverSample(context, x, constant);
  const size = spread.length;
  const factor = negate === 'input' ? -1 : 1;
  const scales = scale === undefined ? new Float32Array(size).fill(factor) : invert ? spread.map((v) => 1 / v) : spread;
  const shifts = shift === undefined ? new Float32Array(size) : negate === 'constant' ? spread.map((v) => -v) : spread;
  const bad = scales.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) refuse('onnx/not-finite', { tensor: constant.name, index: 0, value: `${spread[bad]} as a divisor` });
  return context.emit({ kind: 'affine', inputs: from(x), scale: scales, shift: shifts }, x.dims);
}

/** The constant broadcast to one sample's shape; it may neither enlarge the activations nor differ between samples. */
function spreadOverSample(context: RuleContext, x: Activation, constant: Constant): Float32Array {
  const { op } = context.node;
  const dims = broadcastDims(x.dims, constant.dims);
  const whole = constant.dims.length === x.dims.length && context.batch > 1 && constant.dims[0] !== 1;
  if (dims === undefined || !sameDims(dims, x.dims) || whole) {
    refuse('onnx/shape', { op, problem: `the constant "${constant.name}" of dims [${constant.dims.join(', ')}] does not broadcast to activations of dims [${x.dims.join(', ')}]` });
  }
  const data = weights(constant);
  const size = product(sample(context, x.dims));
  context.spend(2 * size);
  if (data.length === 1) return new Float32Array(size).fill(data[0] as number);
  const index = broadcastIndex(constant.dims, x.dims);
  return Float32Array.from({ length: size }, (_, at) => data[index(at)] as number);
}

/** The two inputs, with the one that is constant, if any. */
function operands(context: RuleContext): { readonly x: Activation; readonly constant: Constant | undefined; readonly other: Activation | undefined; readonly swapped: boolean } {
  const [a, b] = context.inputs;
  if (a?.kind === 'constant') return { x: activation(context, 1), constant: a, other: undefined, swapped: true };
  const x = activation(context, 0);
  if (b?.kind === 'constant') return { x, constant: b, other: undefined, swapped: false };
  return { x, constant: undefined, other: activation(context, 1), swapped: false };
}

function requireEqual(context: RuleContext, values: readonly Activation[]): readonly number[] {
  const dims = (values[0] as Activation).dims;
  const odd = values.find((v) => !sameDims(v.dims, dims));
  if (odd !== undefined) refuse('onnx/shape', { op: context.node.op, problem: `activations of dims [${dims.join(', ')}] and [${odd.dims.join(', ')}]; they must be equal, broadcasting between activations is not supported` });
  return dims;
}

export function add(context: RuleContext): Value {
  const { x, constant, other } = operands(context);
  if (constant !== undefined) return affine(context, x, { shift: constant });
  const terms = [x, other as Activation];
  const dims = requireEqual(context, terms);
  return context.emit({ kind: 'add', inputs: from(...terms) }, dims);
}

export function subtract(context: RuleContext): Value {
  const { x, constant, other, swapped } = operands(context);
  if (constant !== undefined) return affine(context, x, { shift: constant, negate: swapped ? 'input' : 'constant' });
  const terms = [x, other as Activation];
  const dims = requireEqual(context, terms);
  return context.emit({ kind: 'subtract', inputs: from(...terms) }, dims);
}

export function multiply(context: RuleContext): Value {
  const { x, constant } = operands(context);
  return constant === undefined ? refuse('onnx/two-activations', { op: context.node.op }) : affine(context, x, { scale: constant });
}

export function divide(context: RuleContext): Value {
  const { x, constant, swapped } = operands(context);
  if (constant === undefined) return refuse('onnx/two-activations', { op: context.node.op });
  if (swapped) return refuse('onnx/form', { op: context.node.op, problem: 'it divides a constant by activations', advice: 'a network of rectifiers cannot divide by its values; divide by a constant instead' });
  return affine(context, x, { scale: constant, invert: true });
}

/** Sum of any number of inputs: the constants as shifts, then the activations together. */
export function sum(context: RuleContext): Value {
  const activations: Activation[] = [];
  const constants: Constant[] = [];
  for (const value of context.inputs) {
    if (value?.kind === 'constant') constants.push(value);
    else if (value !== undefined) activations.push(value);
  }
  const dims = requireEqual(context, activations);
  const first = activations[0] as Activation;
  const total = activations.length === 1 ? first : context.emit({ kind: 'add', inputs: from(...activations) }, dims, constants.length > 0 ? 'terms' : undefined);
  if (constants.length === 0) return total;
  const shift = new Float32Array(product(sample(context, dims)));
  for (const constant of constants) spreadOverSample(context, first, constant).forEach((v, i) => { shift[i] = (shift[i] as number) + v; });
  return context.emit({ kind: 'affine', inputs: from(total), scale: new Float32Array(shift.length).fill(1), shift }, dims);
}
