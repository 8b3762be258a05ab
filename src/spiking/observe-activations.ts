/**
 * What each rectifier receives when images run through the float network: a sorted sample of its input
 * per channel. Where batch norm left its statistics on a filter, the filter's output is shifted and
 * scaled to them ("batch norm in training mode"), so that even images that look nothing like the
 * training data excite every layer as strongly as the training data did.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { indexNodes, sizeOf, type ChannelStatistics, type CoreNode, type Graph, type NodeId } from '../graph/graph.js';
import { createKernels } from '../kernels/kernels.js';
import { mapShape } from './linear-paths.js';
import { rectified, runNode, summed, type RunContext } from './node-values.js';

/** Per channel, ascending. */
export type ActivationSample = readonly Float32Array[];

/** Values kept per channel. */
const KEPT = 2048;

/** Runs `count` images; returns a sample of the input of every relu and of the output, by node. */
export function observeActivations(graph: Graph<CoreNode>, images: Float32Array, count: number, backend?: DenseBackend): ReadonlyMap<NodeId, ActivationSample> {
  const kernels = createKernels();
  const nodes = indexNodes(graph);
  const values = new Map<NodeId, Float32Array>();
  const lastUse = new Map<NodeId, number>();
  graph.nodes.forEach((n, i) => n.inputs.forEach((id) => lastUse.set(id, i)));
  const samples = new Map<NodeId, ActivationSample>();
  graph.nodes.forEach((node, i) => {
    const inputs = node.inputs.map((id) => {
      const value = values.get(id);
      if (value === undefined) throw new Error(`internal: ${id} has no value`);
      return value;
    });
    if (node.kind === 'relu') samples.set(node.id, sampleChannels(inputs[0], mapShape(node.shape), count));
    const value = node.kind === 'input' ? images : valueOf(node, inputs, { count, kernels, nodes, backend });
    values.set(node.id, value);
    for (const id of node.inputs) if (lastUse.get(id) === i) values.delete(id);
  });
  const output = graph.outputs[0];
  const scores = values.get(output);
  const outputNode = nodes.get(output);
  if (scores === undefined || outputNode === undefined) throw new Error('internal: the output has no value');
  samples.set(output, sampleChannels(scores, mapShape(outputNode.shape), count));
  return samples;
}

function valueOf(node: Exclude<CoreNode, { kind: 'input' }>, inputs: readonly Float32Array[], context: RunContext): Float32Array {
  switch (node.kind) {
    case 'relu': return rectified(inputs[0], node.cap);
    case 'add': return summed(inputs);
    case 'reshape': return inputs[0];
    case 'average-pool': return runNode(node, inputs[0], context);
    case 'conv': case 'dense': {
      const value = runNode(node, inputs[0], context);
      if (node.statistics !== undefined) matchStatistics(value, mapShape(node.shape), node.statistics);
      return value;
    }
  }
}

/** Shifts and scales each channel to the given mean and deviation, in place. */
function matchStatistics(value: Float32Array, [channels, height, width]: readonly [number, number, number], statistics: ChannelStatistics): void {
  const pixels = height * width;
  const count = value.length / (channels * pixels);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let squares = 0;
    forEachOfChannel(value, { c, channels, pixels, count }, (v) => { sum += v; squares += v * v; return v; });
    const mean = sum / (count * pixels);
    const deviation = Math.sqrt(Math.max(squares / (count * pixels) - mean * mean, 0));
    // a channel that the images leave flat carries no shape to scale
    const factor = deviation > 1e-6 * (Math.abs(mean) + statistics.deviation[c]) ? statistics.deviation[c] / deviation : 0;
    forEachOfChannel(value, { c, channels, pixels, count }, (v) => statistics.mean[c] + (v - mean) * factor);
  }
}

interface ChannelRange { readonly c: number; readonly channels: number; readonly pixels: number; readonly count: number }

function forEachOfChannel(value: Float32Array, { c, channels, pixels, count }: ChannelRange, change: (v: number) => number): void {
  for (let n = 0; n < count; n++) {
    const first = (n * channels + c) * pixels;
    for (let p = first; p < first + pixels; p++) value[p] = change(value[p]);
  }
}

/** At most `KEPT` values of each channel, evenly spread over images and places, sorted. */
function sampleChannels(value: Float32Array, shape: readonly [number, number, number], count: number): ActivationSample {
  const [channels, height, width] = shape;
  const pixels = height * width;
  const total = count * pixels;
  const kept = Math.min(KEPT, total);
  if (value.length !== count * sizeOf(shape)) throw new Error('internal: activation of the wrong size');
  return Array.from({ length: channels }, (_, c) => {
    const out = new Float32Array(kept);
    for (let k = 0; k < kept; k++) {
      const at = Math.floor(((k + 0.5) * total) / kept);
      out[k] = value[(Math.floor(at / pixels) * channels + c) * pixels + (at % pixels)];
    }
    return out.sort();
  });
}
