/**
 * Removes concatenations. A channel concat is carried as the list of its parts: ReLU, pooling, batch
 * norm and the like work on each part, and the convolution or dense layer at the end becomes one
 * layer a part, with its share of the weights, and a sum. Where a node needs the joined value
 * (an add with something that was not joined the same way, a concat along another axis) each part is
 * put into its place by a 1x1 convolution or by padding, and the places are added.
 */
import { sizeOf, type Concat, type Conv, type Dense, type Graph, type GraphNode, type NodeId, type Pair, type Shape } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';
import { placeChannels, placeFeatures, widestDiagonal } from './linear-nodes.js';

type Parts = readonly NodeId[];
interface Stage { readonly edit: Edit; readonly report: Reporter }

export function lowerConcat(graph: Graph, report: Reporter): Graph {
  if (!graph.nodes.some((n) => n.kind === 'concat')) return graph;
  const parted = new Map<NodeId, Parts>();
  return rewriteGraph(graph, (node, edit, old) => {
    const stage = { edit, report };
    const seen = old.inputs.map((id) => parted.get(id));
    const joined = (): GraphNode => ({ ...node, inputs: node.inputs.map((id, i) => joinParts(seen[i], { id, name: old.inputs[i], shape: [] }, stage)) });
    let result: Parts | NodeId | undefined;
    if (node.kind === 'concat') result = node.axis === 0 ? node.inputs.flatMap((id, i) => seen[i] ?? [id]) : alongOther(joined() as Concat, edit);
    else if (seen.every((s) => s === undefined)) return undefined;
    else result = overParts(node, seen, edit) ?? edit.emit(joined());
    if (typeof result === 'string') return result;
    if (edit.isOutput(old.id)) return joinParts(result, { id: node.id, name: node.id, shape: node.shape }, stage);
    parted.set(old.id, result);
    return result[0];
  });
}

/** The node done on each part: new parts, or the name of the sum over parts, or undefined where it needs the joined value. */
function overParts(node: GraphNode, seen: readonly (Parts | undefined)[], edit: Edit): Parts | NodeId | undefined {
  const parts = seen[0];
  if (parts === undefined) return undefined;
  const shapes = parts.map((id) => edit.node(id).shape);
  const each = (make: (part: { id: NodeId; inputs: NodeId[]; shape: Shape }, first: number, input: Shape) => GraphNode): Parts =>
    parts.map((id, k) => {
      const shape = node.shape.length === shapes[k].length ? node.shape.with(0, shapes[k][0]) : [sizeOf(shapes[k])];
      return edit.emit(make({ id: derivedId(node.id, `part-${k}`), inputs: [id], shape }, firstOf(shapes, k), shapes[k]));
    });
  switch (node.kind) {
    case 'relu': case 'average-pool': case 'max-pool': return each((part) => ({ ...node, ...part }));
    case 'reshape': return node.shape.length === 1 ? each((part) => ({ ...node, ...part })) : undefined;
    case 'pad': return node.amounts[0].every((a) => a === 0) ? each((part) => ({ ...node, ...part })) : undefined;
    case 'slice': return wholeFirstAxis(node, shapes) ? each((part) => ({ ...node, ...part })) : undefined;
    case 'affine': return each((part, first, input) => {
      const places = sizeOf(input) / input[0];
      const range = [first * places, (first + input[0]) * places] as const;
      return { ...node, ...part, scale: node.scale.slice(...range), shift: node.shift.slice(...range) };
    });
    case 'batch-norm': return each((part, first, input) => {
      const cut = (values: Float32Array): Float32Array => values.slice(first, first + input[0]);
      return { ...node, ...part, gamma: cut(node.gamma), beta: cut(node.beta), mean: cut(node.mean), variance: cut(node.variance) };
    });
    case 'add': case 'subtract': return addParts(node, seen, edit);
    case 'conv': return node.groups === 1 ? splitInputs(node, parts, edit) : splitGroups(node, parts, edit);
    case 'dense': return splitInputs(node, parts, edit);
    case 'input': case 'concat': case 'transpose': case 'softmax': return undefined;
  }
}

/** Channels (or features) before part k. */
const firstOf = (shapes: readonly Shape[], k: number): number => shapes.slice(0, k).reduce((sum, s) => sum + s[0], 0);

function wholeFirstAxis(node: Extract<GraphNode, { kind: 'slice' }>, shapes: readonly Shape[]): boolean {
  return node.ranges[0].start === 0 && node.ranges[0].step === 1 && node.shape[0] === firstOf(shapes, shapes.length);
}

function addParts(node: Extract<GraphNode, { kind: 'add' | 'subtract' }>, seen: readonly (Parts | undefined)[], edit: Edit): Parts | undefined {
  const first = seen[0] as Parts;
  const channels = (id: NodeId): number => edit.node(id).shape[0];
  const alike = seen.every((s) => s?.length === first.length && s.every((id, k) => channels(id) === channels(first[k])));
  if (!alike) return undefined;
  return first.map((id, k) => edit.emit({
    ...node, id: derivedId(node.id, `part-${k}`), inputs: seen.map((s) => (s as Parts)[k]), shape: edit.node(id).shape,
  }));
}

/** One layer a part with the columns (input channels) of that part; the bias goes with the first. */
function splitInputs(node: Conv | Dense, parts: Parts, edit: Edit): NodeId {
  const outputs = node.bias.length;
  const row = node.weight.length / outputs;
  const taps = node.kind === 'conv' ? sizeOf(node.window.kernel) : 1;
  let column = 0;
  const terms = parts.map((input, k) => {
    const width = edit.node(input).shape[0] * taps;
    const weight = new Float32Array(outputs * width);
    for (let o = 0; o < outputs; o++) weight.set(node.weight.subarray(o * row + column, o * row + column + width), o * width);
    column += width;
    const { statistics: _, ...rest } = node;
    return edit.emit({ ...rest, id: derivedId(node.id, `part-${k}`), inputs: [input], weight, bias: k === 0 ? node.bias : new Float32Array(outputs) });
  });
  return edit.emit({ kind: 'add', id: node.id, inputs: terms, shape: node.shape });
}

/** A grouped convolution of which no group crosses a border between parts stays a concat. */
function splitGroups(node: Conv, parts: Parts, edit: Edit): Parts | undefined {
  const channels = parts.map((id) => edit.node(id).shape[0]);
  const perGroup = channels.reduce((a, b) => a + b, 0) / node.groups;
  if (channels.some((c) => c % perGroup !== 0)) return undefined;
  const outputs = node.bias.length;
  const row = node.weight.length / outputs;
  let first = 0;
  return parts.map((input, k) => {
    const groups = channels[k] / perGroup;
    const count = (outputs / node.groups) * groups;
    const range = [first, first + count] as const;
    first += count;
    const { statistics, ...rest } = node;
    return edit.emit({
      ...rest, id: derivedId(node.id, `part-${k}`), inputs: [input], groups, shape: node.shape.with(0, count),
      weight: node.weight.slice(range[0] * row, range[1] * row), bias: node.bias.slice(...range),
      ...(statistics === undefined ? {} : { statistics: { mean: statistics.mean.slice(...range), deviation: statistics.deviation.slice(...range) } }),
    });
  });
}

/** The joined value under its old name; `at.id` itself where it was never parted. */
function joinParts(parts: Parts | undefined, at: { readonly id: NodeId; readonly name: NodeId; readonly shape: Shape }, { edit, report }: Stage): NodeId {
  if (parts === undefined) return at.id;
  const shapes = parts.map((id) => edit.node(id).shape);
  const total = firstOf(shapes, parts.length);
  const shape = shapes[0].with(0, total);
  if (shape.length === 1 && total > widestDiagonal) {
    report.report('lower/too-wide', { kind: 'node', node: at.name }, { features: total, most: widestDiagonal, what: 'a concatenation of vectors' });
    return edit.emit({ kind: 'concat', id: at.name, inputs: parts, shape, axis: 0 });
  }
  const terms = parts.map((input, k) => {
    const site = { id: derivedId(at.name, `place-${k}`), input, shape: shapes[k] };
    return edit.emit(shape.length === 1 ? placeFeatures(site, total, firstOf(shapes, k)) : placeChannels(site, total, firstOf(shapes, k)));
  });
  return edit.emit({ kind: 'add', id: at.name, inputs: terms, shape });
}

/** A concat along rows or columns: each input is padded with zeros to the full size, and the sizes are added. */
function alongOther(node: Concat, edit: Edit): NodeId {
  const length = node.shape[node.axis];
  let before = 0;
  const terms = node.inputs.map((input, k) => {
    const own = edit.node(input).shape[node.axis];
    const amounts = node.shape.map((_, a): Pair => a === node.axis ? [before, length - before - own] : [0, 0]);
    before += own;
    return edit.emit({ kind: 'pad', id: derivedId(node.id, `place-${k}`), inputs: [input], shape: node.shape, amounts, value: 0 });
  });
  return edit.emit({ kind: 'add', id: node.id, inputs: terms, shape: node.shape });
}
