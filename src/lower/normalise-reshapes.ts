/**
 * Leaves only the reshapes that flatten a picture in front of a dense layer. A reshape does not
 * change the numbers, so each value is carried in the shape in which it was computed; element-wise
 * nodes work in that shape, and a reshape is written out only for a node that needs the other one.
 * [C, 1, 1] and [C] are the same thing: a convolution over one place becomes a dense layer.
 */
import {
  indexNodes, sizeOf, type Affine, type Conv, type Graph, type GraphNode, type Input, type NodeId, type Shape,
} from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { consumersOf, derivedId, rewriteGraph, type Edit } from './edit.js';
import { unrollConv } from './compose.js';
import { placesOf } from './linear-nodes.js';

export function normaliseReshapes(graph: Graph, report: Reporter): Graph {
  const shaped = shapeInput(graph);
  if (shaped === graph && onlyFlattens(graph)) return graph;
  const before = indexNodes(shaped);
  const wantedShape = (id: NodeId): Shape => (before.get(id) as GraphNode).shape;
  return rewriteGraph(shaped, (node, edit, old) => {
    if (node.kind === 'reshape') return node.inputs[0];
    const actual = node.inputs.map((id) => edit.node(id).shape);
    const wanted = old.inputs.map(wantedShape);
    if (actual.every((shape, i) => sameShape(shape, wanted[i]))) return undefined;
    return inActualShape(node, { actual, wanted }, edit) ?? inWantedShape(node, { old, actual, wanted }, edit, report);
  });
}

/** True when every reshape flattens a picture for dense layers, and they are the only nodes that read it. */
function onlyFlattens(graph: Graph): boolean {
  const nodes = indexNodes(graph);
  const consumers = consumersOf(graph);
  return graph.nodes.every((n) => n.kind !== 'reshape' || (n.shape.length === 1 && !graph.outputs.includes(n.id)
    && nodes.get(n.inputs[0])?.shape.length === 3 && (consumers.get(n.id) ?? []).every((r) => r.kind === 'dense')));
}

/** An input that is neither a picture nor a vector, or that every consumer reshapes to the same picture, takes that shape itself. */
function shapeInput(graph: Graph): Graph {
  const input = graph.nodes.find((n): n is Input => n.kind === 'input');
  if (input === undefined || input.shape.length === 3) return graph;
  const readers = consumersOf(graph).get(input.id) ?? [];
  const [first] = readers;
  const picture = first !== undefined && first.shape.length === 3 && readers.every((r) => r.kind === 'reshape' && sameShape(r.shape, first.shape));
  const shape = picture ? first.shape : [sizeOf(input.shape)];
  if (sameShape(shape, input.shape)) return graph;
  const view = derivedId(input.id, 'shaped');
  const reshape: GraphNode = { kind: 'reshape', id: view, inputs: [input.id], shape: input.shape };
  const nodes = graph.nodes.flatMap((n): GraphNode[] => n === input ? [{ ...input, shape }, reshape]
    : [{ ...n, inputs: n.inputs.map((i) => i === input.id ? view : i) }]);
  return { nodes, outputs: graph.outputs };
}

interface Shapes { readonly actual: readonly Shape[]; readonly wanted: readonly Shape[] }

/** The node on its inputs as they are, where that gives the same numbers; its output then has another shape too. */
function inActualShape(node: GraphNode, { actual, wanted }: Shapes, edit: Edit): NodeId | undefined {
  const [shape] = actual;
  const alike = actual.every((s) => sameShape(s, shape));
  const onePlace = placesOf(shape) === 1 && placesOf(wanted[0]) === 1;
  switch (node.kind) {
    case 'relu': case 'add': case 'subtract': return alike ? edit.emit({ ...node, shape }) : undefined;
    case 'affine': return shape.length === 1 || perChannel(node, shape) ? edit.emit({ ...node, shape }) : undefined;
    case 'batch-norm': return onePlace ? edit.emit({ ...node, shape }) : undefined;
    case 'conv': return onePlace && shape.length === 1 && placesOf(node.shape) === 1 ? edit.emit(overOnePlace(node, shape)) : undefined;
    case 'average-pool': case 'max-pool': return onePlace && placesOf(node.shape) === 1 && !onlyPadding(node) ? node.inputs[0] : undefined;
    case 'concat': return node.axis === 0 && alike && onePlace ? edit.emit({ ...node, shape: shape.with(0, node.shape[0]) }) : undefined;
    case 'input': case 'dense': case 'reshape': case 'transpose': case 'pad': case 'slice': case 'softmax': return undefined;
  }
}

/** Padding in the divisor makes a pool over one place more than a copy. */
const onlyPadding = (node: Extract<GraphNode, { kind: 'average-pool' | 'max-pool' }>): boolean =>
  node.window.pads.some((p) => p !== 0);

function overOnePlace(node: Conv, shape: Shape): GraphNode {
  return { ...unrollConv(node, [shape[0], 1, 1]), id: node.id, inputs: node.inputs };
}

/** The node on its inputs, brought to the shape that it was written for. */
function inWantedShape(
  node: GraphNode, at: Shapes & { readonly old: GraphNode }, edit: Edit, report: Reporter,
): NodeId {
  const inputs = node.inputs.map((id, i) => {
    const shape = at.wanted[i];
    if (sameShape(at.actual[i], shape)) return id;
    if (shape.length !== 1 || at.actual[i].length !== 3) {
      report.report('lower/reshape', { kind: 'node', node: at.old.id }, { kind: node.kind, from: at.actual[i], to: shape });
    }
    const name = at.old.inputs[i] === id ? derivedId(id, `as-${shape.join('x')}`) : at.old.inputs[i];
    return edit.emit({ kind: 'reshape', id: name, inputs: [id], shape });
  });
  return edit.emit({ ...node, inputs });
}

/** True when scale and shift are the same at all places of a channel. */
export function perChannel(node: Pick<Affine, 'scale' | 'shift'>, shape: Shape): boolean {
  const places = placesOf(shape);
  return [node.scale, node.shift].every((values) => values.every((v, i) => v === values[i - (i % places)]));
}

const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);
