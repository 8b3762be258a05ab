// PrivateSNN (AAAI 2022) says that its spiking VGG16 needs 55 times less energy than the ANN. This puts the
// same counts under six conventions: for that network from its published figures, and for two networks
// of this tree from their emitted programs on virtual Loihi cores. Writes the plot as SVG too.
//   node examples/fifty-five-times.mjs [IMAGES] [PLOT.svg]
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  compileModel, conventionRatios, energyReport, findModelCard, loadDataset, loadTarget, measuredWorkload,
  paperWorkload, ratioPlot, readModelCard, Reporter, simulate, standaloneSvg, subset,
} from 'spikeveil';

const here = (path) => fileURLToPath(new URL(`../models/${path}`, import.meta.url));
const [images = '10', plot = 'fifty-five-times.svg'] = process.argv.slice(2);
const target = loadTarget('loihi1');
const [davies] = target.profiles; // 23.6 pJ a synaptic operation

// VGG16 on 32 x 32 images as the paper's code has it: [side, channels in, channels out] of each convolution
const convolutions = [[32, 3, 64], [32, 64, 64], [16, 64, 128], [16, 128, 128], [8, 128, 256], [8, 256, 256], [8, 256, 256],
  [4, 256, 512], [4, 512, 512], [4, 512, 512], [2, 512, 512], [2, 512, 512], [2, 512, 512]];
const dense = [[512, 4096], [4096, 10]];
const macs = convolutions.reduce((sum, [side, i, o]) => sum + side * side * 9 * i * o, 0) + dense.reduce((sum, [i, o]) => sum + i * o, 0);
const neurons = convolutions.reduce((sum, [side, , o]) => sum + side * side * o, 0) + dense.reduce((sum, [, o]) => sum + o, 0);
// the paper prints the ratio, not the spikes: 55 times at 3.2 and 0.1 pJ means this many additions
const synapticOps = macs * 3.2 / 0.1 / 55;
const paper = paperWorkload({ macs, neurons, synapticOps, timesteps: 100 }, target, davies);

async function measured(name, samples, timesteps) {
  const card = readModelCard(findModelCard(here(`${name}/model.onnx`)), new Reporter());
  const { program } = await compileModel(here(`${name}/model.onnx`), { card, normalisation: card.input, target, timesteps, reset: 'soft-two-compartment' });
  const trace = await simulate(program, subset(loadDataset(samples), { limit: Number(images) }), { timing: 'pipeline', profile: davies.name, seed: 1, workers: 1 });
  return measuredWorkload(program, energyReport(program, trace, { profile: davies.name }));
}
const mnist = ['images-idx3', 'labels-idx1'].map((part) => here(`samples/mnist-1000-${part}-ubyte.gz`)).join();
const works = { 'VGG16 (paper)': paper, vgg_cifar10: await measured('vgg_cifar10', `cifar10:${here('samples/cifar10-1000.bin.gz')}`, 32), cnn_mnist: await measured('cnn_mnist', `idx:${mnist}`, 16) };
const series = Object.entries(works).map(([name, work]) => ({ name, ratios: conventionRatios(work, target), work }));

const row = (head, cells) => console.log(head.padEnd(50) + cells.map((c, i) => String(c).padStart(i === 0 ? 14 : 8)).join(''));
row('ANN / SNN; above 1 the spikes need less', ['VGG16 (paper)', 'vgg', 'mnist']);
series[0].ratios.forEach(({ name }, i) => row(name, series.map((s) => s.ratios[i].value.toPrecision(3))));
row('synaptic operations per MAC', series.map(({ work }) => (work.synapticOps / work.macs).toPrecision(3)));
row('time steps', series.map(({ work }) => work.timesteps));
writeFileSync(plot, await standaloneSvg(ratioPlot(series[0].ratios.map((r) => r.name), series.map((s) => ({ name: s.name, values: s.ratios.map((r) => r.value) })), 'ANN / SNN, logarithmic; right of the line the spikes need less')));
console.log(`wrote ${plot}`);
