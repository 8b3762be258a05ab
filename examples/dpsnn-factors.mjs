// The three factors of DPSNN (arXiv 2205.12718, version 1) at one privacy budget: the surrogate's sharpness, IF against
// LIF neurons, and the time window. With epsilon fixed, what a factor can change is the accuracy that the noise leaves.
// Means over seeds with 95 % t intervals; a claim is judged by the paired difference of its two ends.
//   node examples/dpsnn-factors.mjs [SEEDS EPOCHS LIMIT [TRAIN TEST]]      in full: 5 20 60000 mnist:DIR#train mnist:DIR
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadDataset, loadTarget, readNetworkArchitecture, splitOf, subset, trainNetwork } from 'spikeveil';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [seeds, epochs, limit, trainSpec, testSpec] = Object.assign(['3', '20', '800'], process.argv.slice(2)).map((w, i) => (i < 3 ? Number(w) : w));
const samples = loadDataset(`idx:${['images-idx3', 'labels-idx1'].map((part) => here(`../models/samples/mnist-1000-${part}-ubyte.gz`)).join(',')}`);
const data = subset(trainSpec === undefined ? splitOf(samples, 'train', 0) : loadDataset(trainSpec), { limit });
const test = testSpec === undefined ? splitOf(samples, 'test', 0) : loadDataset(testSpec);
const base = readNetworkArchitecture(readFileSync(here('../models/architectures/private-small.json'), 'utf8'), 'private-small');
const privacy = { epsilon: 3, delta: Number(`1e${Math.floor(Math.log10(0.5 / data.count))}`), clip: 1 };
const training = {
  epochs, batch: Math.min(2048, Math.round(data.count / 4)), rate: 0.02, optimiser: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  schedule: { kind: 'cosine', floor: 0.02 }, workers: 1, privacy, target: loadTarget('loihi2'), test,
};

const wide = (width) => [`surrogate ${width} thresholds wide`, { surrogate: { shape: 'triangle', width } }];
const neuron = (model, leak) => [`${model.toUpperCase()} neurons`, { neuron: { ...base.neuron, model, ...leak } }];
const steps = (timesteps) => [`window of ${timesteps} steps`, { timesteps }];
const factors = [
  { claim: 'a blunter surrogate is better', levels: [wide(0.25), wide(0.5), wide(1), wide(2)] },
  { claim: 'IF is better than LIF', levels: [neuron('lif', { leak: 0.5 }), neuron('if')] },
  { claim: 'a longer window is better', levels: [steps(2), steps(5), steps(10)] },
];

const known = new Map(); // the middle of each factor is the same network
async function accuracies(changes) {
  const architecture = { ...base, ...changes };
  const found = known.get(JSON.stringify(architecture)) ?? [];
  while (found.length < seeds) found.push(100 * (await trainNetwork(architecture, data, { ...training, seed: found.length + 1 })).tested.accuracy);
  known.set(JSON.stringify(architecture), found);
  return found;
}

const T = [NaN, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26]; // 97.5 % of Student's t by degrees of freedom
const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;
const around = (x) => (T[x.length - 1] ?? 2.26) * Math.sqrt(x.reduce((s, v) => s + (v - mean(x)) ** 2, 0) / (x.length - 1) / x.length);
const said = (x) => `${mean(x).toFixed(1)} (${(mean(x) - around(x)).toFixed(1)} to ${(mean(x) + around(x)).toFixed(1)})`;
console.log(`epsilon ${privacy.epsilon} at delta ${privacy.delta}, ${data.count} images, ${epochs} epochs, ${seeds} seeds; accuracy in % on ${test.count} others`);
for (const { claim, levels } of factors) {
  const found = [];
  for (const [name, changes] of levels) console.log(`  ${name.padEnd(32)} ${said(found[found.push(await accuracies(changes)) - 1])}`);
  const gain = found.at(-1).map((x, i) => x - found[0][i]);
  console.log(`${claim}: ${said(gain)} points, ${mean(gain) - around(gain) > 0 ? 'holds here' : mean(gain) + around(gain) < 0 ? 'the opposite holds here' : 'not resolved'}`);
}
