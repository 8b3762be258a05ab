// Watches one output filter's neurons while an image runs: records spikes, currents and potentials with a
// probe, and prints the course of one that spikes in about every third step, beside its threshold.
//   node examples/watch-neuron.mjs PROGRAM
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadDataset, readProgram, resolveProbes, simulate, subset } from 'spikeveil';

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node examples/watch-neuron.mjs PROGRAM      (a program of models/cnn_mnist)');
  process.exit(2);
}

const samples = fileURLToPath(new URL('../models/samples/mnist-1000', import.meta.url));
const image = subset(loadDataset(`idx:${samples}-images-idx3-ubyte.gz,${samples}-labels-idx1-ubyte.gz`), { limit: 1 });
const { network, ...program } = readProgram(readFileSync(path), path);
const layer = network.populations[1];
const probes = [{ layer: layer.id, neurons: '0/all/all' }]; // all rows and columns of channel 0
const [{ neurons }] = resolveProbes(network, probes);

let record;
await simulate({ ...program, network }, image, { timing: 'functional', seed: 1, workers: 1, observer: { probes, onProbes: ({ layers }) => { [record] = layers; } } });

const at = (values, t, i) => values[t * neurons.length + i];
const count = (i) => Array.from({ length: network.timesteps }, (_, t) => at(record.spikes, t, i)).reduce((a, b) => a + b);
const far = (i) => Math.abs(3 * count(i) - network.timesteps);
const one = [...neurons.keys()].reduce((a, b) => (far(b) < far(a) ? b : a));
console.log(`${layer.id}, neuron ${neurons[one]}: ${count(one)} spikes in ${network.timesteps} steps, threshold ${layer.threshold * 2 ** layer.thresholdExponent[0]}`);
for (let t = 0; t < network.timesteps; t++) {
  console.log(`step ${t}: current ${at(record.state.current, t, one)}, then v ${at(record.state.v, t, one)}${at(record.spikes, t, one) === 0 ? '' : ', spiked'}`);
}
