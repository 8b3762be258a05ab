/**
 * The float graph evaluated one sample at a time with plain loops straight from the sentences in
 * `src/graph/graph.ts`, in double precision: what the engine has to agree with.
 */
import type { Graph, GraphNode, NodeId, NodeRules, Shape, Window } from '../../src/graph/graph.js';
import { dispatch, sizeOf } from '../../src/graph/graph.js';

interface Tensor { readonly shape: Shape; readonly data: Float64Array }

/** Every index of a shape, in row-major order. */
function indices(shape: Shape): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index = new Array<number>(shape.length);
    let rest = flat;
    for (let a = shape.length - 1; a >= 0; a--) { index[a] = rest % shape[a]; rest = Math.floor(rest / shape[a]); }
    return index;
  });
}

const build = (shape: Shape, at: (index: number[]) => number): Tensor => ({ shape, data: Float64Array.from(indices(shape), at) });

/** An element, or undefined outside the tensor. */
function read(t: Tensor, index: readonly number[]): number | undefined {
  if (index.some((i, a) => i < 0 || i >= t.shape[a])) return undefined;
  return t.data[index.reduce((flat, i, a) => flat * t.shape[a] + i, 0)];
}

/** The places (y, x) that output place (oy, ox) looks at. */
function taps(w: Window, oy: number, ox: number): { ky: number; kx: number; y: number; x: number }[] {
  return indices(w.kernel).map(([ky, kx]) => ({
    ky, kx, y: oy * w.stride[0] - w.pads[0] + ky * w.dilation[0], x: ox * w.stride[1] - w.pads[1] + kx * w.dilation[1],
  }));
}

const rules: NodeRules<[Tensor[]], Tensor> = {
  input: () => { throw new Error('the input has no rule'); },
  conv: (n, [x]) => build(n.shape, ([o, oy, ox]) => {
    const perGroup = x.shape[0] / n.groups;
    const group = Math.floor(o / (n.shape[0] / n.groups));
    let sum = n.bias[o];
    for (let i = 0; i < perGroup; i++) {
      for (const t of taps(n.window, oy, ox)) {
        const w = n.weight[((o * perGroup + i) * n.window.kernel[0] + t.ky) * n.window.kernel[1] + t.kx];
        sum += w * (read(x, [group * perGroup + i, t.y, t.x]) ?? 0);
      }
    }
    return sum;
  }),
  dense: (n, [x]) => build(n.shape, ([o]) => x.data.reduce((sum, v, i) => sum + v * n.weight[o * x.data.length + i], n.bias[o])),
  'batch-norm': (n, [x]) => build(n.shape, (at) => {
    const c = at[0];
    return ((read(x, at) as number) - n.mean[c]) / Math.sqrt(n.variance[c] + n.epsilon) * n.gamma[c] + n.beta[c];
  }),
  affine: (n, [x]) => ({ shape: n.shape, data: x.data.map((v, i) => v * n.scale[i] + n.shift[i]) }),
  relu: (n, [x]) => ({ shape: n.shape, data: x.data.map((v) => Math.min(Math.max(v, 0), n.cap)) }),
  'average-pool': (n, [x]) => build(n.shape, ([c, oy, ox]) => {
    const all = taps(n.window, oy, ox).map((t) => read(x, [c, t.y, t.x]));
    const seen = all.filter((v) => v !== undefined);
    return seen.reduce((a, b) => a + b, 0) / (n.countPad ? all.length : seen.length);
  }),
  'max-pool': (n, [x]) => build(n.shape, ([c, oy, ox]) => Math.max(...taps(n.window, oy, ox).map((t) => read(x, [c, t.y, t.x]) ?? -Infinity))),
  add: (n, terms) => ({ shape: n.shape, data: terms[0].data.map((_, i) => terms.reduce((sum, t) => sum + t.data[i], 0)) }),
  subtract: (n, [a, b]) => ({ shape: n.shape, data: a.data.map((v, i) => v - b.data[i]) }),
  concat: (n, parts) => build(n.shape, (at) => {
    let place = at[n.axis];
    for (const p of parts) {
      if (place < p.shape[n.axis]) return read(p, at.with(n.axis, place)) as number;
      place -= p.shape[n.axis];
    }
    throw new Error('concat: the parts are shorter than the whole');
  }),
  reshape: (n, [x]) => ({ shape: n.shape, data: x.data }),
  transpose: (n, [x]) => build(n.shape, (at) => {
    const from = new Array<number>(at.length);
    n.permutation.forEach((axis, k) => { from[axis] = at[k]; });
    return read(x, from) as number;
  }),
  pad: (n, [x]) => build(n.shape, (at) => read(x, at.map((i, a) => i - n.amounts[a][0])) ?? n.value),
  slice: (n, [x]) => build(n.shape, (at) => read(x, at.map((i, a) => n.ranges[a].start + i * n.ranges[a].step)) as number),
  softmax: (n, [x]) => build(n.shape, (at) => {
    const line = Array.from({ length: n.shape[n.axis] }, (_, i) => read(x, at.with(n.axis, i)) as number);
    const p = Math.exp(read(x, at) as number) / line.reduce((sum, v) => sum + Math.exp(v), 0);
    return n.log ? Math.log(p) : p;
  }),
};

/** The outputs of all nodes for one sample. */
export function referenceEvaluate(graph: Graph, image: Float32Array): Map<NodeId, Float64Array> {
  const values = new Map<NodeId, Tensor>();
  for (const node of graph.nodes as readonly GraphNode[]) {
    values.set(node.id, node.kind === 'input'
      ? { shape: node.shape, data: Float64Array.from(image) }
      : dispatch(rules, node, node.inputs.map((id) => values.get(id) as Tensor)));
  }
  return new Map([...values].map(([id, t]) => [id, t.data]));
}
