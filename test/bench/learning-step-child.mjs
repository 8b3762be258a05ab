// A process of its own for one build of the kernels, so that its memory is only its own: trains the spiking VGG
// 64-64-A-128-A-256-10 (T = 10, batch 32, one thread, direct-coded input, LIF 0.9, soft reset) for some steps and
// prints one JSON value. A step is: load the parameters, forward and exact backward of 32 images, read the gradient, Adam.
//   node learning-step-child.mjs BUILD REPEATS
import { createKernels } from '../../dist/kernels/kernels.js';
import { multiply, multiplyScratchBytes, packLeft, writeFloats, writeOffsets } from '../../dist/kernels/sgemm.js';
import { createLearner } from '../../dist/learn/fast-bptt.js';
import { ADAM, parameterBounds, parameterUnits, startState, update } from '../../dist/learn/optimiser.js';
import { learnableMask, layoutOf, readParameters } from '../../dist/learn/parameters.js';
import { normal, randomStream, substream, uniform } from '../../dist/random.js';

const [build, repeats] = [process.argv[2], Number(process.argv[3])];
const T = 10, BATCH = 32, RATE = 0.14;
const stream = randomStream(1);
const conv3 = { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] };
const whole = (k) => ({ kernel: [k, k], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] });
const neuron = { model: 'lif', reset: 'soft', leak: 0.9 };
const population = (id, shape, depth) => ({ id, shape, neuron, threshold: new Float32Array(shape[0]).fill(1), bias: new Float32Array(shape[0]), initial: 0, depth });
const floats = (name, count) => Float32Array.from(normal(substream(stream, name), count));
const projection = (source, target, count, rest) => ({ id: `${target}<-${source}`, source, target, weight: floats(target, count), groups: 1, pool: [1, 1], delay: 0, ...rest });
const network = {
  imageShape: [3, 32, 32], timesteps: T, output: 'out',
  input: { code: 'bias', layers: [{ target: 'c1', weight: floats('c1', 64 * 27), window: conv3, groups: 1, pool: [1, 1] }] },
  populations: [population('c1', [64, 32, 32], 0), population('c2', [64, 32, 32], 1), population('c3', [128, 16, 16], 2), population('f', [256, 1, 1], 3), { ...population('out', [10, 1, 1], 4), neuron: { model: 'integrator' } }],
  projections: [
    projection('c1', 'c2', 64 * 64 * 9, { window: conv3 }), projection('c2', 'c3', 128 * 64 * 9, { window: conv3, pool: [2, 2] }),
    projection('c3', 'f', 256 * 8192, { window: whole(8), pool: [2, 2] }), projection('f', 'out', 2560, { window: whole(1) }),
  ],
};
/** Floating-point operations of the step's dense products: three a layer, two for the first, whose source has no gradient. */
const DENSE = BATCH * T * 2 * (2 * 64 * 27 * 1024 + 3 * (64 * 64 * 9 * 1024 + 128 * 64 * 9 * 256 + 8192 * 256 + 2560));

const images = Array.from({ length: BATCH }, (_, i) => Float32Array.from(uniform(substream(stream, i), 3072), (x) => x * 0.8));
const lesson = (i) => ({ target: Float64Array.from({ length: 10 }, (_, c) => (c === i % 10 ? 1 : 0)), teacher: new Float64Array(10) });
const learner = createLearner(network, { surrogate: { shape: 'boxcar', width: 0.25 }, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, createKernels(build));
const ratesOf = (r) => r.spikes.slice(0, 4).map((n, i) => n / (T * network.populations[i].shape.reduce((a, b) => a * b)));
const processorSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Scales each layer until its neurons spike at the wanted rate. */
function tunedParameters() {
  const { slots } = layoutOf(network);
  const layers = [slots.find((s) => s.kind === 'host'), ...slots.filter((s) => s.kind === 'weight')];
  const parameters = readParameters(network);
  for (let layer = 0; layer < 4; layer++) {
    let [low, high] = [1e-4, 1e2];
    const { offset, length } = layers[layer];
    const start = parameters.slice(offset, offset + length);
    for (let k = 0; k < 14; k++) {
      const middle = Math.sqrt(low * high);
      start.forEach((w, i) => { parameters[offset + i] = w * middle; });
      learner.load(parameters);
      if (ratesOf(learner.evaluate(images[0], lesson(0)))[layer] > RATE) high = middle; else low = middle;
    }
  }
  return parameters;
}

/** GFLOP per processor second of the WASM SGEMM, 512 x 512 x 512. */
function sgemmSpeed(calls) {
  const kernels = createKernels();
  const n = 512;
  const numbers = Float32Array.from({ length: n * n }, (_, i) => (i % 7) - 3);
  const product = {
    rows: n, columns: n, depth: n, left: packLeft(kernels, numbers, { rows: n, depth: n, rowStride: n, columnStride: 1 }), bias: 0, right: writeFloats(kernels, numbers),
    rightRows: writeOffsets(kernels, n, (k) => k * n), rightColumns: writeOffsets(kernels, n, (j) => j), group: n, rightGroupStride: 0,
    result: kernels.memory.reserve(n * n * 4), resultRowStride: n, resultGroupStride: 0, accumulate: false, scratch: kernels.memory.reserve(multiplyScratchBytes(kernels)),
  };
  let best = Infinity;
  for (let i = 0; i < calls; i++) {
    const began = processorSeconds();
    multiply(kernels, product);
    best = Math.min(best, processorSeconds() - began);
  }
  return (2 * n ** 3) / best / 1e9;
}

const parameters = tunedParameters();
const gradient = new Float32Array(parameters.length);
const state = startState(parameters);
const options = { optimiser: ADAM, rate: 1e-6, units: parameterUnits(network, parameters), mask: learnableMask(network, new Set(['weight', 'host', 'bias', 'threshold', 'leak'])), ...parameterBounds(network, parameters) };
let seconds = Infinity;
let last;
for (let r = 0; r < repeats; r++) {
  const began = processorSeconds();
  learner.load(state.parameters);
  learner.clear();
  images.forEach((image, i) => { last = learner.learn(image, lesson(i)); });
  learner.readGradient(gradient);
  update(state, gradient, options);
  seconds = Math.min(seconds, processorSeconds() - began);
}
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ seconds, peak, rates: ratesOf(last), support: last.support, denseSeconds: DENSE / sgemmSpeed(12) / 1e9 }));
