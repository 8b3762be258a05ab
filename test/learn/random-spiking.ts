// Small float spiking networks of every kind that learning must handle, from one seed: strided, dilated,
// padded, grouped and depthwise convolutions, folded pooling, two projections into one population, soft
// and hard reset, IF, LIF and signed IF, the bias and the rate code.
import { normal, randomStream, substream, uniform } from '../../src/random.js';
import type { HostLayer, MapShape, Neuron, Population, Projection, Reset, SpikingNetwork } from '../../src/spiking/network.js';
import { populationId } from '../../src/spiking/network.js';
import { windowOutput, type Pair, type Window } from '../../src/graph/graph.js';

export interface Dice {
  readonly unit: () => number;
  readonly between: (low: number, high: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
  readonly floats: (count: number, scale: number) => Float32Array;
}

export function dice(seed: number): Dice {
  let next = 0;
  const root = randomStream(seed);
  const unit = (): number => uniform(substream(root, next++), 1)[0];
  const between = (low: number, high: number): number => low + Math.floor(unit() * (high - low + 1));
  return {
    unit, between, pick: (choices) => choices[between(0, choices.length - 1)],
    floats: (count, scale) => Float32Array.from(normal(substream(root, next++), count), (x) => x * scale),
  };
}

export interface RandomOptions {
  readonly reset?: Reset;
  readonly leak?: number;
  /** Signed neurons, but for the input population. */
  readonly retract?: number;
  readonly code?: 'bias' | 'rate';
  /** Channels of the hidden maps, between these. */
  readonly channels?: readonly [number, number];
}

/** image -> first -> hidden -> sum (with a second path from first or hidden) -> classes. */
export function randomSpiking(seed: number, options: RandomOptions = {}): { readonly network: SpikingNetwork; readonly image: Float32Array; readonly target: Float64Array; readonly teacher: Float64Array } {
  const d = dice(seed);
  const [low, high] = options.channels ?? [2, 5];
  const code = options.code ?? d.pick(['bias', 'bias', 'rate']);
  const neuron = (): Neuron => {
    if (options.retract !== undefined) return { model: 'signed-if', reset: 'soft', retract: options.retract };
    const reset = options.reset ?? d.pick(['soft', 'hard', 'soft-two-compartment'] as const);
    const leak = options.leak ?? d.pick([1, 0.9, 0.7]);
    return leak === 1 ? { model: 'if', reset } : { model: 'lif', reset, leak };
  };
  const population = (id: string, shape: MapShape, depth: number): Population => ({
    id: populationId(id), shape, neuron: neuron(), depth, initial: d.pick([0, 0.5]),
    threshold: Float32Array.from({ length: shape[0] }, () => 0.5 + d.unit()), bias: d.floats(shape[0], 0.2),
  });
  const imageShape: MapShape = [d.between(1, 3), 6, d.pick([4, 6])];
  const populations: Population[] = [];
  const projections: Projection[] = [];
  const image = d.floats(imageShape[0] * imageShape[1] * imageShape[2], 1);
  const connect = (source: Population, id: string, depth: number): Population => {
    const { shape, filter } = convolution(source.shape, d.between(low, high), d);
    const target = population(id, shape, depth);
    projections.push({ id: `${id}<-${source.id}`, source: source.id, target: target.id, delay: depth - source.depth - 1, ...filter });
    return target;
  };
  let first: Population;
  const layers: HostLayer[] = [];
  if (code === 'bias') {
    const { shape, filter } = convolution(imageShape, d.between(low, high), d);
    first = population('first', shape, 0);
    layers.push({ target: first.id, ...filter });
  } else {
    first = { ...population('first', [2 * imageShape[0], imageShape[1], imageShape[2]], 0), neuron: { model: 'if', reset: 'soft' }, bias: new Float32Array(2 * imageShape[0]) };
  }
  populations.push(first);
  const hidden = connect(first, 'hidden', 1);
  const sum = connect(hidden, 'sum', 2);
  const [c, h, w] = sum.shape;
  const extra = d.pick([hidden, first]);
  if (extra.shape[1] === h && extra.shape[2] === w) {
    projections.push({ id: 'extra', source: extra.id, target: sum.id, delay: 2 - extra.depth - 1, weight: d.floats(c * extra.shape[0], 0.4), window: plain([1, 1]), groups: 1, pool: [1, 1] });
  }
  const classes: Population = { ...population('classes', [d.between(2, 6), 1, 1], 3), neuron: { model: 'integrator' }, initial: 0 };
  const pool: Pair = [h % 2 === 0 ? 2 : 1, w % 2 === 0 ? 2 : 1];
  const kernel: Pair = [h / pool[0], w / pool[1]];
  projections.push({ id: 'read', source: sum.id, target: classes.id, delay: 0, weight: d.floats(classes.shape[0] * c * kernel[0] * kernel[1], 0.5), window: plain(kernel), groups: 1, pool });
  populations.push(hidden, sum, classes);
  const weights = Float64Array.from({ length: classes.shape[0] }, () => d.unit() + 0.01);
  const mass = weights.reduce((a, b) => a + b, 0);
  return {
    network: { imageShape, input: code === 'bias' ? { code, layers } : { code, population: first.id }, populations, projections, output: classes.id, timesteps: d.pick([1, 3, 4, 6]) },
    image, target: weights.map((x) => x / mass), teacher: Float64Array.from(d.floats(weights.length, 1)),
  };
}

const plain = (kernel: Pair): Window => ({ kernel, stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] });

function convolution([ci, height, width]: MapShape, channels: number, d: Dice): { readonly shape: MapShape; readonly filter: Pick<Projection, 'weight' | 'window' | 'groups' | 'pool'> } {
  const pool: Pair = height % 2 === 0 && width % 2 === 0 && d.unit() < 0.35 ? [2, d.pick([1, 2])] : [1, 1];
  const [h, w] = [height / pool[0], width / pool[1]];
  const kernel: Pair = [Math.min(d.between(1, 3), h), Math.min(d.between(1, 3), w)];
  const dilation: Pair = [d.pick([1, 1, 2]), 1];
  const window: Window = { kernel, stride: [d.between(1, 2), d.pick([1, 1, 2])], dilation, pads: [kernel[0] - 1 + dilation[0] - 1, d.between(0, 1), dilation[0] - 1, d.between(0, 1)] };
  const choice = d.pick(['plain', 'plain', 'depthwise', 'grouped'] as const);
  const outputs = choice === 'depthwise' ? ci : channels;
  const groups = choice === 'depthwise' ? ci : choice === 'grouped' && ci % 2 === 0 && outputs % 2 === 0 ? 2 : 1;
  const fanIn = (ci / groups) * kernel[0] * kernel[1];
  const [rows, columns] = windowOutput(window, h, w);
  return {
    shape: [outputs, rows, columns],
    filter: { weight: d.floats(outputs * fanIn, 1.6 / Math.sqrt(fanIn * pool[0] * pool[1])), window, groups, pool },
  };
}
