// A VGG-like integer network with random weights whose layers all spike at about 10 % a step: the
// shapes of models/vgg_cifar10, for timing the simulator when no compiled program is at hand.
import { createKernels } from '../../dist/kernels/kernels.js';
import { createSampleEngine } from '../../dist/simulate/sample-engine.js';
import { randomStream, substream, uniform } from '../../dist/random.js';

const PLAN = [[32, 32, 1], [64, 32, 1], [64, 16, 2], [128, 16, 1], [128, 8, 2], [256, 8, 1], [256, 4, 2]];

const window = (size, pad) => ({ kernel: [size, size], stride: [1, 1], dilation: [1, 1], pads: [pad, pad, pad, pad] });
const draws = (name, count) => uniform(substream(randomStream(5), name), count);

function projection(id, source, target, { kernel, pad, pool }) {
  const weight = Int8Array.from(draws(id, kernel * kernel * source.shape[0] * target.shape[0]), (u) => Math.round((u - 0.5) * 200));
  return { id, source: source.id, target: target.id, weight, shift: 6, window: window(kernel, pad), groups: 1, pool: [pool, pool], delay: 0, bound: 32767, weightError: 0 };
}

function population(id, channels, side, depth) {
  return {
    id, shape: [channels, side, side], neuron: { model: 'if', reset: 'soft' }, decay: 0, threshold: 100000, thresholdExponent: new Uint8Array(channels), initial: 50000, thresholdExponent: new Uint8Array(channels),
    bias: new Int32Array(channels), limit: 8388607, depth, scale: new Float64Array(channels).fill(1),
  };
}

/** T steps; thresholds are tuned layer by layer until each layer's rate on one image is near `rate`. */
export function syntheticVgg(timesteps, rate = 0.1) {
  const populations = PLAN.map(([channels, side], depth) => population(`conv${depth + 1}`, channels, side, depth));
  populations.push(population('fc', 256, 1, 7), { ...population('classes', 10, 1, 8), neuron: { model: 'integrator' }, threshold: 0, initial: 0 });
  const projections = populations.slice(1).map((target, i) => projection(`to-${target.id}`, populations[i], target,
    i < 6 ? { kernel: 3, pad: 1, pool: PLAN[i + 1][2] } : i === 6 ? { kernel: 2, pad: 0, pool: 2 } : { kernel: 1, pad: 0, pool: 1 }));
  const network = {
    imageShape: [3, 32, 32], populations, projections, output: 'classes', timesteps,
    input: {
      code: 'bias', format: { mantissaMax: 4095, exponentMax: 7 },
      layers: [{ target: 'conv1', weight: Float32Array.from(draws('host', 32 * 27), (u) => u - 0.5), bias: new Float32Array(32), window: window(3, 1), groups: 1, pool: [1, 1], scale: new Float64Array(32).fill(10000) }],
    },
  };
  for (let layer = 0; layer < 8; layer++) tune(network, layer, rate);
  return network;
}

function tune(network, layer, rate) {
  const p = network.populations[layer];
  let [low, high] = [1, 8000000];
  for (let i = 0; i < 14; i++) {
    p.threshold = Math.round(Math.sqrt(low * high));
    p.initial = p.threshold >> 1;
    const part = { ...network, timesteps: 8, populations: [...network.populations.slice(0, layer + 1), network.populations[8]], projections: network.projections.slice(0, layer) };
    const kernels = createKernels();
    const engine = createSampleEngine(part, kernels, 0);
    engine.run(syntheticImage(0), 0);
    const b = engine.buffers[layer];
    const places = b.shape[1] * b.shape[2] * b.steps * b.words;
    if (kernels.call.spiking_count(b.spikes, places) / (b.shape[0] * b.shape[1] * b.shape[2] * b.steps) > rate) low = p.threshold;
    else high = p.threshold;
  }
}

/** Smooth noise, as natural images are smooth. */
export function syntheticImage(sample) {
  const u = draws(`image ${sample}`, 3 * 64);
  return Float32Array.from({ length: 3072 }, (_, i) => (u[(i >> 10) * 64 + ((i >> 7) & 7) * 8 + ((i >> 2) & 7)] - 0.5) * 4);
}
