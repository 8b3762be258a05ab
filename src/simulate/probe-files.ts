/**
 * What probes leave on disk: an array a layer and quantity as .npy, [samples, T, neurons], and an index
 * in JSON that says what they are: of which program, seed and data, which neurons, in which units.
 */
import type { NpyType } from '../data/write-npy.js';
import { npyHeader, npyNumbers } from '../data/write-npy.js';
import type { Program } from '../program/program.js';
import { programSha256 } from '../program/program-hash.js';
import { thresholdsOf, type IntegerNetwork } from '../quantise/integer-network.js';
import type { Neuron } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';
import type { LayerRecord } from './probe-recorder.js';
import type { ProbedLayer } from './probes.js';

/** What is recorded: see `LayerRecord` and `StateRecord`. */
export type Quantity = 'spikes' | 'current' | 'u' | 'v';

const TYPES: Readonly<Record<Quantity, NpyType>> = { spikes: '|i1', current: '<i4', u: '<i4', v: '<i4' };

/** Relays have spikes alone, and u is state of cuba neurons alone. */
function quantitiesOf({ model }: Neuron): readonly Quantity[] {
  switch (model) {
    case 'if': case 'lif': case 'signed-if': case 'integrator': return ['spikes', 'current', 'v'];
    case 'cuba': return ['spikes', 'current', 'u', 'v'];
    case 'relay': return ['spikes'];
  }
}

/** The name of the index in the folder of the arrays. */
export const PROBE_INDEX = 'probes.json';

/** One array on disk. */
export interface ProbeFile {
  readonly name: string;
  /** Index among the probed layers. */
  readonly layer: number;
  readonly quantity: Quantity;
  /** Bytes before the numbers. */
  readonly header: Uint8Array;
}

/** Local steps of a layer that were recorded: all T of a whole run. */
export interface RecordedSteps { readonly first: number; readonly count: number }

/** The run that was probed. `steps` has one entry a probed layer. */
export interface ProbedRun {
  readonly samples: number;
  readonly steps: readonly RecordedSteps[];
  readonly seed: number;
  /** What was simulated, in words: the name of the data set. */
  readonly data: string;
}

/** The arrays of the probed layers. */
export function probeFiles(network: IntegerNetwork, layers: readonly ProbedLayer[], run: Pick<ProbedRun, 'samples' | 'steps'>): ProbeFile[] {
  const names = fileNames(layers.map((l) => network.populations[l.population].id));
  return layers.flatMap((l, layer) => {
    const shape = [run.samples, run.steps[layer].count, l.neurons.length];
    return quantitiesOf(network.populations[l.population].neuron).map((quantity) => ({ name: `${names[layer]}.${quantity}.npy`, layer, quantity, header: npyHeader(TYPES[quantity], shape) }));
  });
}

/** The numbers of one sample, as they follow those of the sample before. */
export function probeNumbers(file: ProbeFile, layers: readonly LayerRecord[]): Uint8Array {
  const { spikes, state } = layers[file.layer];
  const numbers = file.quantity === 'spikes' ? spikes : state?.[file.quantity];
  if (!numbers) throw new Error(`internal: the record has no ${file.quantity}`);
  return npyNumbers(numbers);
}

/** The index of the arrays as JSON text. */
export function probeIndex(program: Program, layers: readonly ProbedLayer[], run: ProbedRun): string {
  const files = probeFiles(program.network, layers, run);
  const index = {
    format: 'spikeveil-probes', version: 1,
    program: { name: program.provenance.modelName, target: program.target.name, sha256: programSha256(program) },
    seed: run.seed, data: run.data, samples: run.samples, timesteps: program.network.timesteps,
    axes: ['sample', 'step', 'neuron'],
    quantities: {
      spikes: 'int8: 1, or -1 where a signed neuron takes a spike back',
      current: 'int32, state units: what arrives in the step, (sum of the weights of the arriving spikes) << shift over all projections, plus bias and injected current',
      u: 'int32, state units, of cuba neurons: synaptic current after the step, which lasts',
      v: 'int32, state units: membrane potential after the step, reset included',
    },
    units: 'state units / scale of the channel = units of activation of the float network',
    layers: layers.map(({ population, neurons }, layer) => {
      const probed = program.network.populations[population];
      const { id, shape, neuron, depth, scale } = probed;
      return {
        layer: id, model: neuron.model, shape, depth, firstStep: run.steps[layer].first, steps: run.steps[layer].count,
        neurons: neurons.length === neuronCount(shape) ? 'all' : [...neurons],
        thresholdOfChannel: [...thresholdsOf(probed)], scaleOfChannel: [...scale],
        files: Object.fromEntries(files.filter((f) => f.layer === layer).map((f) => [f.quantity, f.name])),
      };
    }),
  };
  return `${JSON.stringify(index, null, 1).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, list: string) => `[${list.replace(/\s*\n\s*/g, ' ')}]`)}\n`;
}

/** Names of layers as names of files everywhere: other characters become `_`, and equal names are numbered. */
function fileNames(ids: readonly string[]): string[] {
  const taken = new Set<string>();
  return ids.map((id) => {
    const plain = id.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^\.+/, '_').slice(0, 100) || '_';
    let name = plain;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${plain}-${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
