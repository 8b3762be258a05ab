/** Folding of element by element arithmetic on constants, with ONNX's integer division. */
import { constant, refuse, type RuleContext } from '../rule.js';
import type { Constant } from '../constant.js';
import { broadcastDims, broadcastIndex, product } from '../value.js';

const result = (context: RuleContext, dims: readonly number[], float: boolean): { readonly data: Float32Array | Float64Array; readonly done: () => Constant } => {
  const count = product(dims);
  context.spend(count);
  const data = float ? new Float32Array(count) : new Float64Array(count);
  return { data, done: () => ({ kind: 'constant', name: context.node.outputs[0] ?? context.node.name, dims, float, data }) };
};

/** A fold of two broadcast inputs; `whole` is the integer form where it differs. */
export function binary(float: (a: number, b: number) => number, whole = float): (context: RuleContext) => Constant {
  return (context) => {
    const a = constant(context, 0);
    const b = constant(context, 1);
    const dims = broadcastDims(a.dims, b.dims);
    if (dims === undefined) return refuse('onnx/shape', { op: context.node.op, problem: `[${a.dims.join(', ')}] and [${b.dims.join(', ')}] do not broadcast` });
    const { data, done } = result(context, dims, a.float || b.float);
    const operation = a.float || b.float ? float : whole;
    const [ia, ib] = [broadcastIndex(a.dims, dims), broadcastIndex(b.dims, dims)];
    for (let i = 0; i < data.length; i++) data[i] = operation(a.data[ia(i)], b.data[ib(i)]);
    return done();
  };
}

/** A fold of one input. */
export function unary(operation: (a: number) => number): (context: RuleContext) => Constant {
  return (context) => {
    const a = constant(context, 0);
    const { data, done } = result(context, a.dims, a.float);
    a.data.forEach((v, i) => { data[i] = operation(v); });
    return done();
  };
}

export const divideWhole = (a: number, b: number): number => (b === 0 ? refuse('onnx/shape', { op: 'Div', problem: 'a whole number is divided by 0' }) : Math.trunc(a / b));
