/**
 * Removes padding and slicing nodes. Zero rows and columns in front of a convolution or an average
 * pool become its own padding; everything else is a convolution that copies: a slice takes every
 * step-th place (places before its start and after its end lie under zeros of the filter), a channel
 * pad or slice is a selection matrix. The shortcut of the CIFAR ResNets (every second place, new
 * channels zero) is two of them, which the normal form merges into one.
 */
import type { AveragePool, Conv, Graph, GraphNode, MaxPool, NodeId, Pad, Pads, Pair, Shape, Slice } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { rewriteGraph } from './edit.js';
import { placeChannels, widestDiagonal } from './linear-nodes.js';

/** Padding with a number below this is padding with "nothing" in front of a max pool. */
const belowEverything = -1e30;

export function lowerPad(graph: Graph, report: Reporter): Graph {
  const before = new Map(graph.nodes.map((n) => [n.id, n]));
  return rewriteGraph(graph, (node, edit, old) => {
    if (node.kind === 'conv' || node.kind === 'average-pool' || node.kind === 'max-pool') {
      const pad = before.get(old.inputs[0]) as GraphNode;
      const folded = pad.kind === 'pad' ? foldIntoWindow(node, pad) : undefined;
      return folded === undefined ? undefined : edit.emit({ ...folded, inputs: [edit.renamed(pad.inputs[0])] });
    }
    if (node.kind !== 'pad' && node.kind !== 'slice') return undefined;
    const input = edit.node(node.inputs[0]).shape;
    const copies = node.kind === 'pad' ? node.amounts.map(padCopy) : node.ranges.map((r, a) => sliceCopy(r, input[a], node.shape[a]));
    if (copies.every((c) => c.before === 0 && c.after === 0 && c.step === 1)) return node.inputs[0];
    const needed = node.kind === 'slice' || edit.isOutput(old.id) || edit.consumers(old.id).some((r) => !canFold(r, node));
    if (!needed) return edit.emit(node);
    return expressible(node, input, report) ? edit.emit(copyNode(node, copies, input)) : undefined;
  });
}

const canFold = (reader: GraphNode, pad: Pad): boolean =>
  (reader.kind === 'conv' || reader.kind === 'average-pool' || reader.kind === 'max-pool') && foldIntoWindow(reader, pad) !== undefined;

/** The node with the padding as its own, or undefined where that is something else. */
function foldIntoWindow<N extends Conv | AveragePool | MaxPool>(node: N, pad: Pad): N | undefined {
  if (pad.amounts.length !== 3 || pad.amounts[0].some((a) => a !== 0)) return undefined;
  const [, [top, bottom], [left, right]] = pad.amounts;
  const [ownTop, ownLeft, ownBottom, ownRight] = node.window.pads;
  const pads: Pads = [ownTop + top, ownLeft + left, ownBottom + bottom, ownRight + right];
  if (pads.some((p) => p < 0)) return undefined;
  if (node.kind === 'max-pool') return pad.value < belowEverything ? { ...node, window: { ...node.window, pads } } : undefined;
  if (pad.value !== 0) return undefined;
  const padded = { ...node, window: { ...node.window, pads } };
  if (node.kind === 'conv') return padded;
  return node.countPad || node.window.pads.every((p) => p === 0) ? { ...padded, countPad: true } : undefined;
}

/** How one axis is copied: zeros (or, negative, dropped places) on both sides, then every step-th place. */
interface AxisCopy { readonly before: number; readonly after: number; readonly step: number }

const padCopy = ([before, after]: Pair): AxisCopy => ({ before, after, step: 1 });

function sliceCopy(range: Slice['ranges'][number], length: number, count: number): AxisCopy {
  const last = range.start + range.step * (count - 1);
  return { before: -range.start, after: last + 1 - length, step: range.step };
}

function expressible(node: Pad | Slice, input: Shape, report: Reporter): boolean {
  const where = { kind: 'node', node: node.id } as const;
  if (node.kind === 'pad' && node.value !== 0) report.report('lower/pad-value', where, { value: node.value });
  else if (node.kind === 'slice' && node.ranges.some((r) => r.step < 0)) report.report('lower/slice-backwards', where, {});
  else if (input.length !== 3 && Math.max(input[0], node.shape[0]) > widestDiagonal) {
    report.report('lower/too-wide', where, { features: Math.max(input[0], node.shape[0]), most: widestDiagonal, what: `a ${node.kind} of a vector` });
  } else return true;
  return false;
}

/** The convolution (on a vector: the dense layer) that copies. */
function copyNode(node: Pad | Slice, copies: readonly AxisCopy[], input: Shape): GraphNode {
  const site = { id: node.id, input: node.inputs[0] };
  const [channelCopy, ...placeCopies] = copies;
  if (input.length !== 3) {
    const { weight, bias } = selectChannels({ ...site, shape: [input[0], 1, 1] }, channelCopy, node.shape[0]);
    return { kind: 'dense', id: node.id, inputs: node.inputs, shape: node.shape, weight, bias };
  }
  const wholeChannels = channelCopy.before === 0 && channelCopy.after === 0 && channelCopy.step === 1;
  const channels = wholeChannels ? { weight: new Float32Array(input[0]).fill(1), bias: new Float32Array(input[0]) }
    : selectChannels({ ...site, shape: input }, channelCopy, node.shape[0]);
  const [y, x] = placeCopies.map((c, a) => copyTaps(c, input[a + 1], node.shape[a + 1]));
  const size = y.kernel * x.kernel;
  const weight = new Float32Array(channels.weight.length * size);
  channels.weight.forEach((w, i) => { weight[i * size + y.tap * x.kernel + x.tap] = w; });
  return {
    kind: 'conv', id: node.id, inputs: node.inputs, shape: node.shape, weight, bias: channels.bias, groups: wholeChannels ? input[0] : 1,
    window: { kernel: [y.kernel, x.kernel], stride: [y.stride, x.stride], dilation: [1, 1], pads: [y.pad, x.pad, y.padEnd, x.padEnd] },
  };
}

interface CopyTaps { readonly kernel: number; readonly tap: number; readonly stride: number; readonly pad: number; readonly padEnd: number }

/** Dropped places at the start lie under the filter's first taps, those at the end (beyond what the stride skips) under its last. */
function copyTaps(copy: AxisCopy, length: number, count: number): CopyTaps {
  const tap = Math.max(0, -copy.before);
  const pad = Math.max(0, copy.before);
  const padEnd = Math.max(0, copy.after);
  const spare = length + pad + padEnd - tap - 1 - copy.step * (count - 1);
  const surplus = spare - (copy.step - 1);
  return { kernel: tap + 1 + Math.max(0, surplus), tap, stride: copy.step, pad, padEnd };
}

function selectChannels(site: { id: NodeId; input: NodeId; shape: Shape }, copy: AxisCopy, total: number): Pick<Conv, 'weight' | 'bias'> {
  if (copy.step === 1) return placeChannels(site, total, copy.before);
  const [channels] = site.shape;
  const weight = new Float32Array(total * channels);
  for (let o = 0; o < total; o++) weight[o * channels + o * copy.step - copy.before] = 1;
  return { weight, bias: new Float32Array(total) };
}
