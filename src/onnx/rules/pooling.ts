/** AveragePool, MaxPool, their global forms, ReduceMean, ReduceSum and ReduceMax. */
import type { Window } from '../../graph/graph.js';
import { activation, from, intAttribute, intsFrom, normaliseAxes, refuse, reshaped, sampleAxis, batchAxesOf, type RuleContext } from '../rule.js';
import { product, type Activation, type Value } from '../value.js';
import { scaledAndShifted } from './piecewise.js';
import { asPicture, fromPicture, refuseEmptyWindows, resolveWindow } from '../window.js';

export function maxPool(context: RuleContext): Value {
  const picture = asPicture(context, activation(context));
  const resolved = resolveWindow(context, picture);
  refuseEmptyWindows(context, resolved, picture);
  const result = context.emit({ kind: 'max-pool', inputs: from(picture.value), window: resolved.window }, [picture.batch, picture.channels, ...resolved.output]);
  return fromPicture(context, picture, result);
}

export function averagePool(context: RuleContext): Value {
  const picture = asPicture(context, activation(context));
  const resolved = resolveWindow(context, picture);
  const { window, statedPads, output } = resolved;
  refuseEmptyWindows(context, resolved, picture);
  const dims = [picture.batch, picture.channels, ...output];
  const countPad = (intAttribute(context, 'count_include_pad') ?? 0) !== 0;
  const overhang = window.pads.some((p, i) => p !== statedPads[i]);
  if (!countPad || !overhang) {
    return fromPicture(context, picture, context.emit({ kind: 'average-pool', inputs: from(picture.value), window, countPad }, dims));
  }
  // Stated pads count in the divisor, what ceil_mode adds behind them does not: so the stated ones become real zeros.
  const [top, left, bottom, right] = statedPads;
  const padded = context.emit({ kind: 'pad', inputs: from(picture.value), amounts: [[0, 0], [top, bottom], [left, right]], value: 0 },
    [picture.batch, picture.channels, picture.height + top + bottom, picture.width + left + right], 'pad');
  const rest: Window = { ...window, pads: [0, 0, window.pads[2] - bottom, window.pads[3] - right] };
  return fromPicture(context, picture, context.emit({ kind: 'average-pool', inputs: from(padded), window: rest, countPad: false }, dims));
}

const wholePicture = (height: number, width: number): Window => ({ kernel: [height, width], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] });

function globalPool(context: RuleContext, kind: 'average-pool' | 'max-pool'): Value {
  const picture = asPicture(context, activation(context));
  const window = wholePicture(picture.height, picture.width);
  const inputs = from(picture.value);
  const dims = [picture.batch, picture.channels, 1, 1];
  const result = kind === 'max-pool' ? context.emit({ kind, inputs, window }, dims) : context.emit({ kind, inputs, window, countPad: false }, dims);
  return fromPicture(context, picture, result);
}
export const globalAveragePool = (context: RuleContext): Value => globalPool(context, 'average-pool');
export const globalMaxPool = (context: RuleContext): Value => globalPool(context, 'max-pool');

/** A reduction over any axes of the sample: they are brought last, and one pool covers them. `since`: the opset that made the axes an input. */
function reduce(context: RuleContext, { kind, since, summed = false }: { readonly kind: 'average-pool' | 'max-pool'; readonly since: number; readonly summed?: boolean }): Value {
  const x = activation(context);
  const rank = x.dims.length;
  const stated = intsFrom(context, { name: 'axes', input: 1, since });
  if ((stated === undefined || stated.length === 0) && context.opset >= since && intAttribute(context, 'noop_with_empty_axes') === 1) return x;
  const lead = batchAxesOf(context, x.dims);
  // Without axes everything is covered, a batch of one included.
  const axes = stated === undefined || stated.length === 0 ? x.dims.map((_, i) => i).slice(context.batch === 1 ? lead : 0) : normaliseAxes(context, stated, rank);
  const reduced = new Set(axes.map((axis) => sampleAxis(context, axis, x.dims)));
  const shape = x.dims.slice(lead);
  const kept = shape.map((_, i) => i).filter((i) => !reduced.has(i));
  const gone = [...reduced].sort((a, b) => a - b);
  const ordered = reorder(context, x, { lead, permutation: [...kept, ...gone] });
  const [height, width] = gone.length === 2 ? gone.map((i) => shape[i]) as [number, number] : [1, product(gone.map((i) => shape[i]))];
  const channels = product(kept.map((i) => shape[i]));
  const picture = reshaped(context, ordered, [context.batch, channels, height, width], 'as-picture');
  const [inputs, window, dims] = [from(picture), wholePicture(height, width), [context.batch, channels, 1, 1]];
  const suffix = summed ? 'mean' : undefined;
  const pooled = kind === 'max-pool' ? context.emit({ kind, inputs, window }, dims) : context.emit({ kind, inputs, window, countPad: false }, dims, suffix);
  const result = summed ? scaledAndShifted(context, pooled, { scale: height * width, shift: 0 }) : pooled;
  const keep = (intAttribute(context, 'keepdims') ?? 1) !== 0;
  return reshaped(context, result, x.dims.flatMap((d, axis) => (axis < lead || !reduced.has(axis - lead) ? [d] : keep ? [1] : [])), 'restore');
}
export const reduceMean = (context: RuleContext): Value => reduce(context, { kind: 'average-pool', since: 18 });
/** The mean times the number of its terms. */
export const reduceSum = (context: RuleContext): Value => reduce(context, { kind: 'average-pool', since: 13, summed: true });
export const reduceMax = (context: RuleContext): Value => reduce(context, { kind: 'max-pool', since: 18 });

function reorder(context: RuleContext, x: Activation, { lead, permutation }: { lead: number; permutation: readonly number[] }): Activation {
  if (permutation.every((axis, i) => axis === i)) return x;
  if (permutation.length === 0) refuse('onnx/shape', { op: context.node.op, problem: 'there is nothing to reduce' });
  const dims = [...x.dims.slice(0, lead), ...permutation.map((axis) => x.dims[axis + lead])];
  return context.emit({ kind: 'transpose', inputs: from(x), permutation }, dims, 'transpose');
}
