/**
 * Turns a - b into a + (-b). A convolution or dense layer is negated in its weights; anything else
 * goes through a depthwise 1x1 convolution (on a vector: a diagonal dense layer) with weight -1.
 */
import type { Graph, NodeId } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';
import { depthwise, diagonal, scaleOutputs, uniformScale, widestDiagonal } from './linear-nodes.js';

export function lowerSubtract(graph: Graph, report: Reporter): Graph {
  return rewriteGraph(graph, (node, edit) => {
    if (node.kind !== 'subtract') return undefined;
    const [plus, minus] = node.inputs;
    if (node.shape.length === 1 && node.shape[0] > widestDiagonal && edit.node(minus).kind !== 'dense') {
      report.report('lower/too-wide', { kind: 'node', node: node.id }, { features: node.shape[0], most: widestDiagonal, what: 'the difference of two vectors' });
      return undefined;
    }
    const negative = negated(minus, derivedId(node.id, 'subtrahend'), edit);
    return edit.emit({ kind: 'add', id: node.id, inputs: [plus, negative], shape: node.shape });
  });
}

function negated(source: NodeId, id: NodeId, edit: Edit): NodeId {
  const node = edit.node(source);
  if (node.kind === 'conv' || node.kind === 'dense') return edit.emit(scaleOutputs(node, uniformScale(node.bias.length, -1), id));
  const site = { id, input: source, shape: node.shape };
  const minusOne = uniformScale(node.shape[0], -1);
  return edit.emit(node.shape.length === 3 ? depthwise(site, minusOne) : diagonal(site, minusOne));
}
