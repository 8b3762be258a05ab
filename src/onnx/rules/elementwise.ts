/** Add, Sub, Mul, Div, Sum and Mean: with a constant they are an affine node, between activations add or subtract. */
import type { Constant } from '../constant.js';
import { activation, finite, from, refuse, sample, weights, type RuleContext } from '../rule.js';
import { broadcastDims, broadcastIndex, product, sameDims, type Activation, type Value } from '../value.js';

type Operands =
  | { readonly kind: 'activations'; readonly terms: readonly [Activation, Activation] }
  | { readonly kind: 'with-constant'; readonly x: Activation; readonly k: Constant; readonly constantFirst: boolean };

function operands(context: RuleContext): Operands {
  const [a, b] = context.inputs;
  if (a?.kind === 'constant') return { kind: 'with-constant', x: activation(context, 1), k: a, constantFirst: true };
  const x = activation(context, 0);
  if (b?.kind === 'constant') return { kind: 'with-constant', x, k: b, constantFirst: false };
  return { kind: 'activations', terms: [x, activation(context, 1)] };
}

/** y = x * scale + shift, where `coefficients` gives the two from the constant's element. */
function affine(context: RuleContext, x: Activation, k: Constant, coefficients: (k: number) => readonly [scale: number, shift: number]): Value {
  const spread = spreadOverSample(context, x, k);
  const scale = new Float32Array(spread.length);
  const shift = new Float32Array(spread.length);
  spread.forEach((value, i) => { [scale[i], shift[i]] = coefficients(value); });
  const bad = scale.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) refuse('onnx/form', { op: context.node.op, problem: `it divides by ${spread[bad]}, an element of "${k.name}"`, advice: 'a divisor this small overflows float32: mend the constant' });
  return context.emit({ kind: 'affine', inputs: from(x), scale, shift }, x.dims);
}

/** The constant broadcast to one sample's shape; it may neither enlarge the activations nor differ between samples. */
export function spreadOverSample(context: RuleContext, x: Activation, k: Constant): Float32Array {
  const { op } = context.node;
  const dims = broadcastDims(x.dims, k.dims);
  const perSample = k.dims.length === x.dims.length && context.batch > 1 && k.dims[0] !== 1;
  if (dims === undefined || !sameDims(dims, x.dims) || perSample) {
    refuse('onnx/shape', { op, problem: `the constant "${k.name}" of dims [${k.dims.join(', ')}] does not broadcast to activations of dims [${x.dims.join(', ')}]` });
  }
  const data = weights(k);
  const size = product(sample(context, x.dims));
  context.spend(2 * size);
  if (data.length === 1) return new Float32Array(size).fill(data[0]);
  const index = broadcastIndex(k.dims, x.dims);
  return Float32Array.from({ length: size }, (_, at) => data[index(at)]);
}

/** Their dims, which have to be the same. */
export function requireEqual(context: RuleContext, values: readonly Activation[]): readonly number[] {
  const { dims } = values[0];
  const odd = values.find((v) => !sameDims(v.dims, dims));
  if (odd !== undefined) refuse('onnx/shape', { op: context.node.op, problem: `activations of dims [${dims.join(', ')}] and [${odd.dims.join(', ')}]; they must be equal, broadcasting between activations is not supported` });
  return dims;
}

export function add(context: RuleContext): Value {
  const found = operands(context);
  if (found.kind === 'with-constant') return affine(context, found.x, found.k, (k) => [1, k]);
  const dims = requireEqual(context, found.terms);
  return context.emit({ kind: 'add', inputs: from(...found.terms) }, dims);
}

export function subtract(context: RuleContext): Value {
  const found = operands(context);
  if (found.kind === 'with-constant') return affine(context, found.x, found.k, found.constantFirst ? (k) => [-1, k] : (k) => [1, -k]);
  const dims = requireEqual(context, found.terms);
  return context.emit({ kind: 'subtract', inputs: from(...found.terms) }, dims);
}

export function multiply(context: RuleContext): Value {
  const found = operands(context);
  if (found.kind === 'activations') return refuse('onnx/two-activations', { op: context.node.op });
  return affine(context, found.x, found.k, (k) => [k, 0]);
}

export function divide(context: RuleContext): Value {
  const found = operands(context);
  if (found.kind === 'activations') return refuse('onnx/two-activations', { op: context.node.op });
  if (found.constantFirst) return refuse('onnx/form', { op: context.node.op, problem: 'it divides a constant by activations', advice: 'a network of rectifiers cannot divide by its values; divide by a constant instead' });
  return affine(context, found.x, found.k, (k) => [1 / k, 0]);
}

export const sum = (context: RuleContext): Value => total(context, 1);

/** The sum divided by the number of inputs. */
export const mean = (context: RuleContext): Value => total(context, 1 / context.inputs.length);

/** Sum of any number of inputs times a factor: the activations together, then the constants as shifts. */
function total(context: RuleContext, factor: number): Value {
  const activations: Activation[] = [];
  const constants: Constant[] = [];
  for (const value of context.inputs) {
    if (value?.kind === 'constant') constants.push(value);
    else if (value !== undefined) activations.push(value);
  }
  const [first = activation(context)] = activations;
  const dims = requireEqual(context, activations);
  const plain = constants.length === 0 && factor === 1;
  const terms = activations.length === 1 ? first : context.emit({ kind: 'add', inputs: from(...activations) }, dims, plain ? undefined : 'terms');
  if (plain) return terms;
  const size = product(sample(context, dims));
  const shift = new Float32Array(size);
  for (const k of constants) spreadOverSample(context, first, k).forEach((v, i) => { shift[i] += factor * v; });
  finite(context.node.name, shift);
  return context.emit({ kind: 'affine', inputs: from(terms), scale: new Float32Array(size).fill(factor), shift }, dims);
}
