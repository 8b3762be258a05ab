/**
 * A target and one of its profiles as an architecture file of SANA-FE (github.com/SLAM-Lab/SANA-FE):
 * tiles on a mesh, cores in a tile, and in each core the pipeline from axon in to axon out. What that
 * format has no word for, and what nobody has published, is said in comments and stands as 0.
 */
import type { Program } from '../program/program.js';
import { neuronCount } from '../spiking/network.js';
import type { Profile, Target } from '../target/schema.js';
import type { ExplicitNetwork } from './explicit-network.js';

/** Messages that a link of Loihi holds in SANA-FE's own file. */
const LINK_BUFFER = 16;

/** Routers of the board that the program's chips span. SANA-FE knows one mesh, no chips. */
export function meshSize({ places, target }: Pick<Program, 'places' | 'target'>): { readonly width: number; readonly height: number } {
  const span = (positions: readonly number[], chip: number): number => (Math.floor(Math.max(0, ...positions) / chip) + 1) * chip;
  return { width: span(places.map((p) => p.x), target.mesh.width), height: span(places.map((p) => p.y), target.mesh.height) };
}

/** SANA-FE numbers tiles down the columns. */
export const tileNumber = ({ x, y }: Program['places'][number], height: number): number => x * height + y;

/** How many input units the fullest core needs: an input unit holds one spike train. */
export function inputUnits(network: ExplicitNetwork, cores: number): number {
  const used = new Int32Array(cores);
  for (const group of network.groups) if (group.soma === 'input') for (const core of group.core) used[core]++;
  return used.reduce((most, n) => Math.max(most, n), 0);
}

/** The text of the file. */
export function architectureYaml(program: Program, profile: Profile, network: ExplicitNetwork): string {
  const { target } = program;
  const { width, height } = meshSize(program);
  const inputs = inputUnits(network, program.cores.length);
  return [
    ...heading(target, profile),
    'architecture:',
    `  name: ${target.name}`,
    '  attributes:',
    '    topology: mesh',
    `    width: ${width}`,
    `    height: ${height}`,
    `    link_buffer_size: ${LINK_BUFFER}`,
    '    sync_model: table',
    `    latency_sync: {${profile.latency.barrier.map((b) => `${b.tiles}: ${seconds(b.nanoseconds)}`).join(', ')}}`,
    '  tile:',
    `    - name: tile[0..${width * height - 1}]`,
    '      attributes:',
    ...(['north', 'south'] as const).flatMap((d) => [`        energy_${d}_hop: ${joules(profile.energy.hopY)}`, `        latency_${d}_hop: ${time(profile.latency.hopY)}`]),
    ...(['east', 'west'] as const).flatMap((d) => [`        energy_${d}_hop: ${joules(profile.energy.hopX)}`, `        latency_${d}_hop: ${time(profile.latency.hopX)}`]),
    '      core:',
    `        - name: core[0..${target.mesh.coresPerRouter - 1}]`,
    '          attributes:',
    '            buffer_position: soma',
    '            buffer_inside_unit: false',
    `            max_neurons_supported: ${(target.core.neurons ?? mostNeurons(program)) + inputs}`,
    ...unit('axon_in', 'axons_in', [['energy_message_in', joules(profile.energy.axonIn)], ['latency_message_in', time(profile.latency.axonIn)]]),
    '          synapse:',
    ...synapses(profile),
    ...unit('dendrite', 'dendrites', [['model', 'accumulator'], ['energy_update', '0.0'], ['latency_update', '0.0']]),
    '          soma:',
    ...somas(profile, inputs),
    ...unit('axon_out', 'axons_out', [['energy_message_out', joules(profile.energy.axonOut)], ['latency_message_out', time(profile.latency.axonOut)]]),
    '',
  ].join('\n');
}

type Quantity = Profile['energy']['spike'];

/** Energies are joules and times seconds in this format. */
const joules = ({ value }: Quantity): string => (value === null ? '0.0 # unpublished' : value === 0 ? '0.0' : `${value}e-12`);
const time = ({ value }: Quantity): string => (value === null ? '0.0 # unpublished' : value === 0 ? '0.0' : `${value}e-9`);
const seconds = (nanoseconds: number | null): string => (nanoseconds === null ? '0.0' : `${nanoseconds}e-9`);

const mostNeurons = ({ network }: Program): number => network.populations.reduce((sum, p) => sum + neuronCount(p.shape), 0);

function heading(target: Target, profile: Profile): readonly string[] {
  const { energy, latency } = profile;
  const silent = ([['messages within a router', energy.withinTile], ['chip crossings', energy.chipCrossing], ['input from the host', energy.hostInjection], ['readout', energy.readout], ['state reset', energy.reset ?? null]] as const)
    .filter(([, c]) => c !== null && c.value !== null && c.value !== 0).map(([name]) => name);
  return [
    `# ${target.title}, profile ${profile.name}: ${profile.title}.`,
    '# Energies in joules, times in seconds. SANA-FE has no static power and takes the barrier from the',
    '# nearest entry of its table; Spikeveil draws a line between two entries.',
    ...(latency.barrier.some((b) => b.nanoseconds === null) ? ['# The time of a barrier is not published: it stands as 0.'] : []),
    ...(silent.length === 0 ? [] : [`# Priced by Spikeveil and not known here: ${silent.join(', ')}.`]),
  ].map((line) => line.replaceAll('\n', ' '));
}

const unit = (kind: string, name: string, attributes: readonly (readonly [string, string])[], indent = '          '): readonly string[] =>
  [`${indent}${kind}:`, ...member(name, attributes)];

const member = (name: string, attributes: readonly (readonly [string, string])[]): readonly string[] =>
  [`            - name: ${name}`, '              attributes:', ...attributes.map(([key, value]) => `                ${key}: ${value}`)];

function synapses({ energy, latency }: Profile): readonly string[] {
  const kinds = [['dense', energy.synapticOpDense, latency.synapticOpDense], ['sparse', energy.synapticOpSparse, latency.synapticOpSparse], ['shared', energy.synapticOpShared, latency.synapticOpShared]] as const;
  return kinds.flatMap(([name, e, l]) => member(`${name}_synapse`, [['model', 'current_based'], ['energy_process_spike', joules(e)], ['latency_process_spike', time(l)]]));
}

/** Every neuron is accessed in every step; one with input is updated too. Input units are free. */
function somas({ energy, latency }: Profile, inputs: number): readonly string[] {
  const above = (active: Quantity, inactive: Quantity): Quantity => ({ ...active, value: active.value === null ? null : Number((active.value - (inactive.value ?? 0)).toPrecision(12)) });
  const zero = ['energy_access_neuron', 'latency_access_neuron', 'energy_update_neuron', 'latency_update_neuron', 'energy_spike_out', 'latency_spike_out'].map((key) => [key, '0.0'] as const);
  return [
    ...member('lif', [
      ['model', 'leaky_integrate_fire'],
      ['energy_access_neuron', joules(energy.neuronInactive)], ['latency_access_neuron', time(latency.neuronInactive)],
      ['energy_update_neuron', joules(above(energy.neuronActive, energy.neuronInactive))], ['latency_update_neuron', time(above(latency.neuronActive, latency.neuronInactive))],
      ['energy_spike_out', joules(energy.spike)], ['latency_spike_out', time(latency.spike)],
    ]),
    ...(inputs === 0 ? [] : member(`input[0..${inputs - 1}]`, [['model', 'input'], ...zero])),
  ];
}
