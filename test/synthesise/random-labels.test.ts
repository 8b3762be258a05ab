// Gamma and Dirichlet samples have the moments of their distributions; concentrations are the paper's.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { randomStream, substream } from '../../src/random.js';
import { classConcentrations, CONCENTRATION_FLOOR, lastLayer } from '../../src/synthesise/class-similarity.js';
import { dirichlet, logGamma } from '../../src/synthesise/dirichlet.js';
import { softTarget } from '../../src/synthesise/data-impressions.js';
import { graphBuilder, windowOf } from '../graph/build-graph.js';

const DRAWS = 4000;
const root = substream(randomStream(11), 'gamma');
const average = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;

describe.each([0.2, 0.7, 1, 2.5, 9])('gamma of shape %d', (shape) => {
  const logs = Array.from({ length: DRAWS }, (_, i) => logGamma(shape, substream(root, i)));
  const draws = logs.map(Math.exp);

  it('mean and variance are both the shape', () => {
    const m = average(draws);
    expect(Math.abs(m - shape)).toBeLessThan(5 * Math.sqrt(shape / DRAWS));
    expect(average(draws.map((d) => (d - m) ** 2)) / shape).toBeCloseTo(1, 0);
  });
});

it('a gamma of shape 1 is an exponential: its median is the logarithm of 2', () => {
  const draws = Array.from({ length: DRAWS }, (_, i) => Math.exp(logGamma(1, substream(root, i)))).sort((a, b) => a - b);
  expect(Math.abs(draws[DRAWS / 2] - Math.LN2)).toBeLessThan(0.06);
});

it('a shape of 0 is refused', () => expect(() => logGamma(0, root)).toThrow('the shape is 0'));

describe('Dirichlet', () => {
  const concentration = [1, 0.5, 1e-3];
  const draws = Array.from({ length: DRAWS }, (_, i) => dirichlet(concentration, substream(root, i)));

  it('every sample is a distribution, also where a gamma sample is below the smallest number', () => {
    for (const d of draws) {
      expect(d.every((p) => p >= 0 && p <= 1)).toBe(true);
      expect(d.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    }
    expect(dirichlet([1e-3, 1e-3], root).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it('the means are the shares of the concentrations', () => {
    const total = concentration.reduce((a, b) => a + b, 0);
    concentration.forEach((c, k) => expect(Math.abs(average(draws.map((d) => d[k])) - c / total)).toBeLessThan(0.02));
  });
});

describe('class concentrations', () => {
  const b = graphBuilder(2);
  const graph = b.graph(b.dense(b.input([2]), 3)) as Graph<CoreNode>;
  const rows = Float32Array.from([1, 0, 0.6, 0.8, -2, 0]);
  const changed = { ...graph, nodes: graph.nodes.map((n) => (n.kind === 'dense' ? { ...n, weight: rows } : n)) };

  it('cosines of rows, each row scaled to [0, 1], plus the floor', () => {
    // cosines: [1, 0.6, -1], [0.6, 1, -0.6], [-1, -0.6, 1]
    const want = [1, 0.8, 0, 0.75, 1, 0, 0, 0.2, 1];
    [...classConcentrations(changed)].forEach((c, i) => expect(c).toBeCloseTo(want[i] + CONCENTRATION_FLOOR, 6));
  });

  it('a soft label has its most on its own class or a relative', () => {
    const labels = Array.from({ length: 200 }, (_, i) => softTarget(classConcentrations(changed), 0, substream(root, i)));
    const [own, relative, stranger] = [0, 1, 2].map((c) => average(labels.map((l) => l[c])));
    expect(own).toBeGreaterThan(relative);
    expect(stranger).toBeLessThan(0.01);
  });

  it('the last layer is found through an average pool', () => {
    const p = graphBuilder(2);
    const conv = p.conv(p.input([2, 4, 4]), 3, windowOf(1));
    const pooled = p.add([p.add([conv], { kind: 'relu', cap: Infinity })], { kind: 'average-pool', window: windowOf(4, { stride: [4, 4] }), countPad: false });
    expect(lastLayer(p.graph(pooled) as Graph<CoreNode>)?.id).toBe(conv);
  });
});
