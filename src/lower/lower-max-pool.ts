/**
 * Turns max pooling into arithmetic that a chip has: max(a, b) = b + relu(a - b), as a balanced tree
 * over the window's places. A place of the window is picked by a depthwise convolution whose filter
 * is one at that place; a difference of two places is one with +1 and -1. So the maximum of four is
 *
 *     p = relu(a - b)    q = relu(c - d)    r = relu((b + p) - (d + q))    max = d + q + r
 *
 * and when no input is negative the sum goes through one more ReLU, which changes nothing and makes
 * it a population. A ReLU behind a max pool is first moved in front of it (the two commute), so that
 * this is the usual case; zero padding is then exact too.
 */
import { sizeOf, windowOutput, type Conv, type Graph, type GraphNode, type MaxPool, type NodeId, type Pair, type Relu, type Shape, type Window } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { boundsOf } from './bounds.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';
import { depthwise, noPads, uniformScale } from './linear-nodes.js';

/** The most places of a window that are compared in one tree; larger windows go rows first, then columns. */
const largestTree = 9;

export function lowerMaxPool(graph: Graph, report: Reporter): Graph {
  if (!graph.nodes.some((n) => n.kind === 'max-pool')) return graph;
  return rewriteGraph(reluFirst(graph), (node, edit) => {
    if (node.kind !== 'max-pool') return undefined;
    const bounds = boundsOf(edit.node);
    const [source] = node.inputs;
    const signed = !bounds.nonNegative(source);
    if (signed && node.window.pads.some((p) => p !== 0)) {
      report.report('lower/max-pool-padding', { kind: 'node', node: node.id }, { pads: node.window.pads });
      return undefined;
    }
    const windows = stagesOf(node, edit.node(source).shape);
    return windows.reduce((input, window, k) => {
      const id = k === windows.length - 1 ? node.id : derivedId(node.id, `stage-${k}`);
      return maximum({ id, input, window, signed, cap: bounds.upper(source) }, edit);
    }, source);
  });
}

/** relu(maxpool(x)) becomes maxpool(relu(x)) where x may be negative. */
function reluFirst(graph: Graph): Graph {
  return rewriteGraph(graph, (node, edit) => {
    if (node.kind !== 'relu') return undefined;
    const source = edit.node(node.inputs[0]);
    const negative = source.kind === 'max-pool' && !boundsOf(edit.node).nonNegative(source.id);
    return negative ? reluInside(node, source, edit) : undefined;
  });
}

function reluInside(relu: Relu, pool: MaxPool, edit: Edit): NodeId {
  const inner = edit.node(pool.inputs[0]);
  const before = { ...relu, id: derivedId(relu.id, 'before-pool'), inputs: pool.inputs, shape: inner.shape };
  const input = inner.kind === 'max-pool' ? reluInside(before, inner, edit) : edit.emit(before);
  return edit.emit({ ...pool, id: relu.id, inputs: [input] });
}

/**
 * Windows whose maxima in a row give the pool's. A window that does not overlap is split into its
 * prime factors (8x8 is 2x2 three times); one with many places into rows and columns.
 */
function stagesOf(node: MaxPool, input: Shape): readonly Window[] {
  const { window } = node;
  const apart = [0, 1].every((a) => window.pads[a] === 0 && window.pads[a + 2] === 0 && window.dilation[a] === 1
    && (window.kernel[a] === window.stride[a] || (window.kernel[a] === input[a + 1])));
  const factored = apart ? factoredStages(window.kernel) : [window];
  return factored.flatMap((w) => (sizeOf(w.kernel) <= largestTree && !separableIsCheaper(w, input) ? [w] : separated(w)));
}

function factoredStages(kernel: Pair): Window[] {
  const [rows, columns] = kernel.map(primeFactors);
  const count = Math.max(rows.length, columns.length, 1);
  return Array.from({ length: count }, (_, k) => {
    const size: Pair = [rows[k] ?? 1, columns[k] ?? 1];
    return { kernel: size, stride: size, dilation: [1, 1], pads: noPads };
  });
}

function primeFactors(n: number): number[] {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return [p, ...primeFactors(n / p)];
  return n === 1 ? [] : [n];
}

/** Along the rows first, then along the columns. */
function separated(w: Window): Window[] {
  const [top, left, bottom, right] = w.pads;
  const across: Window = { kernel: [1, w.kernel[1]], stride: [1, w.stride[1]], dilation: [1, w.dilation[1]], pads: [0, left, 0, right] };
  const down: Window = { kernel: [w.kernel[0], 1], stride: [w.stride[0], 1], dilation: [w.dilation[0], 1], pads: [top, 0, bottom, 0] };
  return [across, down].filter((s) => sizeOf(s.kernel) > 1 || sizeOf(s.stride) > 1);
}

/** Counts neurons: a tree over n places has n populations of the output's size. */
function separableIsCheaper(w: Window, [, height, width]: Shape): boolean {
  const [rows, columns] = windowOutput(w, height, width);
  return height * columns * w.kernel[1] + rows * columns * w.kernel[0] < rows * columns * sizeOf(w.kernel);
}

interface Maximum {
  readonly id: NodeId;
  readonly input: NodeId;
  readonly window: Window;
  readonly signed: boolean;
  readonly cap: number;
}

/** The maximum of some places: the value at one of them plus differences that are not negative. */
interface Branch { readonly place: number; readonly differences: readonly NodeId[] }

function maximum(of: Maximum, edit: Edit): NodeId {
  const places = sizeOf(of.window.kernel);
  const picked = (id: NodeId, signs: ReadonlyMap<number, number>): Conv => pick(of, edit.node(of.input).shape, { id, signs });
  if (places === 1) return edit.emit(picked(of.id, new Map([[0, 1]])));
  let branches: Branch[] = Array.from({ length: places }, (_, place) => ({ place, differences: [] }));
  for (let level = 0; branches.length > 1; level++) {
    const next: Branch[] = [];
    for (let k = 0; k + 1 < branches.length; k += 2) {
      const [a, b] = [branches[k], branches[k + 1]];
      const id = derivedId(of.id, `difference-${level}-${k / 2}`);
      const apart = edit.emit(picked(derivedId(id, 'places'), new Map([[a.place, 1], [b.place, -1]])));
      const terms = [apart, ...a.differences, ...b.differences.map((d) => negative(d, edit))];
      const input = sum(terms, derivedId(id, 'sum'), edit);
      edit.emit({ kind: 'relu', id, inputs: [input], shape: edit.node(input).shape, cap: of.cap });
      next.push({ place: b.place, differences: [...b.differences, id] });
    }
    branches = branches.length % 2 === 0 ? next : [...next, branches[branches.length - 1]];
  }
  const [{ place, differences }] = branches;
  const last = edit.emit(picked(derivedId(of.id, 'last'), new Map([[place, 1]])));
  if (of.signed) return sum([last, ...differences], of.id, edit);
  const input = sum([last, ...differences], derivedId(of.id, 'sum'), edit);
  return edit.emit({ kind: 'relu', id: of.id, inputs: [input], shape: edit.node(input).shape, cap: of.cap });
}

/** A depthwise convolution with the pool's window and the given factors at some of its places. */
function pick(of: Maximum, input: Shape, filter: { readonly id: NodeId; readonly signs: ReadonlyMap<number, number> }): Conv {
  const [channels, height, width] = input;
  const places = sizeOf(of.window.kernel);
  const weight = Float32Array.from({ length: channels * places }, (_, i) => filter.signs.get(i % places) ?? 0);
  return {
    kind: 'conv', id: filter.id, inputs: [of.input], shape: [channels, ...windowOutput(of.window, height, width)],
    weight, bias: new Float32Array(channels), window: of.window, groups: channels,
  };
}

function negative(id: NodeId, edit: Edit): NodeId {
  const { shape } = edit.node(id);
  return edit.emit(depthwise({ id: derivedId(id, 'negative'), input: id, shape }, uniformScale(shape[0], -1)));
}

function sum(terms: readonly NodeId[], id: NodeId, edit: Edit): NodeId {
  if (terms.length === 1) return terms[0];
  const add: GraphNode = { kind: 'add', id, inputs: terms, shape: edit.node(terms[0]).shape };
  return edit.emit(add);
}
