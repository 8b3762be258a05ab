/**
 * Convolutions behind a transposed convolution. The import writes a transposed convolution of stride s as a
 * convolution to s * s phases, which a reshape, a transpose and a reshape interleave to a picture. Such a
 * picture is never built: rectifiers and the like work on the phases, and a convolution over the picture is one
 * over the phases, whose weights are those that meet each phase. Its own result is in phases again, unless its stride undoes them.
 */
import { sizeOf, type AveragePool, type BatchNorm, type Conv, type Graph, type GraphNode, type NodeId, type Pair, type Window } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { derivedId, rewriteGraph, type Edit } from './edit.js';
import { noPads, unitWindow } from './linear-nodes.js';

/** picture[c, s y + p, t x + q] = base[(c, p, q), y, x] for `by` = [s, t]. */
interface Interleaved { readonly base: NodeId; readonly by: Pair }

/** The permutation of [C, s, t, H, W] to [C, H, s, W, t]. */
const INTERLEAVE = '0,3,1,4,2';

export function lowerInterleaved(graph: Graph, _report: Reporter): Graph {
  if (!graph.nodes.some((n) => n.kind === 'transpose' && n.permutation.join() === INTERLEAVE)) return graph;
  const known = new Map<NodeId, Interleaved>();
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  return rewriteGraph(graph, (node, edit, old) => {
    const found = node.kind === 'reshape' ? pictureOf(old, nodes, edit) : throughNode(node, old.inputs.map((id) => known.get(id)), edit);
    if (found === undefined || typeof found === 'string') return found;
    known.set(old.id, found);
    return node.kind === 'conv' ? interleave(node.id, node.shape, found, edit) : undefined;
  });
}

/** The last of the three nodes that interleave phases. */
function pictureOf(reshape: GraphNode, nodes: ReadonlyMap<NodeId, GraphNode>, edit: Edit): Interleaved | undefined {
  const turned = nodes.get(reshape.inputs[0]);
  if (turned?.kind !== 'transpose' || turned.permutation.join() !== INTERLEAVE) return undefined;
  const apart = nodes.get(turned.inputs[0]);
  if (apart?.kind !== 'reshape') return undefined;
  const [channels, s, t, height, width] = apart.shape;
  const base = edit.node(edit.renamed(apart.inputs[0]));
  const fits = base.shape.join() === [channels * s * t, height, width].join() && reshape.shape.join() === [channels, height * s, width * t].join();
  return fits ? { base: base.id, by: [s, t] } : undefined;
}

/** The node done on phases: the phases of its result, the name of a node that gives the result itself, or undefined where it needs the picture. */
function throughNode(node: GraphNode, seen: readonly (Interleaved | undefined)[], edit: Edit): Interleaved | NodeId | undefined {
  const [first] = seen;
  if (first === undefined) return undefined;
  const { shape } = edit.node(first.base);
  const id = derivedId(node.id, 'phases');
  const onPhases = (made: GraphNode): Interleaved => ({ base: edit.emit(made), by: first.by });
  switch (node.kind) {
    case 'relu': return onPhases({ ...node, id, inputs: [first.base], shape });
    case 'batch-norm': return onPhases({ ...repeated(node, sizeOf(first.by)), id, inputs: [first.base], shape });
    case 'add': case 'subtract': {
      const alike = seen.every((s) => s !== undefined && s.by.join() === first.by.join());
      return alike ? onPhases({ ...node, id, inputs: seen.map((s) => (s as Interleaved).base), shape }) : undefined;
    }
    case 'conv': return convOnPhases(node, first, edit);
    case 'average-pool': return wholeMean(node, first, edit);
    case 'input': case 'dense': case 'affine': case 'max-pool': case 'concat': case 'reshape': case 'transpose': case 'pad': case 'slice': case 'softmax': return undefined;
  }
}

function repeated(node: BatchNorm, times: number): BatchNorm {
  const each = (values: Float32Array): Float32Array => Float32Array.from({ length: values.length * times }, (_, i) => values[Math.floor(i / times)]);
  return { ...node, gamma: each(node.gamma), beta: each(node.beta), mean: each(node.mean), variance: each(node.variance) };
}

/** One axis of a convolution over phases: `results` phases of its own, and where its weights lie. */
interface AxisPlan {
  readonly results: number;
  readonly stride: number;
  readonly lowest: number;
  readonly taps: number;
  readonly places: number;
  /** Phase and tap of the weight k for result phase e. */
  readonly meets: (e: number, k: number) => readonly [phase: number, tap: number];
}

/** Output u = r a + e reads the picture at stride u + dilation k - pad, which is phase mod s of place a stride r / s + floor. Undefined where strides and phases do not divide. */
function planAxis({ kernel, stride, dilation, pads }: Window, axis: 0 | 1, { by, output }: { readonly by: number; readonly output: number }): AxisPlan | undefined {
  const step = stride[axis];
  const results = step % by === 0 ? 1 : by % step === 0 ? by / step : 0;
  if (results === 0 || output % results !== 0) return undefined;
  const place = (e: number, k: number): number => e * step + k * dilation[axis] - pads[axis];
  const lowest = Math.floor(place(0, 0) / by);
  const highest = Math.floor(place(results - 1, kernel[axis] - 1) / by);
  return {
    results, stride: results === 1 ? step / by : 1, lowest, taps: highest - lowest + 1, places: output / results,
    meets: (e, k) => { const at = Math.floor(place(e, k) / by); return [place(e, k) - at * by, at - lowest]; },
  };
}

function convOnPhases(node: Conv, { base, by }: Interleaved, edit: Edit): Interleaved | NodeId | undefined {
  const [channels, height, width] = edit.node(base).shape;
  const [outputs, rows, columns] = node.shape;
  const [y, x] = [planAxis(node.window, 0, { by: by[0], output: rows }), planAxis(node.window, 1, { by: by[1], output: columns })];
  if (y === undefined || x === undefined) return undefined;
  const weight = phaseWeights(node, { y, x, by, inGroup: channels / sizeOf(by) / node.groups });
  const times = y.results * x.results;
  const { statistics: _, ...rest } = node;
  const after = (plan: AxisPlan, size: number): number => (plan.places - 1) * plan.stride + plan.lowest + plan.taps - size;
  const made: Conv = {
    ...rest, id: times === 1 ? node.id : derivedId(node.id, 'phases'), inputs: [base], weight, shape: [outputs * times, y.places, x.places],
    bias: Float32Array.from({ length: outputs * times }, (_, i) => node.bias[Math.floor(i / times)]),
    window: { kernel: [y.taps, x.taps], stride: [y.stride, x.stride], dilation: [1, 1], pads: [-y.lowest, -x.lowest, after(y, height), after(x, width)] },
  };
  if (made.window.pads.some((p) => p < 0)) return undefined;
  edit.emit(made);
  return times === 1 ? made.id : { base: made.id, by: [y.results, x.results] };
}

/** [Co, Ci, Kh, Kw] as [(Co, e, f), (Ci, p, q), taps, taps]. */
function phaseWeights({ weight, window: { kernel }, shape }: Conv, { y, x, by: [s, t], inGroup }: { readonly y: AxisPlan; readonly x: AxisPlan; readonly by: Pair; readonly inGroup: number }): Float32Array {
  const out = new Float32Array(shape[0] * y.results * x.results * inGroup * s * t * y.taps * x.taps);
  for (let o = 0; o < shape[0]; o++) for (let e = 0; e < y.results; e++) for (let f = 0; f < x.results; f++) for (let c = 0; c < inGroup; c++) {
    for (let ky = 0; ky < kernel[0]; ky++) for (let kx = 0; kx < kernel[1]; kx++) {
      const [[p, ty], [q, tx]] = [y.meets(e, ky), x.meets(f, kx)];
      const row = ((o * y.results + e) * x.results + f) * inGroup + c;
      out[(((row * s + p) * t + q) * y.taps + ty) * x.taps + tx] = weight[((o * inGroup + c) * kernel[0] + ky) * kernel[1] + kx];
    }
  }
  return out;
}

/** The mean over the whole picture is the mean of the means of its phases. */
function wholeMean(node: AveragePool, { base, by }: Interleaved, edit: Edit): NodeId | undefined {
  const { shape } = edit.node(base);
  const [channels] = node.shape;
  const whole = node.window.kernel[0] === shape[1] * by[0] && node.window.kernel[1] === shape[2] * by[1] && node.window.pads.every((p) => p === 0);
  if (!whole) return undefined;
  const pooled = edit.emit({ ...node, id: derivedId(node.id, 'phases'), inputs: [base], shape: [shape[0], 1, 1], window: { ...unitWindow, kernel: [shape[1], shape[2]], pads: noPads } });
  const weight = new Float32Array(shape[0]).fill(1 / sizeOf(by));
  return edit.emit({ kind: 'conv', id: node.id, inputs: [pooled], shape: [channels, 1, 1], window: unitWindow, groups: channels, weight, bias: new Float32Array(channels) });
}

/** The picture of a convolution's phases, as the import would write it, for those who need the picture. */
function interleave(id: NodeId, shape: readonly number[], { base, by: [s, t] }: Interleaved, edit: Edit): NodeId {
  const [channels, height, width] = shape;
  const apart = edit.emit({ kind: 'reshape', id: derivedId(id, 'apart'), inputs: [base], shape: [channels, s, t, height / s, width / t] });
  const turned = edit.emit({ kind: 'transpose', id: derivedId(id, 'interleaved'), inputs: [apart], shape: [channels, height / s, s, width / t, t], permutation: [0, 3, 1, 4, 2] });
  return edit.emit({ kind: 'reshape', id, inputs: [turned], shape });
}
