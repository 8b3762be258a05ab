/** Evaluation of average and maximum pools with one to three spatial axes, and of their global forms. */
import type { Constant } from '../constant.js';
import { keepAs } from '../element-type.js';
import { constant, intAttribute, type NodeContext } from '../rule.js';
import { product, stridesOf } from '../value.js';
import { resolveAxes, type ResolvedAxis } from '../window.js';
import { outputSize, spatialSizes } from './convolution.js';
import { blank } from './result.js';

/** Calls `visit` for each place of the windows' outputs with the offsets in the plane that the window sees, and how many places it covers with stated pads. */
function eachWindow(axes: readonly ResolvedAxis[], visit: (output: number, seen: readonly number[], covered: number) => void): void {
  const counts = axes.map(outputSize);
  const strides = stridesOf(axes.map((a) => a.size));
  const outStrides = stridesOf(counts);
  for (let output = 0; output < product(counts); output++) {
    let seen: number[] = [0];
    let covered = 1;
    axes.forEach((axis, i) => {
      const start = (Math.floor(output / outStrides[i]) % counts[i]) * axis.stride - axis.before;
      const places = Array.from({ length: axis.kernel }, (_, k) => start + k * axis.dilation);
      covered *= places.filter((p) => p < axis.size + axis.statedAfter).length;
      const valid = places.filter((p) => p >= 0 && p < axis.size);
      seen = seen.flatMap((offset) => valid.map((p) => offset + p * strides[i]));
    });
    visit(output, seen, covered);
  }
}

export function averagePool(context: NodeContext): Constant {
  const x = constant(context, 0);
  const sizes = spatialSizes(context, x);
  const axes = resolveAxes(context, sizes);
  const countPad = (intAttribute(context, 'count_include_pad') ?? 0) !== 0;
  const counts = axes.map(outputSize);
  const result = blank(context, x.type, [...x.dims.slice(0, 2), ...counts]);
  context.spend(result.data.length * product(axes.map((a) => a.kernel)));
  const [planes, from, to] = [product(x.dims.slice(0, 2)), product(sizes), product(counts)];
  eachWindow(axes, (output, seen, covered) => {
    for (let plane = 0; plane < planes; plane++) {
      let sum = 0;
      for (const offset of seen) sum += x.data[plane * from + offset];
      result.data[plane * to + output] = keepAs[x.type](sum / (countPad ? covered : seen.length));
    }
  });
  return result;
}

/** The maxima and, where they are asked for, their flat indices in the input. */
export function maxPool(context: NodeContext): readonly Constant[] {
  const x = constant(context, 0);
  const sizes = spatialSizes(context, x);
  const axes = resolveAxes(context, sizes);
  const counts = axes.map(outputSize);
  const dims = [...x.dims.slice(0, 2), ...counts];
  const result = blank(context, x.type, dims);
  const indices = (context.node.outputs[1] ?? '') === '' ? undefined : blank(context, 'int64', dims, 1);
  context.spend(result.data.length * product(axes.map((a) => a.kernel)));
  const columnMajor = (intAttribute(context, 'storage_order') ?? 0) !== 0;
  const [planes, from, to] = [product(x.dims.slice(0, 2)), product(sizes), product(counts)];
  const place = columnMajor ? columnMajorOffset(sizes) : (offset: number): number => offset;
  eachWindow(axes, (output, seen) => {
    for (let plane = 0; plane < planes; plane++) {
      let best = seen[0] ?? 0;
      for (const offset of seen) if (x.data[plane * from + offset] > x.data[plane * from + best]) best = offset;
      result.data[plane * to + output] = seen.length === 0 ? -Infinity : x.data[plane * from + best];
      if (indices !== undefined) indices.data[plane * to + output] = plane * from + place(best);
    }
  });
  return indices === undefined ? [result] : [result, indices];
}

/** A row-major offset in a plane as one in which the first axis is the fastest. */
function columnMajorOffset(sizes: readonly number[]): (offset: number) => number {
  const strides = stridesOf(sizes);
  const turned = sizes.map((_, axis) => product(sizes.slice(0, axis)));
  return (offset) => sizes.reduce((sum, size, axis) => sum + (Math.floor(offset / strides[axis]) % size) * turned[axis], 0);
}

function globalPool(context: NodeContext, combine: (plane: ArrayLike<number> & Iterable<number>) => number): Constant {
  const x = constant(context, 0);
  const sizes = spatialSizes(context, x);
  const result = blank(context, x.type, [...x.dims.slice(0, 2), ...sizes.map(() => 1)]);
  const plane = product(sizes);
  for (let i = 0; i < result.data.length; i++) result.data[i] = keepAs[x.type](combine(x.data.subarray(i * plane, (i + 1) * plane)));
  return result;
}
export const globalAveragePool = (context: NodeContext): Constant => globalPool(context, (plane) => { let sum = 0; for (const v of plane) sum += v; return sum / plane.length; });
export const globalMaxPool = (context: NodeContext): Constant => globalPool(context, (plane) => { let most = -Infinity; for (const v of plane) most = Math.max(most, v); return most; });
