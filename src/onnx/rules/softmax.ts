/** Softmax and LogSoftmax: over one axis since opset 13, over everything from the axis on before. */
import { activation, batchAxesOf, from, intAttribute, normaliseAxis, refuse, reshaped, sampleAxis, type RuleContext } from '../rule.js';
import { product, type Value } from '../value.js';

function rule(context: RuleContext, log: boolean): Value {
  const x = activation(context);
  const rank = x.dims.length;
  if (context.opset >= 13) {
    const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? -1, rank);
    return context.emit({ kind: 'softmax', inputs: from(x), axis: sampleAxis(context, axis, x.dims), log }, x.dims);
  }
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 1, rank);
  if (axis < batchAxesOf(context, x.dims) && context.batch > 1) refuse('onnx/batch-axis', { op: context.node.op, dims: x.dims.join(', '), batch: context.batch });
  const rows = product(x.dims.slice(0, axis));
  const columns = product(x.dims.slice(axis));
  const dims = rows === context.batch ? [context.batch, columns] : [context.batch, rows / context.batch, columns];
  const matrix = reshaped(context, x, dims, 'as-rows');
  const result = context.emit({ kind: 'softmax', inputs: from(matrix), axis: dims.length - 2, log }, dims);
  return reshaped(context, result, x.dims, 'restore');
}

export const softmax = (context: RuleContext): Value => rule(context, false);
export const logSoftmax = (context: RuleContext): Value => rule(context, true);
