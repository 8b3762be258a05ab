// Small integer networks of every kind the compiler can emit, from one seed: convolutions (strided,
// dilated, padded, grouped, depthwise), folded pooling, several projections into one population, dense
// layers, soft and hard reset, IF, LIF, cuba and signed IF, and the three input codes.
import { randomStream, substream, uniform } from '../../src/random.js';
import type { MapShape, Neuron, PopulationId } from '../../src/spiking/network.js';
import { fires, populationId } from '../../src/spiking/network.js';
import type { IntegerInput, IntegerNetwork, IntegerPopulation, IntegerProjection } from '../../src/quantise/integer-network.js';

export interface Dice {
  readonly unit: () => number;
  readonly between: (low: number, high: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
}

export function dice(seed: number): Dice {
  let numbers = new Float64Array();
  let next = 0;
  let block = 0;
  const unit = (): number => {
    if (next === numbers.length) { numbers = uniform(substream(randomStream(seed), block++), 4096); next = 0; }
    return numbers[next++];
  };
  const between = (low: number, high: number): number => low + Math.floor(unit() * (high - low + 1));
  return { unit, between, pick: (choices) => choices[between(0, choices.length - 1)] };
}

export function randomImage(shape: MapShape, d: Dice): Float32Array {
  return Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => (d.unit() < 0.1 ? 0 : Math.fround(d.unit() * 4 - 2)));
}

function neuron(d: Dice): { readonly neuron: Neuron; readonly decay: number } {
  const reset = d.pick(['soft', 'hard', 'soft-two-compartment'] as const);
  return d.unit() < 0.6 ? { neuron: { model: 'if', reset }, decay: 0 } : { neuron: { model: 'lif', reset, leak: 0.9 }, decay: d.pick([1, 409, 2048, 4096]) };
}

export function population(id: string, shape: MapShape, depth: number, d: Dice): IntegerPopulation {
  const threshold = d.between(500, 4000);
  const dynamics = neuron(d);
  const thresholdExponent = Uint8Array.from({ length: shape[0] }, () => d.between(0, 3));
  // those in the middle have a threshold a channel, the largest first
  const own = depth === 2 && fires(dynamics.neuron) && dynamics.neuron.reset !== 'soft-two-compartment';
  const thresholds = Int32Array.from(thresholdExponent, (e, c) => (c === 0 ? threshold : threshold - 37 * e - 5 * (c % 60)));
  return {
    id: populationId(id), shape, ...dynamics, threshold, initial: Math.floor(threshold / 2), depth,
    ...(own ? { thresholdExponent: new Uint8Array(shape[0]), thresholds } : { thresholdExponent }),
    bias: Int32Array.from({ length: shape[0] }, () => (d.unit() < 0.5 ? 0 : d.between(-400, 600))),
    limit: d.pick([8388607, 8388607, 6000]), scale: new Float64Array(shape[0]).fill(1000),
  };
}

const side = (extent: number, kernel: number, stride: number, dilation: number, pads: number): number => Math.floor((extent + pads - (kernel - 1) * dilation - 1) / stride) + 1;

interface Ends { readonly source: IntegerPopulation; readonly target: PopulationId; readonly depth: number }

function weights(size: number, d: Dice): Int8Array {
  return Int8Array.from({ length: size }, () => (d.unit() < 0.1 ? 0 : d.between(-127, 127)));
}

/** A convolution out of `source`; returns it with the shape of its target. */
export function convolution(id: string, { source, target, depth }: Ends, channels: number, d: Dice): { projection: IntegerProjection; shape: MapShape } {
  const [ci, height, width] = source.shape;
  const pool = height >= 4 && width >= 4 && d.unit() < 0.4 ? [2, d.pick([1, 2])] as const : [1, 1] as const;
  const map = [Math.floor(height / pool[0]), Math.floor(width / pool[1])] as const;
  const kernel = [Math.min(d.between(1, 3), map[0]), Math.min(d.between(1, 3), map[1])] as const;
  const stride = [d.between(1, 2), d.between(1, 2)] as const;
  const dilation = [d.between(1, 2), d.between(1, 2)] as const;
  const pads = [d.between(0, 1) + (kernel[0] - 1) * (dilation[0] - 1), d.between(0, 1) + (kernel[1] - 1) * (dilation[1] - 1), d.between(0, 1), d.between(0, 1)] as const;
  const groups = d.pick([1, 1, 2, ci].filter((g) => ci % g === 0 && channels % g === 0));
  const shape: MapShape = [channels, Math.max(1, side(map[0], kernel[0], stride[0], dilation[0], pads[0] + pads[2])), Math.max(1, side(map[1], kernel[1], stride[1], dilation[1], pads[1] + pads[3]))];
  return {
    shape,
    projection: {
      id, source: source.id, target, weight: weights(kernel[0] * kernel[1] * ci * channels / groups, d), shift: d.between(0, 3),
      window: { kernel, stride, dilation, pads }, groups, pool, delay: depth - source.depth - 1, bound: 32767, weightError: 0,
    },
  };
}

/** A dense layer: a filter that covers the whole map. */
export function dense(id: string, { source, target, depth }: Ends, outputs: number, d: Dice): IntegerProjection {
  const [ci, height, width] = source.shape;
  return {
    id, source: source.id, target, weight: weights(height * width * ci * outputs, d), shift: d.between(0, 2),
    window: { kernel: [height, width], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: 1, pool: [1, 1],
    delay: depth - source.depth - 1, bound: 32767, weightError: 0,
  };
}

function inputStage(d: Dice): { imageShape: MapShape; input: IntegerInput; first: IntegerPopulation } {
  const imageShape: MapShape = [d.between(1, 3), d.between(3, 8), d.between(3, 8)];
  const format = { mantissaMax: d.pick([4095, 100]), exponentMax: d.pick([0, 3, 7]) };
  const code = d.pick(['bias', 'rate', 'poisson'] as const);
  if (code === 'bias') {
    const channels = d.pick([1, 3, 8, 16, 70]);
    const first = population('first', [channels, imageShape[1], imageShape[2]], 0, d);
    return {
      imageShape, first,
      input: {
        code, format, layers: [{
          target: first.id, weight: Float32Array.from({ length: channels * imageShape[0] * 9 }, () => d.unit() - 0.5),
          bias: Float32Array.from({ length: channels }, () => d.unit() - 0.5), window: { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] },
          groups: 1, pool: [1, 1], scale: Float64Array.from({ length: channels }, () => 1000 * d.unit()),
        }],
      },
    };
  }
  const shape: MapShape = [2 * imageShape[0], imageShape[1], imageShape[2]];
  const base = population('first', shape, 0, d);
  if (code === 'rate') return { imageShape, input: { code, population: base.id, scale: 900, format }, first: { ...base, bias: new Int32Array(shape[0]) } };
  return { imageShape, input: { code, population: base.id, full: 1.5 }, first: { ...base, neuron: { model: 'relay' }, bias: new Int32Array(shape[0]) } };
}

/** A convolution that keeps the map's size, as in a residual block. */
function sameSize(id: string, { source, target, depth }: Ends, d: Dice): { projection: IntegerProjection; shape: MapShape } {
  const channels = source.shape[0];
  const groups = d.pick([1, channels]);
  return {
    shape: source.shape,
    projection: {
      id, source: source.id, target, weight: weights(9 * channels * channels / groups, d), shift: d.between(0, 3),
      window: { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] }, groups, pool: [1, 1], delay: depth - source.depth - 1, bound: 32767, weightError: 0,
    },
  };
}

/** first -> hidden -> sum (with a skip from first where the shapes allow) -> classes. */
export function randomNetwork(seed: number): { readonly network: IntegerNetwork; readonly image: Float32Array } {
  const d = dice(seed);
  const { imageShape, input, first } = inputStage(d);
  const hidden = convolution('to-hidden', { source: first, target: populationId('hidden'), depth: 1 }, d.pick([2, 8, 24, 64, 72, 130].map((c) => c * (first.shape[0] % 3 === 0 ? 3 : 1))), d);
  const hiddenPopulation = population('hidden', hidden.shape, 1, d);
  const ends = { source: hiddenPopulation, target: populationId('sum'), depth: 2 };
  const sum = d.unit() < 0.5 ? sameSize('to-sum', ends, d) : convolution('to-sum', ends, d.pick([hidden.shape[0], 10, 66]), d);
  const sumPopulation = population('sum', sum.shape, 2, d);
  const projections = [hidden.projection, sum.projection];
  // A second way into `sum`: every target reads the whole of `first` through its own place of a large window.
  if (d.unit() < 0.6) {
    const [, height, width] = first.shape;
    const window = { kernel: [2, 1] as const, stride: [1, 1] as const, dilation: [1, 1] as const, pads: [1, 0, sum.shape[1], sum.shape[2]] as const };
    projections.push({
      id: 'skip', source: first.id, target: sumPopulation.id, weight: weights(2 * first.shape[0] * sum.shape[0], d), shift: d.between(0, 2), window, groups: 1,
      pool: [Math.max(1, Math.floor(height / 3)), Math.max(1, Math.floor(width / 2))], delay: 1, bound: 32767, weightError: 0,
    });
  }
  if (d.unit() < 0.7 && sum.shape.every((n, i) => n === hidden.shape[i])) {
    projections.push({
      id: 'identity', source: hiddenPopulation.id, target: sumPopulation.id, weight: weights(sum.shape[0], d), shift: 3,
      window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: sum.shape[0], pool: [1, 1], delay: 0, bound: 32767, weightError: 0,
    });
  }
  const classes = d.between(2, 12);
  projections.push(dense('to-classes', { source: sumPopulation, target: populationId('classes'), depth: 3 }, classes, d));
  const output: IntegerPopulation = { ...population('classes', [classes, 1, 1], 3, d), neuron: { model: 'integrator' }, decay: 0, threshold: 0, initial: 0 };
  return {
    network: { imageShape, input, populations: [first, hiddenPopulation, sumPopulation, output], projections, output: output.id, timesteps: d.pick([1, 5, 16, 70]) },
    image: randomImage(imageShape, d),
  };
}

/** The same network with cuba neurons: currents that last, waits after spikes. */
export function cubaNetwork(seed: number): ReturnType<typeof randomNetwork> {
  const { network, image } = randomNetwork(seed);
  const d = dice(seed + 0.25);
  const populations = network.populations.map((p): IntegerPopulation => {
    if (p.neuron.model === 'integrator' || p.neuron.model === 'relay' || d.unit() < 0.1) return p;
    const currentDecay = d.pick([1, 2, 700, 2048, 4095, 4096]);
    const refractory = d.pick([1, 1, 2, 5, 63]);
    const neuron = { model: 'cuba', reset: d.pick(['soft', 'hard'] as const), leak: 1 - p.decay / 8192, currentLeak: 1 - currentDecay / 4096, refractory } as const;
    return { ...p, neuron, currentDecay, refractory };
  });
  return { network: { ...network, populations }, image };
}

/** The same network with signed neurons that start far above their thresholds: they send early, and those of a negative drift take all of it back. */
export function signedNetwork(seed: number): ReturnType<typeof randomNetwork> {
  const { network, image } = randomNetwork(seed);
  const d = dice(seed + 0.5);
  const entry = network.input.code === 'bias' ? null : network.input.population;
  const populations = network.populations.map((p): IntegerPopulation => {
    if (p.id === network.output || p.id === entry || d.unit() < 0.1) return p;
    const threshold = d.between(50, 900);
    const own = p.thresholds === undefined ? {} : { thresholds: p.thresholds.map((t) => Math.ceil((t * threshold) / p.threshold)) };
    return { ...p, ...own, neuron: { model: 'signed-if', reset: 'soft', retract: d.pick([0, 0, 0.25, 0.5, 0.123]) }, decay: 0, threshold, initial: Math.min(p.limit >> 3, threshold * d.between(1, 12)) };
  });
  return { network: { ...network, populations }, image };
}
