/**
 * What a rule is: a function from one ONNX node and what is known of its inputs to graph nodes. A
 * rule that cannot go on calls `refuse`, which names the node and leaves the other nodes to be
 * checked too, so that a user sees every problem of a model at once.
 */
import type { Code, Params } from '../diagnostics.js';
import { type GraphNode, type NodeId, type Shape } from '../graph/graph.js';
import type { Constant } from './constant.js';
import type { AttributeRecord, NodeRecord, TensorRecord } from './model-proto.js';
import { batchAxes, sampleShape, type Activation, type Value } from './value.js';

/** Thrown by a rule, caught by the importer's loop, reported at the node. Never leaves the room. */
export class Refusal extends Error {
  readonly code: Code;
  readonly params: unknown;
  constructor(code: Code, params: unknown) {
    super(code);
    this.code = code;
    this.params = params;
  }
}

/** Gives up on the node at hand. */
export function refuse<C extends Code>(code: C, params: Params<C>): never {
  throw new Refusal(code, params);
}

type WithoutIdentity<N> = N extends GraphNode ? Omit<N, 'id' | 'shape'> : never;
/** A graph node before it has a name and a shape. */
export type Draft = WithoutIdentity<GraphNode>;

/** A node and what is known of its inputs. */
export interface NodeContext {
  readonly node: NodeRecord;
  readonly opset: number;
  /** One entry an input; undefined where it is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** Reads a tensor attribute. */
  readTensor(tensor: TensorRecord): Constant;
  /** Books `count` numbers that are about to be allocated; refuses what no real model needs. */
  spend(count: number): void;
}

/** What a rule works with. */
export interface RuleContext extends NodeContext {
  /** The fixed size of the batch axis; 1 if it is free. */
  readonly batch: number;
  /** Adds a graph node whose ONNX dims are `dims`. A rule that adds several marks the lesser ones with a suffix. */
  emit(draft: Draft, dims: readonly number[], suffix?: string): Activation;
}

/** The value of the node's first output, or of each. Where an operator is not marked as giving several, a second output that is used is refused before. */
export type Rule = (context: RuleContext) => Value | readonly Value[];

// ---- inputs ----

/** The input that carries activations. */
export function activation(context: RuleContext, index = 0): Activation {
  const value = context.inputs[index];
  if (value === undefined) return refuse('onnx/missing-input', { op: context.node.op, index });
  if (value.kind === 'constant') return refuse('onnx/form', { op: context.node.op, problem: `input ${index} is a constant`, advice: 'fold the constant part of the model before exporting it' });
  return value;
}

/** A constant input that may be left out. */
export function optionalConstant(context: NodeContext, index: number): Constant | undefined {
  const value = context.inputs[index];
  if (value === undefined || value.kind === 'constant') return value;
  return refuse('onnx/not-constant', { op: context.node.op, index, input: context.node.inputs[index] ?? '' });
}

/** A constant input that must be there. */
export function constant(context: NodeContext, index: number): Constant {
  return optionalConstant(context, index) ?? refuse('onnx/missing-input', { op: context.node.op, index });
}

/** A constant's numbers as finite weights. */
export function weights(value: Constant): Float32Array {
  return finite(value.name, value.data instanceof Float32Array ? value.data : Float32Array.from(value.data));
}

/** Index of the first number that is infinite or none at all, or -1. Models hold millions, so it is a plain loop: a call a number takes ten times as long. */
export function firstNotFinite(data: Float32Array | Float64Array): number {
  if (finiteData.has(data)) return -1;
  for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return i;
  finiteData.add(data);
  return -1;
}

/** Numbers that have been looked through: nothing changes a constant once it is read. */
const finiteData = new WeakSet<Float32Array | Float64Array>();

/** `data`, which was read or computed from the constant of this name, if all of it is finite. */
export function finite(name: string, data: Float32Array): Float32Array {
  const index = firstNotFinite(data);
  return index < 0 ? data : refuse('onnx/not-finite', { tensor: name, index, value: String(data[index]) });
}

/** A constant that must be a single number. */
export function scalar(context: NodeContext, value: Constant): number {
  if (value.data.length !== 1) refuse('onnx/shape', { op: context.node.op, problem: `"${value.name}" must be a single number and has dims [${value.dims.join(', ')}]` });
  return value.data[0];
}

// ---- attributes ----

function attribute<K extends AttributeRecord['kind']>(context: HasNode, name: string, kind: K): Extract<AttributeRecord, { kind: K }> | undefined {
  const found = context.node.attributes.get(name);
  if (found === undefined) return undefined;
  if (found.kind !== kind) refuse('onnx/attribute', { op: context.node.op, attribute: name, problem: `has to be of kind ${kind}, it is ${found.kind}` });
  return found as Extract<AttributeRecord, { kind: K }>;
}
type HasNode = Pick<NodeContext, 'node'>;
export const intAttribute = (context: HasNode, name: string): number | undefined => attribute(context, name, 'int')?.value;
export const intsAttribute = (context: HasNode, name: string): readonly number[] | undefined => attribute(context, name, 'ints')?.value;
export const floatAttribute = (context: HasNode, name: string): number | undefined => attribute(context, name, 'float')?.value;
/** A float attribute that has to be a real number. */
export function finiteAttribute(context: HasNode, name: string): number | undefined {
  const value = floatAttribute(context, name);
  if (value !== undefined && !Number.isFinite(value)) refuse('onnx/attribute', { op: context.node.op, attribute: name, problem: `it is ${value}` });
  return value;
}
export const stringAttribute = (context: HasNode, name: string): string | undefined => attribute(context, name, 'string')?.value;
export const tensorAttribute = (context: HasNode, name: string): TensorRecord | undefined => attribute(context, name, 'tensor')?.value;

/** Numbers given by an attribute in older opsets and by a constant input in newer ones. */
export function intsFrom(context: NodeContext, { name, input, since }: { name: string; input: number; since: number }): readonly number[] | undefined {
  if (context.opset < since) return intsAttribute(context, name);
  const value = optionalConstant(context, input);
  return value === undefined ? undefined : Array.from(value.data);
}

// ---- axes and shapes ----

/** An axis counted from the front; negative ones count from the end. */
export function normaliseAxis(context: HasNode, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) refuse('onnx/attribute', { op: context.node.op, attribute: 'axis', problem: `${axis} does not exist in a tensor of ${rank} axes` });
  return positive;
}

/** Several axes, checked to be different. */
export function normaliseAxes(context: HasNode, axes: readonly number[], rank: number): number[] {
  const all = axes.map((axis) => normaliseAxis(context, axis, rank));
  if (new Set(all).size !== all.length) refuse('onnx/attribute', { op: context.node.op, attribute: 'axes', problem: `names an axis twice: ${axes.join(', ')}` });
  return all;
}

/** How many leading axes are the batch. */
export function batchAxesOf(context: RuleContext, dims: readonly number[]): 0 | 1 {
  return batchAxes(dims, context.batch) ?? refuse('onnx/batch-axis', { op: context.node.op, dims: dims.join(', '), batch: context.batch });
}

/** The shape of one sample. */
export function sample(context: RuleContext, dims: readonly number[]): Shape {
  return sampleShape(dims, context.batch) ?? refuse('onnx/batch-axis', { op: context.node.op, dims: dims.join(', '), batch: context.batch });
}

/** An ONNX axis as an axis of the sample; the batch axis is refused. */
export function sampleAxis(context: RuleContext, axis: number, dims: readonly number[]): number {
  const own = axis - batchAxesOf(context, dims);
  return own >= 0 ? own : refuse('onnx/batch-axis', { op: context.node.op, dims: dims.join(', '), batch: context.batch });
}

/** The same numbers under other dims: a reshape node where one sample's shape changes, nothing otherwise. */
export function reshaped(context: RuleContext, value: Activation, dims: readonly number[], suffix?: string): Activation {
  const before = sample(context, value.dims);
  const after = sample(context, dims);
  if (before.length === after.length && before.every((d, i) => d === after[i])) return { ...value, dims };
  return context.emit({ kind: 'reshape', inputs: [value.node] }, dims, suffix);
}

/** Inputs of an emitted node. */
export const from = (...values: readonly Activation[]): readonly NodeId[] => values.map((v) => v.node);
