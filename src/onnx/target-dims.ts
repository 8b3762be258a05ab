/**
 * The arithmetic of shapes that rules on activations and the folding of constants share: what dims
 * Reshape, Flatten, Squeeze and Unsqueeze give, and what range Slice takes on one axis.
 */
import type { Pair } from '../graph/graph.js';
import { HIGHEST_RANK } from './constant.js';
import { intAttribute, intsAttribute, intsFrom, normaliseAxes, normaliseAxis, optionalConstant, refuse, type NodeContext } from './rule.js';
import { broadcastDims, product } from './value.js';

/** Reshape's target: 0 keeps the input's axis (unless allowzero), one -1 takes what is left. */
export function reshapeDims(context: NodeContext, dims: readonly number[], target: readonly number[]): number[] {
  const { op } = context.node;
  const zeroIsZero = context.opset >= 14 && intAttribute(context, 'allowzero') === 1;
  const wanted = target.map((d, axis) => (d === 0 && !zeroIsZero ? dims[axis] ?? -2 : d));
  const free = wanted.indexOf(-1);
  const total = product(dims);
  const known = product(wanted.filter((d) => d !== -1));
  const valid = wanted.length <= HIGHEST_RANK && wanted.every((d) => Number.isSafeInteger(d) && d >= -1) && wanted.lastIndexOf(-1) === free;
  if (!valid || (free < 0 ? known !== total : known === 0 || total % known !== 0)) {
    refuse('onnx/shape', { op, problem: `[${dims.join(', ')}] cannot take the shape [${target.join(', ')}]` });
  }
  return wanted.map((d) => (d === -1 ? total / known : d));
}

/** Flatten's two dims: the product before the axis and the product from it on. */
export function flattenDims(context: NodeContext, dims: readonly number[]): number[] {
  const axis = intAttribute(context, 'axis') ?? 1;
  const at = axis === dims.length ? axis : normaliseAxis(context, axis, dims.length);
  return [product(dims.slice(0, at)), product(dims.slice(at))];
}

export function squeezeDims(context: NodeContext, dims: readonly number[]): number[] {
  const stated = intsFrom(context, { name: 'axes', input: 1, since: 13 });
  if (stated === undefined) return dims.filter((d) => d !== 1);
  const axes = normaliseAxes(context, stated, dims.length);
  const wrong = axes.find((axis) => dims[axis] !== 1);
  if (wrong !== undefined) refuse('onnx/shape', { op: context.node.op, problem: `axis ${wrong} of [${dims.join(', ')}] is not 1` });
  return dims.filter((_, axis) => !axes.includes(axis));
}

export function unsqueezeDims(context: NodeContext, dims: readonly number[]): number[] {
  const stated = intsFrom(context, { name: 'axes', input: 1, since: 13 }) ?? refuse('onnx/attribute', { op: context.node.op, attribute: 'axes', problem: 'it is missing' });
  const rank = dims.length + stated.length;
  if (rank > HIGHEST_RANK) refuse('onnx/shape', { op: context.node.op, problem: `its result would have ${rank} axes, at most ${HIGHEST_RANK} are allowed` });
  const axes = new Set(normaliseAxes(context, stated, rank));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift() as number));
}

/** Transpose's axes; without perm they are reversed. */
export function permutationOf(context: NodeContext, rank: number): number[] {
  const stated = intsAttribute(context, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const axes = normaliseAxes(context, stated, rank);
  if (axes.length !== rank) refuse('onnx/attribute', { op: context.node.op, attribute: 'perm', problem: `[${stated.join(', ')}] has to name ${rank} axes` });
  return axes;
}

/** One axis of a slice: `count` places start, start + step, ... */
export interface AxisRange { readonly start: number; readonly step: number; readonly count: number }

/** Slice's range on every axis; ends beyond the tensor are clamped, negative ones count from the end. */
export function sliceRanges(context: NodeContext, dims: readonly number[]): AxisRange[] {
  const { op } = context.node;
  const read = (name: string, input: number): readonly number[] | undefined => intsFrom(context, { name, input, since: 10 });
  const starts = read('starts', 1) ?? refuse('onnx/attribute', { op, attribute: 'starts', problem: 'it is missing' });
  const ends = read('ends', 2) ?? refuse('onnx/attribute', { op, attribute: 'ends', problem: 'it is missing' });
  const axes = normaliseAxes(context, read('axes', 3) ?? starts.map((_, i) => i), dims.length);
  const steps = (context.opset >= 10 ? read('steps', 4) : undefined) ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) refuse('onnx/attribute', { op, attribute: 'axes', problem: 'starts, ends, axes and steps differ in length' });
  const ranges: AxisRange[] = dims.map((count) => ({ start: 0, step: 1, count }));
  axes.forEach((axis, i) => {
    const size = dims[axis];
    const step = steps[i];
    if (!Number.isInteger(step) || step === 0) refuse('onnx/attribute', { op, attribute: 'steps', problem: `${step} is not a step` });
    const place = (value: number, low: number, high: number): number => Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const start = step > 0 ? place(starts[i], 0, size) : place(starts[i], 0, size - 1);
    const end = step > 0 ? place(ends[i], 0, size) : place(ends[i], -1, size - 1);
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

/** [before, after] of every axis of a Pad; negative ones crop. */
export function padAmounts(context: NodeContext, dims: readonly number[]): Pair[] {
  const { op } = context.node;
  const pads = intsFrom(context, { name: 'pads', input: 1, since: 11 }) ?? refuse('onnx/attribute', { op, attribute: 'pads', problem: 'it is missing' });
  const stated = context.opset >= 18 ? optionalConstant(context, 3) : undefined;
  const axes = stated === undefined ? dims.map((_, i) => i) : normaliseAxes(context, Array.from(stated.data), dims.length);
  if (pads.length !== 2 * axes.length || pads.some((p) => !Number.isSafeInteger(p))) refuse('onnx/attribute', { op, attribute: 'pads', problem: `[${pads.join(', ')}] has to be ${2 * axes.length} whole numbers` });
  const amounts: Pair[] = dims.map(() => [0, 0]);
  axes.forEach((axis, i) => { amounts[axis] = [pads[i], pads[i + axes.length]]; });
  return amounts;
}

/** Sizes of Split's parts on its axis: stated, or equal ones of which the last may be smaller. */
export function splitSizes(context: NodeContext, size: number): readonly number[] {
  const { op, outputs } = context.node;
  const stated = intsFrom(context, { name: 'split', input: 1, since: 13 });
  const count = context.opset >= 18 ? intAttribute(context, 'num_outputs') ?? outputs.length : outputs.length;
  const part = Math.ceil(size / count);
  const sizes = stated ?? outputs.map((_, i) => Math.min(part, size - i * part));
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sizes.length !== outputs.length || sizes.some((s) => !Number.isSafeInteger(s) || s < 0) || sum !== size) {
    refuse('onnx/shape', { op, problem: `an axis of ${size} cannot be cut into ${outputs.length} parts of ${sizes.join(', ')}` });
  }
  return sizes;
}

/** Expand's dims: those of the input broadcast with the target. */
export function expandDims(context: NodeContext, dims: readonly number[], target: readonly number[]): readonly number[] {
  const valid = target.length <= HIGHEST_RANK && target.every((d) => Number.isSafeInteger(d) && d >= 0);
  return (valid ? broadcastDims(dims, target) : undefined) ?? refuse('onnx/shape', { op: context.node.op, problem: `[${dims.join(', ')}] cannot be expanded to [${target.join(', ')}]` });
}
