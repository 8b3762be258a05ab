/**
 * Reads the two files of the SANA-FE export back into plain lists, for checks and for small tools. It
 * knows the part of the format that the export writes: ranges of neurons, one synapse an edge, flow and
 * block style alike. Hyper-edges (`type: conv2d` and others) are refused.
 */
import { parse } from 'yaml';
import { fail } from '../diagnostics.js';

export interface ReadArchitecture {
  readonly width: number;
  readonly height: number;
  readonly coresPerTile: number;
  /** Attributes of each unit of a core, by its name as written. */
  readonly units: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  /** Attributes of a tile: energy and latency of a hop in each direction. */
  readonly tile: Readonly<Record<string, number>>;
  /** Barrier seconds by number of tiles. */
  readonly barrier: readonly { readonly tiles: number; readonly seconds: number }[];
}

export interface ReadNeuron {
  readonly group: string;
  readonly soma: string;
  readonly synapse: string;
  readonly threshold: number;
  readonly bias: number;
  readonly leak: number;
  readonly reset: string;
  /** Spike train of an input, from step 1 on; null for others. */
  readonly spikes: readonly number[] | null;
  /** [tile, core at the tile] */
  readonly core: readonly [number, number];
}

export interface ReadNetwork {
  readonly neurons: readonly ReadNeuron[];
  /** Indices of neurons. */
  readonly synapses: readonly { readonly source: number; readonly target: number; readonly weight: number; readonly delay: number }[];
  /** Index of the first neuron of each group. */
  readonly first: ReadonlyMap<string, number>;
}

type Fields = Readonly<Record<string, unknown>>;

const malformed = (problem: string): never => fail('interop/malformed', { kind: 'nowhere' }, { problem });

function fields(value: unknown, what: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : malformed(`${what} is no mapping`);
}
function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : malformed(`${what} is no list`);
}
function number(value: unknown, what: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : malformed(`${what} is no number`);
}
function word(value: unknown, what: string): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : malformed(`${what} is no word`);
}
/** The one key of a list entry, and what it holds. */
function entry(value: unknown, what: string): readonly [string, unknown] {
  const found = Object.entries(fields(value, what));
  return found.length === 1 ? found[0] : malformed(`an entry of ${what} has ${found.length} keys`);
}

function parseYaml(text: string): Fields {
  try {
    return fields(parse(text, { maxAliasCount: 0 }), 'the file');
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('YAML')) return malformed(error.message.split('\n')[0]);
    throw error;
  }
}

/** `3`, `0..9`: first and one past the last. */
function rangeOf(text: string): readonly [number, number] {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (match === null) return malformed(`"${text}" is no neuron and no range`);
  return [Number(match[1]), Number(match[2] ?? match[1]) + 1];
}

/** Throws `interop/malformed`. */
export function readArchitecture(text: string): ReadArchitecture {
  const root = fields(parseYaml(text).architecture, 'architecture');
  const attributes = fields(root.attributes, 'its attributes');
  const tile = fields(list(root.tile, 'tile')[0], 'a tile');
  const core = fields(list(tile.core, 'core')[0], 'a core');
  const sections = ['axon_in', 'synapse', 'dendrite', 'soma', 'axon_out'].flatMap((kind) => list(core[kind], kind).map((unit) => fields(unit, kind)));
  const units = sections.map((unit) => [word(unit.name, 'the name of a unit'), Object.fromEntries(Object.entries(fields(unit.attributes, 'the attributes of a unit')).map(([key, value]) => [key, typeof value === 'string' ? value : number(value, key)]))] as const);
  return {
    width: number(attributes.width, 'width'), height: number(attributes.height, 'height'),
    coresPerTile: rangeOf(/\[(.*)\]/.exec(word(core.name, 'the name of a core'))?.[1] ?? '0')[1],
    units: Object.fromEntries(units),
    tile: Object.fromEntries(Object.entries(fields(tile.attributes, 'the attributes of a tile')).map(([key, value]) => [key, number(value, key)])),
    barrier: Object.entries(fields(attributes.latency_sync, 'latency_sync')).map(([tiles, seconds]) => ({ tiles: Number(tiles), seconds: number(seconds, 'latency_sync') })),
  };
}

/** Throws `interop/malformed`. */
export function readNetwork(text: string): ReadNetwork {
  const root = parseYaml(text);
  const network = fields(root.network, 'network');
  const first = new Map<string, number>();
  const neurons: Omit<ReadNeuron, 'core'>[] = [];
  for (const group of list(network.groups, 'groups')) {
    const { name, attributes, neurons: members } = fields(group, 'a group');
    const own = word(name, 'the name of a group');
    first.set(own, neurons.length);
    readNeurons(own, fields(attributes, 'the attributes of a group'), list(members, 'neurons')).forEach((n) => neurons.push(n));
  }
  const at = (text: string): number => {
    const [group, neuron] = text.trim().split('.');
    const start = first.get(group);
    return start === undefined || !/^\d+$/.test(neuron ?? '') || neurons[start + Number(neuron)]?.group !== group ? malformed(`there is no neuron ${text.trim()}`) : start + Number(neuron);
  };
  const synapses = list(network.edges, 'edges').map((edge) => {
    const [ends, value] = entry(edge, 'edges');
    const [source, target] = ends.split('->');
    const { weight, delay } = fields(value, 'an edge');
    return { source: at(source), target: at(target ?? ''), weight: number(weight, 'a weight'), delay: delay === undefined ? 0 : number(delay, 'a delay') };
  });
  const cores = readMappings(list(root.mappings, 'mappings'), first);
  return { first, synapses, neurons: neurons.map((n, i) => ({ ...n, core: cores.get(i) ?? malformed(`neuron ${i - (first.get(n.group) ?? 0)} of ${n.group} is on no core`) })) };
}

function readNeurons(group: string, common: Fields, members: readonly unknown[]): Omit<ReadNeuron, 'core'>[] {
  const found: Omit<ReadNeuron, 'core'>[] = [];
  for (const member of members) {
    const [numbers, own] = entry(member, 'neurons');
    const [from, to] = rangeOf(numbers);
    if (from !== found.length) malformed(`the neurons of ${group} are not in order at ${numbers}`);
    const all = { ...common, ...fields(own, 'a neuron') };
    const value = (key: string, otherwise: number): number => (all[key] === undefined ? otherwise : number(all[key], key));
    const neuron = {
      group, soma: word(all.soma_hw_name, 'soma_hw_name'), synapse: word(all.synapse_hw_name ?? '', 'synapse_hw_name'),
      threshold: value('threshold', 0), bias: value('bias', 0), leak: value('leak_decay', 1), reset: word(all.reset_mode ?? 'hard', 'reset_mode'),
      spikes: all.spikes === undefined ? null : list(all.spikes, 'spikes').map((s) => number(s, 'a spike')),
    };
    for (let i = from; i < to; i++) found.push(neuron);
  }
  return found;
}

function readMappings(mappings: readonly unknown[], first: ReadonlyMap<string, number>): ReadonlyMap<number, readonly [number, number]> {
  const cores = new Map<number, readonly [number, number]>();
  for (const mapping of mappings) {
    const [neurons, value] = entry(mapping, 'mappings');
    const dot = neurons.indexOf('.');
    const start = first.get(neurons.slice(0, dot)) ?? malformed(`there is no group ${neurons.slice(0, dot)}`);
    const [from, to] = rangeOf(neurons.slice(dot + 1));
    const address = word(fields(value, 'a mapping').core, 'a core').split('.').map(Number);
    for (let i = from; i < to; i++) cores.set(start + i, [address[0], address[1]]);
  }
  return cores;
}
