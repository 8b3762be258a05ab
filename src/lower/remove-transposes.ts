/**
 * Removes transposes. A value behind a transpose is kept as a view: the node that holds the numbers
 * (the base) and the order in which the value lists them. Element-wise nodes work on the base and
 * pass the view on, until another transpose undoes it, or a flatten and a dense layer take it into
 * their columns. Where a node needs its input in the transposed order a transpose is written out
 * again; any that is left at the end is reported.
 */
import { sizeOf, type Affine, type Dense, type Graph, type GraphNode, type NodeId, type Shape, type Transpose } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';

/** value[i] = base[order[i]], both counted in row-major order. `permutation` is known while the base is only transposed. */
interface View {
  readonly base: NodeId;
  readonly shape: Shape;
  readonly order: Uint32Array;
  readonly permutation?: readonly number[];
}

export function removeTransposes(graph: Graph, report: Reporter): Graph {
  if (!graph.nodes.some((n) => n.kind === 'transpose')) return graph;
  const views = new Map<NodeId, View>();
  const result = rewriteGraph(graph, (node, edit, old) => {
    const seen = old.inputs.map((id) => views.get(id));
    if (node.kind !== 'transpose' && seen.every((v) => v === undefined)) return undefined;
    const view = viewThrough(node, seen, edit);
    if (view === undefined) return materialised(node, seen, edit);
    if (isIdentity(view.order) && sameShape(edit.node(view.base).shape, view.shape)) return view.base;
    if (edit.isOutput(old.id)) return writeOut(view, edit, old.id);
    views.set(old.id, view);
    return view.base;
  });
  for (const node of result.nodes) {
    if (node.kind !== 'transpose') continue;
    const reader = result.nodes.find((n) => n.inputs.includes(node.id)) ?? node;
    const named = reader.kind === 'reshape' ? result.nodes.find((n) => n.inputs.includes(reader.id)) ?? reader : reader;
    report.report('lower/transpose', { kind: 'node', node: named.id }, { kind: named.kind, permutation: node.permutation });
  }
  return result;
}

/** The node's value as a view, or undefined where the node needs its inputs in their own order. Emits what the base needs. */
function viewThrough(node: GraphNode, seen: readonly (View | undefined)[], edit: Edit): View | undefined {
  switch (node.kind) {
    case 'transpose': return composed(node, seen[0], edit);
    case 'reshape': return reshaped(seen[0] as View, node.shape);
    case 'relu': case 'affine': return elementwise(node, seen[0] as View, edit);
    case 'add': case 'subtract': return combined(node, seen, edit);
    case 'dense': { edit.emit(permuteColumns(node, seen[0] as View, edit)); return viewOf(node.id, node.shape); }
    case 'concat': case 'pad': case 'slice': case 'batch-norm': return alongAxes(node, seen, edit);
    case 'input': case 'conv': case 'average-pool': case 'max-pool': case 'softmax': return undefined;
  }
}

function composed(node: Transpose, before: View | undefined, edit: Edit): View {
  const shape = undo(node.shape, node.permutation);
  const from = before === undefined ? viewOf(node.inputs[0], shape)
    : before.permutation === undefined ? viewOf(writeOut(before, edit, derivedId(node.id, 'input')), shape) : before;
  const order = transposeOrder(from.shape, node.permutation).map((i) => from.order[i]);
  const permutation = from.permutation === undefined ? undefined : node.permutation.map((k) => (from.permutation as readonly number[])[k]);
  return { base: from.base, shape: node.shape, order, ...(permutation === undefined ? {} : { permutation }) };
}

function reshaped(view: View, shape: Shape): View {
  return sameShape(view.shape, shape) ? view : { base: view.base, shape, order: view.order };
}

function elementwise(node: Extract<GraphNode, { kind: 'relu' | 'affine' }>, view: View, edit: Edit): View {
  const id = derivedId(node.id, 'untransposed');
  const shape = edit.node(view.base).shape;
  edit.emit(node.kind === 'relu' ? { ...node, id, inputs: [view.base], shape } : { ...affineOnBase(node, view), id, inputs: [view.base], shape });
  return { ...view, base: id };
}

function affineOnBase(node: Affine, view: View): Affine {
  return { ...node, scale: scatter(node.scale, view.order), shift: scatter(node.shift, view.order) };
}

function combined(node: Extract<GraphNode, { kind: 'add' | 'subtract' }>, seen: readonly (View | undefined)[], edit: Edit): View | undefined {
  const [first] = seen;
  if (first === undefined) return undefined;
  const shape = edit.node(first.base).shape;
  const alike = seen.every((v) => v !== undefined && sameNumbers(v.order, first.order) && sameShape(edit.node(v.base).shape, shape));
  if (!alike) return undefined;
  const id = derivedId(node.id, 'untransposed');
  edit.emit({ ...node, id, inputs: seen.map((v) => (v as View).base), shape });
  return { ...first, base: id };
}

/** Nodes that treat their axes one by one: their attributes move to the base's axes. */
function alongAxes(node: Extract<GraphNode, { kind: 'concat' | 'pad' | 'slice' | 'batch-norm' }>, seen: readonly (View | undefined)[], edit: Edit): View | undefined {
  const permutation = seen[0]?.permutation;
  if (permutation === undefined || !seen.every((v) => v?.permutation !== undefined && sameNumbers(v.permutation, permutation))) return undefined;
  const base = { id: derivedId(node.id, 'untransposed'), inputs: seen.map((v) => (v as View).base), shape: undo(node.shape, permutation) };
  const onBase = <T>(values: readonly T[]): T[] => permutation.map((_, axis) => values[permutation.indexOf(axis)]);
  switch (node.kind) {
    case 'concat': edit.emit({ ...node, ...base, axis: permutation[node.axis] }); break;
    case 'pad': edit.emit({ ...node, ...base, amounts: onBase(node.amounts) }); break;
    case 'slice': edit.emit({ ...node, ...base, ranges: onBase(node.ranges) }); break;
    case 'batch-norm': {
      if (permutation[0] !== 0) return undefined;
      edit.emit({ ...node, ...base });
    }
  }
  return { base: base.id, shape: node.shape, order: transposeOrder(base.shape, permutation), permutation };
}

/** Writes the views that the node reads out as transposes, then the node itself. */
function materialised(node: GraphNode, seen: readonly (View | undefined)[], edit: Edit): NodeId {
  const inputs = node.inputs.map((input, i) => {
    const view = seen[i];
    return view === undefined ? input : writeOut(view, edit, derivedId(node.id, `input-${i}`));
  });
  return edit.emit({ ...node, inputs });
}

function writeOut(view: View, edit: Edit, id: NodeId): NodeId {
  const { shape } = edit.node(view.base);
  if (isIdentity(view.order)) return edit.emit({ kind: 'reshape', id, inputs: [view.base], shape: view.shape });
  if (view.permutation !== undefined) {
    return edit.emit({ kind: 'transpose', id, inputs: [view.base], shape: view.shape, permutation: view.permutation });
  }
  return writeOutFlattened(view, edit, { id, shape });
}

/** A view that was reshaped after its transposes: find one transpose of the base that lists the numbers in the view's order. */
function writeOutFlattened(view: View, edit: Edit, at: { readonly id: NodeId; readonly shape: Shape }): NodeId {
  const permutation = permutationsOf(at.shape.length).find((p) => sameNumbers(transposeOrder(at.shape, p), view.order));
  if (permutation === undefined) throw new Error(`internal: the order of ${at.id} is no transpose`);
  const transposed = edit.emit({ kind: 'transpose', id: derivedId(at.id, 'transposed'), inputs: [view.base], shape: permutation.map((k) => at.shape[k]), permutation });
  return edit.emit({ kind: 'reshape', id: at.id, inputs: [transposed], shape: view.shape });
}

/** The dense layer on the base's own order. */
function permuteColumns(node: Dense, view: View, edit: Edit): Dense {
  const columns = view.order.length;
  const weight = new Float32Array(node.weight.length);
  for (let row = 0; row < node.weight.length; row += columns) {
    for (let i = 0; i < columns; i++) weight[row + view.order[i]] = node.weight[row + i];
  }
  const flat = edit.node(view.base).shape.length === 1 ? view.base
    : edit.emit({ kind: 'reshape', id: derivedId(node.id, 'flat-input'), inputs: [view.base], shape: [columns] });
  return { ...node, inputs: [flat], weight };
}

function viewOf(base: NodeId, shape: Shape): View {
  return { base, shape, order: Uint32Array.from({ length: sizeOf(shape) }, (_, i) => i), permutation: shape.map((_, k) => k) };
}

/** The shape before a transpose, from the one after it. */
function undo(shape: Shape, permutation: readonly number[]): number[] {
  const before = new Array<number>(shape.length);
  permutation.forEach((axis, k) => { before[axis] = shape[k]; });
  return before;
}

/** Row-major places in a tensor of `shape`, in the order in which its transpose lists them. */
function transposeOrder(shape: Shape, permutation: readonly number[]): Uint32Array {
  const strides = new Array<number>(shape.length).fill(1);
  for (let k = shape.length - 2; k >= 0; k--) strides[k] = strides[k + 1] * shape[k + 1];
  let places: Uint32Array = new Uint32Array(1);
  for (const axis of permutation) {
    const longer = new Uint32Array(places.length * shape[axis]);
    for (let i = 0; i < longer.length; i++) longer[i] = places[Math.floor(i / shape[axis])] + (i % shape[axis]) * strides[axis];
    places = longer;
  }
  return places;
}

function permutationsOf(count: number): number[][] {
  if (count === 0) return [[]];
  return permutationsOf(count - 1).flatMap((rest) => Array.from({ length: count }, (_, at) => [...rest.slice(0, at), count - 1, ...rest.slice(at)]));
}

function scatter(values: Float32Array, order: Uint32Array): Float32Array {
  const out = new Float32Array(values.length);
  order.forEach((place, i) => { out[place] = values[i]; });
  return out;
}

const isIdentity = (order: Uint32Array): boolean => order.every((place, i) => place === i);
const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);
const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => a.length === b.length && Array.prototype.every.call(a, (n: number, i: number) => n === b[i]);
