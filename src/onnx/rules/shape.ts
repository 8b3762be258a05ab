/** Concat, Flatten, Reshape, Squeeze, Unsqueeze and Transpose on activations. */
import { activation, batchAxesOf, constant, from, intAttribute, normaliseAxis, refuse, reshaped, sampleAxis, type RuleContext } from '../rule.js';
import { flattenDims, permutationOf, reshapeDims, squeezeDims, unsqueezeDims } from '../target-dims.js';
import type { Value } from '../value.js';

export function concat(context: RuleContext): Value {
  const { op } = context.node;
  const values = context.inputs.map((_, index) => activation(context, index));
  const dims = activation(context).dims;
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? refuse('onnx/attribute', { op, attribute: 'axis', problem: 'it is missing' }), dims.length);
  const odd = values.find((v) => v.dims.length !== dims.length || v.dims.some((d, i) => i !== axis && d !== dims[i]));
  if (odd !== undefined) refuse('onnx/shape', { op, problem: `[${dims.join(', ')}] and [${odd.dims.join(', ')}] cannot be joined on axis ${axis}` });
  const own = sampleAxis(context, axis, dims);
  if (values.length === 1) return activation(context);
  return context.emit({ kind: 'concat', inputs: from(...values), axis: own }, dims.map((d, i) => (i === axis ? values.reduce((sum, v) => sum + v.dims[axis], 0) : d)));
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
