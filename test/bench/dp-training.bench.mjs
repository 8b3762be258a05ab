// Differentially private training from scratch: accuracy of the emitted program on the whole test set after
// the last epoch, mean of three seeds; minutes of a seed; and what a private step costs beside a plain one of the
// same batch (both on one thread, gradients only). Hyper-parameters were not chosen on the test images.
import { existsSync, readFileSync } from 'node:fs';
import { loadDataset } from '../../dist/data/load-dataset.js';
import { take } from '../../dist/data/subset.js';
import { normalisedImages } from '../../dist/program/normalised-images.js';
import { createKernels, kernelBuild } from '../../dist/kernels/kernels.js';
import { buildNetwork } from '../../dist/learn/build-network.js';
import { createLearner } from '../../dist/learn/fast-bptt.js';
import { ADAM } from '../../dist/learn/optimiser.js';
import { learnableMask, readParameters } from '../../dist/learn/parameters.js';
import { start } from '../../dist/learn/private-task.js';
import { readArchitecture } from '../../dist/learn/read-architecture.js';
import { clippingUnits } from '../../dist/learn/train-privately.js';
import { formatCount, formatPercent } from '../../dist/report/quantities.js';
import { loadTarget } from '../../dist/target/load-target.js';
import { trainNetwork } from '../../dist/train.js';

const SEEDS = [1, 2, 3];
const CASES = [
  { data: 'mnist', network: 'private-digits', atLeast: 97.5, minutes: 60 },
  { data: 'fashion-mnist', network: 'private-small', atLeast: 85, minutes: 60 },
];
const BUDGET = { epsilon: 3, delta: 1e-5 };
const SETTINGS = { epochs: 20, batch: 2048, rate: 0.02, optimiser: ADAM, schedule: { kind: 'cosine', floor: 0.02 } };
const CLIP = 1;
const STEP_OF = 'private-small';

const architecture = (name) => readArchitecture(readFileSync(new URL(`../../models/architectures/${name}.json`, import.meta.url), 'utf8'), name);

export const cases = (options) => [
  ...CASES.map(({ data, network, ...rest }) => ({
    measure: `${data}, ${network}, T = 10, epsilon 3 at delta 1e-5: accuracy of the program, mean of ${options.quick ? 1 : SEEDS.length} seeds`,
    run: () => accuracy(data, { network, ...rest, ...options }),
  })),
  { measure: `private step over plain step of the same batch (512 images, ${STEP_OF}, one thread)`, run: () => stepRatio(options) },
];

async function accuracy(kind, { network, atLeast, minutes, quick, data: folder, workers, progress }) {
  const spec = `${kind}:${folder}/${kind}`;
  if (!existsSync(`${folder}/${kind}`)) return { value: null, unit: '%', bar: { atLeast }, note: 'the data set is not there' };
  const [whole, test] = [loadDataset(`${spec}#train`), loadDataset(spec)];
  const data = quick ? take(whole, Array.from({ length: 4000 }, (_, i) => i)) : whole;
  const found = [];
  for (const seed of quick ? [1] : SEEDS) {
    const began = performance.now();
    const { tested, trained, kernels } = await trainNetwork(architecture(network), data, {
      ...SETTINGS, ...(quick ? { epochs: 2, batch: 400 } : {}), seed, workers, test, target: loadTarget('loihi2'), privacy: { ...BUDGET, clip: CLIP },
      onStep: ({ step, steps }) => progress?.(`${kind}, seed ${seed}: step ${step} of ${steps}`),
    });
    found.push({ seed, accuracy: 100 * tested.accuracy, minutes: (performance.now() - began) / 60000, certificate: trained.training.certificate, kernels });
  }
  const mean = found.reduce((s, f) => s + f.accuracy, 0) / found.length;
  const slowest = Math.max(...found.map((f) => f.minutes));
  const { phases: [{ noise, steps }] } = found[0].certificate;
  return [
    { value: mean, unit: '%', bar: { atLeast }, note: `${found.map((f) => formatPercent(f.accuracy / 100, 2)).join(', ')} of ${formatCount(test.count)} images; ${formatCount(steps)} steps, noise ${noise}, clip ${CLIP}, kernels ${found[0].kernels}`, details: found },
    { measure: `${kind}: minutes of the slowest seed`, value: slowest, unit: 'min', bar: { atMost: minutes }, note: `${workers} workers` },
  ];
}

/** Processor time of the gradients of 512 images, the best of several rounds of each. */
function stepRatio({ quick, data: folder }) {
  const a = architecture(STEP_OF);
  const network = buildNetwork(a, 1);
  const count = quick ? 64 : 512;
  const spec = existsSync(`${folder}/mnist`) ? `mnist:${folder}/mnist` : 'idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz';
  const set = take(loadDataset(spec), Array.from({ length: count }, (_, i) => i));
  const images = normalisedImages(a.normalisation, set);
  const [parameters, kernels] = [readParameters(network), kernelBuild('auto')];
  const options = { surrogate: a.surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 };
  const mask = learnableMask(network, new Set(['weight', 'host', 'bias']));
  const units = clippingUnits(network).map((u, i) => u * mask[i]);
  const task = start({ network, options, kernels, set: { count, images, labels: set.labels }, parameters, sums: new Float64Array(parameters.length), units, clip: CLIP, augmentation: { views: 1, shift: 0, mirror: false }, background: [0], seed: 1 });
  const learner = createLearner(network, options, createKernels(kernels));
  learner.load(parameters);
  const [gradient, chunk] = [new Float32Array(parameters.length), 32];
  const plain = (first) => {
    learner.clear();
    for (let i = first; i < first + chunk; i++) {
      const target = new Float64Array(10);
      target[set.labels[i]] = 1;
      learner.learn(images.subarray(i * 784, (i + 1) * 784), { target, teacher: target });
    }
    learner.readGradient(gradient);
  };
  const hidden = (first) => task({ images: Uint32Array.from({ length: chunk }, (_, i) => first + i), chunk: 0, version: 0 });
  const milliseconds = (step) => {
    const before = process.cpuUsage();
    for (let first = 0; first < count; first += chunk) step(first);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const best = { plain: Infinity, hidden: Infinity };
  for (let round = 0; round < (quick ? 2 : 8); round++) {
    best.plain = Math.min(best.plain, milliseconds(plain));
    best.hidden = Math.min(best.hidden, milliseconds(hidden));
  }
  return { value: best.hidden / best.plain, unit: 'x', bar: { atMost: 2.5 }, note: `${(best.hidden / count).toFixed(3)} against ${(best.plain / count).toFixed(3)} ms of processor time an image, kernels ${kernels}`, details: best };
}
