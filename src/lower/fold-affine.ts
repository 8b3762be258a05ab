/**
 * Folds what batch-norm folding left: scales and shifts with no layer right before them. In front of
 * dense layers they go into the columns, exactly. Elsewhere one per channel becomes a depthwise 1x1
 * convolution (which the normal form merges into a neighbour where that is exact), one on a vector a
 * dense layer with a diagonal matrix. A picture with a different scale or shift at each place has no
 * convolution that does the same, and is refused.
 */
import { sizeOf, type Affine, type BatchNorm, type Dense, type Graph, type GraphNode, type NodeId } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';
import { channelScale, foldBack } from './fold-batch-norm.js';
import { depthwise, diagonal, placesOf, widestDiagonal, type ScaleShift } from './linear-nodes.js';

export function foldAffine(graph: Graph, report: Reporter): Graph {
  const ahead = new Map<NodeId, ScaleShift>();
  return rewriteGraph(graph, (node, edit, old) => {
    const waiting = ahead.get(old.inputs[0]);
    if (waiting !== undefined) return takeIn(node, waiting, { ahead, edit, old });
    if (node.kind !== 'batch-norm' && node.kind !== 'affine') return undefined;
    const by = channelScale(node);
    const folded = by === undefined ? undefined : foldBack(node.inputs[0], by, node.id, edit);
    if (folded !== undefined) return folded;
    if (onlyDenseBehind(old, edit)) {
      ahead.set(old.id, elementScale(node, by));
      return node.inputs[0];
    }
    return standAlone(node, by, edit, report);
  });
}

/** True when every reader of the value is a dense layer, perhaps behind a flatten. */
function onlyDenseBehind(old: GraphNode, edit: Edit): boolean {
  const readers = edit.consumers(old.id);
  return readers.length > 0 && !edit.isOutput(old.id)
    && readers.every((r) => r.kind === 'dense' || (r.kind === 'reshape' && onlyDenseBehind(r, edit)));
}

/** A flatten passes a waiting scale and shift on, a dense layer takes it into its columns. */
function takeIn(
  node: GraphNode, by: ScaleShift, at: { readonly ahead: Map<NodeId, ScaleShift>; readonly edit: Edit; readonly old: GraphNode },
): NodeId | undefined {
  if (node.kind === 'dense') return at.edit.emit(scaleColumns(node, by));
  at.ahead.set(at.old.id, by);
  return at.edit.emit({ ...node, id: derivedId(node.id, 'unscaled') });
}

function scaleColumns(node: Dense, by: ScaleShift): Dense {
  const columns = by.scale.length;
  const weight = node.weight.map((w, i) => w * by.scale[i % columns]);
  const bias = node.bias.map((b, o) => {
    let sum = b;
    for (let i = 0; i < columns; i++) sum += node.weight[o * columns + i] * by.shift[i];
    return sum;
  });
  return { ...node, weight, bias };
}

function elementScale(node: BatchNorm | Affine, by: ScaleShift | undefined): ScaleShift {
  if (node.kind === 'affine') return node;
  const channel = by as ScaleShift;
  const places = placesOf(node.shape);
  const spread = (values: Float32Array): Float32Array => Float32Array.from({ length: sizeOf(node.shape) }, (_, i) => values[Math.floor(i / places)]);
  return { scale: spread(channel.scale), shift: spread(channel.shift) };
}

function standAlone(node: BatchNorm | Affine, by: ScaleShift | undefined, edit: Edit, report: Reporter): NodeId | undefined {
  const where = { kind: 'node', node: node.id } as const;
  const site = { id: node.id, input: node.inputs[0], shape: node.shape };
  if (by === undefined) { report.report('lower/per-element', where, { shape: node.shape }); return undefined; }
  if (node.shape.length === 3) return edit.emit(depthwise(site, by));
  if (node.shape[0] > widestDiagonal) {
    report.report('lower/too-wide', where, { features: node.shape[0], most: widestDiagonal, what: 'a scale and shift of a vector' });
    return undefined;
  }
  return edit.emit(diagonal(site, by));
}
