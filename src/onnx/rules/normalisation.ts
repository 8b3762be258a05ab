/**
 * BatchNormalization in inference mode: its running statistics are constants and stay in the graph,
 * because they also tell what the training data looked like at this place.
 */
import { activation, constant, finiteAttribute, from, intAttribute, refuse, sample, weights, type RuleContext } from '../rule.js';
import type { Value } from '../value.js';

export function batchNormalization(context: RuleContext): Value {
  const x = activation(context);
  const { op } = context.node;
  if (context.opset >= 14 && (intAttribute(context, 'training_mode') ?? 0) !== 0) refuse('onnx/form', { op, problem: 'it normalises by the statistics of the batch', advice: 'export the network in inference mode: model.eval() before torch.onnx.export' });
  if (context.opset < 9 && (intAttribute(context, 'spatial') ?? 1) === 0) refuse('onnx/form', { op, problem: 'spatial = 0 keeps statistics for each pixel', advice: 'use batch normalisation per channel' });
  const [channels = 0] = sample(context, x.dims);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => {
    const value = constant(context, index);
    if (value.data.length !== channels) refuse('onnx/shape', { op, problem: `"${value.name}" has ${value.data.length} values for ${channels} channels` });
    return weights(value);
  }) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const epsilon = finiteAttribute(context, 'epsilon') ?? 1e-5;
  const bad = variance.findIndex((v) => !(v + epsilon > 0));
  if (bad >= 0) refuse('onnx/form', { op, problem: `variance ${variance[bad]} of channel ${bad} is negative`, advice: 'the statistics are damaged: take another checkpoint' });
  return context.emit({ kind: 'batch-norm', inputs: from(x), gamma, beta, mean, variance, epsilon }, x.dims);
}
