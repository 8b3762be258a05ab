// How much accuracy the way to spikes and integers costs: points under the ANN on the full test sets,
// on loihi2 with 8-bit weights and without private data.
import { formatCount, formatJoules, formatPercent, formatSeconds } from '../../dist/report/quantities.js';
import { imagesFor, runModel } from './run-model.mjs';

const CASES = [
  { model: 'vgg_cifar10', timesteps: 64, atMost: 1 },
  { model: 'vgg_cifar10', timesteps: 32, atMost: 2 },
  { model: 'resnet20_cifar10', timesteps: 64, atMost: 4 },
  { model: 'cnn_mnist', timesteps: 32, atMost: 0.5 },
  { model: 'cnn_fashion', timesteps: 32, atMost: 1 },
];

export const cases = (options) => CASES.map(({ model, timesteps, atMost }) => ({
  measure: `${model}, loihi2, T = ${timesteps}: points under the ANN`,
  run: async () => {
    const { images, note } = imagesFor(model, options);
    const found = await runModel(model, { flags: { timesteps }, images, options });
    return { value: found.lossPoints, unit: 'points', bar: { atMost }, note: [describe(found), note].filter(Boolean).join('; '), details: found };
  },
}));

const describe = (f) => [
  `± ${f.lossMargin.toFixed(2)}; ${formatPercent(f.accuracy, 2)} against ${formatPercent(f.annAccuracy, 2)} on ${formatCount(f.samples)} images`,
  `same answer ${formatPercent(f.agreement, 2)}`,
  `${formatCount(f.spikesPerInference)} spikes, ${formatCount(f.sopsPerInference)} SOPs, ${formatJoules(f.energyPerInferenceJoules)} (estimate), ${formatSeconds(f.latencySeconds)} an inference`,
  `${f.coresUsed} cores`,
].join('; ');
