// What is observed: the float network's own values, or the recorded statistics where the file kept them.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { observeActivations } from '../../src/spiking/observe-activations.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { coreGraphs, randomImages, residual } from './core-graphs.js';

const COUNT = 4;

/** The graph with statistics on one filter. */
const withStatistics = (graph: Graph<CoreNode>, id: string, mean: readonly number[], deviation: readonly number[]): Graph<CoreNode> => ({
  ...graph,
  nodes: graph.nodes.map((n) => (n.id === id && (n.kind === 'conv' || n.kind === 'dense') ? { ...n, statistics: { mean: Float32Array.from(mean), deviation: Float32Array.from(deviation) } } : n)),
});

const moments = (values: Float32Array): readonly [number, number] => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
};

describe('without statistics', () => {
  it.each(Object.keys(coreGraphs) as (keyof typeof coreGraphs)[])('%s: the sorted input of every relu, and the output', (kind) => {
    const graph = coreGraphs[kind](2);
    const images = randomImages(graph, COUNT, 3);
    const observed = observeActivations(graph, images, COUNT);
    const { kept } = createEvaluator(graph, createKernels()).run(images, COUNT, { keep: 'all' });
    const watched = [...graph.nodes.filter((n) => n.kind === 'relu').map((n) => [n.id, n.inputs[0]] as const), [graph.outputs[0], graph.outputs[0]] as const];
    expect([...observed.keys()]).toEqual(watched.map(([id]) => id));
    for (const [id, from] of watched) {
      const values = kept.get(from) as Float32Array;
      const sample = observed.get(id) as readonly Float32Array[];
      const pixels = values.length / (COUNT * sample.length);
      sample.forEach((channel, c) => {
        const expected = values.filter((_, i) => Math.floor(i / pixels) % sample.length === c).sort();
        expect(channel.length).toBe(expected.length);
        channel.forEach((v, k) => expect(v).toBeCloseTo(expected[k], 4));
      });
    }
  });
});

describe('with statistics', () => {
  const plain = residual(4);
  const images = randomImages(plain, COUNT, 5);

  it('every channel has the mean and the deviation that the file recorded', () => {
    const graph = withStatistics(plain, 'conv1', [1, -2, 0.5], [0.25, 3, 1]);
    const sample = observeActivations(graph, images, COUNT).get(graph.nodes.find((n) => n.kind === 'relu')!.id)!;
    sample.forEach((channel, c) => {
      const [mean, deviation] = moments(channel);
      expect(mean).toBeCloseTo([1, -2, 0.5][c], 4);
      expect(deviation).toBeCloseTo([0.25, 3, 1][c], 4);
    });
  });

  it('layers behind them see the shifted values', () => {
    const later = (graph: Graph<CoreNode>): Float32Array => observeActivations(graph, images, COUNT).get(graph.outputs[0])![0];
    const scaled = withStatistics(plain, 'conv1', [10, 10, 10], [5, 5, 5]);
    expect(moments(later(scaled))[1]).toBeGreaterThan(2 * moments(later(plain))[1]);
  });

  it('a channel that the images leave flat gets the mean alone', () => {
    const flat = withStatistics({ ...plain, nodes: plain.nodes.map((n) => (n.id === 'conv1' && n.kind === 'conv' ? { ...n, weight: new Float32Array(n.weight.length) } : n)) }, 'conv1', [1, 2, 3], [4, 5, 6]);
    const sample = observeActivations(flat, images, COUNT).get(flat.nodes.find((n) => n.kind === 'relu')!.id)!;
    sample.forEach((channel, c) => expect(new Set(channel)).toEqual(new Set([c + 1])));
  });
});

it('keeps at most 2048 values a channel, spread over all images', () => {
  const graph = residual(6);
  const images = randomImages(graph, 200, 7);
  images.fill(0, 0, images.length / 2); // the first half of the images is black: one value for each place
  const [channel] = observeActivations(graph, images, 200).get(graph.nodes.find((n) => n.kind === 'relu')!.id)!;
  expect(channel.length).toBe(2048);
  const counts = new Map<number, number>();
  for (const v of channel) counts.set(v, (counts.get(v) ?? 0) + 1);
  const repeated = [...counts.values()].filter((n) => n > 1).reduce((a, b) => a + b, 0);
  expect(repeated / 2048).toBeGreaterThan(0.45);
  expect(repeated / 2048).toBeLessThan(0.55);
});
