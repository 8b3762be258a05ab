// What thresholds were chosen on: recorded statistics, made-up images, or the user's own data, and what the program says of it.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { asCore } from '../../src/lower/lower.js';
import { calibrate, type CalibrationOptions } from '../../src/spiking/calibrate.js';
import { chooseThresholds } from '../../src/spiking/choose-thresholds.js';
import { observeActivations } from '../../src/spiking/observe-activations.js';
import type { SampleSet } from '../../src/synthesise/procedural-images.js';
import { graphBuilder } from '../lower/graph-builder.js';
import { randomImages } from './core-graphs.js';

/** conv1 -> relu1 -> dense1 -> relu2 -> dense2, with statistics on conv1 if wanted. */
function network({ statistics = false, cap = Infinity } = {}): Graph<CoreNode> {
  const b = graphBuilder(1);
  const graph = asCore(b.graph(b.dense(b.relu(b.dense(b.flatten(b.relu(b.conv(b.input([2, 6, 6]), 3), cap)), 5)), 4)));
  if (!statistics) return graph;
  const known = { mean: Float32Array.of(1, 2, 3), deviation: Float32Array.of(1, 1, 0.5) };
  return { ...graph, nodes: graph.nodes.map((n) => (n.id === 'conv1' && n.kind === 'conv' ? { ...n, statistics: known } : n)) };
}

const COUNT = 6;
const samples = (graph: Graph<CoreNode>): SampleSet => ({ count: COUNT, shape: [2, 6, 6], images: randomImages(graph, COUNT, 2), recipe: '6 test images', seed: 2 });
const run = (graph: Graph<CoreNode>, options: Partial<CalibrationOptions> = {}) =>
  calibrate(graph, { timesteps: 32, reset: 'soft', samples: samples(graph), privateData: false, ...options });
const thresholdsOf = (graph: Graph<CoreNode>, id: string, options: Partial<CalibrationOptions> = {}): number[] =>
  [...run(graph, options).thresholds].filter(([node]) => node === id).flatMap(([, t]) => [...t]);

/** The least-squares thresholds of the sample itself. */
const optimal = (graph: Graph<CoreNode>, id: string): number[] => {
  const sample = [...observeActivations(graph, samples(graph).images, COUNT)].find(([node]) => node === id)![1];
  return [...chooseThresholds({ rule: 'optimal' }, { sample, statistics: undefined, cap: Infinity, timesteps: 32 })];
};
const ratios = (a: readonly number[], b: readonly number[]): number[] => a.map((v, i) => v / b[i]);
const expectAll = (values: readonly number[], expected: number): void => { expect(values.length).toBeGreaterThan(0); for (const v of values) expect(v).toBeCloseTo(expected, 4); };

describe('what was looked at', () => {
  it.each([
    ['statistics and images', { statistics: true }, {}, 'batch-norm statistics of 1 layer and 6 test images for 1 layer; no data of any person'],
    ['images alone', {}, {}, '6 test images for 2 layers; no data of any person'],
    ['the user\'s data', { statistics: true }, { privateData: true }, '6 test images given by the user'],
  ])('%s', (_what, shape, options, description) => {
    const graph = network(shape);
    expect(run(graph, options).description).toBe(description);
    expect(run(graph, options).privateData).toBe('privateData' in options);
  });
});

describe('statistics', () => {
  const graph = network({ statistics: true });
  const deviations = (options: Partial<CalibrationOptions>): number[] => thresholdsOf(graph, 'relu1', options).map((t, c) => (t - [1, 2, 3][c]) / [1, 1, 0.5][c]);

  it('place every channel\'s threshold the same number of deviations above its mean, more with more steps', () => {
    let last = 0;
    for (const timesteps of [4, 8, 16, 32, 64]) {
      const [first, ...others] = deviations({ timesteps });
      for (const other of others) expect(other).toBeCloseTo(first, 4);
      expect(first).toBeGreaterThan(last);
      last = first;
    }
  });

  it('are passed on with the thresholds', () => {
    expect([...run(graph).statistics.keys()]).toEqual(['relu1']);
  });

  it('do not depend on the images', () => {
    const other = { samples: { ...samples(graph), images: randomImages(graph, COUNT, 99) } };
    expect(thresholdsOf(graph, 'relu1', other)).toEqual(thresholdsOf(graph, 'relu1'));
    expect(thresholdsOf(graph, 'relu2', other)).not.toEqual(thresholdsOf(graph, 'relu2'));
  });

  it('give way to the user\'s own images', () => {
    expectAll(ratios(thresholdsOf(graph, 'relu1', { privateData: true }), optimal(graph, 'relu1')), 1);
  });
});

describe('images', () => {
  const graph = network();

  it('set a map\'s threshold as they are, and a dense layer\'s with room above: real images drive it harder', () => {
    expectAll(ratios(thresholdsOf(graph, 'relu1'), optimal(graph, 'relu1')), 1);
    const [room, ...others] = ratios(thresholdsOf(graph, 'relu2'), optimal(graph, 'relu2'));
    expect(room).toBeGreaterThan(1.2);
    expectAll(others, room);
  });

  it('of the user need no room', () => {
    expectAll(ratios(thresholdsOf(graph, 'relu2', { privateData: true }), optimal(graph, 'relu2')), 1);
  });

  it('leave the output its largest score', () => {
    const scores = [...observeActivations(graph, samples(graph).images, COUNT)].at(-1)![1];
    expectAll(thresholdsOf(graph, 'dense2'), Math.max(...scores.flatMap((s) => [...s]).map(Math.abs)));
  });
});

describe('hard reset', () => {
  it('stands further above statistics and images alike, since what exceeds the threshold is lost', () => {
    for (const statistics of [true, false]) {
      const graph = network({ statistics });
      for (const id of ['relu1', 'relu2']) {
        const more = ratios(thresholdsOf(graph, id, { reset: 'hard' }), thresholdsOf(graph, id));
        for (const ratio of more) expect(ratio).toBeGreaterThan(1.2);
      }
    }
  });

  it('stays at or below a ReLU6\'s cap', () => {
    const graph = network({ cap: 0.5 });
    expect(Math.max(...thresholdsOf(graph, 'relu1', { reset: 'hard' }))).toBe(0.5);
  });
});

it('expected rates are the mean of the clipped activations over their thresholds', () => {
  const graph = network();
  const { rates, thresholds } = run(graph);
  const observed = observeActivations(graph, samples(graph).images, COUNT);
  expect([...rates.keys()]).toEqual(['relu1', 'relu2']);
  for (const [id, rate] of rates) {
    const shares = observed.get(id)!.flatMap((channel, c) => [...channel].map((v) => Math.min(1, Math.max(0, v / thresholds.get(id)![c]))));
    expect(rate).toBeCloseTo(shares.reduce((a, b) => a + b, 0) / shares.length, 6);
  }
});
