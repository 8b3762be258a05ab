/**
 * A program for one image as a network file of SANA-FE: groups of neurons, every synapse on a line of
 * its own, and the core of every neuron. Only here is a convolution unrolled, line by line, so that the
 * file may be far larger than memory.
 */
import type { Program } from '../program/program.js';
import type { ExplicitGroup, ExplicitNetwork, SynapseBundle } from './explicit-network.js';
import { meshSize, tileNumber } from './sana-fe-architecture.js';

/** The text of the file, some lines at a time. */
export function* networkYaml(program: Program, network: ExplicitNetwork): Iterable<string> {
  yield* heading(program, network);
  yield `network:\n  name: ${quoted(program.provenance.modelName)}\n  groups:\n`;
  const units = inputNumbers(network);
  for (const [index, group] of network.groups.entries()) yield groupText(group, units[index]);
  yield network.bundles.some((b) => b.count > 0) ? '  edges:\n' : '  edges: []\n';
  for (const bundle of network.bundles) yield* edgeText(network, bundle);
  yield 'mappings:\n';
  const { height } = meshSize(program);
  for (const group of network.groups) {
    yield runs(group.core.length, (i) => group.core[i]).map(([from, to]) => {
      const place = program.places[group.core[from]];
      return `- ${group.name}.${range(from, to)}: {core: '${tileNumber(place, height)}.${place.port}'}\n`;
    }).join('');
  }
}

const quoted = (text: string): string => JSON.stringify(text.replace(/\[/g, '('));
const range = (from: number, to: number): string => (to === from + 1 ? `${from}` : `${from}..${to - 1}`);

function* heading({ network: { populations, timesteps }, target }: Program, { steps, synapses, helpers }: ExplicitNetwork): Iterable<string> {
  yield '# Written by Spikeveil for SANA-FE: one image, every synapse on its own line.\n';
  yield `# Run ${steps} steps. Chip step s of the program is step s + 2 here, counted from 1; a population of\n`;
  yield `# depth d works from step d + 2 for ${timesteps} steps. What it does later reaches no answer.\n`;
  yield '# Values are mantissa units (state units / 64). v is not clipped here; the program clips it.\n';
  yield `# ${synapses} synapses are the program's. Groups start* and drive* set v at the beginning: ${helpers.synapses}\n`;
  yield `# synapses that cause ${helpers.operations} synaptic operations and ${helpers.messages} messages more than the program has.\n`;
  if (target.capabilities.multicast) yield '# This target sends one message to several cores; SANA-FE sends one to each.\n';
  yield* populations.map((p, i) => `# p${i}: ${p.id.replace(/\s+/g, ' ')}, ${p.shape.join(' x ')}, depth ${p.depth}\n`);
}

/** Per group, per neuron: number of its input unit on its core; null for groups that are no input. */
function inputNumbers(network: ExplicitNetwork): readonly (Int32Array | null)[] {
  const next = new Map<number, number>();
  return network.groups.map((group) => (group.soma !== 'input' ? null : group.core.map((core) => {
    const number = next.get(core) ?? 0;
    next.set(core, number + 1);
    return number;
  })));
}

function groupText(group: ExplicitGroup, units: Int32Array | null): string {
  const common = group.soma === 'input' ? 'log_spikes: true'
    : `soma_hw_name: lif, synapse_hw_name: ${group.format}_synapse, reset_mode: ${group.reset}, reset: 0, leak_decay: ${group.leak}, log_spikes: true, log_potential: ${group.reset === 'none'}`;
  const neurons = group.spikes !== null
    ? group.spikes.map((train, i) => `    - ${i}: {soma_hw_name: 'input[${units?.[i] ?? 0}]', spikes: [${[...train].join(', ')}]}\n`)
    : runs(group.core.length, (i) => `{threshold: ${group.threshold[i]}, bias: ${group.bias[i]}}`).map(([from, to, text]) => `    - ${range(from, to)}: ${text}\n`);
  return `  - name: ${group.name}\n    attributes: {${common}}\n    neurons:\n${neurons.join('')}`;
}

/** Stretches [from, to) over which `value` stays the same. */
function runs<T>(length: number, value: (i: number) => T): (readonly [from: number, to: number, value: T])[] {
  const found: (readonly [number, number, T])[] = [];
  let from = 0;
  for (let i = 1; i <= length; i++) {
    if (i < length && value(i) === value(from)) continue;
    found.push([from, i, value(from)]);
    from = i;
  }
  return found;
}

/** Lines handed out at once. */
const LINES = 4096;

function* edgeText(network: ExplicitNetwork, { source, target, delay, synapses }: SynapseBundle): Iterable<string> {
  const [from, to] = [network.groups[source].name, network.groups[target].name];
  const later = delay === 0 ? '' : `, delay: ${delay}`;
  let lines: string[] = [];
  for (const s of synapses()) {
    lines.push(`  - ${from}.${s.source} -> ${to}.${s.target}: {weight: ${s.weight}${later}}\n`);
    if (lines.length === LINES) { yield lines.join(''); lines = []; }
  }
  yield lines.join('');
}
