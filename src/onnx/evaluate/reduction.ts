/** Evaluation of operators that look along axes: reductions, ArgMax, ArgMin and the softmaxes. Sums are taken in double precision. */
import type { Constant } from '../constant.js';
import { keepAs } from '../element-type.js';
import { constant, intAttribute, intsFrom, normaliseAxes, normaliseAxis, type NodeContext } from '../rule.js';
import { broadcastIndex, product } from '../value.js';
import { blank, type Evaluation } from './result.js';

interface Reduction {
  readonly start: number;
  readonly step: (total: number, value: number) => number;
  readonly finish?: (total: number, count: number) => number;
  /** Opset since which the axes are an input. */
  readonly since: number;
}

/** A reduction over the node's axes, over all where there are none. */
export const reduction = ({ start, step, finish = (v) => v, since }: Reduction): Evaluation => (context) => {
  const x = constant(context, 0);
  const stated = intsFrom(context, { name: 'axes', input: 1, since });
  const empty = stated === undefined || stated.length === 0;
  if (empty && (intAttribute(context, 'noop_with_empty_axes') ?? 0) === 1) return { ...x, name: context.node.outputs[0] };
  const axes = new Set(empty ? x.dims.map((_, axis) => axis) : normaliseAxes(context, stated, x.dims.length));
  const ones = x.dims.map((d, axis) => (axes.has(axis) ? 1 : d));
  const keep = (intAttribute(context, 'keepdims') ?? 1) !== 0;
  const result = blank(context, x.type, keep ? ones : x.dims.filter((_, axis) => !axes.has(axis)));
  const totals = new Float64Array(result.data.length).fill(start);
  const index = broadcastIndex(ones, x.dims);
  for (let i = 0; i < x.data.length; i++) totals[index(i)] = step(totals[index(i)], x.data[i]);
  const count = product(x.dims.filter((_, axis) => axes.has(axis)));
  for (let i = 0; i < totals.length; i++) result.data[i] = keepAs[x.type](finish(totals[i], count));
  return result;
};

const add = (total: number, v: number): number => total + v;
export const reduceSum = reduction({ start: 0, step: add, since: 13 });
export const reduceMean = reduction({ start: 0, step: add, finish: (v, count) => v / count, since: 18 });
export const reduceMax = reduction({ start: -Infinity, step: Math.max, since: 18 });
export const reduceMin = reduction({ start: Infinity, step: Math.min, since: 18 });
export const reduceProd = reduction({ start: 1, step: (total, v) => total * v, since: 18 });
export const reduceL1 = reduction({ start: 0, step: (total, v) => total + Math.abs(v), since: 18 });
export const reduceL2 = reduction({ start: 0, step: (total, v) => total + v * v, finish: Math.sqrt, since: 18 });
export const reduceSumSquare = reduction({ start: 0, step: (total, v) => total + v * v, since: 18 });

/** The tensor as [outer, length, inner] around an axis. */
const around = (dims: readonly number[], axis: number): readonly [number, number, number] => [product(dims.slice(0, axis)), dims[axis], product(dims.slice(axis + 1))];

const arg = (better: (a: number, b: number) => boolean): Evaluation => (context) => {
  const x = constant(context, 0);
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? 0, x.dims.length);
  const last = (intAttribute(context, 'select_last_index') ?? 0) !== 0;
  const keep = (intAttribute(context, 'keepdims') ?? 1) !== 0;
  const result = blank(context, 'int64', x.dims.flatMap((d, i) => (i !== axis ? [d] : keep ? [1] : [])));
  const [, length, inner] = around(x.dims, axis);
  for (let i = 0; i < result.data.length; i++) {
    const from = Math.floor(i / inner) * length * inner + i % inner;
    let best = 0;
    for (let k = 1; k < length; k++) {
      const [v, most] = [x.data[from + k * inner], x.data[from + best * inner]];
      if (better(v, most) || (last && v === most)) best = k;
    }
    result.data[i] = best;
  }
  return result;
};
export const argMax = arg((a, b) => a > b);
export const argMin = arg((a, b) => a < b);

/** Over one axis since opset 13; before that over everything from the axis on. */
const softmaxOf = (log: boolean): Evaluation => (context: NodeContext): Constant => {
  const x = constant(context, 0);
  const axis = normaliseAxis(context, intAttribute(context, 'axis') ?? (context.opset >= 13 ? -1 : 1), x.dims.length);
  const result = blank(context, x.type, x.dims);
  const [outer, length, inner] = context.opset >= 13 ? around(x.dims, axis) : [product(x.dims.slice(0, axis)), product(x.dims.slice(axis)), 1];
  for (let row = 0; row < outer * inner; row++) {
    const from = Math.floor(row / inner) * length * inner + row % inner;
    let most = -Infinity;
    for (let k = 0; k < length; k++) most = Math.max(most, x.data[from + k * inner]);
    let sum = 0;
    for (let k = 0; k < length; k++) sum += Math.exp(x.data[from + k * inner] - most);
    for (let k = 0; k < length; k++) {
      const v = x.data[from + k * inner] - most;
      result.data[from + k * inner] = keepAs[x.type](log ? v - Math.log(sum) : Math.exp(v) / sum);
    }
  }
  return result;
};
export const softmax = softmaxOf(false);
export const logSoftmax = softmaxOf(true);
