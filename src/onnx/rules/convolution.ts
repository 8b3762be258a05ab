/** Conv: groups, dilation, asymmetric pads and auto_pad, over pictures and signals. */
import { activation, constant, from, intAttribute, optionalConstant, refuse, weights, type RuleContext } from '../rule.js';
import type { Value } from '../value.js';
import { asPicture, fromPicture, resolveWindow } from '../window.js';

export function conv(context: RuleContext): Value {
  const filter = constant(context, 1);
  const picture = asPicture(context, activation(context));
  const [outputs = 0, perGroup = 0, ...kernel] = filter.dims;
  const groups = intAttribute(context, 'group') ?? 1;
  const { op } = context.node;
  if (filter.dims.length !== (picture.signal ? 3 : 4) || filter.data.length === 0) refuse('onnx/shape', { op, problem: `weights "${filter.name}" have dims [${filter.dims.join(', ')}]` });
  if (groups < 1 || perGroup * groups !== picture.channels || outputs % groups !== 0) {
    refuse('onnx/shape', { op, problem: `${picture.channels} channels in ${groups} groups do not fit weights of dims [${filter.dims.join(', ')}]` });
  }
  const stated = optionalConstant(context, 2);
  if (stated !== undefined && stated.data.length !== outputs) refuse('onnx/shape', { op, problem: `the bias has ${stated.data.length} values for ${outputs} channels` });
  const { window, output } = resolveWindow(context, picture, kernel);
  const result = context.emit({
    kind: 'conv', inputs: from(picture.value), window, groups,
    weight: weights(filter), bias: stated === undefined ? new Float32Array(outputs) : weights(stated),
  }, [picture.batch, outputs, ...output]);
  return fromPicture(context, picture, result);
}
