// The figures of a run follow from its trace: shares of images, means per inference, answers step by step.
import { expect, it } from 'vitest';
import { runFigures } from '../../src/commands/run-figures.js';
import type { EnergyReport } from '../../src/energy/energy-report.js';
import type { Program } from '../../src/program/program.js';
import { populationId } from '../../src/spiking/network.js';
import type { Trace } from '../../src/simulate/trace.js';

const counters = (spikes: number) => ({ id: populationId('a'), spikes, retractions: spikes / 5, activeUpdates: 0, inactiveUpdates: 0, saturations: 0 });
/** Four images of two steps. */
const trace = {
  timing: 'functional', samples: 4, timesteps: 2, predictions: Uint16Array.of(0, 1, 0, 0, 2, 2, 1, 0),
  populations: [counters(30), counters(10)], projections: [{ id: 'p', synapticOps: 1200 }], wallSeconds: 0.5, workers: 1, kernels: 'wasm-simd128',
} as unknown as Trace;
const program = { coresUsed: 7, chipsUsed: 2, classes: ['cat', 'dog'], provenance: {} } as unknown as Program;
const energy = { perInference: { totalJoules: 1e-3 }, latencySeconds: null, profile: { name: 'p' } } as unknown as EnergyReport;

it('counts answers of the last step against the labels and the float network', () => {
  const figures = runFigures(program, trace, energy, { labels: Uint16Array.of(1, 0, 2, 2), ann: Uint16Array.of(1, 1, 2, 0) });
  expect(figures).toMatchObject({
    accuracy: 0.75, annAccuracy: 0.5, annBackend: { name: 'own', version: null }, agreement: 0.75, accuracyByStep: [0.5, 0.75], spikesPerInference: 10, retractionsPerInference: 2, sopsPerInference: 300,
    classes: [{ name: 'cat', samples: 1, accuracy: 1 }, { name: 'dog', samples: 1, accuracy: 1 }, { name: '2', samples: 2, accuracy: 0.5 }], eventsPerSecond: 2400, coresUsed: 7, chipsUsed: 2, latencySeconds: null, energyPerInferenceJoules: 1e-3,
  });
  expect(figures.accuracyInterval[0]).toBeCloseTo(0.3006, 4);
  expect(figures.accuracyInterval[1]).toBeCloseTo(0.9544, 4);
});

it('leaves the comparison open without the float network', () => {
  expect(runFigures(program, trace, energy, { labels: new Uint16Array(4), ann: null })).toMatchObject({ annAccuracy: null, annBackend: null, agreement: null });
});
