/** Concat, Flatten, Reshape, Squeeze, Unsqueeze and Transpose on activations. */
import type { Pair } from '../../graph/graph.js';
import { activation, batchAxesOf, constant, from, intAttribute, normaliseAxis, refuse, reshaped, sample, sampleAxis, type RuleContext } from '../rule.js';
import { flattenDims, permutationOf, reshapeDims, squeezeDims, unsqueezeDims } from '../target-dims.js';
import type { Value } from '../value.js';

export function concat(context: RuleContext): Value {
  const { op } = context.node;
  const values = context.inputs.map((value, index) => value ?? refuse('onnx/missing-input', { op, index }));
  const [{ dims }] = values;
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? refuse('onnx/attribute', { op, attribute: 'axis', problem: 'it is missing' }), dims.length);
  const odd = values.find((v) => v.dims.length !== dims.length || v.dims.some((d, i) => i !== axis && d !== dims[i]));
  if (odd !== undefined) refuse('onnx/shape', { op, problem: `[${dims.join(', ')}] and [${odd.dims.join(', ')}] cannot be joined on axis ${axis}` });
  const own = sampleAxis(context, axis, dims);
  if (values.some((v) => v.kind === 'constant')) return concatAsPad(context, values, axis);
  if (values.length === 1) return activation(context);
  const parts = values.map((_, index) => activation(context, index));
  return context.emit({ kind: 'concat', inputs: from(...parts), axis: own }, dims.map((d, i) => (i === axis ? sumOn(axis, parts) : d)));
}

const sumOn = (axis: number, values: readonly Value[]): number => values.reduce((sum, v) => sum + v.dims[axis], 0);

/** Joining an activation with constants that are one number throughout is padding: the shortcut of some residual networks. */
function concatAsPad(context: RuleContext, values: readonly Value[], axis: number): Value {
  const { op } = context.node;
  const at = values.findIndex((v) => v.kind === 'activation');
  const x = activation(context, at);
  const constants = values.filter((v) => v.kind === 'constant');
  const border = constants.find((c) => c.data.length > 0)?.data[0] ?? 0;
  if (constants.length !== values.length - 1 || !Number.isFinite(border) || constants.some((c) => c.data.some((v) => v !== border))) {
    refuse('onnx/form', { op, problem: 'it joins activations with constants', advice: 'only one activation with constants of one equal number can be joined, as padding; write it as a Pad' });
  }
  const before = sumOn(axis, values.slice(0, at));
  const after = sumOn(axis, values.slice(at + 1));
  const own = sampleAxis(context, axis, x.dims);
  const amounts = sample(context, x.dims).map((_, i): Pair => (i === own ? [before, after] : [0, 0]));
  return context.emit({ kind: 'pad', inputs: from(x), amounts, value: border }, x.dims.map((d, i) => (i === axis ? d + before + after : d)));
}

export function flatten(context: RuleContext): Value {
  const x = activation(context);
  return reshaped(context, x, flattenDims(context, x.dims));
}

export function reshape(context: RuleContext): Value {
  const x = activation(context);
  return reshaped(context, x, reshapeDims(context, x.dims, Array.from(constant(context, 1).data)));
}

export function squeeze(context: RuleContext): Value {
  const x = activation(context);
  return reshaped(context, x, squeezeDims(context, x.dims));
}

export function unsqueeze(context: RuleContext): Value {
  const x = activation(context);
  return reshaped(context, x, unsqueezeDims(context, x.dims));
}

export function transpose(context: RuleContext): Value {
  const x = activation(context);
  const permutation = permutationOf(context, x.dims.length);
  const lead = batchAxesOf(context, x.dims);
  if (lead === 1 && permutation[0] !== 0) refuse('onnx/batch-axis', { op: context.node.op, dims: x.dims.join(', '), batch: context.batch });
  const own = permutation.slice(lead).map((axis) => axis - lead);
  if (own.every((axis, i) => axis === i)) return x;
  return context.emit({ kind: 'transpose', inputs: from(x), permutation: own }, permutation.map((axis) => x.dims[axis]));
}
