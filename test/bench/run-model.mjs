// What the benches of accuracy share: a model of the tree compiled to bytes and read back, run over
// real images, with the float network asked about the same images. Losses are in points of accuracy.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileOptions } from '../../dist/commands/compile-options.js';
import { modelSource } from '../../dist/commands/model-source.js';
import { normalisedImages } from '../../dist/program/normalised-images.js';
import { runFigures } from '../../dist/commands/run-figures.js';
import { compileModel } from '../../dist/compile.js';
import { loadDataset } from '../../dist/data/load-dataset.js';
import { subset } from '../../dist/data/subset.js';
import { Reporter } from '../../dist/diagnostics.js';
import { energyReport } from '../../dist/energy/energy-report.js';
import { predict } from '../../dist/graph/evaluate-parallel.js';
import { layerWork } from '../../dist/graph/macs.js';
import { importOnnx } from '../../dist/onnx/import-onnx.js';
import { readProgram } from '../../dist/program/read.js';
import { simulate } from '../../dist/simulate/simulate.js';

const models = fileURLToPath(new URL('../../models/', import.meta.url));
const SEED = 1;

/** A model of the tree, or one of the folder beside the data. */
const elsewhere = fileURLToPath(new URL('../../../shared/models/', import.meta.url));
export const modelPath = (model) => join(existsSync(join(models, model)) ? models : elsewhere, model, 'model.onnx');

/** Each model's data set: the full test set in the folder of `--data`, and the sample in the tree. */
const sample = (name) => `idx:${join(models, 'samples', `${name}-1000-images-idx3-ubyte.gz`)},${join(models, 'samples', `${name}-1000-labels-idx1-ubyte.gz`)}`;
const SETS = {
  cifar10: { file: 'cifar10/test_batch.bin.gz', full: (at) => `cifar10:${join(at, 'cifar10', 'test_batch.bin.gz')}`, sample: `cifar10:${join(models, 'samples', 'cifar10-1000.bin.gz')}` },
  cifar100: { file: 'cifar100/test_fine.bin.gz', full: (at) => `cifar100:${join(at, 'cifar100', 'test_fine.bin.gz')}`, sample: null },
  mnist: { file: 'mnist/t10k-images-idx3-ubyte.gz', full: (at) => `mnist:${join(at, 'mnist')}`, sample: sample('mnist') },
  'fashion-mnist': { file: 'fashion-mnist/t10k-images-idx3-ubyte.gz', full: (at) => `fashion-mnist:${join(at, 'fashion-mnist')}`, sample: sample('fashion-mnist') },
};

/** The images a model is measured on: all there are, or the sample where `full` is false or the folder has none. */
export function imagesFor(model, options, { full = true } = {}) {
  if (!existsSync(modelPath(model))) return { images: null, note: 'the model is not there' };
  const set = SETS[model.includes('_cifar100') ? 'cifar100' : model.includes('_cifar10') ? 'cifar10' : model === 'cnn_mnist' ? 'mnist' : 'fashion-mnist'];
  const found = full && existsSync(join(options.data, set.file));
  if (!found && set.sample === null) return { images: null, note: 'the full test set is not there' };
  const whole = loadDataset(found ? set.full(options.data) : set.sample);
  return { images: options.quick ? subset(whole, { limit: 20 }) : whole, note: full && !found ? 'the full test set is not there: sample of the tree' : '' };
}

export async function compileBytes(model, flags) {
  const path = modelPath(model);
  const { bytes } = await compileModel(path, compileOptions(path, { target: 'loihi2', neuron: 'if', code: 'bias', seed: SEED, ...flags }));
  return readProgram(bytes, `${model}.spk`);
}

const annAnswers = new Map();

/** The float network's class of each image; asked once a model and set of images. */
async function annOf(model, program, images, options) {
  const key = `${model} ${images.name} ${images.count}`;
  if (!annAnswers.has(key)) {
    options.progress(`${model}: asking the ANN`);
    const path = modelPath(model);
    const { graph } = importOnnx(path, { ...modelSource(path, {}).import, report: new Reporter() });
    annAnswers.set(key, await predict(graph, normalisedImages(program.normalisation, images), images.count, { workers: options.workers }));
  }
  return annAnswers.get(key);
}

/** Multiply-accumulates of one inference of the ANN. */
export function macsOf(model) {
  const path = modelPath(model);
  const { graph } = importOnnx(path, { ...modelSource(path, {}).import, report: new Reporter() });
  return layerWork(graph).reduce((sum, layer) => sum + layer.macs, 0);
}

/** Compiles with `flags`, simulates on `images`, and compares with the ANN. */
export async function runModel(model, { flags, images, options, timing = 'pipeline' }) {
  options.progress(`${model}: compiling`);
  const program = await compileBytes(model, flags);
  const ann = await annOf(model, program, images, options);
  const onProgress = (done, total) => options.progress(`${model}, ${flags.target ?? 'loihi2'}, T = ${flags.timesteps}: ${done} of ${total} images`);
  const trace = await simulate(program, images, { timing, seed: SEED, workers: options.workers, onProgress });
  const { accuracyByStep: _, ...figures } = runFigures(program, trace, energyReport(program, trace), { labels: images.labels, ann });
  return { ...figures, ...loss(trace, { labels: images.labels, ann }) };
}

/**
 * Points under the ANN, and the half width of its 95 % interval. Both networks see the same images, so
 * only those count on which one is right and the other wrong.
 */
function loss(trace, { labels, ann }) {
  let lost = 0;
  let won = 0;
  for (let i = 0; i < trace.samples; i++) {
    const spiking = trace.predictions[(i + 1) * trace.timesteps - 1] === labels[i];
    const float = ann[i] === labels[i];
    if (float && !spiking) lost++;
    if (spiking && !float) won++;
  }
  const n = trace.samples;
  const difference = (lost - won) / n;
  return { lossPoints: 100 * difference, lossMargin: 196 * Math.sqrt(Math.max((lost + won) / n - difference ** 2, 0) / n) };
}
