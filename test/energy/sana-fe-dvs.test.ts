// SANA-FE's DVS-gesture workload against the ledger and the timing of this tool. The layer shapes and
// the counts are those that SANA-FE at commit 8951ab0 has and prints for 50 and 1000 steps of
// snn/dvs.yaml on arch/loihi.yaml; weights and spike trains here are our own.
import { beforeAll, describe, expect, it } from 'vitest';
import { energyReport, type EnergyReport } from '../../src/energy/energy-report.js';
import type { LineKey } from '../../src/energy/energy-lines.js';
import type { Program } from '../../src/program/program.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerPopulation, IntegerProjection } from '../../src/quantise/integer-network.js';
import { simulate } from '../../src/simulate/simulate.js';
import type { Trace } from '../../src/simulate/trace.js';
import { neuronCount, populationId, type MapShape } from '../../src/spiking/network.js';
import { buildProgram, coreOfNeurons, eachSynapse, fanOutByCore, readTarget } from '../simulate/build-program.js';
import { dice } from '../simulate/random-network.js';
import { smallTrace } from './small-program.js';

/** 1024-3600-5408-7744-891-11: 3x3 filters without padding, the first with stride 2, then one dense layer. */
const SHAPES: readonly MapShape[] = [[1, 32, 32], [16, 15, 15], [32, 13, 13], [64, 11, 11], [11, 9, 9], [11, 1, 1]];
const THRESHOLDS = [255, 210, 150, 140, 180, 0];
const STEPS = 50;

function dvsNetwork(): IntegerNetwork {
  const d = dice(1);
  const populations = SHAPES.map((shape, i): IntegerPopulation => ({
    id: populationId(`layer${i}`), shape, neuron: i === 5 ? { model: 'integrator' } : { model: 'if', reset: 'hard' }, decay: 0, threshold: THRESHOLDS[i], initial: 0,
    thresholdExponent: new Uint8Array(shape[0]), bias: new Int32Array(shape[0]), limit: 2 ** 23 - 1, depth: i, scale: new Float64Array(shape[0]).fill(1),
  }));
  const projections = SHAPES.slice(1).map((shape, i): IntegerProjection => {
    const from = SHAPES[i];
    const kernel = i === 4 ? [9, 9] as const : [3, 3] as const;
    const stride = i === 0 ? [2, 2] as const : [1, 1] as const;
    return {
      id: `to${i + 1}`, source: populations[i].id, target: populations[i + 1].id, weight: Int8Array.from({ length: kernel[0] * kernel[1] * from[0] * shape[0] }, () => (d.unit() < 0.02 ? 0 : d.between(-80, 110))),
      shift: 0, window: { kernel, stride, dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: 1, pool: [1, 1], delay: 0, bound: 32767, weightError: 0,
    };
  });
  const layers = [{ target: populations[0].id, weight: Float32Array.of(1), bias: Float32Array.of(0), window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: 1, pool: [1, 1], scale: Float64Array.of(1) }] as const;
  return { imageShape: SHAPES[0], input: { code: 'bias', layers, format: { mantissaMax: 4095, exponentMax: 7 } }, populations, projections, output: populations[5].id, timesteps: STEPS };
}

/** A current of 6, 11, 17 or 22 into one pixel of five: chosen trains of 43, 24, 16 and 12 steps. */
const image = Float32Array.from({ length: 1024 }, (_, i) => (i % 5 === 0 ? [6, 11, 17, 22][(i / 5) % 4] : 0));

/** 38 cores on 29 tiles, for which the barrier's table has an entry. */
const program = buildProgram(dvsNetwork(), {
  parts: [2, 2, 2], target: readTarget('loihi1'), place: (core) => ({ chip: 0, x: Math.floor((core % 29) / 4), y: (core % 29) % 4, port: Math.floor(core / 29) }),
});
const profile = program.target.profiles.find((p) => p.name === 'sanafe-nahuku')!;
const joules = (report: EnergyReport, ...keys: readonly LineKey[]): number => keys.reduce((sum, key) => sum + report.perInference.lines.find((l) => l.key === key)!.joules, 0);
const SYNAPSES = ['synops-dense', 'synops-shared', 'synops-sparse'] as const;
const SOMA = ['neuron-active', 'neuron-inactive', 'spikes'] as const;
const NETWORK = ['axon-out', 'axon-in', 'hops-x', 'hops-y'] as const;

it('3,564,441 synapses and 18,678 neurons come out of the layer shapes', () => {
  const counts = program.network.projections.map((p) => { let n = 0; eachSynapse(program.network, p, () => { n++; }); return n; });
  expect(counts).toEqual([32_400, 778_752, 2_230_272, 513_216, 9_801]);
  expect(counts.reduce((a, b) => a + b)).toBe(3_564_441);
  expect(SHAPES.reduce((sum, s) => sum + neuronCount(s), 0)).toBe(18_678);
});

/** What SANA-FE prints. The share of the dense layer and the hops of each direction are not printed. */
interface Published { readonly steps: number; readonly events: number; readonly messages: number; readonly updates: number; readonly spikes: number; readonly synapse: string; readonly soma: string; readonly network: string; readonly total: string; readonly unit: number; readonly digits: readonly [number, number, number, number] }
const published: readonly Published[] = [
  { steps: 50, events: 1_839_858, messages: 129_475, updates: 287_505, spikes: 12_681, synapse: '44.394', soma: '54.905', network: '15.551', total: '114.850', unit: 1e6, digits: [3, 3, 3, 3] },
  { steps: 1000, events: 51_366_924, messages: 3_724_738, updates: 15_552_561, spikes: 364_088, synapse: '1.2391', soma: '1.31748', network: '0.44656', total: '3.00314', unit: 1e3, digits: [4, 5, 5, 5] },
];

/** The published counts as a trace. `dense`: synaptic events of the last layer, eleven for each spike of layer 4. */
function publishedTrace(p: Published, dense: number, hops: readonly [number, number]): Trace {
  const none = { spikes: 0, retractions: 0, activeUpdates: 0, inactiveUpdates: 0, saturations: 0 };
  const counter = { messagesOut: 0, messagesIn: 0, spikes: 0, synapticOps: 0, activeUpdates: 0, inactiveUpdates: 0 };
  return smallTrace({
    samples: 1, timesteps: p.steps, predictions: new Uint16Array(p.steps), timing: 'functional', time: null,
    populations: program.network.populations.map(({ id }, i) => ({ id, ...none, ...(i === 0 ? { spikes: p.spikes, activeUpdates: p.updates, inactiveUpdates: 18_678 * p.steps - p.updates } : {}) })),
    projections: program.network.projections.map(({ id }, i) => ({ id, synapticOps: i === 0 ? p.events - dense : i === 4 ? dense : 0 })),
    cores: program.cores.map((_, i) => (i === 0 ? { ...counter, messagesOut: p.messages, messagesIn: p.messages } : counter)),
    mesh: { messages: p.messages, hopsX: hops[0], hopsY: hops[1], chipCrossings: 0, withinTile: 0, heaviestLink: null },
  });
}

describe.each(published)('the published counts of $steps steps', (p) => {
  const report = (dense: number, hops: readonly [number, number]): EnergyReport => energyReport(program, publishedTrace(p, dense, hops), { profile: 'sanafe-nahuku' });
  const printed = (value: number, digit: number): string => (value * p.unit).toFixed(digit);
  const half = 0.5 * 10 ** -p.digits[0] / p.unit;
  // events = 24.0 pJ for convolutions and 35.5 pJ for the dense layer: the printed energy leaves this range of dense events
  const perEvent = (35.5 - 24) * 1e-12;
  const least = Math.ceil((Number(p.synapse) / p.unit - half - p.events * 24e-12) / perEvent / 11);
  const most = Math.floor((Number(p.synapse) / p.unit + half - p.events * 24e-12) / perEvent / 11);

  it('give the printed soma energy, with nothing left open', () => {
    expect(printed(joules(report(0, [0, 0]), ...SOMA), p.digits[1])).toBe(p.soma);
  });

  it('give the printed synapse energy for every count of spikes into the dense layer that the rounding allows, and for no other', () => {
    expect(most).toBeGreaterThan(least);
    for (const spikes of [least, Math.round((least + most) / 2), most]) expect(printed(joules(report(11 * spikes, [0, 0]), ...SYNAPSES), p.digits[0])).toBe(p.synapse);
    for (const spikes of [least - 1, most + 1, 0]) expect(printed(joules(report(11 * spikes, [0, 0]), ...SYNAPSES), p.digits[0])).not.toBe(p.synapse);
    if (p.steps === 50) expect([least, most]).toEqual([1873, 1880]);
  });

  it('leave hops of 2 to 3.1 a message, between all in X and all in Y, and then give network and total', () => {
    const left = Number(p.network) / p.unit - joules(report(0, [0, 0]), ...NETWORK);
    const [allX, allY] = [Math.round(left / 3e-12), Math.round(left / 4.2e-12)];
    expect(allY / p.messages).toBeGreaterThan(2);
    expect(allX / p.messages).toBeLessThan(3.1);
    for (const hops of [[allX, 0], [0, allY], [Math.round(allX / 2), Math.round(allY / 2)]] as const) {
      const full = report(11 * Math.round((least + most) / 2), hops);
      expect(printed(joules(full, ...NETWORK), p.digits[2])).toBe(p.network);
      expect(printed(joules(full, ...SYNAPSES, ...SOMA, ...NETWORK), p.digits[3])).toBe(p.total);
    }
  });
});

describe('chosen spike trains through a program of these shapes', () => {
  let trace: Trace;
  let report: EnergyReport;
  let spikes: readonly (readonly Int8Array[])[];
  beforeAll(async () => {
    spikes = evaluateInteger(program.network, image, { seed: 0, sample: 0 }).spikes;
    trace = await simulate(program, { images: image, count: 1, shape: SHAPES[0] }, { timing: 'pipeline', profile: 'sanafe-nahuku', seed: 0, workers: 1 });
    report = energyReport(program, trace, { profile: 'sanafe-nahuku' });
  });

  it('the trains are those that were chosen', () => {
    const periods = image.map((current) => (current === 0 ? Infinity : Math.floor(255 / current) + 1));
    spikes[0].forEach((step, t) => expect([...step]).toEqual([...periods].map((period) => ((t + 1) % period === 0 ? 1 : 0))));
    for (const layer of spikes.slice(1, 5)) expect(layer.some((step) => step.includes(1))).toBe(true);
  });

  it('event by event: energy and counts of synapses, somas, axons and hops', () => {
    const { counts, picojoules } = eventByEvent(program, spikes);
    expect(trace.projections.map((p) => p.synapticOps)).toEqual(counts.operations);
    expect(trace.populations.reduce((sum, p) => sum + p.spikes, 0)).toBe(counts.spikes);
    expect(trace.populations.reduce((sum, p) => sum + p.activeUpdates, 0)).toBe(counts.updates);
    expect([trace.mesh.messages, trace.mesh.hopsX, trace.mesh.hopsY]).toEqual([counts.messages, counts.hopsX, counts.hopsY]);
    expect(joules(report, ...SYNAPSES) * 1e12).toBeCloseTo(picojoules.synapse, 2);
    expect(joules(report, ...SOMA) * 1e12).toBeCloseTo(picojoules.soma, 2);
    expect(joules(report, ...NETWORK) * 1e12).toBeCloseTo(picojoules.network, 2);
  });

  it('core by core: busy time and latency are those of the `simple` formula, hops and waits apart', () => {
    const { busy, total } = simpleTiming(program, spikes);
    trace.time!.coreSeconds.forEach((seconds, core) => expect(seconds * 1e9, `core ${core}`).toBeCloseTo(busy[core], 4));
    // `simple` has no network and no order of messages: their way and their waits are parts of their own here
    expect((trace.time!.parts.core + trace.time!.parts.barrier) * 1e9).toBeCloseTo(total, 3);
    expect(trace.time!.parts.travel).toBeGreaterThan(0);
    expect(report.latency!.bottleneck.link).toBe(0);
  });
});

/** Per population: fan-out of each neuron by core, cores of its neurons, whether a spike of step t reaches each neuron. */
function eachSpike({ network, cores }: Program, spikes: readonly (readonly Int8Array[])[], visit: (spike: { projection: number; step: number; from: number; to: number; synapses: number }) => void): void {
  network.projections.forEach((projection, p) => {
    const owner = coreOfNeurons(network, cores, projection.source);
    const fan = fanOutByCore(network, cores, projection);
    spikes[p].forEach((step, t) => step.forEach((fired, neuron) => {
      if (fired !== 0) fan[neuron].forEach((synapses, to) => { if (synapses > 0) visit({ projection: p, step: t, from: owner[neuron], to, synapses }); });
    }));
  });
}

/** [population][step]: 1 where a neuron has a constant current or a spike reaches it. */
function updated({ network }: Program, spikes: readonly (readonly Int8Array[])[]): readonly (readonly Uint8Array[])[] {
  return network.populations.map((population, i) => {
    const size = neuronCount(population.shape);
    const marks = Array.from({ length: STEPS }, () => Uint8Array.from({ length: size }, (_, n) => (i === 0 && image[n] !== 0 ? 1 : 0)));
    if (i === 0) return marks;
    const targets: number[][] = Array.from({ length: neuronCount(network.populations[i - 1].shape) }, () => []);
    eachSynapse(network, network.projections[i - 1], (source, target) => { targets[source].push(target); });
    spikes[i - 1].forEach((step, t) => step.forEach((fired, n) => { if (fired !== 0) for (const target of targets[n]) marks[t][target] = 1; }));
    return marks;
  });
}

/** Adds the price of each event as it happens. */
function eventByEvent(of: Program, spikes: readonly (readonly Int8Array[])[]) {
  const counts = { operations: of.network.projections.map(() => 0), spikes: 0, updates: 0, messages: 0, hopsX: 0, hopsY: 0 };
  const picojoules = { synapse: 0, soma: 0, network: 0 };
  for (const population of spikes) for (const step of population) for (const fired of step) {
    picojoules.soma += 51.2; // access, in every step
    if (fired !== 0) { counts.spikes++; picojoules.soma += 69.3; }
  }
  for (const population of updated(of, spikes)) for (const step of population) for (const mark of step) if (mark === 1) { counts.updates++; picojoules.soma += 21.6; }
  eachSpike(of, spikes, ({ projection, from, to, synapses }) => {
    counts.operations[projection] += synapses;
    for (let i = 0; i < synapses; i++) picojoules.synapse += projection === 4 ? 35.5 : 24;
    const [a, b] = [of.places[from], of.places[to]];
    const [x, y] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
    counts.messages++;
    counts.hopsX += x;
    counts.hopsY += y;
    picojoules.network += 111 + 3 * x + 4.2 * y;
  });
  return { counts, picojoules };
}

/** max over cores of max(sum of generation delays, sum of processing delays) + barrier, for every step; nanoseconds. */
function simpleTiming(of: Program, spikes: readonly (readonly Int8Array[])[]): { readonly busy: readonly number[]; readonly total: number } {
  const chip = STEPS + 5;
  const table = (): number[][] => Array.from({ length: chip }, () => of.cores.map(() => 0));
  const [generation, processing] = [table(), table()];
  const marks = updated(of, spikes);
  of.network.populations.forEach((population, i) => {
    const owner = coreOfNeurons(of.network, of.cores, population.id);
    for (let t = 0; t < STEPS; t++) owner.forEach((core, n) => { generation[t + i][core] += 6 + 3.7 * marks[i][t][n] + 30 * spikes[i][t][n]; });
  });
  eachSpike(of, spikes, ({ projection, step, from, to, synapses }) => {
    generation[step + projection][from] += 5.1;
    processing[step + projection][to] += 16 + synapses * (projection === 4 ? 3.8 : 3.1);
  });
  const took = generation.map((cores, s) => cores.map((g, core) => Math.max(g, processing[s][core])));
  return { busy: of.cores.map((_, core) => took.reduce((sum, cores) => sum + cores[core], 0)), total: took.reduce((sum, cores) => sum + Math.max(...cores) + 1800, 0) };
}

it('the constants above are the profile\'s', () => {
  expect([profile.energy.synapticOpShared, profile.energy.synapticOpDense, profile.energy.spike, profile.energy.axonOut].map((c) => c.value)).toEqual([24, 35.5, 69.3, 111]);
});
