// What conversion promises: threshold * spikes / T of each population approaches the activation that it stands for.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { populationId, type InputCode } from '../../src/spiking/network.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { countNeurons, countSynapses } from '../../src/spiking/count-synapses.js';
import { activations, converted, coreGraphs, randomImages, roomyThresholds, unitThresholds } from './core-graphs.js';
import { simulateFloat, synapsesOf } from './float-simulator.js';

const kinds = Object.keys(coreGraphs) as (keyof typeof coreGraphs)[];

/** Largest |decoded - activation| of each population after T steps, as a share of its threshold (of the largest score for the output), by depth. */
function worstErrors(graph: Graph<CoreNode>, { code, T, seed = 1 }: { readonly code: InputCode['code']; readonly T: number; readonly seed?: number }): number[] {
  const image = randomImages(graph, 1, seed);
  const thresholds = roomyThresholds(graph, image);
  const network = converted(graph, { thresholds, timesteps: T, code });
  verifySpikingNetwork(network);
  const decoded = simulateFloat(network, image, seed);
  return [...activations(graph, image, 1)].map(([id, expected]) => {
    const values = decoded.get(populationId(id)) as Float64Array;
    const pixels = expected.length / (thresholds.get(id) as Float32Array).length;
    const scale = graph.outputs[0] === id ? expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0) : undefined;
    return Math.max(...[...expected].map((v, i) => Math.abs(values[i] - v) / (scale ?? (thresholds.get(id) as Float32Array)[Math.floor(i / pixels)])));
  });
}

const seeds = [1, 2, 3];
const T = 512;

describe.each(kinds)('%s', (kind) => {
  it('bias code: off by half a spike behind the host, by a few spikes behind that', () => {
    for (const seed of seeds) {
      const [first, ...rest] = worstErrors(coreGraphs[kind](seed), { code: 'bias', T, seed });
      expect(first).toBeLessThanOrEqual(0.5 / T + 1e-6);
      for (const error of rest) expect(error).toBeLessThanOrEqual(6 / T);
    }
  });

  it('rate code: off by a few spikes, so four times the steps leave a quarter of the error', () => {
    for (const seed of seeds) {
      for (const steps of [T / 4, T]) {
        const errors = worstErrors(coreGraphs[kind](seed), { code: 'rate', T: steps, seed });
        for (const error of errors) expect(error).toBeLessThanOrEqual(24 / steps);
        expect(errors.at(-1)).toBeLessThanOrEqual(4 / steps);
      }
    }
  });

  it('poisson code: off by chance, which falls with the root of T', () => {
    const scores = (steps: number): number => seeds.reduce((sum, seed) => sum + (worstErrors(coreGraphs[kind](seed), { code: 'poisson', T: steps, seed }).at(-1) ?? NaN), 0) / seeds.length;
    expect(scores(T)).toBeLessThanOrEqual(1 / Math.sqrt(T));
    expect(scores(4 * T)).toBeLessThanOrEqual(1 / Math.sqrt(4 * T));
  });
});

it('hard reset loses what exceeds the threshold, soft reset keeps it', () => {
  const graph = coreGraphs.residual(1);
  const image = randomImages(graph, 1, 1);
  const thresholds = roomyThresholds(graph, image);
  const expected = activations(graph, image, 1).get(graph.outputs[0]) as Float32Array;
  const error = (reset: 'soft' | 'hard'): number => {
    const network = converted(graph, { thresholds, timesteps: T, reset });
    const values = simulateFloat(network, image).get(network.output) as Float64Array;
    return Math.max(...[...expected].map((v, i) => Math.abs(values[i] - v)));
  };
  expect(error('hard')).toBeGreaterThan(10 * error('soft'));
});

it('countSynapses counts the pairs of neurons that the definition of a projection joins', () => {
  for (const kind of kinds) {
    for (const code of ['bias', 'rate'] as const) {
      const graph = coreGraphs[kind](4);
      const network = converted(graph, { thresholds: unitThresholds(graph), code });
      const shapeOf = (id: string) => network.populations.find((p) => p.id === id)!.shape;
      const pairs = network.projections.reduce((sum, p) => sum + synapsesOf(p, shapeOf(p.source), shapeOf(p.target)).length, 0);
      expect(countSynapses(network)).toBe(pairs);
      expect(countNeurons(network)).toBe(network.populations.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b), 0));
    }
  }
});
