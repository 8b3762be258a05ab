/**
 * Folds batch norms and constant scales and shifts into the convolution or dense layer before them.
 * The folded node takes the name of the value it now computes, and keeps the batch norm's
 * statistics: its outputs have mean beta and deviation |gamma| over the training data. Average
 * pooling without padding commutes with a scale and shift per channel, max pooling with a positive
 * one, so the fold reaches through them.
 */
import type { Affine, BatchNorm, Graph, GraphNode, NodeId } from '../graph/graph.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';
import { scaleOutputs, placesOf, type ScaleShift } from './linear-nodes.js';
import { perChannel } from './normalise-reshapes.js';

export function foldBatchNorm(graph: Graph): Graph {
  return rewriteGraph(graph, (node, edit) => {
    if (node.kind !== 'batch-norm' && node.kind !== 'affine') return undefined;
    const by = channelScale(node);
    return by === undefined ? undefined : foldBack(node.inputs[0], by, node.id, edit);
  });
}

/** The node as a scale and shift a channel, or undefined where it differs between places. */
export function channelScale(node: BatchNorm | Affine): ScaleShift | undefined {
  if (node.kind === 'affine') {
    if (!perChannel(node, node.shape)) return undefined;
    const places = placesOf(node.shape);
    const first = (values: Float32Array): Float32Array => values.filter((_, i) => i % places === 0);
    return { scale: first(node.scale), shift: first(node.shift) };
  }
  const scale = node.gamma.map((g, c) => g / Math.sqrt(node.variance[c] + node.epsilon));
  return {
    scale, shift: node.beta.map((b, c) => b - (node.mean[c] * node.gamma[c]) / Math.sqrt(node.variance[c] + node.epsilon)),
    statistics: { mean: node.beta, deviation: node.gamma.map(Math.abs) },
  };
}

/** A node named `id` that computes `by` of the value `source`; undefined where that is not one of the nodes that take it. */
export function foldBack(source: NodeId, by: ScaleShift, id: NodeId, edit: Edit): NodeId | undefined {
  const node = edit.node(source);
  switch (node.kind) {
    case 'conv': case 'dense': return edit.emit(scaleOutputs(node, by, id));
    case 'average-pool': case 'max-pool': return through(node, by, id, edit);
    case 'input': case 'batch-norm': case 'affine': case 'relu': case 'add': case 'subtract': case 'concat':
    case 'reshape': case 'transpose': case 'pad': case 'slice': case 'softmax': return undefined;
  }
}

function through(node: Extract<GraphNode, { kind: 'average-pool' | 'max-pool' }>, by: ScaleShift, id: NodeId, edit: Edit): NodeId | undefined {
  const commutes = node.kind === 'max-pool' ? by.scale.every((s) => s >= 0) : node.window.pads.every((p) => p === 0);
  const inner = commutes ? foldBack(node.inputs[0], { scale: by.scale, shift: by.shift }, derivedId(id, 'before-pool'), edit) : undefined;
  return inner === undefined ? undefined : edit.emit({ ...node, id, inputs: [inner] });
}
