/** `spikeveil energy PROGRAM --data SPEC`: what one inference costs, line by line, beside the float network. */
import { Command, Option } from 'commander';
import { energyText } from './energy-text.js';
import { dataOption, jsonOption, limitOption, profileOption, seedOption, workersOption } from './options.js';
import { say, sayJson } from './output.js';
import type { RunFlags } from './run-program.js';

interface EnergyFlags extends RunFlags { readonly explain?: true; readonly json?: true }

export const energyCommand = (): Command => new Command('energy')
  .description('Simulate a program and price its events: joules by line, with the baselines beside them.')
  .argument('<program>', 'a program file (.spk)')
  .addOption(dataOption())
  .addOption(limitOption())
  .addOption(new Option('--timing <model>', 'pipeline and cycle give a latency and with it static energy').choices(['functional', 'pipeline', 'cycle']).default('pipeline'))
  .addOption(profileOption())
  .option('--explain', 'write out every product with the source of its constant, and what is left out')
  .addOption(seedOption())
  .addOption(workersOption())
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil energy vgg.spk --data cifar10:models/samples/cifar10-1000.bin.gz --limit 100 --explain')
  .action(async (path: string, flags: EnergyFlags) => {
    const { loadRun, runProgram } = await import('./run-program.js');
    const { energy } = await runProgram(loadRun(path, flags), flags);
    if (flags.json === true) sayJson(energy);
    else say(energyText(energy, flags.explain === true));
  });
