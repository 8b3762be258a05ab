/** `spikeveil fit MODEL`: whether a network fits a chip and what it takes there, without making a program. */
import { Command, Option } from 'commander';
import { mappingLines } from '../report/mapping-lines.js';
import { formatCount, formatPercent } from '../report/quantities.js';
import type { InputCode, Reset } from '../spiking/network.js';
import type { ModelReading } from './compile-notes.js';
import type { Fit, LayerFit } from './fit-model.js';
import { addReadingOptions, codeOption, resetOption, targetOption, timestepsOption } from './model-options.js';
import { jsonOption } from './options.js';
import { say, sayJson, warn } from './output.js';
import { pairs, plural, table, wrap } from './table.js';

interface FitFlags extends ModelReading {
  readonly target: string;
  readonly reset?: Reset;
  readonly code: InputCode['code'];
  readonly timesteps: number;
  readonly json?: true;
}

export const fitCommand = (): Command => addReadingOptions(new Command('fit')
  .description('Say whether a network fits a chip: cores, memory and what is not supported, without compiling.')
  .argument('<model>', 'an ONNX file')
  .addOption(targetOption())
  .addOption(resetOption())
  .addOption(codeOption())
  .addOption(timestepsOption()))
  .addOption(new Option('--all-layers', 'name every layer, not only the ten with the most cores'))
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil fit models/resnet20_cifar10/model.onnx --target loihi1')
  .action(async (model: string, flags: FitFlags & { readonly allLayers?: true }) => {
    const [{ loadTarget }, { modelSource }, { fitModel }] = await Promise.all([import('../target/load-target.js'), import('./model-source.js'), import('./fit-model.js')]);
    const target = loadTarget(flags.target);
    const { reset = target.capabilities.resets[0], code, timesteps } = flags;
    const fit = fitModel(modelSource(model, flags), { target, reset, code, timesteps });
    warn(fit.warnings);
    if (flags.json === true) sayJson({ fits: true, ...fit });
    else say(fitText(fit, flags.allLayers === true));
  });

const LAYERS = 10;
const NAME = 36;

function fitText(fit: Fit, all: boolean): string {
  const shown = all ? fit.layers : [...fit.layers].sort((a, b) => b.cores - a.cores).slice(0, LAYERS);
  const share = (used: number, limit: number | null): string => (limit === null ? '-' : formatPercent(used / limit, 0));
  const { limits } = fit;
  const row = (l: LayerFit): string[] => [
    l.name.length > NAME ? `...${l.name.slice(3 - NAME)}` : l.name, formatCount(l.neurons), formatCount(l.cores),
    share(l.most.neurons, limits.neurons), share(l.most.synapticBits, limits.synapticMemoryBits),
    share(l.most.inAxons, limits.inAxons), share(l.most.outAxons, limits.outAxons), l.boundBy ?? '-',
  ];
  const right = 'right' as const;
  const column = (head: string) => ({ head, align: right });
  return [
    pairs([
      ['fits', `yes: ${fit.target} with the ${fit.reset} reset`],
      ['cores', `${formatCount(fit.cores)} on ${plural(fit.chips, 'chip')} of ${fit.coresPerChip}, lower bound ${formatCount(fit.mapping.leastCores)}`],
      ['neurons', formatCount(fit.neurons)],
      ...mappingLines(fit.mapping),
    ]),
    `\n${table([{ head: 'layer' }, column('neurons'), column('cores'), column('full'), column('memory'), column('in'), column('out'), { head: 'bound by' }], shown.map(row))}`,
    `\n${wrap('Shares are those of the fullest core: of its compartments (full), synaptic memory, and axons in and out. The largest share binds.')}`,
    ...(shown.length < fit.layers.length ? [`${plural(fit.layers.length - shown.length, 'layer')} with fewer cores left out: --all-layers shows all.`] : []),
  ].join('\n');
}
