/** Evaluation of operators that move, make or measure tensors: what exporters compute shapes with. */
import { HIGHEST_RANK, type Constant } from '../constant.js';
import { newNumbers } from '../element-type.js';
import { constant, intAttribute, intsAttribute, floatAttribute, normaliseAxis, optionalConstant, refuse, scalar, stringAttribute, tensorAttribute, type NodeContext } from '../rule.js';
import { expandDims, flattenDims, padAmounts, permutationOf, reshapeDims, sliceRanges, splitSizes, squeezeDims, unsqueezeDims } from '../target-dims.js';
import { transposeMatrix } from '../transpose-matrix.js';
import { broadcastIndex, product, stridesOf } from '../value.js';
import { blank, filled, named } from './result.js';

const whole = (context: NodeContext, dims: readonly number[], values: ArrayLike<number>): Constant => filled(context, 'int64', dims, values);

/** The element at each place of `dims`, read from `source` by the index that `pick` gives; books what it allocates. */
function pickElements(context: NodeContext, source: Constant, dims: readonly number[], pick: (at: number) => number): Constant {
  const result = blank(context, source.type, dims);
  for (let i = 0; i < result.data.length; i++) result.data[i] = source.data[pick(i)];
  return result;
}

export function constantNode(context: NodeContext): Constant {
  const tensor = tensorAttribute(context, 'value');
  if (tensor !== undefined) return { ...context.readTensor(tensor), name: named(context) };
  const float = floatAttribute(context, 'value_float');
  if (float !== undefined) return filled(context, 'float32', [], [float]);
  const int = intAttribute(context, 'value_int');
  if (int !== undefined) return whole(context, [], [int]);
  const ints = intsAttribute(context, 'value_ints');
  if (ints !== undefined) return whole(context, [ints.length], ints);
  const floats = context.node.attributes.get('value_floats');
  if (floats?.kind === 'floats') return filled(context, 'float32', [floats.value.length], floats.value);
  return refuse('onnx/form', { op: 'Constant', problem: 'its value is a string or sparse', advice: 'store the constant as a dense tensor' });
}

export function constantOfShape(context: NodeContext): Constant {
  const dims = Array.from(constant(context, 0).data);
  const stated = tensorAttribute(context, 'value');
  const value = stated === undefined ? undefined : context.readTensor(stated);
  if (value !== undefined && value.data.length !== 1) refuse('onnx/attribute', { op: 'ConstantOfShape', attribute: 'value', problem: 'has to be a single number' });
  const result = blank(context, value?.type ?? 'float32', dims);
  result.data.fill(value?.data[0] ?? 0);
  return result;
}

/** Works on activations too: only their dims are asked for. */
export function shape(context: NodeContext): Constant {
  const value = context.inputs[0] ?? refuse('onnx/missing-input', { op: 'Shape', index: 0 });
  const rank = value.dims.length;
  const place = (axis: number): number => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  const dims = value.dims.slice(place(intAttribute(context, 'start') ?? 0), place(intAttribute(context, 'end') ?? rank));
  return whole(context, [dims.length], dims);
}

export function size(context: NodeContext): Constant {
  const value = context.inputs[0] ?? refuse('onnx/missing-input', { op: 'Size', index: 0 });
  return whole(context, [], [product(value.dims)]);
}

export function gather(context: NodeContext): Constant {
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
  return pickElements(context, source, dims, (at) => {
    const index = indices.data[Math.floor(at / inner) % count];
    return (Math.floor(at / (inner * count)) * length + (index < 0 ? index + length : index)) * inner + at % inner;
  });
}

export function concat(context: NodeContext): Constant {
  const parts = context.inputs.map((_, index) => constant(context, index));
  const first = parts[0] ?? refuse('onnx/missing-input', { op: 'Concat', index: 0 });
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, first.dims.length);
  if (parts.some((p) => p.dims.length !== first.dims.length || p.dims.some((d, i) => i !== axis && d !== first.dims[i]))) refuse('onnx/shape', { op: 'Concat', problem: `parts of dims ${parts.map((p) => `[${p.dims.join(', ')}]`).join(', ')}` });
  const dims = first.dims.map((d, i) => (i === axis ? parts.reduce((sum, p) => sum + p.dims[axis], 0) : d));
  const result = blank(context, first.type, dims);
  const outer = product(dims.slice(0, axis));
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (const part of parts) {
      const run = part.data.length / outer;
      result.data.set(part.data.subarray(row * run, (row + 1) * run), at);
      at += run;
    }
  }
  return result;
}

export function transpose(context: NodeContext): Constant {
  const source = constant(context, 0);
  const axes = permutationOf(context, source.dims.length);
  const dims = axes.map((axis) => source.dims[axis]);
  if (axes.length === 2 && axes[0] === 1 && source.data instanceof Float32Array) {
    context.spend(source.data.length);
    return { ...source, name: named(context), dims, data: transposeMatrix(source.data, dims[1], dims[0]) };
  }
  const steps = axes.map((axis) => stridesOf(source.dims)[axis]);
  return pickElements(context, source, dims, strided(dims, steps, 0));
}

export function slice(context: NodeContext): Constant {
  const source = constant(context, 0);
  const ranges = sliceRanges(context, source.dims);
  const strides = stridesOf(source.dims);
  const base = ranges.reduce((sum, r, axis) => sum + r.start * strides[axis], 0);
  const dims = ranges.map((r) => r.count);
  return pickElements(context, source, dims, strided(dims, ranges.map((r, axis) => r.step * strides[axis]), base));
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

const sameData = (dimsOf: (context: NodeContext, dims: readonly number[]) => readonly number[]) => (context: NodeContext): Constant => {
  const source = constant(context, 0);
  return { ...source, name: named(context), dims: dimsOf(context, source.dims) };
};
export const identity = sameData((_, dims) => dims);
export const flatten = sameData(flattenDims);
export const squeeze = sameData(squeezeDims);
export const unsqueeze = sameData(unsqueezeDims);
export const reshape = sameData((context, dims) => reshapeDims(context, dims, Array.from(constant(context, 1).data)));

/** One tensor a part, cut along the axis. */
export function split(context: NodeContext): readonly Constant[] {
  const source = constant(context, 0);
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, source.dims.length);
  const inner = product(source.dims.slice(axis + 1));
  let start = 0;
  return splitSizes(context, source.dims[axis]).map((size, part) => {
    const result = blank(context, source.type, source.dims.map((d, i) => (i === axis ? size : d)), part);
    const run = size * inner;
    const period = source.dims[axis] * inner;
    for (let row = 0; row * run < result.data.length; row++) result.data.set(source.data.subarray(row * period + start * inner, row * period + start * inner + run), row * run);
    start += size;
    return result;
  });
}

export function expand(context: NodeContext): Constant {
  const source = constant(context, 0);
  const dims = expandDims(context, source.dims, Array.from(constant(context, 1).data));
  return pickElements(context, source, dims, broadcastIndex(source.dims, dims));
}

export function tile(context: NodeContext): Constant {
  const source = constant(context, 0);
  const repeats = constant(context, 1).data;
  if (repeats.length !== source.dims.length || repeats.some((r) => !Number.isSafeInteger(r) || r < 0)) refuse('onnx/shape', { op: 'Tile', problem: `[${repeats.join(', ')}] repeats of [${source.dims.join(', ')}]` });
  const dims = source.dims.map((d, axis) => d * repeats[axis]);
  const [from, to] = [stridesOf(source.dims), stridesOf(dims)];
  return pickElements(context, source, dims, (at) => dims.reduce((sum, d, axis) => sum + (Math.floor(at / to[axis]) % d % source.dims[axis]) * from[axis], 0));
}

/** Where a padded place takes its value from on one axis; -1: from the constant. */
const padPlaces: Readonly<Record<string, (place: number, size: number) => number>> = {
  constant: (p, n) => (p < 0 || p >= n ? -1 : p),
  edge: (p, n) => Math.min(Math.max(p, 0), n - 1),
  wrap: (p, n) => ((p % n) + n) % n,
  reflect: (p, n) => (n === 1 ? 0 : n - 1 - Math.abs(n - 1 - ((p % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2))),
};

export function pad(context: NodeContext): Constant {
  const source = constant(context, 0);
  const mode = stringAttribute(context, 'mode') ?? 'constant';
  const place = Object.hasOwn(padPlaces, mode) ? padPlaces[mode] : refuse('onnx/attribute', { op: 'Pad', attribute: 'mode', problem: `"${mode}" is none of ${Object.keys(padPlaces).join(', ')}` });
  const stated = context.opset < 11 ? undefined : optionalConstant(context, 2);
  const value = context.opset < 11 ? floatAttribute(context, 'value') ?? 0 : stated === undefined ? 0 : scalar(context, stated);
  const amounts = padAmounts(context, source.dims);
  const result = blank(context, source.type, source.dims.map((d, axis) => d + amounts[axis][0] + amounts[axis][1]));
  const [from, to] = [stridesOf(source.dims), stridesOf(result.dims)];
  for (let i = 0; i < result.data.length; i++) {
    let index = 0;
    for (let axis = 0; axis < to.length && index >= 0; axis++) {
      const at = place((Math.floor(i / to[axis]) % result.dims[axis]) - amounts[axis][0], source.dims[axis]);
      index = at < 0 ? -1 : index + at * from[axis];
    }
    result.data[i] = index < 0 ? value : source.data[index];
  }
  return result;
}

/** Dropout outside training copies; its mask is all ones. In training only a ratio of 0 has a result that does not depend on chance. */
export function dropout(context: NodeContext): readonly Constant[] {
  const source = constant(context, 0);
  const training = context.opset >= 12 ? optionalConstant(context, 2) : undefined;
  const ratio = context.opset >= 12 ? optionalConstant(context, 1) : undefined;
  if (training !== undefined && scalar(context, training) !== 0 && (ratio === undefined || scalar(context, ratio) !== 0)) {
    refuse('onnx/form', { op: context.node.op, problem: 'training_mode is on', advice: 'export the network in inference mode: model.eval() before torch.onnx.export' });
  }
  const copy = { ...source, name: named(context) };
  if ((context.node.outputs[1] ?? '') === '') return [copy];
  return [copy, { ...copy, name: named(context, 1), type: 'bool', data: newNumbers('bool', source.data.length).fill(1) }];
}
