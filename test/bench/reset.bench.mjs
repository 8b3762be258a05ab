// What the first Loihi, which resets to zero only, makes of each model: its own hard reset, and the soft
// reset built from two compartments. Each loss with the cores it costs, and which of the two is advised.
import { formatCount } from '../../dist/report/quantities.js';
import { imagesFor, runModel } from './run-model.mjs';

const MODELS = ['vgg_cifar10', 'resnet20_cifar10', 'resnet8_cifar10', 'cnn_mnist', 'cnn_fashion'];
const RESETS = ['hard', 'soft-two-compartment'];

export const cases = (options) => MODELS.map((model) => ({
  measure: `${model}, loihi1, T = 32: points under the ANN with the better reset`,
  run: async () => {
    const { images } = imagesFor(model, options, { full: false });
    const found = {};
    for (const reset of RESETS) found[reset] = await runModel(model, { flags: { target: 'loihi1', timesteps: 32, reset }, images, options });
    const advised = better(found);
    return {
      value: found[advised].lossPoints, unit: 'points', bar: { text: 'both run and are stated', met: RESETS.every((r) => Number.isFinite(found[r].lossPoints)) },
      note: `${RESETS.map((r) => `${r}: ${found[r].lossPoints.toFixed(1)} ± ${found[r].lossMargin.toFixed(1)} points, ${found[r].coresUsed} cores`).join('; ')}; advised: ${advised}; ${formatCount(images.count)} images`,
      details: { advised, ...found },
    };
  },
}));

/** The smaller loss; where the two cannot be told apart, the one with fewer cores. */
function better(found) {
  const [hard, soft] = RESETS.map((r) => found[r]);
  const apart = Math.abs(hard.lossPoints - soft.lossPoints) > Math.hypot(hard.lossMargin, soft.lossMargin);
  const wins = apart ? hard.lossPoints < soft.lossPoints : hard.coresUsed <= soft.coresUsed;
  return wins ? RESETS[0] : RESETS[1];
}
