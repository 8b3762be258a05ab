/** `spikeveil energy PROGRAM --data SPEC`: what one inference costs, line by line, beside the float network. */
import { Command, Option } from 'commander';
import type { EnergyReport } from '../energy/energy-report.js';
import { formatCount, formatJoules, formatRatio, formatSeconds } from '../report/quantities.js';
import { dataOption, jsonOption, limitOption, profileOption, seedOption, workersOption } from './options.js';
import { say, sayJson } from './output.js';
import type { RunFlags } from './run-program.js';
import { table, wrap } from './table.js';

interface EnergyFlags extends RunFlags { readonly explain?: true; readonly json?: true }

export const energyCommand = (): Command => new Command('energy')
  .description('Simulate a program and price its events: joules by line, with the baselines beside them.')
  .argument('<program>', 'a program file (.spk)')
  .addOption(dataOption())
  .addOption(limitOption())
  .addOption(new Option('--timing <model>', 'pipeline gives a latency and with it static energy').choices(['functional', 'pipeline']).default('pipeline'))
  .addOption(profileOption())
  .option('--explain', 'print the source of every constant and what is left out')
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

/** Picojoules above which another unit reads better. */
const LARGE = 1e5;

/** The bill of one inference as text. */
export function energyText(energy: EnergyReport, explain: boolean): string {
  const { perInference, profile } = energy;
  const counted = perInference.lines.filter((l) => l.joules > 0 || (explain && l.count > 0));
  const unit = (value: number | null): string => (value === null ? 'unpublished' : value < LARGE ? `${Number(value.toPrecision(6))} pJ` : formatJoules(value * 1e-12));
  const right = 'right' as const;
  return [
    `one inference, profile ${profile.name}${profile.estimate ? ' (an estimate)' : ''}\n`,
    table([{ head: 'line' }, { head: 'count', align: right }, { head: 'each', align: right }, { head: 'energy', align: right }], [
      ...counted.map((l) => [l.name, formatCount(l.count), unit(l.unitPicojoules), formatJoules(l.joules)]),
      ['total', '', '', formatJoules(perInference.totalJoules)],
    ]),
    energy.latencySeconds === null ? '' : `\nlatency ${formatSeconds(energy.latencySeconds)}`,
    `\n${table([{ head: 'beside it' }, { head: 'operations', align: right }, { head: 'energy', align: right }],
      energy.baselines.map((b) => [b.name, formatCount(b.count), formatJoules(b.joules)]))}`,
    `\n${table([{ head: 'quotient (above 1: the spiking side needs less)' }, { head: '', align: right }],
      energy.ratios.map((r) => [r.name, r.value === null ? '-' : formatRatio(r.value)]))}`,
    explain ? `\n${explanation(energy)}` : '\nThe sources of the constants and what is left out: --explain',
  ].filter((t) => t !== '').join('\n');
}

function explanation(energy: EnergyReport): string {
  const entries = [...energy.perInference.lines, ...energy.baselines].map((l) => `${l.name}: ${l.source}${l.note === undefined ? '' : `; ${l.note}`}`);
  return [...entries, ...energy.notes].map((t) => `* ${wrap(t, '  ')}`).join('\n');
}
