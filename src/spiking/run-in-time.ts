/**
 * Runs a core graph as a spiking network in floating point, layer by layer: each layer's currents are
 * computed for all images and steps at once, then its neurons turn them into spikes. Layers see each
 * other at equal local steps, which is what the depths and delays of the converted network arrange.
 */
import { indexNodes, type CoreNode, type Graph, type NodeId } from '../graph/graph.js';
import { createKernels } from '../kernels/kernels.js';
import { rectified, runNode, summed } from './node-values.js';

export interface TimedRun {
  readonly images: Float32Array;
  readonly count: number;
  readonly timesteps: number;
  /** Turns currents [count, T, C, H, W] of a rectifier into spikes times threshold, same shape. */
  readonly fire: (node: NodeId, currents: Float32Array) => Float32Array;
}

/** The output's mean over T: [count, classes]. */
export function runInTime(graph: Graph<CoreNode>, { images, count, timesteps, fire }: TimedRun): Float32Array {
  const context = { count: count * timesteps, kernels: createKernels(), nodes: indexNodes(graph), backend: undefined };
  const lastUse = new Map<NodeId, number>();
  graph.nodes.forEach((n, i) => n.inputs.forEach((id) => lastUse.set(id, i)));
  const values = new Map<NodeId, Float32Array>();
  graph.nodes.forEach((node, i) => {
    const inputs = node.inputs.map((id) => values.get(id)!);
    values.set(node.id, valueOf(node, inputs));
    for (const id of node.inputs) if (lastUse.get(id) === i) values.delete(id);
  });
  return meanOverTime(values.get(graph.outputs[0])!, count, timesteps);

  function valueOf(node: CoreNode, inputs: readonly Float32Array[]): Float32Array {
    switch (node.kind) {
      case 'input': return repeated(images, count, timesteps);
      case 'relu': return fire(node.id, inputs[0]);
      case 'add': return summed(inputs);
      case 'reshape': return inputs[0];
      case 'average-pool': case 'conv': case 'dense': return runNode(node, inputs[0], context);
    }
  }
}

/** What the ANN itself says: the value of every rectifier, [count, C, H, W], and the output's, [count, classes]. */
export function rectifiedValues(graph: Graph<CoreNode>, images: Float32Array, count: number): { readonly values: ReadonlyMap<NodeId, Float32Array>; readonly scores: Float32Array } {
  const values = new Map<NodeId, Float32Array>();
  const caps = new Map(graph.nodes.map((n) => [n.id, n.kind === 'relu' ? n.cap : Infinity]));
  const scores = runInTime(graph, {
    images, count, timesteps: 1,
    fire: (node, inputs) => {
      const value = rectified(inputs, caps.get(node) ?? Infinity);
      values.set(node, value);
      return value;
    },
  });
  return { values, scores };
}

/** Every image T times in a row. */
function repeated(images: Float32Array, count: number, timesteps: number): Float32Array {
  const size = images.length / count;
  const out = new Float32Array(images.length * timesteps);
  for (let k = 0; k < count * timesteps; k++) out.set(images.subarray(Math.floor(k / timesteps) * size, (Math.floor(k / timesteps) + 1) * size), k * size);
  return out;
}

function meanOverTime(values: Float32Array, count: number, timesteps: number): Float32Array {
  const size = values.length / (count * timesteps);
  const out = new Float32Array(count * size);
  for (let k = 0; k < count * timesteps; k++) for (let i = 0; i < size; i++) out[Math.floor(k / timesteps) * size + i] += values[k * size + i] / timesteps;
  return out;
}
