/**
 * Small makers of conv and dense nodes: a scale and shift per channel as a depthwise 1x1
 * convolution, a selection of channels, a node with scaled outputs. The passes build everything
 * linear from these.
 */
import {
  sizeOf, type ChannelStatistics, type Conv, type Dense, type NodeId, type Pads, type Shape, type Window,
} from '../graph/graph.js';

export const noPads: Pads = [0, 0, 0, 0];
export const unitWindow: Window = { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: noPads };

/** The widest vector for which a diagonal is written out as a dense matrix (2048 x 2048 floats are 16 MB). */
export const widestDiagonal = 2048;

/** y = x * scale + shift by channel (scale and shift constant over places) or by element. */
export interface ScaleShift {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly statistics?: ChannelStatistics;
}

/** What a maker needs besides numbers: the new node's name, what it reads and the shape of that. */
export interface Site { readonly id: NodeId; readonly input: NodeId; readonly shape: Shape }

/** A depthwise 1x1 convolution on [C, H, W]. */
export function depthwise(site: Site, by: ScaleShift): Conv {
  return {
    kind: 'conv', id: site.id, inputs: [site.input], shape: site.shape,
    weight: by.scale.slice(), bias: by.shift.slice(), window: unitWindow, groups: by.scale.length,
    ...(by.statistics === undefined ? {} : { statistics: by.statistics }),
  };
}

/** A dense layer on [n] with a diagonal matrix; n is at most `widestDiagonal`. */
export function diagonal(site: Site, by: ScaleShift): Dense {
  const n = by.scale.length;
  const weight = new Float32Array(n * n);
  for (let i = 0; i < n; i++) weight[i * n + i] = by.scale[i];
  return {
    kind: 'dense', id: site.id, inputs: [site.input], shape: site.shape, weight, bias: by.shift.slice(),
    ...(by.statistics === undefined ? {} : { statistics: by.statistics }),
  };
}

/** The same factor for every channel and no shift. */
export function uniformScale(count: number, factor: number): ScaleShift {
  return { scale: new Float32Array(count).fill(factor), shift: new Float32Array(count) };
}

/** `node` followed by a scale and shift of its output channels, as one node with the name `id`. */
export function scaleOutputs<N extends Conv | Dense>(node: N, by: ScaleShift, id: NodeId): N {
  const outputs = by.scale.length;
  const row = node.weight.length / outputs;
  const weight = new Float32Array(node.weight.length);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < row; i++) weight[o * row + i] = node.weight[o * row + i] * by.scale[o];
    bias[o] = node.bias[o] * by.scale[o] + by.shift[o];
  }
  const { statistics, ...rest } = node;
  const moved = by.statistics ?? (statistics === undefined ? undefined : moveStatistics(statistics, by));
  return { ...rest, id, weight, bias, ...(moved === undefined ? {} : { statistics: moved }) } as N;
}

function moveStatistics(statistics: ChannelStatistics, by: ScaleShift): ChannelStatistics {
  return {
    mean: statistics.mean.map((m, c) => m * by.scale[c] + by.shift[c]),
    deviation: statistics.deviation.map((d, c) => d * Math.abs(by.scale[c])),
  };
}

/** Number of weights of a node, zero for none. */
export const weightCount = (node: Conv | Dense | undefined): number => node?.weight.length ?? 0;

/** Places of one channel. */
export const placesOf = (shape: Shape): number => sizeOf(shape) / (shape[0] ?? 1);

/** A 1x1 convolution that puts its input's channels at `offset` among `total` channels, the rest zero. */
export function placeChannels(site: Site, total: number, offset: number): Conv {
  const [channels, height, width] = site.shape;
  const weight = new Float32Array(total * channels);
  for (let c = 0; c < channels; c++) {
    if (c + offset >= 0 && c + offset < total) weight[(c + offset) * channels + c] = 1;
  }
  return {
    kind: 'conv', id: site.id, inputs: [site.input], shape: [total, height, width],
    weight, bias: new Float32Array(total), window: unitWindow, groups: 1,
  };
}

/** The same for a vector, as a dense layer. */
export function placeFeatures(site: Site, total: number, offset: number): Dense {
  const { weight, bias } = placeChannels({ ...site, shape: [site.shape[0], 1, 1] }, total, offset);
  return { kind: 'dense', id: site.id, inputs: [site.input], shape: [total], weight, bias };
}
