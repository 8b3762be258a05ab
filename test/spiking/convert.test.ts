// How each form of a core graph becomes populations and projections.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { asCore } from '../../src/lower/lower.js';
import { findInflows, pathOutputs } from '../../src/spiking/linear-paths.js';
import type { SpikingNetwork } from '../../src/spiking/network.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { graphBuilder } from '../lower/graph-builder.js';
import { converted, coreGraphs, residual, unitThresholds } from './core-graphs.js';

const weightOf = (graph: Graph<CoreNode>, id: string): Float32Array => {
  const node = graph.nodes.find((n) => n.id === id);
  if (node?.kind !== 'conv' && node?.kind !== 'dense') throw new Error(`${id} has no weight`);
  return node.weight;
};
const projection = (network: SpikingNetwork, id: string) => network.projections.find((p) => p.id === id)!;
const threshold = (values: Readonly<Record<string, readonly number[]>>, graph: Graph<CoreNode>): ReadonlyMap<CoreNode['id'], Float32Array> =>
  new Map([...unitThresholds(graph)].map(([id, ones]) => [id, values[id] === undefined ? ones : Float32Array.from(values[id])]));

describe('a residual block', () => {
  const graph = residual(1);

  it('aligns its branches: the shortcut waits for the longer one', () => {
    const network = converted(graph, { thresholds: unitThresholds(graph) });
    expect(network.populations.map((p) => [p.id, p.depth])).toEqual([['relu1', 0], ['relu2', 1], ['relu3', 2], ['dense1', 3]]);
    expect(network.projections.map((p) => [p.id, p.delay])).toEqual([['relu2<-relu1', 0], ['relu3<-relu2', 0], ['relu3<-relu1#1', 1], ['dense1<-relu3', 0]]);
    verifySpikingNetwork(network);
  });

  it('starts one step later behind an encoder', () => {
    const network = converted(graph, { thresholds: unitThresholds(graph), code: 'rate' });
    expect(network.populations.map((p) => [p.id, p.depth])).toEqual([['input1', 0], ['relu1', 1], ['relu2', 2], ['relu3', 3], ['dense1', 4]]);
    verifySpikingNetwork(network);
  });

  it('makes the shortcut one synapse a neuron that carries the source\'s threshold', () => {
    const network = converted(graph, { thresholds: threshold({ relu1: [2, 3, 5] }, graph) });
    const shortcut = projection(network, 'relu3<-relu1#1');
    expect([...shortcut.weight]).toEqual([2, 3, 5]);
    expect([shortcut.groups, shortcut.window.kernel, shortcut.pool]).toEqual([3, [1, 1], [1, 1]]);
  });

  it('adds up the biases of all branches', () => {
    const b = graphBuilder(2);
    const first = b.relu(b.conv(b.input([2, 4, 4]), 3));
    const two = asCore(b.graph(b.dense(b.flatten(b.relu(b.add(b.conv(first, 3), b.conv(first, 3)))), 2)));
    const [left, right] = two.nodes.filter((n) => n.kind === 'conv').slice(1);
    expect([...findInflows(two)[1].bias]).toEqual([0, 1, 2].map((c) => Math.fround(left.bias[c] + right.bias[c])));
  });
});

describe('weights', () => {
  it('carry their source\'s threshold, per input channel', () => {
    const graph = residual(3);
    const network = converted(graph, { thresholds: threshold({ relu1: [2, 4, 8] }, graph) });
    const weight = weightOf(graph, 'conv2'); // [3, 3, 3, 3]
    expect([...projection(network, 'relu2<-relu1').weight]).toEqual([...weight].map((w, i) => w * [2, 4, 8][Math.floor(i / 9) % 3]));
  });

  it('of a group take the thresholds of their own group', () => {
    const b = graphBuilder(4);
    const first = b.relu(b.conv(b.input([2, 3, 3]), 4));
    const graph = asCore(b.graph(b.dense(b.flatten(b.relu(b.conv(first, 6, { groups: 2, kernel: [1, 1], pads: [0, 0, 0, 0] }))), 2)));
    const network = converted(graph, { thresholds: threshold({ relu1: [1, 2, 4, 8] }, graph) });
    const weight = weightOf(graph, 'conv2'); // [6, 2, 1, 1]: outputs 0..2 read channels 0, 1; outputs 3..5 read 2, 3
    expect([...projection(network, 'relu2<-relu1').weight]).toEqual([...weight].map((w, i) => w * (i < 6 ? [1, 2] : [4, 8])[i % 2]));
    expect(pathOutputs(findInflows(graph)[1].paths[0])).toBe(6);
  });

  it('of a dense layer become a filter over the whole map, in the order of the flattened map', () => {
    const b = graphBuilder(5);
    const graph = asCore(b.graph(b.dense(b.flatten(b.relu(b.conv(b.input([1, 2, 3]), 2))), 2)));
    const network = converted(graph, { thresholds: threshold({ relu1: [10, 100] }, graph) });
    const out = projection(network, 'dense1<-relu1');
    expect([out.window.kernel, out.window.pads, out.groups]).toEqual([[2, 3], [0, 0, 0, 0], 1]);
    expect([...out.weight]).toEqual([...weightOf(graph, 'dense1')].map((w, i) => Math.fround(w * (i % 12 < 6 ? 10 : 100))));
  });

  it('behind average pooling are shared out over the cell', () => {
    const b = graphBuilder(6);
    const mean = b.pool('average-pool', b.relu(b.conv(b.input([1, 6, 4]), 2)), 2);
    const graph = asCore(b.graph(b.dense(b.flatten(b.relu(b.add(b.conv(mean, 2), mean))), 3)));
    const network = converted(graph, { thresholds: threshold({ relu1: [4, 12] }, graph) });
    const filter = projection(network, 'relu2<-relu1');
    expect([filter.pool, filter.window.kernel]).toEqual([[2, 2], [3, 3]]);
    expect([...filter.weight]).toEqual([...weightOf(graph, 'conv2')].map((w, i) => Math.fround((w * [4, 12][Math.floor(i / 9) % 2]) / 4)));
    const alone = projection(network, 'relu2<-relu1#1');
    expect([[...alone.weight], alone.pool, alone.groups]).toEqual([[1, 3], [2, 2], 2]);
  });
});

describe('input codes', () => {
  it('bias: the host computes the layers that read the image, and no projection does', () => {
    const graph = coreGraphs.twoEntries(1);
    const network = converted(graph, { thresholds: unitThresholds(graph) });
    const { input } = network;
    if (input.code !== 'bias') throw new Error('expected the bias code');
    expect(input.layers.map((l) => [l.target, l.pool, l.groups])).toEqual([['relu1', [1, 1], 1], ['relu2', [2, 2], 2]]);
    expect([...input.layers[0].weight]).toEqual([...weightOf(graph, 'conv1')]);
    expect([...input.layers[1].weight]).toEqual([0.25, 0.25]);
    expect(network.projections.map((p) => p.id)).toEqual(['relu2<-relu1', 'dense1<-relu2']);
    verifySpikingNetwork(network);
  });

  it.each(['rate', 'poisson'] as const)('%s: the filter stands over positive and negative halves as [W, -W], times the range', (code) => {
    const graph = residual(7);
    const network = converted(graph, { thresholds: unitThresholds(graph), code, inputRange: 2 });
    expect(network.input).toEqual({ code, population: 'input1' });
    const [encoder] = network.populations;
    expect([encoder.shape, [...encoder.threshold], encoder.neuron]).toEqual([[4, 5, 5], [2, 2, 2, 2], code === 'rate' ? { model: 'if', reset: 'soft' } : { model: 'relay' }]);
    const weight = weightOf(graph, 'conv1'); // [3, 2, 3, 3]
    const rows = [0, 1, 2].flatMap((co) => [2, -2].flatMap((factor) => [...weight.subarray(co * 18, co * 18 + 18)].map((w) => w * factor)));
    expect([...network.projections[0].weight]).toEqual(rows);
  });

  it('rate: groups are written out with zeros elsewhere', () => {
    const b = graphBuilder(8);
    const graph = asCore(b.graph(b.dense(b.flatten(b.relu(b.conv(b.input([4, 2, 2]), 2, { groups: 2, kernel: [1, 1], pads: [0, 0, 0, 0] }))), 2)));
    const network = converted(graph, { thresholds: unitThresholds(graph), code: 'rate' });
    const [a, c, d, e] = weightOf(graph, 'conv1'); // output 0 reads channels 0, 1; output 1 reads 2, 3
    expect([...network.projections[0].weight].map((w) => w + 0)).toEqual([a, c, 0, 0, -a, -c, 0, 0, 0, 0, d, e, 0, 0, -d, -e]);
    expect(network.projections[0].groups).toBe(1);
  });

  it('rate: a pooled image is shared out over the cell', () => {
    const graph = coreGraphs.twoEntries(1);
    const network = converted(graph, { thresholds: unitThresholds(graph), code: 'rate', inputRange: 2 });
    const entry = projection(network, 'relu2<-input1#1');
    expect([entry.pool, entry.delay, [...entry.weight].map((w) => w + 0)]).toEqual([[2, 2], 1, [0.5, 0, -0.5, 0, 0, 0.5, 0, -0.5]]);
  });
});

describe('neurons', () => {
  const graph = residual(9);
  const thresholds = unitThresholds(graph);

  it('are IF without a leak and LIF with one; the output integrates from zero', () => {
    expect(converted(graph, { thresholds, reset: 'hard' }).populations.map((p) => p.neuron)).toEqual([
      { model: 'if', reset: 'hard' }, { model: 'if', reset: 'hard' }, { model: 'if', reset: 'hard' }, { model: 'integrator' }]);
    const leaky = converted(graph, { thresholds, leak: 0.9 });
    expect(leaky.populations[1].neuron).toEqual({ model: 'lif', reset: 'soft', leak: 0.9 });
    expect(leaky.populations.map((p) => p.initial)).toEqual([0.5, 0.5, 0.5, 0]);
  });

  it('of a ReLU6 stay at or below its cap', () => {
    const b = graphBuilder(10);
    const capped = asCore(b.graph(b.dense(b.flatten(b.relu(b.conv(b.input([1, 2, 2]), 3), 6)), 2)));
    expect([...converted(capped, { thresholds: threshold({ relu1: [4, 6, 9] }, capped) }).populations[0].threshold]).toEqual([4, 6, 6]);
  });

  it('need a threshold for every rectifier', () => {
    expect(() => converted(graph, { thresholds: new Map([...thresholds].slice(1)) })).toThrow('internal: no threshold for relu1');
  });
});
