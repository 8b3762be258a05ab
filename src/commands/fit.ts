/** `spikeveil fit MODEL`: whether a network fits a chip and what it takes there, without making a program. */
import { Command, Option } from 'commander';
import { formatDiagnostic } from '../diagnostics.js';
import type { InputCode, Reset } from '../spiking/network.js';
import type { ModelReading } from './compile-notes.js';
import { inputAtFault } from './exit-code.js';
import { fitText } from './fit-text.js';
import { addReadingOptions, codeOption, resetOption, targetOption, timestepsOption } from './model-options.js';
import { jsonOption } from './options.js';
import { notice, say, sayJson, warn } from './output.js';

interface FitFlags extends ModelReading {
  readonly target: string;
  readonly reset?: Reset;
  readonly code: InputCode['code'];
  readonly timesteps: number;
  readonly json?: true;
  readonly allLayers?: true;
  readonly place?: true;
}

export const fitCommand = (): Command => addReadingOptions(new Command('fit')
  .description('Say whether a network fits a chip, without compiling: nodes that cannot become spiking, cores, memory, and each rule of the chip that a layer breaks. Any chip of `targets` will do. Exit code 1 if it does not fit.')
  .argument('<model>', 'an ONNX file')
  .addOption(targetOption())
  .addOption(resetOption())
  .addOption(codeOption())
  .addOption(timestepsOption()))
  .addOption(new Option('--all-layers', 'name every layer and every broken rule, not only the ten layers with the most cores'))
  .addOption(new Option('--place', 'also give the cores their places and say what spikes put on the mesh (up to half a minute)'))
  .addOption(jsonOption())
  .addHelpText('after', '\nExamples:\n  $ spikeveil fit models/resnet20_cifar10/model.onnx --target loihi1\n  $ spikeveil fit models/cnn_mnist/model.onnx --target speck')
  .action(async (model: string, flags: FitFlags) => {
    const [{ loadChip }, { modelSource }, { fitModel }] = await Promise.all([import('../target/load-target.js'), import('./model-source.js'), import('./fit-model.js')]);
    const { reset, code, timesteps } = flags;
    const fit = fitModel(modelSource(model, flags), { chip: loadChip(flags.target), reset, code, timesteps, place: flags.place === true });
    warn(fit.warnings);
    for (const problem of fit.diagnostics) notice(formatDiagnostic(problem));
    if (flags.json === true) sayJson(fit);
    else say(fitText(fit, flags.allLayers === true));
    if (!fit.fits) inputAtFault();
  });
