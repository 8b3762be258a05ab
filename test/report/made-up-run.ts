/**
 * A plausible run with made-up numbers: a VGG-like network of nine layers on a few chips, 1000 images,
 * 32 steps. It stands in for the simulator where a test only looks at the record or the page.
 */
import { energyReport } from '../../src/energy/energy-report.js';
import { populationId } from '../../src/spiking/network.js';
import { buildRunRecord } from '../../src/report/run-record.js';
import type { RunRecord } from '../../src/report/run-schema.js';
import type { CorePlace, CoreSlice } from '../../src/map/mapping.js';
import type { Program } from '../../src/program/program.js';
import type { Trace } from '../../src/simulate/trace.js';
import { population, projection, readTarget, smallProgram } from '../energy/small-program.js';

const LAYERS = [
  ['features.0', 64, 32, 0.11], ['features.3', 64, 32, 0.08], ['features.7', 128, 16, 0.07], ['features.10', 128, 16, 0.06],
  ['features.14', 256, 8, 0.05], ['features.17', 256, 8, 0.035], ['features.21', 512, 4, 0.03], ['features.24', 512, 4, 0.02], ['classifier', 10, 1, 0],
] as const;
const SAMPLES = 1000;
const STEPS = 32;

/** Repeatable numbers in [0, 1) without a generator: fractional parts of multiples of the golden ratio. */
const scatter = (i: number): number => (i * 0.6180339887498949) % 1;

export interface MadeUp {
  readonly target?: string;
  /** Neurons on one core. */
  readonly perCore?: number;
  readonly timed?: boolean;
  readonly modelName?: string;
  readonly layerName?: (name: string) => string;
}

function madeUpProgram(options: MadeUp): Program {
  const target = readTarget(options.target ?? 'loihi2');
  const name = options.layerName ?? ((text: string) => text);
  const populations = LAYERS.map(([id, channels, side], i) => population(name(id), [channels, side, side], i === LAYERS.length - 1 ? { model: 'integrator' } : { model: 'if', reset: 'soft' }));
  const projections = LAYERS.slice(1).map(([id, channels], i) => projection(name(LAYERS[i]?.[0] ?? ''), name(id), channels * (LAYERS[i]?.[1] ?? 1) * 9, [3, 3]));
  const cores: CoreSlice[] = [];
  const places: CorePlace[] = [];
  const perCore = options.perCore ?? 2048;
  const perChip = target.mesh.width * target.mesh.height * target.mesh.coresPerRouter;
  for (const p of populations) {
    const neurons = p.shape[0] * p.shape[1] * p.shape[2];
    for (let first = 0; first < neurons; first += perCore) {
      const i = cores.length;
      const router = Math.floor((i % perChip) / target.mesh.coresPerRouter);
      const chip = Math.floor(i / perChip);
      places.push({
        chip, port: i % target.mesh.coresPerRouter,
        x: (router % target.mesh.width) + (chip % target.board.columns) * target.mesh.width,
        y: Math.floor(router / target.mesh.width) + Math.floor(chip / target.board.columns) * target.mesh.height,
      });
      cores.push({ slice: { population: p.id, channels: [0, p.shape[0]], rows: [0, p.shape[1]], columns: [0, p.shape[2]] }, use: { neurons: Math.min(perCore, neurons - first), inAxons: 900, outAxons: 700, synapticBits: 500_000 } });
    }
  }
  const base = smallProgram(target);
  const macs = [1.8e6, 37.7e6, 18.9e6, 37.7e6, 18.9e6, 37.7e6, 18.9e6, 37.7e6, 5120];
  return {
    ...base, cores, places, routes: [], chipsUsed: 1 + Math.floor((cores.length - 1) / perChip), coresUsed: cores.length,
    network: { ...base.network, imageShape: [3, 32, 32], populations, projections, output: populationId(name('classifier')), timesteps: STEPS, input: { ...base.network.input, layers: base.network.input.code === 'bias' ? base.network.input.layers.map((l) => ({ ...l, target: populationId(name('features.0')), weight: new Float32Array(64 * 27) })) : [] } as Program['network']['input'] },
    provenance: { ...base.provenance, modelName: options.modelName ?? 'vgg_cifar10', seed: 1 },
    source: { layers: LAYERS.map(([id], i) => ({ name: id, macs: macs[i] ?? 0, parameters: 1000, inputs: 1, outputs: 1 })), parameters: 4_700_000 },
  };
}

function madeUpTrace(program: Program, timed: boolean): Trace {
  const { populations, projections } = program.network;
  const spikes = populations.map((p, i) => Math.round(p.shape[0] * p.shape[1] * p.shape[2] * STEPS * (LAYERS[i]?.[3] ?? 0) * SAMPLES));
  const updates = populations.map((p) => p.shape[0] * p.shape[1] * p.shape[2] * STEPS * SAMPLES);
  const operations = projections.map((p, i) => (spikes[i] ?? 0) * (populations[i + 1]?.shape[0] ?? 1) * 8);
  const coreOf = program.cores.map((c) => populations.findIndex((p) => p.id === c.slice.population));
  const sharing = populations.map((_, i) => coreOf.filter((layer) => layer === i).length);
  const cores = coreOf.map((layer, i) => {
    const part = (0.6 + 0.8 * scatter(i + 1)) / (sharing[layer] ?? 1);
    const inward = layer === 0 ? 0 : (operations[layer - 1] ?? 0) * part;
    return { spikes: Math.round((spikes[layer] ?? 0) * part), messagesOut: Math.round((spikes[layer] ?? 0) * part * 3), messagesIn: Math.round(inward / 600), synapticOps: Math.round(inward), activeUpdates: Math.round((updates[layer] ?? 0) * 0.7 / (sharing[layer] ?? 1)), inactiveUpdates: Math.round((updates[layer] ?? 0) * 0.3 / (sharing[layer] ?? 1)) };
  });
  const predictions = new Uint16Array(SAMPLES * STEPS);
  for (let s = 0; s < SAMPLES; s++) for (let t = 0; t < STEPS; t++) predictions[s * STEPS + t] = scatter(s * 7 + 3) < 0.918 - 0.82 * Math.exp(-t / 4.5) ? s % 10 : (s + 1) % 10;
  const messages = cores.reduce((sum, c) => sum + c.messagesOut, 0);
  const seconds = (Math.max(...cores.map((c) => c.synapticOps)) / SAMPLES) * 4e-9;
  return {
    timing: timed ? 'pipeline' : 'functional', samples: SAMPLES, timesteps: STEPS, stepsPerInference: STEPS + 8, predictions, scores: new Int32Array(SAMPLES * 10),
    populations: populations.map((p, i) => ({ id: p.id, spikes: spikes[i] ?? 0, retractions: 0, activeUpdates: Math.round((updates[i] ?? 0) * 0.7), inactiveUpdates: Math.round((updates[i] ?? 0) * 0.3), saturations: 0 })),
    projections: projections.map((p, i) => ({ id: p.id, synapticOps: operations[i] ?? 0 })),
    cores, mesh: { messages, hopsX: messages * 3, hopsY: messages, chipCrossings: Math.round(messages / 50), withinTile: Math.round(messages / 9), heaviestLink: { messages: Math.round(messages / 20), from: [3, 1], to: [4, 1] } },
    time: timed ? { profile: program.target.profiles[0]?.name ?? '', secondsPerInference: seconds, pipelineSeconds: null, stepsPerInference: STEPS + 8, parts: { core: 0.8 * seconds, link: 0.1 * seconds, travel: 0.04 * seconds, barrier: 0.06 * seconds }, unpublished: [], bottleneck: { core: 36_000, link: 3_000, barrier: 1_000 }, coreSeconds: cores.map((c) => c.synapticOps * 3.5e-9) } : null,
    raster: madeUpRaster(program), wallSeconds: 3, workers: 2, kernels: 'wasm-simd128',
  };
}

function madeUpRaster(program: Program): Trace['raster'] {
  const events: { layer: number; neuron: number; step: number }[] = [];
  program.network.populations.forEach((p, layer) => {
    const neurons = p.shape[0] * p.shape[1] * p.shape[2];
    const rate = LAYERS[layer]?.[3] ?? 0;
    for (let neuron = 0; neuron < neurons && rate > 0; neuron++) {
      const own = rate * 4 * scatter(neuron * 3 + 1) ** 3;
      if (own < 0.01) continue;
      for (let at = scatter(neuron) / own; at < STEPS; at += 1 / own) events.push({ layer, neuron, step: Math.floor(at) });
    }
  });
  return { sample: 0, population: Uint16Array.from(events, (e) => e.layer), neuron: Uint32Array.from(events, (e) => e.neuron), step: Uint16Array.from(events, (e) => e.step), sign: new Int8Array(events.length).fill(1) };
}

/** The record of the made-up run. */
export function madeUpRun(options: MadeUp = {}): RunRecord {
  const program = madeUpProgram(options);
  const trace = madeUpTrace(program, options.timed ?? true);
  return buildRunRecord({
    program, trace, energy: energyReport(program, trace), dataset: { name: 'cifar10', labels: Uint16Array.from({ length: SAMPLES }, (_, s) => s % 10) },
    annAccuracy: 0.928, agreement: 0.951, seed: 1, tool: '0.1.0',
  });
}
