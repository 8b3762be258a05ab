/**
 * A network as the rules of chips see it: its layers with their shapes, filters and counts, read off the
 * linear paths of the lowered graph. Shapes alone, no weight is looked at.
 */
import type { Pads, Pair } from '../../graph/graph.js';
import type { Inflow, LinearPath } from '../../spiking/linear-paths.js';
import { neuronCount, type MapShape } from '../../spiking/network.js';

/** How a path's filter joins its source to the layer; identity: a shortcut without one. */
export type PathKind = 'convolution' | 'separable' | 'dense' | 'identity';

export interface FitPath {
  readonly source: string;
  /** True where the image is the source. */
  readonly fromImage: boolean;
  readonly kind: PathKind;
  readonly shape: MapShape;
  /** Sides of the pooling in front of the filter. */
  readonly pool: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly pads: Pads;
  readonly groups: number;
  /** Weights, shared ones counted once. */
  readonly weights: number;
  /** Sources that one neuron of the layer reads at most. */
  readonly fanIn: number;
  /** Neurons of the layer that one source reaches at most. */
  readonly fanOut: number;
}

export interface FitLayer {
  readonly name: string;
  readonly shape: MapShape;
  readonly neurons: number;
  /** Weights and biases. */
  readonly parameters: number;
  readonly fanIn: number;
  /** Neurons that one neuron of this layer reaches at most. */
  readonly fanOut: number;
  /** Layers that this one sends to. */
  readonly destinations: number;
  readonly isOutput: boolean;
  readonly paths: readonly FitPath[];
}

/** The image as a population of its own, where it enters as spikes: positive and negative halves. */
export function imageLayer(name: string, [channels, height, width]: MapShape, layers: readonly FitLayer[]): FitLayer {
  const out = layers.flatMap((l) => l.paths).filter((p) => p.source === name);
  const shape: MapShape = [2 * channels, height, width];
  return { name, shape, neurons: neuronCount(shape), parameters: 0, fanIn: 0, fanOut: out.reduce((sum, p) => sum + p.fanOut, 0), destinations: out.length, isOutput: false, paths: [] };
}

/** The layers of a network, in topological order, the output last. `image`: the name of the input. */
export function fitLayers(inflows: readonly Inflow[], image: string): FitLayer[] {
  const paths = new Map(inflows.map((inflow) => [inflow.target as string, inflow.paths.map((path) => fitPath(path, inflow.shape, image))]));
  const leaving = (name: string): FitPath[] => [...paths.values()].flat().filter((p) => p.source === name);
  return inflows.map(({ target, shape, isOutput }): FitLayer => {
    const own = paths.get(target) as FitPath[];
    const out = leaving(target);
    return {
      name: target, shape, neurons: neuronCount(shape), isOutput, paths: own,
      parameters: own.reduce((sum, p) => sum + p.weights, shape[0]),
      fanIn: own.reduce((sum, p) => sum + p.fanIn, 0),
      fanOut: out.reduce((sum, p) => sum + p.fanOut, 0),
      destinations: [...paths.values()].filter((list) => list.some((p) => p.source === target)).length,
    };
  });
}

function fitPath({ source, sourceShape, pool, window, groups, weight }: LinearPath, target: MapShape, image: string): FitPath {
  const [channels, height, width] = sourceShape;
  const { kernel, stride, dilation, pads } = window;
  const covered = kernel[0] * pool[0] === height && kernel[1] * pool[1] === width && target[1] * target[2] === 1;
  const identity = groups === channels && weight.length === channels && weight.every((w) => w === 1); // a path without a filter
  const reach = (axis: 0 | 1): number => Math.min(target[1 + axis], Math.ceil(kernel[axis] / stride[axis]));
  return {
    source, fromImage: source === image, kind: identity ? 'identity' : covered && groups === 1 ? 'dense' : groups > 1 && groups === channels ? 'separable' : 'convolution',
    shape: sourceShape, pool, kernel, stride, dilation, pads, groups,
    weights: identity ? 0 : kernel[0] * kernel[1] * (channels / groups) * target[0],
    fanIn: kernel[0] * kernel[1] * pool[0] * pool[1] * (channels / groups),
    fanOut: reach(0) * reach(1) * (target[0] / groups),
  };
}
