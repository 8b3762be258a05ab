// The parts of the attacks: evolution on functions with known minima, the slopes of wishes, and what stands in for a spiking network.
import { describe, expect, it } from 'vitest';
import { sample, startEvolution, tell } from '../../../src/audit/classes/evolve.js';
import { emptyPicture, entrance, invert, stretchContrast } from '../../../src/audit/classes/invert.js';
import { readNetwork } from '../../../src/audit/classes/read-program.js';
import { createScorer } from '../../../src/audit/classes/scorer.js';
import { asAnn, rateGraph, withConstantInput, withPoissonInput } from '../../../src/audit/classes/stand-ins.js';
import { addThresholdGradient, batchNormPrior, thresholdPrior } from '../../../src/audit/classes/statistics-prior.js';
import { attackKey, attackName, inapplicable, suite } from '../../../src/audit/classes/suite.js';
import { graphVictim, spikingVictim, wish } from '../../../src/audit/classes/victim.js';
import { Reporter } from '../../../src/diagnostics.js';
import { nodeId } from '../../../src/graph/graph.js';
import { createEvaluator } from '../../../src/graph/evaluate.js';
import { createKernels } from '../../../src/kernels/kernels.js';
import { createImageDifferentiator } from '../../../src/learn/image-gradient.js';
import { quantise } from '../../../src/quantise/quantise.js';
import { normal, randomStream, substream } from '../../../src/random.js';
import { neuronCount, type SpikingNetwork } from '../../../src/spiking/network.js';
import { loadTarget } from '../../../src/target/load-target.js';
import { randomSpiking } from '../../learn/random-spiking.js';
import { CANVAS, converted, shapes, trainedGraph } from './shapes.js';

describe('evolution', () => {
  const descend = (f: (x: Float64Array) => number, generations: number): number => {
    const state = startEvolution(new Float64Array(10).fill(2), 1);
    for (let g = 0; g < generations; g++) {
      const children = sample(state, substream(randomStream(4), g));
      tell(state, children, children.map(f));
    }
    return f(state.mean);
  };
  it('finds the minimum of a sphere, and of an ellipsoid a thousand times as long as wide', () => {
    expect(descend((x) => x.reduce((s, v) => s + v * v, 0), 200)).toBeLessThan(1e-8);
    expect(descend((x) => x.reduce((s, v, i) => s + 1000 ** ((2 * i) / 9) * v * v, 0), 600)).toBeLessThan(1e-8);
  });
});

describe('a wish', () => {
  it('has the slope of its loss, times the temperature', () => {
    const scores = [3, -2, 7, 0.5];
    const { slope } = wish(scores, 1);
    scores.forEach((_, c) => {
      const moved = (d: number): number => wish(scores.map((s, k) => (k === c ? s + d : s)), 1).loss;
      expect((5 * (moved(1e-5) - moved(-1e-5))) / 2e-5).toBeCloseTo(slope[c], 7);
    });
  });
});

describe('pictures', () => {
  it('enter as their bytes do, and gradients come back scaled alike', () => {
    const { forward, back } = entrance(CANVAS.shape, CANVAS.normalisation);
    expect(forward(Float32Array.of(-1, 1, 0))[0]).toBeCloseTo((0 - 0.2) / 0.35, 5);
    expect(forward(Float32Array.of(-1, 1, 0))[1]).toBeCloseTo((1 - 0.2) / 0.35, 5);
    expect(back(Float32Array.of(2))[0]).toBeCloseTo(2 * 0.5 / 0.35, 5);
    expect(forward(emptyPicture(CANVAS.shape, CANVAS.normalisation))[5]).toBeCloseTo(0, 5);
  });
  it('are stretched to full contrast one by one', () => {
    const pictures = Float32Array.of(0, 0.5, 0.25, -0.1, -0.1, -0.1);
    stretchContrast(pictures, 3);
    expect([...pictures]).toEqual([-1, 1, 0, expect.closeTo(-0.1, 6), expect.closeTo(-0.1, 6), expect.closeTo(-0.1, 6)]);
  });
});

const images = (network: SpikingNetwork, count: number, seed: number): Float32Array => Float32Array.from(normal(randomStream(seed), count * neuronCount(network.imageShape)));
const target = loadTarget('loihi2');

describe('what stands in for a spiking network', () => {
  it('a program is read back as the network whose scores it has, whatever its structure', () => {
    for (const seed of [1, 2, 3, 5, 8, 13]) {
      const { network: drawn } = randomSpiking(seed, { reset: 'soft', leak: 1, code: seed % 2 === 0 ? 'bias' : 'rate', channels: [3, 5] });
      // an encoder has one threshold for all pixels
      const network = { ...drawn, populations: drawn.populations.map((p, i) => (i === 0 && drawn.input.code === 'rate' ? { ...p, threshold: p.threshold.map(() => 2.5) } : p)) };
      const report = new Reporter();
      const integers = quantise({ ...network, timesteps: 96 }, target, report);
      report.finish();
      const read = readNetwork(integers);
      expect(read.projections.map((p) => p.weight.length)).toEqual(network.projections.map((p) => p.weight.length));
      read.projections.forEach((p, i) => {
        const most = network.projections[i].weight.reduce((a, w) => Math.max(a, Math.abs(w)), 0);
        p.weight.forEach((w, k) => expect(Math.abs(w - network.projections[i].weight[k]) / most).toBeLessThan(0.03));
      });
      read.populations.slice(0, -1).forEach((p, i) => p.threshold.forEach((t, c) => expect(t / network.populations[i].threshold[c]).toBeCloseTo(1, 1)));
      const set = images(network, 4, seed);
      const [a, b] = [createScorer({ kind: 'program', program: { network: integers } }), createScorer({ kind: 'spiking', network: read })].map((ask) => ask(set, 4, randomStream(0)));
      const size = Math.max(...a.map(Math.abs));
      a.forEach((v, k) => expect(Math.abs(v - b[k]) / size, `seed ${seed}`).toBeLessThan(0.1));
    }
  });
  it('the rate equation says what many steps of the neurons say', () => {
    for (const seed of [2, 4, 6, 10]) {
      const { network } = randomSpiking(seed, { reset: 'soft', leak: 1, code: 'bias' });
      const long = { ...network, timesteps: 800, populations: network.populations.map((p) => ({ ...p, initial: 0.5 })) };
      const image = images(network, 1, seed);
      const { scores } = createImageDifferentiator(long, { shape: 'triangle', width: 1 }, createKernels()).score(image, randomStream(0));
      const rates = createEvaluator(rateGraph(network), createKernels()).run(image, 1).outputs[0];
      const size = Math.max(0.5, ...scores.map(Math.abs));
      rates.forEach((r, c) => expect(Math.abs(r - scores[c]) / size).toBeLessThan(0.02));
    }
  });
  it('with a leak nothing flows below the current that the leak takes', () => {
    const { network } = randomSpiking(3, { reset: 'soft', leak: 0.8, code: 'bias' });
    const still: SpikingNetwork = { ...network, populations: network.populations.map((p, i) => (i === 0 ? { ...p, bias: p.threshold.map((t) => 0.19 * t) } : { ...p, bias: new Float32Array(p.bias.length) })), input: { code: 'bias', layers: network.input.code === 'bias' ? network.input.layers.map((l) => ({ ...l, weight: new Float32Array(l.weight.length) })) : [] } };
    const first = nodeId('first');
    const ask = (n: SpikingNetwork): number[] => [...createEvaluator(rateGraph(n), createKernels()).run(images(n, 1, 1), 1, { keep: [first] }).kept.get(first)!];
    ask(still).forEach((a) => expect(a).toBe(0));
    // (0.4 - 0.2) / (1 - 0.2) of the threshold
    const plane = network.populations[0].shape[1] * network.populations[0].shape[2];
    ask({ ...still, populations: still.populations.map((p, i) => (i === 0 ? { ...p, bias: p.threshold.map((t) => 0.4 * t) } : p)) }).forEach((a, i) => expect(a).toBeCloseTo(0.25 * network.populations[0].threshold[Math.floor(i / plane)], 5));
  });
  it('Poisson spikes carry the image on average, through host layers, groups and encoders', () => {
    for (const [seed, code] of [[4, 'bias'], [6, 'bias'], [9, 'bias'], [5, 'rate'], [7, 'rate']] as const) {
      const { network } = randomSpiking(seed, { reset: 'soft', leak: 1, code });
      const full = 4;
      const long = { ...network, timesteps: 3000, populations: network.populations.map((p) => ({ ...p, initial: 0.5 })) };
      const image = images(network, 1, seed).map((x) => 0.5 * x);
      const ask = (n: SpikingNetwork): Float64Array => createImageDifferentiator(n, { shape: 'triangle', width: 1 }, createKernels()).score(image, randomStream(1)).scores;
      // neurons that a noisy current passes above or below threshold make the two differ a little
      const [plain, spiked] = [ask(long), ask(withPoissonInput(long, full))];
      const size = Math.max(0.5, ...plain.map(Math.abs));
      plain.forEach((v, c) => expect(Math.abs(v - spiked[c]) / size, `${seed} ${code}`).toBeLessThan(0.5));
      expect(withConstantInput(withPoissonInput(network, full)).input.code).toBe('rate');
    }
  });
});

describe('the statistics of attack E', () => {
  it('of thresholds: the slope is that of the loss', () => {
    const value = Float32Array.from(normal(randomStream(3), 2 * 3 * 4));
    const threshold = Float32Array.of(1, 2, 0.5);
    const gradient = new Float32Array(value.length);
    addThresholdGradient(value, gradient, threshold, { count: 2, weight: 3 });
    const loss = (v: Float32Array): number => 3 * addThresholdGradient(v, new Float32Array(v.length), threshold, { count: 2, weight: 1 });
    expect(gradient.filter((g) => g !== 0)).toHaveLength(3);
    gradient.forEach((g, i) => expect((loss(value.with(i, value[i] + 1e-3)) - loss(value.with(i, value[i] - 1e-3))) / 2e-3).toBeCloseTo(g, 2));
  });
  it('are watched where the thresholds compare, and absent without batch norm', async () => {
    const { network } = randomSpiking(2, { code: 'bias' });
    const graph = asAnn(network);
    const { watch } = thresholdPrior(graph, network, 2);
    expect(watch).toHaveLength(network.populations.length - 1);
    expect(batchNormPrior(graph, 2)).toBeNull();
    const victim = graphVictim(graph, createKernels(), thresholdPrior(graph, network, 2));
    expect(victim(images(network, 2, 1), Uint16Array.of(0, 1), randomStream(0)).gradient.some((g) => g !== 0)).toBe(true);
  });
});

describe('the suite', () => {
  it('has 22 attacks with names of their own', () => {
    expect(suite).toHaveLength(22);
    expect(new Set(suite.map(attackName)).size).toBe(22);
    expect(new Set(suite.map(attackKey)).size).toBe(22);
    expect(attackName(suite[5])).toBe('B back through time (triangle, Poisson), smooth prior');
  });
  it('says where an attack has nothing to work on', () => {
    const { network } = randomSpiking(2, { code: 'bias' });
    const reasons = (subject: Parameters<typeof inapplicable>[1]): string[] => [...new Set(suite.map((a) => inapplicable(a, subject)).filter((r) => r !== null))];
    expect(reasons({ kind: 'spiking', network })).toEqual([]);
    expect(reasons({ kind: 'ann', graph: asAnn(network) })).toEqual(['an ANN has no spikes', 'the file holds no batch-norm statistics']);
    const cuba = { ...network, populations: network.populations.map((p, i) => (i === 0 ? { ...p, neuron: { model: 'cuba' as const, reset: 'soft' as const, leak: 1, currentLeak: 0.5, refractory: 1 } } : p)) };
    expect(reasons({ kind: 'spiking', network: cuba })).toEqual(['no gradient is known here for neurons whose currents last']);
  });
});

it('inversion makes the victim sure, whatever stands for the network, and equal streams make equal bytes', async () => {
  const graph = await trainedGraph(shapes(400, 1));
  const network = converted(graph, 12);
  const labels = Uint16Array.of(0, 1, 2, 3);
  const surrogate = { shape: 'fast-sigmoid', width: 1 } as const;
  const victims = [graphVictim(graph, createKernels()), graphVictim(rateGraph(network), createKernels()), spikingVictim(network, { surrogate, draws: 1 }, createKernels()), spikingVictim(withPoissonInput(network, 2.3), { surrogate, draws: 2 }, createKernels())];
  for (const [i, victim] of victims.entries()) {
    const run = (steps: number) => {
      const making = invert(victim, labels, CANVAS, { settings: { prior: i % 2 === 0 ? 'none' : 'smooth', steps, rate: 0.1, restarts: 1 }, stream: randomStream(5) });
      let next = making.next();
      while (next.done !== true) next = making.next();
      return next.value;
    };
    const [before, after, again] = [run(1), run(30), run(30)];
    const mean = (x: Float64Array): number => x.reduce((a, b) => a + b, 0) / x.length;
    expect(mean(after.losses), `victim ${i}`).toBeLessThan(0.75 * mean(before.losses));
    expect(again.bytes).toEqual(after.bytes);
  }
});
