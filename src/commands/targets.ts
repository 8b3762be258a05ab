/** `spikeveil targets [NAME]`: the chips it can compile for, or the limits and the constants of one. */
import { Command } from 'commander';
import type { Profile, Target } from '../target/schema.js';
import { formatCount } from '../report/quantities.js';
import { jsonOption } from './options.js';
import { say, sayJson } from './output.js';
import { pairs, plural, table, wrap } from './table.js';

export const targetsCommand = (): Command => new Command('targets')
  .description('List the chips to compile for, or show the limits and the constants of one.')
  .argument('[name]', 'a name from the list, or the path of a target file')
  .addOption(jsonOption())
  .addHelpText('after', '\nExamples:\n  $ spikeveil targets\n  $ spikeveil targets loihi2\n  $ spikeveil targets my-chip.json   check a target file of your own')
  .action(async (name: string | undefined, { json }: { json?: true }) => {
    const { listTargets, loadTarget } = await import('../target/load-target.js');
    if (name === undefined) list(listTargets().map((n) => loadTarget(n)), json === true);
    else show(loadTarget(name), json === true);
  });

function list(targets: readonly Target[], json: boolean): void {
  if (json) return sayJson(targets.map((t) => ({ name: t.name, title: t.title })));
  say(table([{ head: 'target' }, { head: 'neurons/core', align: 'right' }, { head: 'cores/chip', align: 'right' }, { head: 'chip' }],
    targets.map((t) => [t.name, limit(t.core.neurons), formatCount(coresPerChip(t)), t.title])));
}

const limit = (value: number | null): string => (value === null ? 'no limit' : formatCount(value));
const coresPerChip = (t: Target): number => t.mesh.width * t.mesh.height * t.mesh.coresPerRouter;

function show(target: Target, json: boolean): void {
  if (json) return sayJson(target);
  const { core, mesh, numbers, capabilities, board } = target;
  say(`${target.name}: ${target.title}\n`);
  say(pairs([
    ['board', `${board.chips === null ? 'any number of chips' : plural(board.chips, 'chip')}, ${board.columns} a row`],
    ['mesh of a chip', `${mesh.width} x ${mesh.height} routers, ${plural(mesh.coresPerRouter, 'core')} each`],
    ['neurons per core', limit(core.neurons)],
    ['input axons per core', limit(core.inAxons)],
    ['output axons per core', limit(core.outAxons)],
    ['synaptic memory per core', core.synapticMemoryBits === null ? 'no limit' : `${formatCount(core.synapticMemoryBits / 8)} bytes`],
    ['weights', `up to +-${numbers.weightMax} in steps of ${numbers.weightStep}`],
    ['membrane potential', `${numbers.stateBits} bits`],
    ['resets', capabilities.resets.join(', ')],
    ['signed spikes', capabilities.signedSpikes === true ? 'yes' : 'no'],
    ['shared convolution', capabilities.sharedConvolution ? 'yes' : 'no'],
  ]));
  for (const profile of target.profiles) showProfile(profile);
  for (const text of target.notes ?? []) say(`\n${wrap(text)}`);
  say(`\nsources:\n${target.sources.map((s) => `  ${wrap(s, '  ')}`).join('\n')}`);
}

function showProfile(profile: Profile): void {
  say(`\n${wrap(`profile ${profile.name}: ${profile.title}${profile.estimate ? ' (an estimate)' : ''}`)}`);
  const constants = [...Object.entries(profile.energy), ...Object.entries(profile.power)];
  say(table([{ head: '  constant' }, { head: 'value', align: 'right' }, { head: 'unit' }],
    constants.map(([name, c]) => [`  ${name}`, c.value === null ? 'unpublished' : c.value.toLocaleString('en-US', { maximumFractionDigits: 6 }), c.unit])));
}
