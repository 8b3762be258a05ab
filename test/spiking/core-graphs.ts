/** Small core graphs of each form that a spiking network can take, and thresholds under which no activation is clipped. */
import { createEvaluator } from '../../src/graph/evaluate.js';
import { sizeOf, type CoreNode, type Graph, type NodeId } from '../../src/graph/graph.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { asCore } from '../../src/lower/lower.js';
import { randomStream, uniform } from '../../src/random.js';
import { chooseThresholds } from '../../src/spiking/choose-thresholds.js';
import { convert, type ConversionOptions } from '../../src/spiking/convert.js';
import { findInflows, mapShape } from '../../src/spiking/linear-paths.js';
import { observeActivations } from '../../src/spiking/observe-activations.js';
import type { SpikingNetwork } from '../../src/spiking/network.js';
import { graphBuilder, type Builder } from '../lower/graph-builder.js';

type Body = (b: Builder, x: NodeId) => NodeId;

const build = (seed: number, shape: readonly number[], body: Body): Graph<CoreNode> => {
  const b = graphBuilder(seed);
  return asCore(b.graph(body(b, b.input(shape))));
};

/** relu1 -> conv -> relu2 -> conv, beside relu1 itself, into relu3; then a dense layer. */
export const residual = (seed: number): Graph<CoreNode> => build(seed, [2, 5, 5], (b, x) => {
  const first = b.relu(b.conv(x, 3));
  const second = b.relu(b.conv(first, 3));
  return b.dense(b.flatten(b.relu(b.add(b.conv(second, 3), first))), 4);
});

/** Average pooling in front of a convolution, in front of the dense layer, and alone on a path. */
export const pooled = (seed: number): Graph<CoreNode> => build(seed, [2, 8, 8], (b, x) => {
  const first = b.relu(b.conv(x, 3));
  const mean = b.pool('average-pool', first, 2);
  const second = b.relu(b.add(b.conv(mean, 3), mean));
  return b.dense(b.flatten(b.pool('average-pool', second, 2)), 4);
});

/** Vectors only. */
export const dense = (seed: number): Graph<CoreNode> => build(seed, [12], (b, x) => b.dense(b.relu(b.dense(b.relu(b.dense(x, 10)), 8)), 4));

/** Two groups, then one a channel, with stride, dilation and uneven padding. */
export const grouped = (seed: number): Graph<CoreNode> => build(seed, [2, 7, 6], (b, x) => {
  const first = b.relu(b.conv(x, 4, { groups: 2, stride: [1, 2], pads: [1, 0, 1, 2] }));
  const second = b.relu(b.conv(first, 4, { groups: 4, dilation: [2, 1], pads: [0, 1, 2, 1] }));
  return b.dense(b.flatten(second), 4);
});

/** An image that reaches two depths: through a convolution and, pooled, straight into the sum behind it. */
export const twoEntries = (seed: number): Graph<CoreNode> => build(seed, [2, 6, 6], (b, x) => {
  const first = b.relu(b.conv(x, 2));
  const second = b.relu(b.add(b.conv(b.pool('average-pool', first, 2), 2), b.pool('average-pool', x, 2)));
  return b.dense(b.flatten(second), 4);
});

export const coreGraphs = { residual, pooled, dense, grouped, twoEntries } as const;

/** `count` images of uniform numbers in [-1, 1). */
export const randomImages = (graph: Graph<CoreNode>, count: number, seed: number): Float32Array =>
  Float32Array.from(uniform(randomStream(seed), count * sizeOf(graph.nodes[0].shape)), (v) => 2 * v - 1);

/** The values of every relu and of the output over some images. */
export function activations(graph: Graph<CoreNode>, images: Float32Array, count: number): ReadonlyMap<NodeId, Float32Array> {
  const targets = findInflows(graph).map((i) => i.target);
  return createEvaluator(graph, createKernels()).run(images, count, { keep: targets }).kept;
}

/** Thresholds a tenth above the largest activation of the images in each channel; ones for the output. */
export function roomyThresholds(graph: Graph<CoreNode>, images: Float32Array, count = 1): ReadonlyMap<NodeId, Float32Array> {
  const observed = observeActivations(graph, images, count);
  return new Map(findInflows(graph).map(({ target, shape, isOutput, cap }) => {
    const sample = observed.get(target);
    if (isOutput || sample === undefined) return [target, new Float32Array(shape[0]).fill(1)];
    const largest = chooseThresholds({ rule: 'percentile', percent: 100 }, { sample, statistics: undefined, cap, timesteps: 1 });
    return [target, largest.map((t) => 1.1 * t)];
  }));
}

/** Converts with soft reset, no leak and the bias code unless told otherwise. */
export function converted(graph: Graph<CoreNode>, options: Partial<ConversionOptions> & Pick<ConversionOptions, 'thresholds'>): SpikingNetwork {
  return convert(graph, { timesteps: 32, reset: 'soft', leak: 1, code: 'bias', initial: 0.5, inputRange: 1, ...options });
}

/** Every threshold 1. */
export const unitThresholds = (graph: Graph<CoreNode>): ReadonlyMap<NodeId, Float32Array> =>
  new Map(findInflows(graph).map(({ target, shape }) => [target, new Float32Array(mapShape(shape)[0]).fill(1)]));
