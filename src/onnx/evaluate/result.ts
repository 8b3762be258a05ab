/**
 * What every evaluation shares: a new tensor for a node's output, booked before it is allocated, and
 * the booking of long arithmetic, so that no file keeps the front end busy for longer than its size warrants.
 */
import { countElements, type Constant } from '../constant.js';
import { newNumbers, type ElementType, type Numbers } from '../element-type.js';
import { refuse, type NodeContext } from '../rule.js';

/** Computes a node whose inputs are all known: its first output, or all of them in order. Types, broadcasting and rounding are ONNX's. Refuses what the standard does not define. */
export type Evaluation = (context: NodeContext) => Constant | readonly Constant[];

/** The name of the node's output. */
export const named = (context: NodeContext, output = 0): string => context.node.outputs[output] ?? context.node.name;

/** A tensor of zeros for an output of the node at hand. */
export function blank(context: NodeContext, type: ElementType, dims: readonly number[], output = 0): Constant {
  const count = countElements(dims) ?? refuse('onnx/shape', { op: context.node.op, problem: `[${dims.join(', ')}] is not a shape` });
  context.spend(count);
  return { kind: 'constant', name: named(context, output), dims, type, data: newNumbers(type, count) };
}

/** The given numbers as an output of the node at hand. */
export function filled(context: NodeContext, type: ElementType, dims: readonly number[], values: ArrayLike<number>): Constant {
  const result = blank(context, type, dims);
  (result.data as Numbers).set(values);
  return result;
}

/** Multiplications that count as one number of the budget: a fold of 2^23 numbers and this many each takes a second or two. */
const WORK_PER_NUMBER = 64;
/** Books `operations` multiplications. */
export const spendWork = (context: NodeContext, operations: number): void => context.spend(Math.ceil(operations / WORK_PER_NUMBER));
