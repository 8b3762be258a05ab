/**
 * What the importer knows of an ONNX value: either its numbers (`Constant`) or the graph node that
 * computes it (`Activation`). An activation keeps the ONNX dims with the batch axis, so that rules
 * can follow the standard's axis numbers; `sampleShape` is the same without it.
 */
import type { NodeId, Shape } from '../graph/graph.js';
import type { Constant } from './constant.js';

export interface Activation {
  readonly kind: 'activation';
  readonly node: NodeId;
  /** As ONNX sees it, batch axis included; a free batch counts as 1. */
  readonly dims: readonly number[];
  /** The image itself, no number of it changed. */
  readonly image?: true;
  /** In the file these are whole numbers; the graph node gives the real numbers that they stand for. */
  readonly quantised?: QuantisedAs;
  /** The file cuts the values off here, which the graph node does not do: a rectifier that reads them takes it over. */
  readonly within?: Range;
}
/** Where a QuantizeLinear below zero saturates; `node` names it. */
export interface Range { readonly low: number; readonly high: number; readonly node: string }
/** real = (whole - zero) scale */
export interface QuantisedAs { readonly scale: number; readonly zero: number }
export type Value = Activation | Constant;

/**
 * How many leading axes of `dims` are the batch: 1, or 0 where a model with a batch of one has
 * dropped the axis. Undefined if a fixed batch of more than one is not the first axis any more.
 */
export function batchAxes(dims: readonly number[], batch: number): 0 | 1 | undefined {
  if (batch === 1) return dims.length > 1 && dims[0] === 1 ? 1 : 0;
  return dims[0] === batch ? 1 : undefined;
}

/** The dims of one sample, [1] for a single number; undefined as in `batchAxes`. */
export function sampleShape(dims: readonly number[], batch: number): Shape | undefined {
  const axes = batchAxes(dims, batch);
  if (axes === undefined) return undefined;
  return dims.length === axes ? [1] : dims.slice(axes);
}

/** Whether two lists hold the same numbers. */
export const sameDims = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** Product of dims. */
export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Distance in memory between neighbours along each axis, row-major. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * dims[axis + 1];
  return strides;
}

/** The dims two tensors broadcast to by NumPy's rule, or undefined if they do not fit. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    dims.push(x === 1 ? y : x);
  }
  return dims;
}

/** For each element of a tensor of shape `to`, the index of the element of `from` that broadcasts there. */
export function broadcastIndex(from: readonly number[], to: readonly number[]): (at: number) => number {
  const lead = to.length - from.length;
  const steps = stridesOf(from).map((s, axis) => (from[axis] === 1 ? 0 : s));
  const strides = stridesOf(to);
  return (at) => {
    let index = 0;
    for (let axis = lead; axis < to.length; axis++) {
      const step = steps[axis - lead];
      if (step !== 0) index += (Math.floor(at / strides[axis]) % to[axis]) * step;
    }
    return index;
  };
}
