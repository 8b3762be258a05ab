// Few time steps without data: candidates run as the converted network would, corrections lower the error, the search keeps what answers most like the ANN.
import { describe, expect, it } from 'vitest';
import { sizeOf, type NodeId } from '../../src/graph/graph.js';
import { fitCorrections } from '../../src/spiking/correct.js';
import { fire, uncorrected, type Correction } from '../../src/spiking/float-dynamics.js';
import type { Calibration } from '../../src/spiking/calibrate.js';
import { rectifierNeuron } from '../../src/spiking/convert.js';
import { rectifiedValues, runInTime } from '../../src/spiking/run-in-time.js';
import { searchConversion, type SearchOptions } from '../../src/spiking/search.js';
import { activations, converted, coreGraphs, randomImages, residual, roomyThresholds } from './core-graphs.js';
import { simulateFloat } from './float-simulator.js';

type Kind = 'soft' | 'hard' | 'signed';
const conversion = (kind: Kind) => ({ reset: kind === 'hard' ? 'hard' as const : 'soft' as const, leak: 1, ...(kind === 'signed' ? { retract: 0 } : {}) });
const neuronOf = (kind: Kind) => rectifierNeuron(conversion(kind));
const COUNT = 6;

/** Rates times threshold of one rectifier under a constant current. */
const answers = (kind: Kind, currents: readonly number[], timesteps = 8): number[] =>
  [...fire(Float32Array.from({ length: timesteps * currents.length }, (_, i) => currents[i % currents.length]), { neuron: neuronOf(kind), threshold: Float32Array.of(1), correction: uncorrected(1, 0.5), timesteps, count: 1 })];

describe('the neuron in floating point', () => {
  it('rounds T times a constant current to whole spikes (soft reset), and loses the overshoot (hard reset)', () => {
    expect(answers('soft', [0.3, 0.7, -1, 2])).toEqual([2, 6, 0, 8]);
    expect(answers('signed', [0.3, 0.7, -1, 2])).toEqual([2, 6, 0, 8]);
    expect(answers('hard', [0.3, 0.7, -1, 2])).toEqual([2, 4, 0, 8]);
  });

  it.each(['soft', 'hard', 'signed'] as const)('runs whole networks as their conversion does, corrections included (%s)', (kind) => {
    for (const [name, make] of Object.entries(coreGraphs)) {
      const graph = make(7);
      const images = randomImages(graph, 1, 5);
      const thresholds = new Map([...roomyThresholds(graph, images)].map(([node, t]) => [node, t.map((v) => v * 0.7)]));
      const corrections = new Map<NodeId, Correction>([...thresholds].map(([node, t]) => [node, { gain: t.map((_, c) => 1 + 0.1 * (c % 3)), bias: t.map((v, c) => v * 0.02 * (c % 2)), initial: 0.4 }]));
      const network = converted(graph, { thresholds, corrections, timesteps: 9, ...conversion(kind) });
      const want = simulateFloat(network, images).get(network.output)!;
      const got = runInTime(graph, {
        images, count: 1, timesteps: 9,
        fire: (node, currents) => {
          const out = new Float32Array(currents.length);
          fire(currents, { neuron: neuronOf(kind), threshold: thresholds.get(node)!, correction: corrections.get(node)!, timesteps: 9, count: 1 }, out);
          return out;
        },
      });
      // the output is no rectifier: its own correction is the conversion's alone
      const { gain, bias } = corrections.get(graph.outputs[0])!;
      got.forEach((v, c) => expect(gain[c] * v + bias[c], `${name} ${c}`).toBeCloseTo(want[c], 3));
    }
  });
});

const decoded = (kind: Kind, thresholds: ReadonlyMap<NodeId, Float32Array>, corrections: ReadonlyMap<NodeId, Correction>, images: Float32Array): ReadonlyMap<NodeId, Float32Array> => {
  const seen = new Map<NodeId, Float32Array>();
  runInTime(residual(3), {
    images, count: COUNT, timesteps: 8,
    fire: (node, currents) => {
      const threshold = thresholds.get(node)!;
      const out = new Float32Array(currents.length);
      const counts = fire(currents, { neuron: neuronOf(kind), threshold, correction: corrections.get(node) ?? uncorrected(threshold.length, 0.5), timesteps: 8, count: COUNT }, out);
      const pixels = counts.length / COUNT / threshold.length;
      seen.set(node, counts.map((n, i) => (n / 8) * threshold[Math.floor(i / pixels) % threshold.length]));
      return out;
    },
  });
  return seen;
};

describe('corrections', () => {
  const graph = residual(3);
  const images = randomImages(graph, COUNT, 4);
  const thresholds = roomyThresholds(graph, images, COUNT);

  it.each(['soft', 'hard'] as const)('bring rates nearer to the activations in the first layer, and in sum (%s reset)', (kind) => {
    const request = { images, count: COUNT, timesteps: 8, neuron: neuronOf(kind), thresholds, initial: 0.5 };
    const corrections = fitCorrections(graph, request);
    const { values } = rectifiedValues(graph, images, COUNT);
    const error = (of: ReadonlyMap<NodeId, Correction>): number[] => [...decoded(kind, thresholds, of, images)].map(([node, rates]) => rates.reduce((sum, r, i) => sum + (r - values.get(node)![i]) ** 2, 0));
    const [before, after] = [error(new Map()), error(corrections)];
    expect(after[0]).toBeLessThanOrEqual(before[0]);
    const sum = (a: readonly number[]): number => a.reduce((x, y) => x + y, 0);
    expect(sum(after)).toBeLessThan(kind === 'hard' ? 0.7 * sum(before) : sum(before));
  });

  it('know what the ANN says', () => {
    const { values, scores } = rectifiedValues(graph, images, COUNT);
    const want = activations(graph, images, COUNT);
    for (const [node, value] of values) expect([...value].every((v, i) => Math.abs(v - want.get(node)![i]) < 1e-5)).toBe(true);
    [...scores].forEach((v, i) => expect(v).toBeCloseTo(want.get(graph.outputs[0])![i], 5));
  });
});

describe('the search', () => {
  const graph = residual(3);
  const images = randomImages(graph, 12, 4);
  const thresholds = new Map([...roomyThresholds(graph, images, 12)].map(([node, t]) => [node, t.map((v) => (node === graph.outputs[0] ? v : v * 4))]));
  const rates = new Map([...thresholds.keys()].filter((n) => n !== graph.outputs[0]).map((n) => [n, 0.1]));
  const calibration: Calibration = { thresholds, rates, statistics: new Map(), description: 'test', privateData: false };
  const shape = graph.nodes[0].shape as readonly [number, number, number];
  const options: SearchOptions = { timesteps: 8, neuron: neuronOf('soft'), initial: 0.5, trials: 12, samples: { images, count: 12, shape, recipe: 'test', seed: 0 } };

  it('improves on thresholds that are far too high, and never does worse than it started', () => {
    const { record } = searchConversion(graph, calibration, options);
    expect(record.trials).toBe(12);
    expect(record.end.divergence).toBeLessThan(0.5 * record.start.divergence);
    expect(searchConversion(graph, calibration, { ...options, trials: 1 }).record).toMatchObject({ trials: 1, chosen: 'calibrated' });
  });

  it('leaves the output alone, counts its trials and gives the same result again', () => {
    const seen: number[] = [];
    const [a, b] = [0, 1].map(() => searchConversion(graph, calibration, { ...options, onTrial: (done) => seen.push(done) }));
    expect(a.thresholds.get(graph.outputs[0])).toEqual(thresholds.get(graph.outputs[0]));
    expect(a).toEqual(b);
    expect(seen.slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(sizeOf(shape) * 12).toBe(images.length);
  });
});
