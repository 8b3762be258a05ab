/**
 * A program from the bytes of a `.spk` file. The envelope is checked first, then the payload is
 * decoded, everything in it is held against everything else, and the weights are unpacked from the
 * synaptic memory of the cores: a program that comes out of here can
 * be simulated and costed without further checks. Broken files give diagnostics, never a crash.
 */
import { Reporter, fail } from '../diagnostics.js';
import type { IntegerInput, IntegerNetwork, IntegerPopulation, IntegerProjection } from '../quantise/integer-network.js';
import type { Pair, Pads, Window } from '../graph/graph.js';
import { populationId } from '../spiking/network.js';
import type { MapShape, Neuron, Reset } from '../spiking/network.js';
import { recordProblem, type TrainingRecord } from '../learn/training-record.js';
import type { CorePlace, CoreSlice, Route } from '../map/mapping.js';
import { WEIGHT_CODES } from '../map/synapse-format.js';
import { verifyPartitioned, verifyPlaced, verifyRouted } from '../map/verify.js';
import { parseTarget } from '../target/load-target.js';
import { payloadProblem } from './check-payload.js';
import { unseal } from './envelope.js';
import type { Normalisation, Program } from './program.js';
import { INPUT_CODES, MODELS, RESETS, SpikeProgramType, toFloat32, toInt32 } from './program-proto.js';
import type { WireCore, WireInput, WireNetwork, WirePopulation, WireProgram, WireProjection, WireRoutes, WireSynapseFormat, WireTraining, WireWindow } from './program-proto.js';
import type { SynapseEntry } from './synapse-table.js';
import { unpackMemory, type StoredMemory } from './unpack-memory.js';
import { networkProblems } from './verify-network.js';

/** A damaged program may break in thousands of places; the first few say it. */
const MOST_REPORTED = 10;

/** Reads and checks a program; `name` is the file's, for messages. */
export function readProgram(bytes: Uint8Array, name: string): Program {
  const payload = unseal(bytes, name);
  const where = { kind: 'file', path: name } as const;
  const wire = decode(payload, name);
  const target = parseTarget(wire.targetJson, `${name} (its target)`);
  const network = readNetwork(wire.network);
  const places = wire.cores.map(({ chip, x, y, port }): CorePlace => ({ chip, x, y, port }));
  const bare: Program = {
    network, target, places,
    cores: wire.cores.map((core) => readCore(core, network)),
    routes: readRoutes(wire.routes),
    chipsUsed: new Set(places.map((p) => p.chip)).size,
    coresUsed: wire.cores.length,
    ...readOrigin(wire),
  };
  const report = new Reporter();
  for (const problem of problemsOf(bare, wire).slice(0, MOST_REPORTED)) report.report('program/inconsistent', where, { problem });
  report.finish();
  return { ...bare, network: unpackMemory(bare, readMemory(wire), (problem) => fail('program/memory', where, { problem })) };
}

/** Messages are copied field by field: a decoded one keeps its defaults on its prototype. */
function readOrigin({ provenance: p, normalisation: n, sourceLayers, sourceParameters, classes }: WireProgram): Pick<Program, 'provenance' | 'normalisation' | 'source' | 'classes'> {
  return {
    provenance: { tool: p.tool, modelSha256: p.modelSha256, modelName: p.modelName, seed: p.seed, calibration: p.calibration, privateData: p.privateData, ...(p.training ? { training: readTraining(p.training) } : {}) },
    normalisation: { scale: n.scale, mean: n.mean, std: n.std },
    source: { layers: sourceLayers.map(({ name, macs, parameters, inputs, outputs }) => ({ name, macs, parameters, inputs, outputs })), parameters: sourceParameters },
    classes,
  };
}

function readTraining({ data, dataSha256, examples, steps, certificate: c }: WireTraining): TrainingRecord {
  const certificate = c ? {
    mechanism: c.mechanism, phases: c.phases.map(({ rate, noise, steps: run }) => ({ rate, noise, steps: run })), clip: c.clip, expectedBatch: c.expectedBatch,
    epsilon: c.epsilon, delta: c.delta, adjacency: c.adjacency, unit: c.unit, accountant: c.accountant,
  } : null;
  return { data, dataSha256, examples, steps, certificate };
}

function decode(payload: Uint8Array, name: string): WireProgram {
  const where = { kind: 'file', path: name } as const;
  const problem = payloadProblem(payload, SpikeProgramType);
  if (problem !== null) fail('program/malformed', where, { problem });
  const wire = decodeStrictly(payload, name);
  const missing = (['provenance', 'normalisation', 'network', 'routes'] as const).filter((part) => wire[part] === null || wire[part] === undefined);
  const { network } = wire;
  const windowless = missing.includes('network') || [...network.projections, ...network.input?.layers ?? []].some((p) => !p.window);
  if (missing.length > 0 || !network.input || windowless) fail('program/malformed', where, { problem: `a part is missing (${[...missing, 'input or window'][0]})` });
  const codes = [[network.input.code, INPUT_CODES], ...network.populations.flatMap((p) => [[p.model, MODELS], [p.reset, RESETS]] as const)] as const;
  const withoutReset = network.populations.some((p) => !resetFits(MODELS[p.model], RESETS[p.reset]));
  if (withoutReset || !codes.every(([code, names]) => code in names)) fail('program/malformed', where, { problem: 'a code is none of those this version knows' });
  return wire;
}

/** Neurons that fire need a reset, signed ones the soft one, those with a lasting current one in a single compartment. */
function resetFits(model: (typeof MODELS)[number], reset: (typeof RESETS)[number]): boolean {
  switch (model) {
    case 'if': case 'lif': return reset !== 'none';
    case 'cuba': return reset === 'soft' || reset === 'hard';
    case 'signed-if': return reset === 'soft';
    case 'integrator': case 'relay': return true;
  }
}

/** The decoder throws on a text that is not UTF-8 and on a number too long for its field. */
function decodeStrictly(payload: Uint8Array, name: string): WireProgram {
  try {
    return SpikeProgramType.decode(payload) as unknown as WireProgram;
  } catch {
    return fail('program/malformed', { kind: 'file', path: name }, { problem: 'a text is not UTF-8 or a number is too long' });
  }
}

/** Each stage is checked only when those before it hold. */
function problemsOf(program: Program, wire: WireProgram): string[] {
  const checks = [
    () => networkProblems(program.network),
    () => bindingProblems(program),
    () => trainingProblems(program.provenance),
    () => coreProblems(wire),
    () => verifyPartitioned(program),
    () => verifyPlaced(program),
    () => routeProblems(wire.routes),
    () => verifyRouted(program),
  ];
  for (const check of checks) {
    const problems = check();
    if (problems.length > 0) return problems;
  }
  return [];
}

function bindingProblems({ normalisation, network, source, classes }: Program): string[] {
  const problems: string[] = [];
  const [channels, rows, columns] = network.imageShape;
  const { scale, mean, std }: Normalisation = normalisation;
  const flat = rows * columns === 1 && mean.length > 0 && channels % mean.length === 0; // a flattened picture: planes one behind the other
  if (!(flat || mean.length === channels) || std.length !== mean.length) problems.push(`the normalisation has ${mean.length} means and ${std.length} deviations for ${channels} channels`);
  if (![scale, ...std].every((n) => Number.isFinite(n) && n !== 0) || !mean.every(Number.isFinite)) problems.push('the normalisation divides by zero or has a number that is not finite');
  if (!source.layers.every((l) => [l.macs, l.parameters, l.inputs, l.outputs].every((n) => Number.isSafeInteger(n) && n >= 0))) problems.push('the source network has a count that is not a whole number');
  const outputs = network.populations.find((p) => p.id === network.output)?.shape[0];
  if (classes.length > 0 && classes.length !== outputs) problems.push(`${classes.length} class names for ${outputs} outputs`);
  return problems;
}

const trainingProblems = ({ training }: Program['provenance']): string[] => (training === undefined ? [] : [recordProblem(training)].filter((p) => p !== null));

const coreProblems = ({ cores }: WireProgram): string[] => cores.flatMap((core, i) => {
  const whole = Number.isSafeInteger(core.synapticBits) && core.synapticBits >= 0;
  const part = core.partBox.length === ((core.partProjection ?? null) === null ? 0 : 6);
  return core.box.length === 6 && part && whole ? [] : [`core ${i} has no proper slice or use`];
});

function routeProblems({ from, to, projection, hopsX, hopsY, chipCrossings }: WireRoutes): string[] {
  const same = [to, projection, hopsX, hopsY, chipCrossings].every((list) => list.length === from.length);
  return same ? [] : ['the lists of routes differ in length'];
}

function readNetwork(wire: WireNetwork): IntegerNetwork {
  return {
    imageShape: wire.imageShape as unknown as MapShape,
    input: readInput(wire.input),
    populations: wire.populations.map(readPopulation),
    projections: wire.projections.map(readProjection),
    output: populationId(wire.output),
    timesteps: wire.timesteps,
  };
}

function readInput(wire: WireInput): IntegerInput {
  const code = INPUT_CODES[wire.code];
  const format = { mantissaMax: wire.mantissaMax, exponentMax: wire.exponentMax };
  const population = populationId(wire.population);
  switch (code) {
    case 'rate': return { code, population, scale: wire.scale, format };
    case 'poisson': return { code, population, full: wire.scale };
    case 'bias': return {
      code, format,
      layers: wire.layers.map((l) => ({
        target: populationId(l.target), weight: toFloat32(l.weight), bias: toFloat32(l.bias), window: readWindow(l.window),
        groups: l.groups, pool: l.pool as unknown as Pair, scale: Float64Array.from(l.scale),
      })),
    };
  }
}

const readWindow = ({ kernel, stride, dilation, pads }: WireWindow): Window => ({ kernel, stride, dilation, pads } as unknown as { kernel: Pair; stride: Pair; dilation: Pair; pads: Pads });

function readPopulation(wire: WirePopulation): IntegerPopulation {
  const { shape, decay, threshold, initial, limit, depth, currentDecay, refractory, thresholds } = wire;
  return {
    ...(MODELS[wire.model] === 'cuba' ? { currentDecay: currentDecay ?? NaN, refractory: refractory ?? NaN } : {}),
    id: populationId(wire.id), shape: shape as unknown as MapShape, neuron: readNeuron(wire), decay, threshold, initial,
    bias: toInt32(wire.bias), limit, depth, scale: Float64Array.from(wire.scale), thresholdExponent: Uint8Array.from(wire.thresholdExponent),
    ...(thresholds == null || thresholds.length === 0 ? {} : { thresholds: toInt32(thresholds) }),
  };
}

function readNeuron({ model, reset, leak, retract, refractory, currentLeak }: WirePopulation): Neuron {
  const how = RESETS[reset] as Reset; // `decode` has refused neurons that spike without one
  switch (MODELS[model]) {
    case 'integrator': return { model: 'integrator' };
    case 'relay': return { model: 'relay' };
    case 'if': return { model: 'if', reset: how };
    case 'lif': return { model: 'lif', reset: how, leak };
    case 'cuba': return { model: 'cuba', reset: how === 'hard' ? 'hard' : 'soft', leak, currentLeak: currentLeak ?? NaN, refractory: refractory ?? NaN };
    case 'signed-if': return { model: 'signed-if', reset: 'soft', retract: retract ?? NaN };
  }
}

/** Without its weights, which `unpackMemory` finds in the synaptic memory. */
function readProjection(wire: WireProjection): IntegerProjection {
  const { id, shift, groups, delay, bound, weightError, inParts } = wire;
  return {
    id, source: populationId(wire.source), target: populationId(wire.target), weight: new Int8Array(), shift, window: readWindow(wire.window),
    groups, pool: wire.pool as unknown as Pair, delay, bound, weightError, ...(inParts === true ? { inParts } : {}),
  };
}

function readCore({ population, box, neurons, inAxons, outAxons, synapticBits, partProjection = null, partBox: from }: WireCore, network: IntegerNetwork): CoreSlice {
  const part = partProjection === null ? {} : { part: { projection: partProjection, channels: [from[0], from[1]], rows: [from[2], from[3]], columns: [from[4], from[5]] } as const };
  return {
    slice: { population: network.populations.at(population)?.id ?? populationId(`#${population}`), channels: [box[0], box[1]], rows: [box[2], box[3]], columns: [box[4], box[5]], ...part },
    use: { neurons, inAxons, outAxons, synapticBits },
  };
}

/** Copies: bytes that are left out decode as an empty list. */
function readMemory({ cores, memory }: WireProgram): StoredMemory {
  return {
    tables: cores.map((core) => core.formats.map(readEntry)),
    resets: cores.map((core) => Uint8Array.from(core.resetSynapses)),
    sums: cores.map((core) => Uint8Array.from(core.sumSynapses)),
    banks: memory.map(({ projection, from, to, segments, lengths }) => ({ projection, channels: [from, to], bytes: Uint8Array.from(segments), lengths: Uint32Array.from(lengths) })),
  };
}

function readEntry({ projection = null, sparse, weightCode, indexBits, delayBits, shift }: WireSynapseFormat): SynapseEntry {
  return { projection, sparse, weightBits: WEIGHT_CODES[weightCode] ?? NaN, indexBits, delayBits, tagBits: 0, shift };
}

function readRoutes({ from, to, projection, hopsX, hopsY, chipCrossings }: WireRoutes): Route[] {
  return from.map((core, i) => ({ from: core, to: to[i], projection: projection[i], hopsX: hopsX[i], hopsY: hopsY[i], chipCrossings: chipCrossings[i] }));
}
