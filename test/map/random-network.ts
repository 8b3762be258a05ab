/** Integer networks for tests: random small ones with every kind of window, and the VGG16 of the literature. */
import fc from 'fast-check';
import { largestSum } from '../../src/quantise/normalised-weights.js';
import type { IntegerNetwork, IntegerPopulation, IntegerProjection } from '../../src/quantise/integer-network.js';
import { populationId } from '../../src/spiking/network.js';
import type { MapShape, Neuron } from '../../src/spiking/network.js';
import { randomStream, randomUint32, substream } from '../../src/random.js';
import { windowOutput } from '../../src/graph/graph.js';
import type { Pair, Window } from '../../src/graph/graph.js';

/** How one population is made from the one before it. */
export interface Layer {
  readonly channels: number;
  readonly window: Window;
  readonly groups: number;
  readonly pool: Pair;
  readonly delay?: number;
}

export const conv = (channels: number, kernel: number, options: { stride?: number; pad?: number; dilation?: number; groups?: number; pool?: number; delay?: number } = {}): Layer => {
  const { stride = 1, pad = 0, dilation = 1, groups = 1, pool = 1, delay = 0 } = options;
  return { channels, window: { kernel: [kernel, kernel], stride: [stride, stride], dilation: [dilation, dilation], pads: [pad, pad, pad, pad] }, groups, pool: [pool, pool], delay };
};

/** A layer whose filter covers the whole map of `shape`. */
export const dense = (channels: number, shape: MapShape): Layer => ({ channels, window: { kernel: [shape[1], shape[2]], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: 1, pool: [1, 1] });

export function shapeAfter([, height, width]: MapShape, { channels, window, pool }: Layer): MapShape {
  return [channels, ...windowOutput(window, Math.ceil(height / pool[0]), Math.ceil(width / pool[1]))];
}

/** `skips`: further projections [from, to, layer] between populations that exist. `pruned`: share of weights set to zero. `wide`: weights of 8 bits without zeros. */
export interface ChainOptions {
  readonly seed?: number;
  readonly neuron?: Neuron;
  readonly skips?: readonly (readonly [number, number, Layer])[];
  readonly pruned?: number;
  readonly wide?: boolean;
  /** Where they are wide, one in 64 is and the others are 1 or -1, so that sums over large fan-ins stay within 16 bits. */
  readonly fewLarge?: boolean;
}

/** A chain of layers with random weights, -3 to 4 unless they are wide. */
export function chain(input: MapShape, layers: readonly Layer[], options: ChainOptions = {}): IntegerNetwork {
  const { seed = 1, neuron = { model: 'if', reset: 'hard' }, skips = [], pruned = 0, wide = false, fewLarge = false } = options;
  const shapes = [input];
  for (const layer of layers) shapes.push(shapeAfter(shapes[shapes.length - 1], layer));
  const depths = layers.reduce((found, { delay = 0 }) => [...found, found[found.length - 1] + 1 + delay], [0]);
  const last = shapes.length - 1;
  const populations = shapes.map((shape, i): IntegerPopulation => population(`p${i}`, shape, depths[i], i === 0 ? { model: 'relay' } : i === last ? { model: 'integrator' } : neuron));
  const links = [...layers.map((layer, i) => [i, i + 1, layer] as const), ...skips];
  const projections = links.map(([from, to, layer], i): IntegerProjection => {
    const weight = new Int8Array(layer.window.kernel[0] * layer.window.kernel[1] * shapes[from][0] * layer.channels / layer.groups);
    const draws = randomUint32(substream(randomStream(seed), i), new Uint32Array(Math.ceil(weight.length / 4)));
    for (let j = 0; j < weight.length; j++) {
      const byte = (draws[j >> 2] >>> ((j & 3) * 8)) & 255;
      const large = fewLarge && Math.imul(j, 0x9e3779b1) >>> 26 > 0 ? 1 : byte >> 1 || 127;
      weight[j] = (byte >> 3) / 32 < pruned ? 0 : wide ? large * (byte % 2 === 0 ? 1 : -1) : (byte & 7) - 3;
    }
    return { id: `c${i}`, source: populations[from].id, target: populations[to].id, weight, shift: 6, window: layer.window, groups: layer.groups, pool: layer.pool, delay: depths[to] - depths[from] - 1, bound: boundOf(weight, layer, [populations[from], populations[to]]), weightError: 0.01 };
  });
  return { imageShape: input, input: { code: 'poisson', population: populations[0].id, full: 1 }, populations, projections, output: populations[last].id, timesteps: 8 };
}

const boundOf = (weight: Int8Array, layer: Layer, [source, target]: readonly [IntegerPopulation, IntegerPopulation]): number =>
  Math.max(1000, largestSum(weight, { ...layer, signed: source.neuron.model === 'signed-if' }, [source.shape[0], target.shape[0]]));

function population(name: string, shape: MapShape, depth: number, neuron: Neuron): IntegerPopulation {
  const spikes = neuron.model !== 'integrator';
  return { id: populationId(name), shape, neuron, decay: 0, threshold: spikes ? 64 * 100 : 0, initial: 0, thresholdExponent: new Uint8Array(shape[0]), bias: new Int32Array(shape[0]).fill(depth), limit: 2 ** 23 - 1, depth, scale: new Float64Array(shape[0]).fill(1 + depth / 3) };
}

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

/** Two to four populations with strides, dilations, asymmetric pads, groups, pooling and sometimes a shortcut. */
export const networks: fc.Arbitrary<IntegerNetwork> = fc.record({
  input: fc.tuple(small(4), fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 })),
  steps: fc.array(fc.record({
    multiple: small(3), depthwise: fc.boolean(), kernel: fc.tuple(small(3), small(3)), stride: fc.tuple(small(2), small(2)), dilation: fc.tuple(small(2), small(2)),
    pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)), pool: fc.tuple(small(2), small(2)), delay: fc.nat(2),
  }), { minLength: 1, maxLength: 3 }),
  skip: fc.boolean(),
  reset: fc.constantFrom<Neuron[]>({ model: 'if', reset: 'hard' }, { model: 'if', reset: 'soft-two-compartment' }, { model: 'lif', reset: 'hard', leak: 0.9 }, { model: 'signed-if', reset: 'soft', retract: 0.3 }),
  seed: fc.nat(1000),
  pruned: fc.constantFrom(0, 0, 0.5, 0.95),
  wide: fc.boolean(),
}).map(({ input, steps, skip, reset, seed, pruned, wide }) => {
  const layers: Layer[] = [];
  let shape: MapShape = input;
  for (const s of steps) {
    const layer: Layer = {
      channels: s.multiple * (s.depthwise ? shape[0] : 1), groups: s.depthwise ? shape[0] : 1, pool: s.pool, delay: s.delay,
      window: { kernel: s.kernel, stride: s.stride, dilation: s.dilation, pads: s.pads },
    };
    const after = shapeAfter(shape, layer);
    if (after[1] < 1 || after[2] < 1 || after[0] > 12) continue;
    layers.push(layer);
    shape = after;
  }
  layers.push(dense(small3(seed), shape));
  const skips = skip && layers.length > 2 ? [[1, layers.length, dense(small3(seed), shapeAfter(input, layers[0]))] as const] : [];
  return chain(input, layers, { seed, neuron: reset, skips, pruned, wide });
});

const small3 = (seed: number): number => 2 + (seed % 3);

/** VGG16 for CIFAR-size images: 13 convolutions, 280 k neurons, 15 M parameters. */
export function vgg16(neuron: Neuron = { model: 'if', reset: 'hard' }): IntegerNetwork {
  const plan = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]];
  const layers = plan.flatMap((block, b) => block.map((channels, i) => conv(channels, 3, { pad: 1, pool: b > 0 && i === 0 ? 2 : 1 })));
  return chain([3, 32, 32], [...layers, { ...dense(512, [512, 1, 1]), pool: [2, 2] }, dense(10, [512, 1, 1])], { neuron, wide: true, fewLarge: true });
}
