// Few time steps without private data: points under the ANN on the full test sets after `--search`, with
// signed spikes on loihi2 (8-bit weights) and with the hard reset of loihi1, and the synaptic operations
// per multiply-accumulate that they take.
import { formatCount, formatPercent } from '../../dist/report/quantities.js';
import { imagesFor, macsOf, runModel } from './run-model.mjs';

const TRIALS = 12;
const signed = { spikes: 'signed', search: TRIALS };
/** Learning as the flags of `compile --encrypt` have it by default, gently. */
const learned = {
  encrypt: true, learningImages: 1024, epochs: 3, batch: 32, learningRate: 0.001, schedule: 'cosine', optimiser: 'adam', surrogate: 'boxcar', surrogateWidth: 0.25,
  distillation: 1, temperature: 2, sparsity: 0, distance: 0, kernels: 'auto', limit: 1000,
};

const CASES = [
  { model: 'vgg_cifar10', flags: { timesteps: 16, ...signed }, atMost: 0.5 },
  { model: 'vgg_cifar10', flags: { timesteps: 8, ...signed }, atMost: 1.5 },
  { model: 'vgg_cifar10', flags: { timesteps: 4, ...signed }, atMost: 4 },
  { model: 'vgg_cifar10', flags: { timesteps: 3, ...signed, retract: 0.5 }, atMost: 4, operations: 0.58 },
  { model: 'resnet20_cifar10', flags: { timesteps: 16, ...signed }, atMost: 1.5 },
  { model: 'cnn_mnist', flags: { timesteps: 8, ...signed }, atMost: 0.3 },
  { model: 'cnn_mnist', flags: { timesteps: 8, ...signed, ...learned }, atMost: 0.3 },
  { model: 'cnn_fashion', flags: { timesteps: 8, ...signed, retract: 0.5 }, atMost: 0.5 },
  { model: 'vgg_cifar10', flags: { timesteps: 32, target: 'loihi1', reset: 'hard', search: TRIALS }, atMost: 3 },
  { model: 'simpnet_cifar10_300k', flags: { timesteps: 32, ...signed }, atMost: 2 },
  { model: 'simpnet_cifar100_600k', flags: { timesteps: 32, ...signed }, atMost: 3 },
];

export const cases = (options) => CASES.map(({ model, flags, atMost, operations }) => ({
  measure: `${model}, ${flags.target ?? 'loihi2'}, T = ${flags.timesteps}, ${flags.reset === 'hard' ? 'hard reset' : `signed${flags.retract === undefined ? '' : `, retract ${flags.retract}`}`}, searched${flags.encrypt ? ' and learned' : ''}: points under the ANN`,
  run: async () => {
    const { images, note } = imagesFor(model, options);
    if (images === null) return { value: null, unit: 'points', bar: { atMost }, note };
    const began = performance.now();
    const found = await runModel(model, { flags: { ...flags, workers: options.workers }, images, options, timing: 'functional' });
    const perMac = found.sopsPerInference / macsOf(model);
    const row = { value: found.lossPoints, unit: 'points', bar: { atMost }, note: [describe(found, perMac, (performance.now() - began) / 1000), note].filter(Boolean).join('; '), details: found };
    return operations === undefined ? row : [row, { measure: `the same: synaptic operations per multiply-accumulate over all T`, value: perMac, unit: 'SOPs/MAC', bar: { atMost: operations }, note: `${formatPercent(found.accuracy, 2)}` }];
  },
}));

const describe = (f, perMac, seconds) => [
  `± ${f.lossMargin.toFixed(2)}; ${formatPercent(f.accuracy, 2)} against ${formatPercent(f.annAccuracy, 2)} on ${formatCount(f.samples)} images`,
  `same answer ${formatPercent(f.agreement, 2)}`,
  `${formatCount(f.spikesPerInference)} spikes, ${formatCount(f.sopsPerInference)} SOPs (${perMac.toFixed(2)} a MAC)`,
  `${f.coresUsed} cores`,
  `${seconds.toFixed(0)} s with search and simulation`,
].join('; ');
