/** Relu, Clip from zero, and the operators that do nothing at inference: Identity, Dropout, Cast. */
import { isFloatType, typeName } from '../constant.js';
import { activation, floatAttribute, from, intAttribute, optionalConstant, refuse, scalar, type RuleContext } from '../rule.js';
import type { Value } from '../value.js';

export function relu(context: RuleContext): Value {
  const x = activation(context);
  return context.emit({ kind: 'relu', inputs: from(x), cap: Infinity }, x.dims);
}

/** Bounds this large bound nothing: exporters write the largest float32 for "no bound". */
const UNBOUNDED = 3.4e38;

/** Clip(x, 0, cap) is a ReLU with a cap; without bounds it is nothing. */
export function clip(context: RuleContext): Value {
  const x = activation(context);
  const bound = (name: string, index: number, fallback: number): number => {
    if (context.opset < 11) return floatAttribute(context, name) ?? fallback;
    const value = optionalConstant(context, index);
    return value === undefined ? fallback : scalar(context, value);
  };
  const low = bound('min', 1, -Infinity);
  const high = bound('max', 2, Infinity);
  if (low <= -UNBOUNDED && high >= UNBOUNDED) return x;
  if (low !== 0 || !(high > 0)) {
    refuse('onnx/form', { op: context.node.op, problem: `it clips to ${low} .. ${high}`, advice: 'only Clip from 0 to a positive maximum (ReLU, ReLU6) has a spiking form; train with ReLU or ReLU6' });
  }
  return context.emit({ kind: 'relu', inputs: from(x), cap: high >= UNBOUNDED ? Infinity : high }, x.dims);
}

export const identity = (context: RuleContext): Value => activation(context);

export function dropout(context: RuleContext): Value {
  const training = context.opset >= 12 ? optionalConstant(context, 2) : undefined;
  if (training !== undefined && scalar(context, training) !== 0) refuse('onnx/form', { op: context.node.op, problem: 'training_mode is on', advice: 'export the network in inference mode: model.eval() before torch.onnx.export' });
  return activation(context);
}

/** A change of float precision is none here: everything is computed in float32. */
export function cast(context: RuleContext): Value {
  const to = intAttribute(context, 'to') ?? 0;
  if (!isFloatType(to)) refuse('onnx/form', { op: context.node.op, problem: `it rounds activations to ${typeName(to)}`, advice: 'export the float network; quantisation is the compiler\'s work' });
  return activation(context);
}
