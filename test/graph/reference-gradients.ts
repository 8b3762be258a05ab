/**
 * Values and gradients of a lowered network for one sample, with plain loops in double precision: what
 * the kernels have to agree with. It is itself held against central differences.
 */
import type { Conv, CoreNode, Graph, NodeId } from '../../src/graph/graph.js';
import { indexNodes, sizeOf } from '../../src/graph/graph.js';

type Numbers = Float64Array;

/** Calls `use` with (output place, input place, weight place) of each product of a convolution. */
function eachProduct(node: Conv, [, height, width]: readonly number[], use: (out: number, from: number, weight: number) => void): void {
  const [outputs, outHeight, outWidth] = node.shape;
  const { kernel, stride, dilation, pads } = node.window;
  const perGroup = node.weight.length / (outputs * kernel[0] * kernel[1]);
  for (let o = 0; o < outputs; o++) {
    const group = Math.floor(o / (outputs / node.groups));
    for (let i = 0; i < perGroup; i++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          const weight = ((o * perGroup + i) * kernel[0] + ky) * kernel[1] + kx;
          for (let oy = 0; oy < outHeight; oy++) {
            const y = oy * stride[0] - pads[0] + ky * dilation[0];
            if (y < 0 || y >= height) continue;
            for (let ox = 0; ox < outWidth; ox++) {
              const x = ox * stride[1] - pads[1] + kx * dilation[1];
              if (x >= 0 && x < width) use((o * outHeight + oy) * outWidth + ox, ((group * perGroup + i) * height + y) * width + x, weight);
            }
          }
        }
      }
    }
  }
}

/** Calls `use` with (output place, input place, share) of a mean pooling. */
function eachShare(node: Extract<CoreNode, { kind: 'average-pool' }>, [channels, height, width]: readonly number[], use: (out: number, from: number, share: number) => void): void {
  const { kernel, stride, dilation, pads } = node.window;
  for (let out = 0; out < sizeOf(node.shape); out++) {
    const [c, oy, ox] = [Math.floor(out / (node.shape[1] * node.shape[2])), Math.floor(out / node.shape[2]) % node.shape[1], out % node.shape[2]];
    const seen: number[] = [];
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const y = oy * stride[0] - pads[0] + ky * dilation[0];
        const x = ox * stride[1] - pads[1] + kx * dilation[1];
        if (y >= 0 && y < height && x >= 0 && x < width && c < channels) seen.push((c * height + y) * width + x);
      }
    }
    for (const from of seen) use(out, from, 1 / (node.countPad ? kernel[0] * kernel[1] : seen.length));
  }
}

function forward(node: CoreNode, inputs: readonly Numbers[], shape: readonly number[]): Numbers {
  const out = new Float64Array(sizeOf(node.shape));
  switch (node.kind) {
    case 'input': throw new Error('the input has no rule');
    case 'conv':
      out.forEach((_, i) => { out[i] = node.bias[Math.floor(i / (node.shape[1] * node.shape[2]))]; });
      eachProduct(node, shape, (o, i, w) => { out[o] += inputs[0][i] * node.weight[w]; });
      return out;
    case 'dense': return out.map((_, o) => inputs[0].reduce((sum, v, i) => sum + v * node.weight[o * inputs[0].length + i], node.bias[o]));
    case 'relu': return inputs[0].map((v) => Math.min(Math.max(v, 0), node.cap));
    case 'add': return out.map((_, i) => inputs.reduce((sum, t) => sum + t[i], 0));
    case 'reshape': return inputs[0];
    case 'average-pool': eachShare(node, shape, (o, i, share) => { out[o] += inputs[0][i] * share; }); return out;
  }
}

function backward(node: CoreNode, gradient: Numbers, input: Numbers, shape: readonly number[]): Numbers {
  const into = new Float64Array(sizeOf(shape));
  switch (node.kind) {
    case 'input': throw new Error('the input has no rule');
    case 'conv': eachProduct(node, shape, (o, i, w) => { into[i] += gradient[o] * node.weight[w]; }); return into;
    case 'dense': return into.map((_, i) => gradient.reduce((sum, g, o) => sum + g * node.weight[o * into.length + i], 0));
    case 'relu': return gradient.map((g, i) => (input[i] > 0 && input[i] < node.cap ? g : 0));
    case 'add': case 'reshape': return gradient;
    case 'average-pool': eachShare(node, shape, (o, i, share) => { into[i] += gradient[o] * share; }); return into;
  }
}

/** The outputs of all nodes. */
export function referenceValues(graph: Graph<CoreNode>, image: Numbers): ReadonlyMap<NodeId, Numbers> {
  const nodes = indexNodes(graph);
  const values = new Map<NodeId, Numbers>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values.get(id) as Numbers);
    values.set(node.id, node.kind === 'input' ? image : forward(node, inputs, nodes.get(node.inputs[0])?.shape ?? []));
  }
  return values;
}

/** Gradient with respect to the image of sum(mix * output) + sum(inner node ^ 2) / 2. */
export function referenceGradient(graph: Graph<CoreNode>, image: Numbers, mix: Numbers, inner?: NodeId): Numbers {
  const nodes = indexNodes(graph);
  const values = referenceValues(graph, image);
  const gradients = new Map<NodeId, Numbers>(graph.nodes.map((n) => [n.id, new Float64Array(sizeOf(n.shape))]));
  gradients.set(graph.outputs[0], mix);
  for (const node of graph.nodes.toReversed()) {
    const own = gradients.get(node.id) as Numbers;
    if (node.id === inner) (values.get(inner) as Numbers).forEach((v, i) => { own[i] += v; });
    for (const id of node.inputs) {
      const share = backward(node, own, values.get(id) as Numbers, (nodes.get(id) as CoreNode).shape);
      const into = gradients.get(id) as Numbers;
      share.forEach((g, i) => { into[i] += g; });
    }
  }
  return gradients.get(graph.nodes[0].id) as Numbers;
}
