/**
 * A program as the bytes of a `.spk` file. The weights go into the file as the cores' synaptic memory
 * and in no other form. Fields are written in the order of the schema and nothing
 * depends on time, machine or hash order: the same program gives the same bytes.
 */
import type { Window } from '../graph/graph.js';
import type { IntegerInput, IntegerNetwork, IntegerPopulation, IntegerProjection } from '../quantise/integer-network.js';
import { fires } from '../spiking/network.js';
import { WEIGHT_CODES } from '../map/synapse-format.js';
import { packMemory, type PackedMemory } from './core-image.js';
import { seal } from './envelope.js';
import type { Program, Provenance } from './program.js';
import { INPUT_CODES, MODELS, RESETS, SpikeProgramType, toBytes } from './program-proto.js';
import type { SegmentBank } from './segment-banks.js';
import type { SynapseEntry } from './synapse-table.js';
import type { WireCore, WireInput, WireNetwork, WirePopulation, WireProgram, WireProjection, WireRoutes, WireSegmentBank, WireSynapseFormat, WireWindow } from './program-proto.js';

export const emitProgram = (program: Program): Uint8Array => sealProgram(program, packMemory(program));

/** The file of a program whose synaptic memory is packed. */
export function sealProgram(program: Program, memory: PackedMemory): Uint8Array {
  const { provenance, normalisation, source, classes, target, network } = program;
  const origin: Partial<WireProgram> = {
    provenance: writeProvenance(provenance),
    normalisation: { scale: normalisation.scale, mean: [...normalisation.mean], std: [...normalisation.std] },
    sourceLayers: source.layers.map((layer) => ({ ...layer })),
    sourceParameters: source.parameters,
    classes: [...classes],
    targetJson: JSON.stringify(target),
  };
  const sections: Readonly<Record<string, Partial<WireProgram>>> = {
    origin,
    network: { network: writeNetwork(network) },
    mapping: { cores: writeCores(program, memory), routes: writeRoutes(program) },
    memory: { memory: [...memory.banks.values()].map(writeBank) },
  };
  return seal(Object.entries(sections).map(([name, fields]) => ({ name, bytes: SpikeProgramType.encode(fields).finish() })));
}

function writeProvenance({ training, ...origin }: Provenance): WireProgram['provenance'] {
  if (training === undefined) return origin;
  const { certificate, ...course } = training;
  return { ...origin, training: { ...course, ...(certificate === null ? {} : { certificate: { ...certificate, phases: certificate.phases.map((p) => ({ ...p })) } }) } };
}

function writeNetwork(network: IntegerNetwork): WireNetwork {
  return {
    imageShape: [...network.imageShape],
    input: writeInput(network.input),
    populations: network.populations.map(writePopulation),
    projections: network.projections.map(writeProjection),
    output: network.output,
    timesteps: network.timesteps,
  };
}

function writeInput(input: IntegerInput): WireInput {
  const code = INPUT_CODES.indexOf(input.code);
  switch (input.code) {
    case 'bias': return {
      code, population: '', scale: 0, ...writeFormat(input.format),
      layers: input.layers.map((l) => ({ ...l, weight: toBytes(l.weight), bias: toBytes(l.bias), window: writeWindow(l.window), pool: [...l.pool], scale: [...l.scale] })),
    };
    case 'rate': return { code, layers: [], population: input.population, scale: input.scale, ...writeFormat(input.format) };
    case 'poisson': return { code, layers: [], population: input.population, scale: input.full, mantissaMax: 0, exponentMax: 0 };
  }
}

const writeFormat = ({ mantissaMax, exponentMax }: { mantissaMax: number; exponentMax: number }): { mantissaMax: number; exponentMax: number } => ({ mantissaMax, exponentMax });

const writeWindow = ({ kernel, stride, dilation, pads }: Window): WireWindow => ({ kernel: [...kernel], stride: [...stride], dilation: [...dilation], pads: [...pads] });

function writePopulation({ neuron, thresholds, ...p }: IntegerPopulation): WirePopulation {
  return {
    ...p,
    shape: [...p.shape],
    model: MODELS.indexOf(neuron.model),
    reset: RESETS.indexOf(fires(neuron) ? neuron.reset : 'none'),
    leak: neuron.model === 'lif' || neuron.model === 'cuba' ? neuron.leak : 0,
    bias: toBytes(p.bias),
    ...(thresholds === undefined ? {} : { thresholds: toBytes(thresholds) }),
    scale: [...p.scale],
    ...(neuron.model === 'signed-if' ? { retract: neuron.retract } : {}),
    ...(neuron.model === 'cuba' ? { currentLeak: neuron.currentLeak } : {}),
  };
}

function writeProjection({ weight: _, ...p }: IntegerProjection): WireProjection {
  return { ...p, window: writeWindow(p.window), pool: [...p.pool] };
}

function writeCores({ network, cores, places }: Program, { tables, resets, sums }: PackedMemory): WireCore[] {
  const index = new Map(network.populations.map((p, i) => [p.id, i]));
  return cores.map(({ slice, use }, i) => ({
    population: index.get(slice.population) as number,
    box: [...slice.channels, ...slice.rows, ...slice.columns],
    ...use,
    ...places[i],
    formats: tables[i].map(writeEntry),
    resetSynapses: resets[i],
    sumSynapses: sums[i],
    ...(slice.part === undefined ? { partBox: [] } : { partProjection: slice.part.projection, partBox: [...slice.part.channels, ...slice.part.rows, ...slice.part.columns] }),
  }));
}

function writeEntry({ projection, weightBits, sparse, indexBits, delayBits, shift }: SynapseEntry): WireSynapseFormat {
  return { ...(projection === null ? {} : { projection }), sparse, weightCode: WEIGHT_CODES.indexOf(weightBits), indexBits, delayBits, shift };
}

function writeBank({ plan: { projection, channels: [from, to] }, code, bytes, starts }: SegmentBank): WireSegmentBank {
  return { projection, from, to, segments: bytes, lengths: code.entry.sparse ? Array.from(starts.subarray(1), (end, i) => end - starts[i]) : [] };
}

function writeRoutes({ routes }: Program): WireRoutes {
  return {
    from: routes.map((r) => r.from),
    to: routes.map((r) => r.to),
    projection: routes.map((r) => r.projection),
    hopsX: routes.map((r) => r.hopsX),
    hopsY: routes.map((r) => r.hopsY),
    chipCrossings: routes.map((r) => r.chipCrossings),
  };
}
