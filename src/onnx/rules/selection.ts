/** Split, Gather with constant indices, and Expand on activations: slices of a sample, and copies of it side by side. */
import { activation, batchAxesOf, constant, from, intAttribute, normaliseAxis, refuse, reshaped, sampleAxis, type RuleContext } from '../rule.js';
import { expandDims, splitSizes } from '../target-dims.js';
import type { Activation, Value } from '../value.js';

interface Range { readonly axis: number; readonly start: number; readonly step: number; readonly count: number; readonly suffix?: string }

/** `count` places of an ONNX axis; all others whole. */
function sliced(context: RuleContext, x: Activation, { axis, start, step, count, suffix }: Range): Activation {
  if (start === 0 && step === 1 && count === x.dims[axis]) return x;
  if (count < 1) refuse('onnx/shape', { op: context.node.op, problem: `nothing is left of [${x.dims.join(', ')}]` });
  const own = sampleAxis(context, axis, x.dims);
  const ranges = x.dims.slice(batchAxesOf(context, x.dims)).map((_, i) => (i === own ? { start, step } : { start: 0, step: 1 }));
  return context.emit({ kind: 'slice', inputs: from(x), ranges }, x.dims.with(axis, count), suffix);
}

export function split(context: RuleContext): readonly Value[] {
  const x = activation(context);
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, x.dims.length);
  let start = 0;
  return splitSizes(context, x.dims[axis]).map((count, part) => {
    const result = sliced(context, x, { axis, start, step: 1, count, suffix: `part-${part}` });
    start += count;
    return result;
  });
}

/** Most slices that an irregular list of indices may become. */
const MOST_SLICES = 64;

/** Indices in equal steps are one slice, others a slice each, joined again. */
export function gather(context: RuleContext): Value {
  const x = activation(context);
  const { op } = context.node;
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, x.dims.length);
  const stated = constant(context, 1);
  const indices = Array.from(stated.data, (i) => (i < 0 ? i + x.dims[axis] : i));
  if (indices.length === 0 || indices.some((i) => !Number.isInteger(i) || i < 0 || i >= x.dims[axis])) refuse('onnx/shape', { op, problem: `indices ${Array.from(stated.data).join(', ')} on an axis of ${x.dims[axis]}` });
  if (stated.dims.length > 1) refuse('onnx/form', { op, problem: `its indices have dims [${stated.dims.join(', ')}]`, advice: 'use a list of indices' });
  const picked = places(context, x, { axis, indices });
  return stated.dims.length === 1 ? picked : reshaped(context, picked, x.dims.filter((_, i) => i !== axis), 'squeezed');
}

function places(context: RuleContext, x: Activation, { axis, indices }: { readonly axis: number; readonly indices: readonly number[] }): Activation {
  const step = indices.length === 1 ? 1 : indices[1] - indices[0];
  if (step !== 0 && indices.every((index, i) => index === indices[0] + i * step)) return sliced(context, x, { axis, start: indices[0], step, count: indices.length });
  if (indices.length > MOST_SLICES) refuse('onnx/form', { op: context.node.op, problem: `it picks ${indices.length} places in no regular order`, advice: `pick at most ${MOST_SLICES}, or places in equal steps` });
  const parts = indices.map((start, k) => sliced(context, x, { axis, start, step: 1, count: 1, suffix: `place-${k}` }));
  return context.emit({ kind: 'concat', inputs: from(...parts), axis: sampleAxis(context, axis, x.dims) }, x.dims.with(axis, indices.length));
}

/** Most copies of a value along one axis. */
const MOST_COPIES = 4096;

/** Each axis of size 1 that grows becomes copies side by side. */
export function expand(context: RuleContext): Value {
  const x = activation(context);
  const dims = expandDims(context, x.dims, Array.from(constant(context, 1).data));
  const start = reshaped(context, x, [...new Array<number>(dims.length - x.dims.length).fill(1), ...x.dims], 'ranked');
  return dims.reduce<Activation>((value, count, axis) => {
    if (value.dims[axis] === count) return value;
    if (count < 1) refuse('onnx/shape', { op: context.node.op, problem: `nothing is left of [${x.dims.join(', ')}]` });
    if (count > MOST_COPIES) refuse('onnx/too-large', { what: 'copies side by side', used: String(count), allowed: MOST_COPIES });
    const wide = value.dims.with(axis, count);
    return context.emit({ kind: 'concat', inputs: new Array<Activation['node']>(count).fill(value.node), axis: sampleAxis(context, axis, value.dims) }, wide, `copies-${axis}`);
  }, start);
}
