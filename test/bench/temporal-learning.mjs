// Converted against learned, without any data of a person: vgg_cifar10 at few time steps, learned on procedural
// images with the ANN as teacher, evaluated on real test images through quantise and simulate (loihi2, int8).
//   node test/bench/temporal-learning.mjs T images epochs rate testImages [reset] [ratePenalty] [surrogateWidth]
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadDataset } from '../../dist/data/load-dataset.js';
import { normalisedImages } from '../../dist/program/normalised-images.js';
import { modelSource } from '../../dist/commands/model-source.js';
import { Reporter } from '../../dist/diagnostics.js';
import { evaluateParallel, predict } from '../../dist/graph/evaluate-parallel.js';
import { createKernels } from '../../dist/kernels/kernels.js';
import { readBackGraph, weightDistance } from '../../dist/learn/distance.js';
import { softmax } from '../../dist/learn/learning-problem.js';
import { train } from '../../dist/learn/train.js';
import { lower } from '../../dist/lower/lower.js';
import { partition } from '../../dist/map/partition.js';
import { place } from '../../dist/map/place.js';
import { route } from '../../dist/map/route.js';
import { importOnnx } from '../../dist/onnx/import-onnx.js';
import { quantise } from '../../dist/quantise/quantise.js';
import { roundedNetwork } from '../../dist/quantise/rounded-network.js';
import { simulate } from '../../dist/simulate/simulate.js';
import { calibrate } from '../../dist/spiking/calibrate.js';
import { calibrationSamples, perChannel } from '../../dist/spiking/calibration-samples.js';
import { convert } from '../../dist/spiking/convert.js';
import { mapShape } from '../../dist/spiking/linear-paths.js';
import { proceduralImages } from '../../dist/synthesise/procedural-images.js';

const [timesteps = 4, count = 256, epochs = 2, rate = 0.003, tests = 300] = process.argv.slice(2, 7).map(Number);
const [reset = 'soft', ratePenalty = '0', width = '0.25'] = process.argv.slice(7);
const path = fileURLToPath(new URL('../../models/vgg_cifar10/model.onnx', import.meta.url));
const target = JSON.parse(readFileSync(new URL('../../targets/loihi2.json', import.meta.url), 'utf8'));
const source = modelSource(path, {});
const kernels = createKernels();
const report = new Reporter();
const { graph } = importOnnx(path, { ...source.import, report });
const core = lower(graph, { report, kernels });
const imageShape = mapShape(core.nodes[0].shape);
const normalisation = perChannel(source.normalisation, imageShape, report);
const samples = calibrationSamples({ imageShape, normalisation, seed: 0, dataset: undefined }, report);
const calibration = calibrate(core, { timesteps, reset, samples, privateData: false });
const network = convert(core, { ...calibration, timesteps, reset, code: 'bias', leak: 1, initial: 0.5, inputRange: samples.range });
const normalise = (v, c) => ((v * 255) / normalisation.scale - normalisation.mean[c]) / normalisation.std[c];
const { images } = proceduralImages({ count, shape: imageShape, seed: 1, normalise });
const teacher = await evaluateParallel(graph, images, count, { workers: 1 });
const classes = teacher.length / count;
const targets = new Float32Array(teacher.length);
for (let i = 0; i < count; i++) targets.set(softmax(teacher.subarray(i * classes, (i + 1) * classes), 1), i * classes);

const dataset = loadDataset(`cifar10:${fileURLToPath(new URL('../../models/samples/cifar10-1000.bin.gz', import.meta.url))}`);
const real = { images: dataset.images, count: tests, shape: dataset.shape };
const floats = normalisedImages(normalisation, { ...dataset, images: dataset.images.subarray(0, tests * 3072), count: tests });
const share = (predictions) => Number((100 * predictions.reduce((n, p, i) => n + (p === dataset.labels[i]), 0) / tests).toFixed(2));
async function accuracy(spiking, steps = timesteps) {
  const integers = quantise({ ...spiking, timesteps: steps }, target, report);
  const program = { ...route(place(partition(integers, target, report), { seed: 0 })), provenance: {}, normalisation, source: { layers: [], parameters: 0 }, classes: [] };
  const trace = await simulate(program, real, { timing: 'functional', seed: 0, workers: 1 });
  const spikes = trace.counters?.populations?.reduce((n, p) => n + p.spikes, 0);
  return { accuracy: share(Array.from({ length: tests }, (_, i) => trace.predictions[(i + 1) * steps - 1])), spikes };
}
console.log(JSON.stringify({ timesteps, count, epochs, rate, reset, ratePenalty, width, ann: share(await predict(graph, floats, tests, { workers: 1 })), converted: await accuracy(network) }));
const began = process.cpuUsage();
let seen = 0;
const { network: learned } = await train(network, { count, images, targets, teacher }, {
  epochs, seed: 0, workers: 1, rate, ratePenalty: Number(ratePenalty), loss: { distillation: 1, temperature: 2 }, surrogate: { shape: 'boxcar', width: Number(width) },
  round: (n) => roundedNetwork(n, target),
  onStep: (p) => { if (p.step === 1 || p.step === p.steps || ++seen % 8 === 0) console.log(`${p.step}/${p.steps} loss ${p.loss.toFixed(4)} agreement ${p.agreement.toFixed(3)} rate ${p.rate.toExponential(2)} SOPs/MAC ${p.operations.toFixed(3)}`); },
});
const cpu = process.cpuUsage(began);
const distances = weightDistance(network, learned).map((d) => `${d.cosine.toFixed(3)}/${(100 * d.relative).toFixed(0)}%`);
console.log(JSON.stringify({ learned: await accuracy(learned), readBack: share(await predict(readBackGraph(learned), floats, tests, { workers: 1 })), cpuSeconds: Math.round((cpu.user + cpu.system) / 1e6), distances }));
