// One training step (forward, exact backward, gradient read) of the spiking VGG 64-64-A-128-A-256-10, T = 10,
// batch 32, one thread, direct-coded input, LIF 0.9, soft reset: seconds, memory, rates and support.
// The optimiser's update is not in it. The bar of 1.35 s is PyTorch's fastest hand-written loop on one thread of a
// quiet machine of this kind (1.76 s, Poisson input) over 1.3; it is no ratio of one run, so read it as a guide.
import { createKernels } from '../../dist/kernels/kernels.js';
import { createLearner } from '../../dist/learn/fast-bptt.js';
import { layoutOf, readParameters } from '../../dist/learn/parameters.js';
import { applyParameters } from '../../dist/learn/apply.js';
import { normal, randomStream, substream, uniform } from '../../dist/random.js';

const T = 10, BATCH = 32, RATE = 0.14;
const stream = randomStream(1);
const conv3 = { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] };
const whole = (k) => ({ kernel: [k, k], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] });
const neuron = { model: 'lif', reset: 'soft', leak: 0.9 };
const population = (id, size, depth) => ({ id, shape: size, neuron, threshold: new Float32Array(size[0]).fill(1), bias: new Float32Array(size[0]), initial: 0, depth });
const floats = (name, count) => Float32Array.from(normal(substream(stream, name), count));
const projection = (source, target, count, rest) => ({ id: `${target}<-${source}`, source, target, weight: floats(target, count), groups: 1, pool: [1, 1], delay: 0, ...rest });
const untuned = {
  imageShape: [3, 32, 32], timesteps: T, output: 'out',
  input: { code: 'bias', layers: [{ target: 'c1', weight: floats('c1', 64 * 27), window: conv3, groups: 1, pool: [1, 1] }] },
  populations: [population('c1', [64, 32, 32], 0), population('c2', [64, 32, 32], 1), population('c3', [128, 16, 16], 2), population('f', [256, 1, 1], 3), { ...population('out', [10, 1, 1], 4), neuron: { model: 'integrator' } }],
  projections: [
    projection('c1', 'c2', 64 * 64 * 9, { window: conv3 }), projection('c2', 'c3', 128 * 64 * 9, { window: conv3, pool: [2, 2] }),
    projection('c3', 'f', 256 * 8192, { window: whole(8), pool: [2, 2] }), projection('f', 'out', 2560, { window: whole(1) }),
  ],
};

export async function run({ quick }) {
  const repeats = quick ? 1 : 3;
  let network = untuned;
  const images = Array.from({ length: BATCH }, (_, i) => Float32Array.from(uniform(substream(stream, i), 3072), (x) => x * 0.8));
  const lesson = (i) => ({ target: Float64Array.from({ length: 10 }, (_, c) => (c === i % 10 ? 1 : 0)), teacher: new Float64Array(10) });
  const options = { surrogate: { shape: 'boxcar', width: 0.25 }, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 };
  const learner = createLearner(network, options, createKernels());
  const ratesOf = (r) => r.spikes.slice(0, 4).map((n, i) => n / (T * network.populations[i].shape.reduce((a, b) => a * b)));

  // scale each layer until its neurons spike at the wanted rate
  const layout = layoutOf(network);
  const slots = [layout.slots.find((s) => s.kind === 'host'), ...layout.slots.filter((s) => s.kind === 'weight')];
  const parameters = readParameters(network);
  for (let layer = 0; layer < 4; layer++) {
    let [low, high] = [1e-4, 1e2];
    const { offset, length } = slots[layer];
    const start = parameters.slice(offset, offset + length);
    for (let k = 0; k < 14; k++) {
      const middle = Math.sqrt(low * high);
      start.forEach((w, i) => { parameters[offset + i] = w * middle; });
      learner.load(parameters);
      if (ratesOf(learner.evaluate(images[0], lesson(0)))[layer] > RATE) high = middle; else low = middle;
    }
  }
  network = applyParameters(network, parameters);
  const gradient = new Float32Array(layout.length);
  const times = [];
  let last;
  for (let r = 0; r < repeats; r++) {
    const cpu = process.cpuUsage();
    const began = performance.now();
    learner.load(parameters);
    learner.clear();
    const forward = performance.now();
    images.forEach((image, i) => { last = learner.learn(image, lesson(i)); });
    learner.readGradient(gradient);
    const used = process.cpuUsage(cpu);
    times.push({ wall: (performance.now() - began) / 1000, cpu: (used.user + used.system) / 1e6, load: (forward - began) / 1000 });
  }
  const best = times.reduce((a, b) => (a.wall < b.wall ? a : b));
  const said = (values) => values.map((x) => x.toFixed(2)).join(', ');
  return [
    { measure: 'training step, VGG 64-64-A-128-A-256-10, T = 10, batch 32, one thread', value: best.wall, unit: 's', bar: { atMost: 1.35 }, note: `${best.cpu.toFixed(2)} s of processor time; spike rates ${said(ratesOf(last))}; surrogate support ${said(last.support)}` },
    { measure: 'memory of that step', value: process.memoryUsage().rss, unit: 'B', bar: { atMost: 3e8 }, note: 'of the whole process, Node and the other benches of this run included' },
  ];
}
