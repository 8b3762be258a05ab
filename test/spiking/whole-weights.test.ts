// Whole weights of quantised models: found again in real numbers, carried through conversion, or given up for a named reason.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { CoreNode, Graph, NodeId } from '../../src/graph/graph.js';
import { asCore } from '../../src/lower/lower.js';
import { randomStream, uniform } from '../../src/random.js';
import { loadTarget } from '../../src/target/load-target.js';
import { findWholeFilters, inProjection, sharedThresholds, wholeSteps, type Storage } from '../../src/spiking/whole-weights.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { graphBuilder } from '../lower/graph-builder.js';
import { converted, pooled, residual, unitThresholds } from './core-graphs.js';

const between = (count: number, seed: number, [low, high]: readonly [number, number]): number[] => Array.from(uniform(randomStream(seed), count), (v) => low + Math.floor(v * (high - low + 1)));
const storage = (target: string, rest: Partial<Storage> = {}): Storage => ({ target: loadTarget(target), reset: 'soft', spikes: 'binary', hosted: true, ...rest });

describe('steps', () => {
  it('are found again behind any scale a channel, and give the whole numbers of the file', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 20, max: 60 }), fc.integer({ min: 2, max: 127 }), (seed, outputs, perOutput, most) => {
      const whole = between(outputs * perOutput, seed, [-most, most]);
      for (let c = 0; c < outputs; c++) [whole[c * perOutput], whole[c * perOutput + 1]] = [most, -1]; // no common factor
      const scales = Array.from(uniform(randomStream(seed + 1), outputs), (v) => Math.fround(1e-4 + v));
      const found = wholeSteps(Float32Array.from(whole, (w, i) => Math.fround(w * scales[Math.floor(i / perOutput)]) * 0.73), outputs)!;
      whole.forEach((w, i) => expect(Math.abs((w * scales[Math.floor(i / perOutput)] * 0.73) / found.steps[Math.floor(i / perOutput)] - w)).toBeLessThan(0.001));
      expect(found.most).toBe(most);
    }), { seed: 3, numRuns: 40 });
  });
  it('are one for all channels where one serves all', () => {
    const found = wholeSteps(Float32Array.of(0.5, -12.5, 1, 2, 4, 50, 0, 0), 4)!;
    expect([...found.steps, found.most]).toEqual([0.5, 0.5, 0.5, 0.5, 100]);
    expect([...wholeSteps(Float32Array.of(0.5, -12.5, 1, 2, 4, 100, 0, 0), 4)!.steps]).toEqual([0.5, 1, 4, 0.5]);
  });
  it('are none of real numbers', () => {
    expect(wholeSteps(Float32Array.from(uniform(randomStream(4), 30)), 2)).toBeUndefined();
    expect(wholeSteps(new Float32Array(8), 2)).toBeUndefined();
  });
});

/** The graph with whole weights: up to `most`, times a step a channel or one for all. */
function wholeGraph(graph: Graph<CoreNode>, { most = 127, perChannel = false }: { readonly most?: number; readonly perChannel?: boolean } = {}): Graph<CoreNode> {
  return {
    ...graph,
    nodes: graph.nodes.map((n, k) => {
      if (n.kind !== 'conv' && n.kind !== 'dense') return n;
      const perOutput = n.weight.length / n.bias.length;
      const whole = between(n.weight.length, k + 1, [-most, most]).map((w, i) => (i % perOutput === 0 ? most : i % perOutput === 1 ? -1 : w));
      return { ...n, weight: Float32Array.from(whole, (w, i) => w * Math.fround(perChannel ? 0.001 * (1 + Math.floor(i / perOutput) / 7) : 0.0021)) };
    }),
  };
}

const lossesOf = (graph: Graph<CoreNode>, imported: Graph, where: Storage): (string | number)[] =>
  [...findWholeFilters(graph, imported, where).values()].map((w) => ('steps' in w ? w.steps.length : [w.lost.why, ...('count' in w.lost ? [w.lost.count, w.lost.allowed] : [])].join(' ')));

describe('filters', () => {
  const plain = wholeGraph(pooled(1));
  const channels = wholeGraph(pooled(1), { perChannel: true });
  it('keep their steps; what the host computes has none to keep', () => {
    expect(lossesOf(plain, plain, storage('loihi2'))).toEqual([3, 4]);
    expect(lossesOf(plain, plain, storage('loihi2', { hosted: false }))).toEqual([3, 3, 4]);
  });
  it('lose them where steps differ and the target has one threshold, or classes are compared', () => {
    expect(lossesOf(channels, channels, storage('loihi2'))).toEqual([3, 'output']);
    expect(lossesOf(channels, channels, storage('loihi1', { reset: 'hard' }))).toEqual([3, 'output']);
    expect(lossesOf(channels, channels, storage('loihi1', { reset: 'soft-two-compartment' }))).toEqual(['two-compartments', 'output']);
    const wide = wholeGraph(asCore(((b) => b.graph(b.dense(b.relu(b.dense(b.relu(b.dense(b.input([4]), 5)), 9)), 3)))(graphBuilder(1))), { perChannel: true });
    expect(lossesOf(wide, wide, storage('loihi1', { reset: 'hard' }))).toEqual(['profiles 9 8', 'output']);
  });
  it('lose them where the weights or the sums are too narrow', () => {
    const four = { ...storage('loihi2'), target: { ...loadTarget('loihi2'), numbers: { ...loadTarget('loihi2').numbers, weightMax: 7 } } };
    expect(lossesOf(plain, plain, four)).toEqual(['weight-width 127 7', 'weight-width 127 7']);
    const beyond = wholeGraph(pooled(1), { most: 200 });
    expect(lossesOf(beyond, beyond, storage('loihi2'))).toEqual(['weight-width 200 127', 'weight-width 200 127']);
    const b = graphBuilder(1);
    const long = asCore(b.graph(b.dense(b.relu(b.dense(b.input([4]), 400)), 3)));
    const heavy = { ...long, nodes: long.nodes.map((n) => (n.kind === 'dense' && n.shape[0] === 3 ? { ...n, weight: n.weight.map((_, i) => (i % 3 === 0 ? -1 : 127) / 64) } : n)) };
    expect(lossesOf(heavy, heavy, storage('loihi2'))).toEqual(['sums 33909 32767']);
    expect(lossesOf(plain, plain, storage('loihi2', { spikes: 'signed' }))).toEqual([3, 4]);
  });
  it('lose them to a larger filter into the same neurons', () => {
    const b = graphBuilder(2);
    const first = b.relu(b.conv(b.input([2, 5, 5]), 3));
    const second = b.relu(b.conv(first, 3));
    const two = wholeGraph(asCore(b.graph(b.dense(b.flatten(b.relu(b.add(b.conv(first, 3, { kernel: [1, 1], pads: [0, 0, 0, 0] }), b.conv(second, 3)))), 4))));
    expect(lossesOf(two, two, storage('loihi2'))).toEqual([3, 'beside', 3, 4]);
  });
  it('have none where the file has none, or where the lowering joined them with something', () => {
    const real = pooled(1);
    expect(lossesOf(real, real, storage('loihi2'))).toEqual(['not-whole', 'not-whole']);
    expect(lossesOf(real, plain, storage('loihi2'))).toEqual(['joined', 'joined']);
  });
  it('leave copies and selections alone, and share the thresholds of what they join', () => {
    const graph = wholeGraph(residual(1));
    const whole = findWholeFilters(graph, graph, storage('loihi2'));
    expect(lossesOf(graph, graph, storage('loihi2'))).toEqual([3, 3, 4]);
    expect([...sharedThresholds(graph, whole, storage('loihi2'))]).toEqual(['relu1', 'relu2', 'relu3']);
    expect([...sharedThresholds(graph, whole, storage('loihi1'))]).toEqual(['relu2', 'relu1', 'relu3', 'dense1']);
    expect([...sharedThresholds(real(graph), findWholeFilters(real(graph), graph, storage('loihi2')), storage('loihi2'))]).toEqual([]);
  });
  const real = (graph: Graph<CoreNode>): Graph<CoreNode> => ({ ...graph, nodes: graph.nodes.map((n) => (n.kind === 'conv' || n.kind === 'dense' ? { ...n, weight: n.weight.map((w, i) => w + Math.sin(i) * 1e-3) } : n)) });
});

describe('projections', () => {
  const graph = wholeGraph(pooled(1), { perChannel: true });
  const whole = findWholeFilters(graph, graph, storage('virtual'));
  const shared = new Map([...unitThresholds(graph)].map(([id, t]): [NodeId, Float32Array] => [id, t.map(() => 1.7)]));
  it('carry the steps times what their weights get', () => {
    const network = converted(graph, { thresholds: shared, whole });
    verifySpikingNetwork(network);
    expect(network.projections.map((p) => (p.whole === undefined ? null : Object.keys(p.whole)[0]))).toEqual(['steps', null, 'lost']);
    const gains = new Map([...shared.keys()].map((id) => [id, { gain: Float32Array.of(0.9, 1.1, 1.2), bias: new Float32Array(3), initial: 0.5 }] as const).slice(0, -1));
    verifySpikingNetwork(converted(graph, { thresholds: shared, whole, corrections: gains }));
  });
  it('lose them behind channels of different thresholds, unless each filter reads one', () => {
    const threshold = Float32Array.of(1, 2, 2, 2);
    expect(inProjection({ steps: Float64Array.of(1, 1) }, { threshold, groups: 1, factor: () => 1 })).toEqual({ lost: { why: 'source-thresholds' } });
    expect(inProjection({ steps: Float64Array.of(1, 1, 3, 3) }, { threshold, groups: 4, factor: (c) => (c === 3 ? -0.5 : 1) })).toEqual({ steps: Float64Array.of(1, 2, 6, 3) });
    expect(inProjection({ steps: Float64Array.of(1e-31) }, { threshold: Float32Array.of(1), groups: 1, factor: () => 1 })).toEqual({ lost: { why: 'registers' } });
    expect(inProjection({ lost: { why: 'learned' } }, { threshold, groups: 1, factor: () => 1 })).toEqual({ lost: { why: 'learned' } });
  });
  it('are verified', () => {
    const network = converted(graph, { thresholds: shared, whole });
    const changed = { ...network, projections: network.projections.map((p, i) => (i === 0 ? { ...p, weight: p.weight.map((w, k) => (k === 5 ? w * 1.01 + 0.01 : w)) } : p)) };
    expect(() => verifySpikingNetwork(changed)).toThrow('a weight is no whole multiple of its channel\'s step');
    const short = { ...network, projections: network.projections.map((p, i) => (i === 0 ? { ...p, whole: { steps: Float64Array.of(1) } } : p)) };
    expect(() => verifySpikingNetwork(short)).toThrow('1 steps for 3 channels');
  });
});
