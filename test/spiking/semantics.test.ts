// What conversion promises: threshold * spikes / T of each population approaches the activation that it stands for.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { asCore } from '../../src/lower/lower.js';
import { fire, uncorrected } from '../../src/spiking/float-dynamics.js';
import { populationId, type InputCode } from '../../src/spiking/network.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { countNeurons, countSynapses } from '../../src/spiking/count-synapses.js';
import { graphBuilder } from '../lower/graph-builder.js';
import { normal, randomStream, substream } from '../../src/random.js';
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

describe('signed spikes', () => {
  /** Six convolutions in a row: what a neuron gets comes the less evenly the deeper it lies. */
  const deep = (seed: number): Graph<CoreNode> => {
    const b = graphBuilder(seed);
    let x = b.input([2, 5, 5]);
    for (let layer = 0; layer < 6; layer++) x = b.relu(b.conv(x, 4));
    const graph = asCore(b.graph(b.dense(b.flatten(x), 4)));
    // weights without a common sign, as trained ones are, and of a size that keeps the activations'
    const nodes = graph.nodes.map((n): CoreNode => (n.kind === 'conv' ? { ...n, weight: Float32Array.from(normal(substream(randomStream(seed), n.id), n.weight.length), (w) => w / 4), bias: n.bias.map(() => 0) } : n));
    return { ...graph, nodes };
  };
  /** Mean over some networks of |score - score of the ANN|, as a share of the largest score. */
  const error = (steps: number, retract?: number): number => {
    const errors = [1, 2, 3, 4, 5, 6].flatMap((seed) => {
      const graph = deep(seed);
      const image = randomImages(graph, 1, seed);
      const network = converted(graph, { thresholds: roomyThresholds(graph, image), timesteps: steps, ...(retract === undefined ? {} : { retract }) });
      verifySpikingNetwork(network);
      const expected = activations(graph, image, 1).get(graph.outputs[0]) as Float32Array;
      const values = simulateFloat(network, image).get(network.output) as Float64Array;
      const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      return [...expected].map((v, i) => Math.abs(values[i] - v) / scale);
    });
    return errors.reduce((a, b) => a + b, 0) / errors.length;
  };

  it.each([8, 16, 32])('leave less of the error that uneven timing makes: %i steps', (steps) => {
    const binary = error(steps);
    expect(error(steps, 0.5)).toBeLessThan(0.75 * binary);
    expect(error(steps, 0)).toBeLessThan(binary);
  });

  it('would change nothing in a layer that only the host drives, so that stays binary', () => {
    for (const retract of [0, 0.5]) {
      const trains = ([{ model: 'if', reset: 'soft' }, { model: 'signed-if', reset: 'soft', retract }] as const).map((neuron) => {
        const currents = Float32Array.from({ length: 16 * 41 }, (_, i) => ((i % 41) - 20) / 8);
        const out = new Float32Array(currents.length);
        fire(currents, { neuron, threshold: Float32Array.of(1), correction: uncorrected(1, 0.5), timesteps: 16, count: 1 }, out);
        return [...out];
      });
      expect(trains[1]).toEqual(trains[0]);
    }
    const graph = coreGraphs.residual(1);
    const network = converted(graph, { thresholds: unitThresholds(graph), retract: 0.25 });
    expect(network.populations.map((p) => p.neuron.model)).toEqual(['if', 'signed-if', 'signed-if', 'integrator']);
  });

  it('are sent by every layer but the input population and the output', () => {
    const graph = coreGraphs.residual(1);
    const network = converted(graph, { thresholds: unitThresholds(graph), code: 'rate', retract: 0.25 });
    expect(network.populations.map((p) => p.neuron)).toEqual([
      { model: 'if', reset: 'soft' }, ...Array.from({ length: 3 }, () => ({ model: 'signed-if', reset: 'soft', retract: 0.25 })), { model: 'integrator' },
    ]);
  });
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
