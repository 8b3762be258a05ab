/** Evaluation of BatchNormalization: by its running statistics, or by those of the batch in training mode. */
import type { Constant } from '../constant.js';
import { keepAs } from '../element-type.js';
import { constant, finiteAttribute, intAttribute, refuse, type NodeContext } from '../rule.js';
import { product } from '../value.js';
import { blank } from './result.js';

/** In training mode the further outputs are the new running mean and variance. */
export function batchNormalization(context: NodeContext): readonly Constant[] {
  const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((index) => constant(context, index));
  const channels = x.dims[1] ?? 1;
  const plane = product(x.dims.slice(2));
  if ([gamma, beta, mean, variance].some((v) => v.data.length !== channels)) refuse('onnx/shape', { op: context.node.op, problem: `parameters do not have ${channels} channels` });
  const epsilon = finiteAttribute(context, 'epsilon') ?? 1e-5;
  const training = context.opset >= 14 && (intAttribute(context, 'training_mode') ?? 0) !== 0;
  const used = training ? batchStatistics(x, channels, plane) : { mean: mean.data, variance: variance.data };
  const result = blank(context, x.type, x.dims);
  for (let i = 0; i < x.data.length; i++) {
    const c = Math.floor(i / plane) % channels;
    result.data[i] = keepAs[x.type]((x.data[i] - used.mean[c]) / Math.sqrt(used.variance[c] + epsilon) * gamma.data[c] + beta.data[c]);
  }
  if (!training) return [result];
  const momentum = finiteAttribute(context, 'momentum') ?? 0.9;
  const running = (old: Constant, now: ArrayLike<number>, output: number): Constant => {
    const next = blank(context, old.type, old.dims, output);
    for (let c = 0; c < channels; c++) next.data[c] = keepAs[old.type](old.data[c] * momentum + now[c] * (1 - momentum));
    return next;
  };
  return [result, running(mean, used.mean, 1), running(variance, used.variance, 2)];
}

function batchStatistics({ data }: Constant, channels: number, plane: number): { readonly mean: Float64Array; readonly variance: Float64Array } {
  const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
  const share = channels / data.length;
  data.forEach((v, i) => { mean[Math.floor(i / plane) % channels] += v * share; });
  data.forEach((v, i) => { const c = Math.floor(i / plane) % channels; variance[c] += (v - mean[c]) ** 2 * share; });
  return { mean, variance };
}
