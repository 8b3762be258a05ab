/** Pad and Slice on activations: what is added around a sample and what is cut out of it. */
import { activation, batchAxesOf, floatAttribute, from, optionalConstant, refuse, scalar, stringAttribute, type RuleContext } from '../rule.js';
import { padAmounts, sliceRanges } from '../target-dims.js';
import type { Value } from '../value.js';

export function pad(context: RuleContext): Value {
  const x = activation(context);
  const { op } = context.node;
  const mode = stringAttribute(context, 'mode') ?? 'constant';
  if (mode !== 'constant') refuse('onnx/form', { op, problem: `its mode is ${mode}`, advice: 'pad with zeros, or let the convolution pad' });
  const value = padValue(context);
  if (!Number.isFinite(value)) refuse('onnx/form', { op, problem: `it pads with ${value}`, advice: 'let the max pool pad: give it pads instead of a Pad node' });
  const amounts = padAmounts(context, x.dims);
  const lead = batchAxesOf(context, x.dims);
  if (amounts.slice(0, lead).some(([before, after]) => before !== 0 || after !== 0)) refuse('onnx/batch-axis', { op, dims: x.dims.join(', '), batch: context.batch });
  const dims = x.dims.map((d, axis) => d + amounts[axis][0] + amounts[axis][1]);
  if (dims.some((d) => d < 1)) refuse('onnx/shape', { op, problem: `nothing is left: dims [${dims.join(', ')}]` });
  if (amounts.every(([before, after]) => before === 0 && after === 0)) return x;
  return context.emit({ kind: 'pad', inputs: from(x), amounts: amounts.slice(lead), value }, dims);
}

function padValue(context: RuleContext): number {
  if (context.opset < 11) return floatAttribute(context, 'value') ?? 0;
  const value = optionalConstant(context, 2);
  return value === undefined ? 0 : scalar(context, value);
}

export function slice(context: RuleContext): Value {
  const x = activation(context);
  const { op } = context.node;
  const ranges = sliceRanges(context, x.dims);
  const lead = batchAxesOf(context, x.dims);
  const whole = ranges.map((r, axis) => r.start === 0 && r.step === 1 && r.count === x.dims[axis]);
  if (lead === 1 && whole[0] === false) refuse('onnx/batch-axis', { op, dims: x.dims.join(', '), batch: context.batch });
  if (ranges.some((r) => r.count === 0)) refuse('onnx/shape', { op, problem: `nothing is left of [${x.dims.join(', ')}]` });
  if (whole.every((w) => w)) return x;
  const own = ranges.slice(lead).map(({ start, step }) => ({ start, step }));
  return context.emit({ kind: 'slice', inputs: from(x), ranges: own }, ranges.map((r) => r.count));
}
