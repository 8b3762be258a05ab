/**
 * The window of a transposed convolution: ONNX's pads, output_padding, output_shape and auto_pad become
 * the output's size and the place of its first element, on each axis. Equations: the ONNX operator's page.
 */
import { intsAttribute, refuse, type NodeContext } from './rule.js';
import { windowAttributes } from './window.js';

export interface TransposedAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Input o spreads over outputs o * stride + k * dilation - before. */
  readonly before: number;
  readonly output: number;
}

export function resolveTransposed(context: NodeContext, sizes: readonly number[], kernel: readonly number[]): readonly TransposedAxis[] {
  const { op } = context.node;
  const { strides, dilations, pads, autoPad } = windowAttributes(context, sizes.length, kernel);
  const extra = intsAttribute(context, 'output_padding') ?? sizes.map(() => 0);
  const shape = intsAttribute(context, 'output_shape');
  if (extra.length !== sizes.length || extra.some((e) => !Number.isSafeInteger(e) || e < 0)) refuse('onnx/attribute', { op, attribute: 'output_padding', problem: `[${extra.join(', ')}] has to be ${sizes.length} whole numbers` });
  return sizes.map((size, axis) => {
    const [stride, dilation] = [strides[axis], dilations[axis]];
    const full = stride * (size - 1) + extra[axis] + (kernel[axis] - 1) * dilation + 1;
    const same = autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER';
    const wanted = shape === undefined ? (same ? size * stride : undefined) : shape[shape.length - sizes.length + axis];
    const total = wanted === undefined ? 0 : Math.max(full - wanted, 0);
    const before = wanted === undefined ? (autoPad === 'VALID' ? 0 : pads[axis]) : autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
    const output = wanted ?? (autoPad === 'VALID' ? full : full - pads[axis] - pads[axis + sizes.length]);
    if (!Number.isSafeInteger(output) || output < 1) refuse('onnx/shape', { op, problem: `its result would have ${output} places on an axis` });
    return { kernel: kernel[axis], stride, dilation, before, output };
  });
}
