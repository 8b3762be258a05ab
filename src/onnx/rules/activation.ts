/** Relu, and the operators that do nothing at inference: Identity, Dropout, Cast. */
import { isFloatType, typeName } from '../constant.js';
import { activation, intAttribute, optionalConstant, refuse, scalar, type RuleContext } from '../rule.js';
import type { Value } from '../value.js';
import { rectified } from './piecewise.js';

export function relu(context: RuleContext): Value {
  return rectified(context, activation(context));
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
