/**
 * The sliding window of convolutions and pools: ONNX's kernel_shape, strides, dilations, pads,
 * auto_pad and ceil_mode become a `Window` with explicit pads. Signals (one spatial axis) are treated
 * as pictures of height 1.
 */
import { windowOutput, type Pair, type Window } from '../graph/graph.js';
import { intAttribute, intsAttribute, refuse, reshaped, stringAttribute, type NodeContext, type RuleContext } from './rule.js';
import type { Activation } from './value.js';

/** An activation seen as a picture: [B, C, H, W], and how to undo it. */
export interface Picture {
  readonly value: Activation;
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Whether the ONNX tensor had one spatial axis. */
  readonly signal: boolean;
}

/** Sees [B, C, H, W] or [B, C, L] as a picture; refuses other ranks. */
export function asPicture(context: RuleContext, value: Activation): Picture {
  const { dims } = value;
  const [batch = 1, channels = 1, first = 1, second = 1] = dims;
  if (dims.length === 4) return { value, batch, channels, height: first, width: second, signal: false };
  if (dims.length === 3) return { value: reshaped(context, value, [batch, channels, 1, first], 'as-picture'), batch, channels, height: 1, width: first, signal: true };
  return refuse('onnx/form', { op: context.node.op, problem: `its input has dims [${dims.join(', ')}]`, advice: 'only pictures [N, C, H, W] and signals [N, C, L] are supported; reshape before this node' });
}

/** Brings a result of picture form back to the rank the model expects. */
export function fromPicture(context: RuleContext, picture: Picture, value: Activation): Activation {
  const [b = 1, c = 1, , w = 1] = value.dims;
  return picture.signal ? reshaped(context, value, [b, c, w], 'as-signal') : value;
}

export interface ResolvedWindow {
  readonly window: Window;
  /** Pads as the model states them; `window.pads` may be larger at the end where ceil_mode rounds up. */
  readonly statedPads: Window['pads'];
  readonly output: Pair;
}

/** Resolves the window of the node at hand over a picture. `kernel`: of the weights; undefined: from kernel_shape. */
export function resolveWindow(context: RuleContext, picture: Picture, kernel?: readonly number[]): ResolvedWindow {
  return assemble(resolveAxes(context, picture.signal ? [picture.width] : [picture.height, picture.width], kernel), picture);
}

/** The window on each spatial axis of the given sizes, pads made explicit. */
export function resolveAxes(context: NodeContext, sizes: readonly number[], kernel?: readonly number[]): readonly ResolvedAxis[] {
  const { kernels, strides, dilations, pads, autoPad } = windowAttributes(context, sizes.length, kernel);
  const ceil = intAttribute(context, 'ceil_mode') === 1;
  return sizes.map((size, i) => resolveAxis(context, {
    size, autoPad, ceil,
    kernel: kernels[i], stride: strides[i], dilation: dilations[i],
    before: pads[i], after: pads[i + sizes.length],
  }));
}

export interface WindowAttributes {
  readonly kernels: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before each axis, then behind each. */
  readonly pads: readonly number[];
  readonly autoPad: string;
}

/** The attributes of a window over `axes` spatial axes, with their defaults. */
export function windowAttributes(context: NodeContext, axes: number, kernel?: readonly number[]): WindowAttributes {
  const { op } = context.node;
  const stated = intsAttribute(context, 'kernel_shape');
  const sizes = kernel ?? stated ?? refuse('onnx/attribute', { op, attribute: 'kernel_shape', problem: 'it is missing' });
  if (kernel !== undefined && stated !== undefined && stated.join() !== kernel.join()) refuse('onnx/attribute', { op, attribute: 'kernel_shape', problem: `says ${stated.join(', ')}, the weights have ${kernel.join(', ')}` });
  const list = (name: string, count: number, fallback: number, least: number): readonly number[] => {
    const values = name === 'kernel_shape' ? sizes : intsAttribute(context, name) ?? new Array<number>(count).fill(fallback);
    if (values.length !== count || values.some((v) => !Number.isSafeInteger(v) || v < least || v > 2 ** 24)) {
      refuse('onnx/attribute', { op, attribute: name, problem: `[${values.join(', ')}] has to be ${count} whole numbers of at least ${least}` });
    }
    return values;
  };
  return {
    kernels: list('kernel_shape', axes, 1, 1), strides: list('strides', axes, 1, 1), dilations: list('dilations', axes, 1, 1),
    pads: list('pads', 2 * axes, 0, 0), autoPad: stringAttribute(context, 'auto_pad') ?? 'NOTSET',
  };
}

interface AxisWindow { readonly size: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly before: number; readonly after: number }
export interface ResolvedAxis extends AxisWindow { readonly statedAfter: number }

function resolveAxis(context: NodeContext, axis: AxisWindow & { readonly autoPad: string; readonly ceil: boolean }): ResolvedAxis {
  const { size, kernel, stride, dilation, autoPad } = axis;
  const { op } = context.node;
  const span = (kernel - 1) * dilation + 1;
  let { before, after } = axis;
  switch (autoPad) {
    case 'NOTSET': break;
    case 'VALID': before = after = 0; break;
    case 'SAME_UPPER': case 'SAME_LOWER': {
      const total = Math.max((Math.ceil(size / stride) - 1) * stride + span - size, 0);
      before = autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      after = total - before;
      break;
    }
    default: refuse('onnx/attribute', { op, attribute: 'auto_pad', problem: `"${autoPad}" is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER` });
  }
  const room = size + before + after - span;
  if (room < 0) refuse('onnx/shape', { op, problem: `a window of ${span} does not fit into ${size} with pads ${before} and ${after}` });
  const statedAfter = after;
  if (axis.ceil && autoPad === 'NOTSET') {
    // The last window may overhang, but has to start on the picture or its pads before it.
    let count = Math.ceil(room / stride) + 1;
    if ((count - 1) * stride >= size + before) count--;
    after += Math.max(0, (count - 1) * stride - room);
  }
  return { size, kernel, stride, dilation, before, after, statedAfter };
}

function assemble(resolved: readonly ResolvedAxis[], picture: Picture): ResolvedWindow {
  const none: ResolvedAxis = { size: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, statedAfter: 0 };
  const [y = none, x = none] = picture.signal ? [none, resolved[0]] : resolved;
  const window: Window = {
    kernel: [y.kernel, x.kernel], stride: [y.stride, x.stride], dilation: [y.dilation, x.dilation],
    pads: [y.before, x.before, y.after, x.after],
  };
  return { window, statedPads: [y.before, x.before, y.statedAfter, x.statedAfter], output: windowOutput(window, picture.height, picture.width) };
}

/** Refuses windows of a pool that see nothing but padding: their result is not defined. */
export function refuseEmptyWindows(context: RuleContext, { window, output }: ResolvedWindow, picture: Picture): void {
  const sees = (axis: 0 | 1, size: number): boolean => {
    const last = (output[axis] - 1) * window.stride[axis] - window.pads[axis];
    return window.pads[axis] <= (window.kernel[axis] - 1) * window.dilation[axis] && last < size;
  };
  if (!sees(0, picture.height) || !sees(1, picture.width)) refuse('onnx/attribute', { op: context.node.op, attribute: 'pads', problem: 'a window would see padding only' });
}
