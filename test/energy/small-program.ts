/**
 * A made-up program and trace for the tests of energy and report: one convolution, one dense layer and
 * an output, on three cores. Only the fields that pricing reads carry meaning.
 */
import { readFileSync } from 'node:fs';
import { populationId, type MapShape, type Neuron } from '../../src/spiking/network.js';
import type { IntegerInput, IntegerPopulation, IntegerProjection } from '../../src/quantise/integer-network.js';
import type { Program } from '../../src/program/program.js';
import type { Trace } from '../../src/simulate/trace.js';
import type { Target } from '../../src/target/schema.js';

export const readTarget = (name: string): Target => JSON.parse(readFileSync(new URL(`../../targets/${name}.json`, import.meta.url), 'utf8')) as Target;

export function population(name: string, shape: MapShape, neuron: Neuron = { model: 'if', reset: 'soft' }): IntegerPopulation {
  const ones = new Float64Array(shape[0]).fill(64);
  return { id: populationId(name), shape, neuron, decay: 0, threshold: neuron.model === 'integrator' ? 0 : 6400, initial: 3200, thresholdExponent: new Uint8Array(shape[0]), bias: new Int32Array(shape[0]), limit: 2 ** 23 - 1, depth: 0, scale: ones };
}

export function projection(source: string, target: string, weights: number, kernel: readonly [number, number]): IntegerProjection {
  return {
    id: `${source}->${target}`, source: populationId(source), target: populationId(target), weight: new Int8Array(weights).fill(100), shift: 6,
    window: { kernel, stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] }, groups: 1, pool: [1, 1], delay: 0, bound: 1000, weightError: 0.0125,
  };
}

const hostLayer = (target: string, weights: number): IntegerInput => ({
  code: 'bias', format: { mantissaMax: 4095, exponentMax: 7 },
  layers: [{ target: populationId(target), weight: new Float32Array(weights), bias: new Float32Array(4), window: { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] }, groups: 1, pool: [1, 1], scale: new Float64Array(4).fill(64) }],
});

/** conv1 [4,8,8] (currents from the host) -> conv2 [2,8,8] -> scores [10,1,1], one core each. */
export function smallProgram(target: Target, changes: Partial<Program> = {}): Program {
  const populations = [population('conv1', [4, 8, 8]), population('conv2', [2, 8, 8]), population('scores', [10, 1, 1], { model: 'integrator' })];
  const use = { neurons: 256, inAxons: 64, outAxons: 64, synapticBits: 8192 };
  return {
    network: {
      imageShape: [3, 8, 8], input: hostLayer('conv1', 4 * 3 * 9), populations,
      projections: [projection('conv1', 'conv2', 2 * 4 * 9, [3, 3]), projection('conv2', 'scores', 10 * 2 * 64, [8, 8])],
      output: populationId('scores'), timesteps: 8,
    },
    target,
    cores: populations.map((p) => ({ slice: { population: p.id, channels: [0, p.shape[0]], rows: [0, p.shape[1]], columns: [0, p.shape[2]] }, use })),
    places: [{ chip: 0, x: 0, y: 0, port: 0 }, { chip: 0, x: 0, y: 0, port: 1 }, { chip: 0, x: 1, y: 0, port: 0 }],
    routes: [{ from: 0, to: 1, projection: 0, hopsX: 0, hopsY: 0, chipCrossings: 0 }, { from: 1, to: 2, projection: 1, hopsX: 1, hopsY: 0, chipCrossings: 0 }],
    chipsUsed: 1, coresUsed: 3,
    provenance: { tool: '0.1.0', modelSha256: 'ab'.repeat(32), modelName: 'small', seed: 7, calibration: 'batch-norm statistics (no data)', privateData: false },
    normalisation: { scale: 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    source: {
      layers: [
        { name: 'conv1', macs: 6912, parameters: 112, inputs: 192, outputs: 256 },
        { name: 'conv2', macs: 4608, parameters: 74, inputs: 256, outputs: 128 },
        { name: 'scores', macs: 1280, parameters: 1290, inputs: 128, outputs: 10 },
      ],
      parameters: 1476,
    },
    classes: [],
    ...changes,
  };
}

/** Two samples of eight steps; sums over both. */
export function smallTrace(changes: Partial<Trace> = {}): Trace {
  const id = populationId;
  return {
    timing: 'pipeline', samples: 2, timesteps: 8, stepsPerInference: 10,
    predictions: Uint16Array.from([1, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 5, 5, 5, 5, 5]), scores: new Int32Array(20),
    populations: [
      { id: id('conv1'), spikes: 400, retractions: 0, activeUpdates: 4096, inactiveUpdates: 0, saturations: 0 },
      { id: id('conv2'), spikes: 100, retractions: 0, activeUpdates: 1500, inactiveUpdates: 548, saturations: 0 },
      { id: id('scores'), spikes: 0, retractions: 0, activeUpdates: 120, inactiveUpdates: 40, saturations: 0 },
    ],
    projections: [{ id: 'conv1->conv2', synapticOps: 7000 }, { id: 'conv2->scores', synapticOps: 1000 }],
    cores: [
      { spikes: 400, messagesOut: 400, messagesIn: 0, synapticOps: 0, activeUpdates: 4096, inactiveUpdates: 0 },
      { spikes: 100, messagesOut: 100, messagesIn: 400, synapticOps: 7000, activeUpdates: 1500, inactiveUpdates: 548 },
      { spikes: 0, messagesOut: 0, messagesIn: 100, synapticOps: 1000, activeUpdates: 120, inactiveUpdates: 40 },
    ],
    mesh: { messages: 500, hopsX: 100, hopsY: 40, chipCrossings: 0, withinTile: 400, heaviestLink: { messages: 100, from: [0, 0], to: [1, 0] } },
    time: { profile: 'davies2018', secondsPerInference: 2e-5, pipelineSeconds: null, stepsPerInference: 10, parts: { core: 1.2e-5, link: 1e-6, travel: 2e-6, barrier: 5e-6 }, unpublished: [], bottleneck: { core: 12, link: 0, barrier: 8 }, coreSeconds: [1e-5, 2e-5, 5e-6] },
    raster: { sample: 0, population: Uint16Array.from([0, 0, 1]), neuron: Uint32Array.from([5, 9, 100]), step: Uint16Array.from([0, 1, 3]), sign: Int8Array.from([1, 1, 1]) },
    wallSeconds: 0.5, workers: 1, kernels: 'wasm-simd128',
    ...changes,
  };
}
