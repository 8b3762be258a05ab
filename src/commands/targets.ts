/** `spikeveil targets [NAME]`: the chips that it knows, or the limits, rules and constants of one. */
import { Command } from 'commander';
import { chipCores } from '../target/chip-cores.js';
import type { Chip, Profile } from '../target/schema.js';
import { formatCount } from '../report/quantities.js';
import { describeLayers, describeNeuron } from './chip-text.js';
import { jsonOption } from './options.js';
import { say, sayJson } from './output.js';
import { pairs, plural, table, wrap } from './table.js';

export const targetsCommand = (): Command => new Command('targets')
  .description('List the chips to compile for or to hold a network against, or show the limits and the constants of one.')
  .argument('[name]', 'a name from the list, or the path of a target file')
  .addOption(jsonOption())
  .addHelpText('after', '\nExamples:\n  $ spikeveil targets\n  $ spikeveil targets loihi2\n  $ spikeveil targets my-chip.json   check a target file of your own')
  .action(async (name: string | undefined, { json }: { json?: true }) => {
    const { listTargets, loadChip } = await import('../target/load-target.js');
    if (name === undefined) list(listTargets().map((n) => loadChip(n)), json === true);
    else show(loadChip(name), json === true);
  });

function list(chips: readonly Chip[], json: boolean): void {
  if (json) return sayJson(chips.map((c) => ({ name: c.name, title: c.title, compile: c.compile.supported })));
  const rows = [...chips].sort((a, b) => Number(b.compile.supported) - Number(a.compile.supported));
  say(table([{ head: 'target' }, { head: 'compile' }, { head: 'a core', align: 'right' }, { head: 'cores', align: 'right' }, { head: 'chip' }],
    rows.map((c) => [c.name, c.compile.supported ? 'yes' : 'no', neuronsPerCore(c), orUnknown(chipCores(c)), c.title])));
  say(`\n${wrap('a core: the neurons that it holds, or the largest of them. cores: those of a chip. compile no: `fit` holds a network against the rules of the chip; `targets NAME` says why nothing can be compiled for it.')}`);
}

const orUnknown = (value: number | null): string => (value === null ? 'unknown' : formatCount(value));
const limit = (value: number | null): string => (value === null ? 'no limit, or unpublished' : formatCount(value));

function neuronsPerCore({ core, crossbar, layerCores, network }: Chip): string {
  if (core !== undefined) return core.neurons === null ? 'no limit' : formatCount(core.neurons);
  if (crossbar !== undefined) return formatCount(crossbar.neurons);
  if (layerCores !== undefined) return formatCount(Math.max(...layerCores.cores.map((c) => c.neuronWords)));
  return orUnknown(network?.hidden ?? null);
}

function show(chip: Chip, json: boolean): void {
  if (json) return sayJson(chip);
  say(`${chip.name}: ${chip.title}\n`);
  say(pairs([
    ['programs', chip.compile.supported ? 'can be compiled' : 'cannot be compiled; `fit` holds a network against its rules'],
    ...placeRows(chip),
    ...coreRows(chip),
    ...describeNeuron(chip),
    ...describeLayers(chip.layers),
  ]));
  if (chip.compile.reasons.length > 0) say(`\nwhy not:\n${chip.compile.reasons.map((r) => `  ${wrap(r, '  ')}`).join('\n')}`);
  for (const profile of chip.profiles) showProfile(profile);
  showFigures(chip);
  for (const text of chip.notes ?? []) say(`\n${wrap(text)}`);
  say(`\nwhere limits were read:\n${Object.entries(chip.provenance).map(([key, from]) => `  ${wrap(`${key}: ${from}`, '    ')}`).join('\n')}`);
  say(`\nsources:\n${chip.sources.map((s) => `  ${wrap(s, '  ')}`).join('\n')}`);
}

type Rows = readonly (readonly [string, string])[];

function placeRows(chip: Chip): Rows {
  const { board, mesh } = chip;
  const missing = (mesh?.missing ?? []).reduce((sum, m) => sum + m.cores, 0);
  return [
    ...(board === undefined ? [] : [['board', `${board.chips === null ? 'any number of chips' : plural(board.chips, 'chip')}, ${board.columns} a row`] as const]),
    ...(mesh === undefined ? [] : [['mesh of a chip', `${mesh.width} x ${mesh.height} routers, ${plural(mesh.coresPerRouter, 'core')} each${missing === 0 ? '' : `, ${formatCount(missing)} missing`}`] as const]),
    ['cores of a chip', orUnknown(chipCores(chip))],
  ];
}

function coreRows({ core, crossbar, layerCores, network }: Chip): Rows {
  if (core !== undefined) {
    return [
      ['neurons per core', limit(core.neurons)],
      ['input axons per core', limit(core.inAxons)],
      ['output axons per core', limit(core.outAxons)],
      ['synaptic memory per core', core.synapticMemoryBits === null ? limit(null) : `${formatCount(core.synapticMemoryBits / 8)} bytes`],
    ];
  }
  if (crossbar !== undefined) return [['a core', `a crossbar of ${formatCount(crossbar.axons)} axons and ${formatCount(crossbar.neurons)} neurons`]];
  if (layerCores !== undefined) {
    const inKi = (words: readonly number[]): string => `${words.map((n) => n / 1024).join(', ')} Ki words`;
    const { cores } = layerCores;
    return [['a core', 'holds one layer'], ['kernel memory', inKi(cores.map((c) => c.kernelWords))], ['neuron memory', inKi(cores.map((c) => c.neuronWords))], ['biases', cores.map((c) => c.biases).join(', ')], ['addressing', layerCores.addressing]];
  }
  if (network === undefined) return [['a core', 'unknown']];
  return [['the whole network', `${limit(network.inputs)} inputs, ${limit(network.hidden)} hidden neurons, ${limit(network.outputs)} outputs`], ['events of an input', `${limit(network.eventsPerStep)} a step`]];
}

function showProfile(profile: Profile): void {
  say(`\n${wrap(`profile ${profile.name}: ${profile.title}${profile.estimate ? ' (an estimate)' : ''}`)}`);
  const constants = [...Object.entries(profile.energy), ...Object.entries(profile.power)];
  const known = constants.filter(([, c]) => c.value !== null);
  say(table([{ head: '  constant' }, { head: 'value', align: 'right' }, { head: 'unit' }],
    known.map(([name, c]) => [`  ${name}`, (c.value as number).toLocaleString('en-US', { maximumFractionDigits: 6 }), c.unit])));
  const latencies = Object.entries(profile.latency).flatMap(([name, c]) => (typeof c === 'object' && 'value' in c && c.value === null ? [name] : []));
  const barrier = profile.latency.barrier.some((entry) => entry.nanoseconds === null) ? ['barrier'] : [];
  const unknown: Rows = [
    ['energy or power', constants.filter(([, c]) => c.value === null).map(([name]) => name).join(', ') || 'nothing'],
    ['latency', [...latencies, ...barrier].join(', ') || 'nothing'],
  ];
  say(`  unpublished, counted as 0:\n${unknown.map(([what, names]) => `    ${wrap(`${what}: ${names}`, '      ')}`).join('\n')}`);
}

function showFigures({ figures = [] }: Chip): void {
  if (figures.length === 0) return;
  say('\npublished figures:');
  for (const { name, value, unit, source, note } of figures) say(`  ${wrap(`${name}: ${value === null ? 'unpublished' : `${formatFigure(value)} ${unit}`} (${source})${note === undefined ? '' : `. ${note}`}`, '    ')}`);
}

const formatFigure = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 6 });
