/** Folding of operators that move, make or measure constants: what exporters compute shapes with. */
import { countElements, HIGHEST_RANK, isFloatType, typeName, type Constant } from '../constant.js';
import { constant, intAttribute, intsAttribute, floatAttribute, normaliseAxis, refuse, tensorAttribute, type RuleContext } from '../rule.js';
import { flattenDims, permutationOf, reshapeDims, sliceRanges, squeezeDims, unsqueezeDims } from '../target-dims.js';
import { transposeMatrix } from '../transpose-matrix.js';
import { product, stridesOf } from '../value.js';

const named = (context: RuleContext): string => context.node.outputs[0] ?? context.node.name;
const whole = (context: RuleContext, dims: readonly number[], values: ArrayLike<number>): Constant => ({ kind: 'constant', name: named(context), dims, float: false, data: Float64Array.from(values) });

/** The element at each place of `dims`, read from `source` by the index that `pick` gives; books what it allocates. */
function gatherElements(context: RuleContext, source: Constant, dims: readonly number[], pick: (at: number) => number): Constant {
  const count = product(dims);
  context.spend(count);
  const data = source.float ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = source.data[pick(i)];
  return { ...source, name: named(context), dims, data };
}

export function constantNode(context: RuleContext): Constant {
  const tensor = tensorAttribute(context, 'value');
  if (tensor !== undefined) return { ...context.readTensor(tensor), name: named(context) };
  const float = floatAttribute(context, 'value_float');
  if (float !== undefined) return { kind: 'constant', name: named(context), dims: [], float: true, data: Float32Array.of(float) };
  const int = intAttribute(context, 'value_int');
  if (int !== undefined) return whole(context, [], [int]);
  const ints = intsAttribute(context, 'value_ints');
  if (ints !== undefined) return whole(context, [ints.length], ints);
  const floats = context.node.attributes.get('value_floats');
  if (floats?.kind === 'floats') return { kind: 'constant', name: named(context), dims: [floats.value.length], float: true, data: Float32Array.from(floats.value) };
  return refuse('onnx/form', { op: 'Constant', problem: 'its value is a string or sparse', advice: 'store the constant as a dense tensor' });
}

export function constantOfShape(context: RuleContext): Constant {
  const dims = Array.from(constant(context, 0).data);
  const stated = tensorAttribute(context, 'value');
  const value = stated === undefined ? undefined : context.readTensor(stated);
  if (value !== undefined && value.data.length !== 1) refuse('onnx/attribute', { op: 'ConstantOfShape', attribute: 'value', problem: 'has to be a single number' });
  const count = countElements(dims);
  if (count === undefined) return refuse('onnx/shape', { op: 'ConstantOfShape', problem: `[${dims.join(', ')}] is not a shape` });
  context.spend(count);
  const float = value?.float ?? true;
  const data = (float ? new Float32Array(count) : new Float64Array(count)).fill(value?.data[0] ?? 0);
  return { kind: 'constant', name: named(context), dims, float, data };
}

/** Works on activations too: only their dims are asked for. */
export function shape(context: RuleContext): Constant {
  const value = context.inputs[0] ?? refuse('onnx/missing-input', { op: 'Shape', index: 0 });
  const rank = value.dims.length;
  const place = (axis: number): number => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  const dims = value.dims.slice(place(intAttribute(context, 'start') ?? 0), place(intAttribute(context, 'end') ?? rank));
  return whole(context, [dims.length], dims);
}

export function size(context: RuleContext): Constant {
  const value = context.inputs[0] ?? refuse('onnx/missing-input', { op: 'Size', index: 0 });
  return whole(context, [], [product(value.dims)]);
}

export function cast(context: RuleContext): Constant {
  const source = constant(context, 0);
  const to = intAttribute(context, 'to') ?? 0;
  context.spend(source.data.length);
  if (isFloatType(to)) return { ...source, name: named(context), float: true, data: Float32Array.from(source.data) };
  const wholeTypes = new Set([2, 3, 4, 5, 6, 7, 12, 13]);
  if (to !== 9 && !wholeTypes.has(to)) refuse('onnx/tensor-type', { tensor: named(context), type: typeName(to) });
  return whole(context, source.dims, source.data.map((v) => (to === 9 ? Number(v !== 0) : Math.trunc(v))));
}

export function gather(context: RuleContext): Constant {
  const source = constant(context, 0);
  const indices = constant(context, 1);
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, source.dims.length);
  const length = source.dims[axis];
  const wrong = indices.data.find((i) => !Number.isInteger(i) || i < -length || i >= length);
  if (wrong !== undefined) refuse('onnx/shape', { op: 'Gather', problem: `index ${wrong} on an axis of ${length}` });
  const inner = product(source.dims.slice(axis + 1));
  const dims = [...source.dims.slice(0, axis), ...indices.dims, ...source.dims.slice(axis + 1)];
  if (dims.length > HIGHEST_RANK) refuse('onnx/shape', { op: 'Gather', problem: `its result would have ${dims.length} axes, at most ${HIGHEST_RANK} are allowed` });
  const count = indices.data.length;
  return gatherElements(context, source, dims, (at) => {
    const index = indices.data[Math.floor(at / inner) % count];
    return (Math.floor(at / (inner * count)) * length + (index < 0 ? index + length : index)) * inner + at % inner;
  });
}

export function concat(context: RuleContext): Constant {
  const parts = context.inputs.map((_, index) => constant(context, index));
  const first = parts[0] ?? refuse('onnx/missing-input', { op: 'Concat', index: 0 });
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, first.dims.length);
  if (parts.some((p) => p.dims.length !== first.dims.length || p.dims.some((d, i) => i !== axis && d !== first.dims[i]))) refuse('onnx/shape', { op: 'Concat', problem: `parts of dims ${parts.map((p) => `[${p.dims.join(', ')}]`).join(', ')}` });
  const dims = first.dims.map((d, i) => (i === axis ? parts.reduce((sum, p) => sum + p.dims[axis], 0) : d));
  const count = product(dims);
  context.spend(count);
  const float = parts.some((p) => p.float);
  const data = float ? new Float32Array(count) : new Float64Array(count);
  const outer = product(dims.slice(0, axis));
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (const part of parts) {
      const run = part.data.length / outer;
      data.set(part.data.subarray(row * run, (row + 1) * run), at);
      at += run;
    }
  }
  return { kind: 'constant', name: named(context), dims, float, data };
}

export function transpose(context: RuleContext): Constant {
  const source = constant(context, 0);
  const axes = permutationOf(context, source.dims.length);
  const dims = axes.map((axis) => source.dims[axis]);
  if (axes.length === 2 && axes[0] === 1 && source.data instanceof Float32Array) {
    context.spend(source.data.length);
    return { ...source, name: named(context), dims, data: transposeMatrix(source.data, dims[1], dims[0]) };
  }
  const steps = axes.map((axis) => stridesOf(source.dims)[axis]);
  return gatherElements(context, source, dims, strided(dims, steps, 0));
}

export function slice(context: RuleContext): Constant {
  const source = constant(context, 0);
  const ranges = sliceRanges(context, source.dims);
  const strides = stridesOf(source.dims);
  const base = ranges.reduce((sum, r, axis) => sum + r.start * strides[axis], 0);
  const dims = ranges.map((r) => r.count);
  return gatherElements(context, source, dims, strided(dims, ranges.map((r, axis) => r.step * strides[axis]), base));
}

/** Index into a source that moves `steps[axis]` for each place of an axis of `dims`. */
function strided(dims: readonly number[], steps: readonly number[], base: number): (at: number) => number {
  const strides = stridesOf(dims);
  return (at) => {
    let index = base;
    for (let axis = 0; axis < dims.length; axis++) index += (Math.floor(at / strides[axis]) % dims[axis]) * steps[axis];
    return index;
  };
}

const sameData = (dimsOf: (context: RuleContext, dims: readonly number[]) => readonly number[]) => (context: RuleContext): Constant => {
  const source = constant(context, 0);
  return { ...source, name: named(context), dims: dimsOf(context, source.dims) };
};
export const identity = sameData((_, dims) => dims);
export const flatten = sameData(flattenDims);
export const squeeze = sameData(squeezeDims);
export const unsqueeze = sameData(unsqueezeDims);
export const reshape = sameData((context, dims) => reshapeDims(context, dims, Array.from(constant(context, 1).data)));
