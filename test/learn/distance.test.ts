// Parameters survive being read and applied; the read-back network is the ANN that was converted.
import { describe, expect, it } from 'vitest';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { applyParameters } from '../../src/learn/apply.js';
import { createLearner } from '../../src/learn/fast-bptt.js';
import { readBackGraph, weightDistance } from '../../src/learn/distance.js';
import { readParameters } from '../../src/learn/parameters.js';
import { roundedNetwork } from '../../src/quantise/rounded-network.js';
import { readTarget } from '../simulate/build-program.js';
import { randomSpiking } from './random-spiking.js';

describe('parameters', () => {
  it('give back the same network', () => {
    for (let seed = 1; seed < 10; seed++) {
      const { network } = randomSpiking(seed);
      const again = applyParameters(network, readParameters(network));
      expect(readParameters(again)).toEqual(readParameters(network));
      expect(again.populations.map((p) => p.shape)).toEqual(network.populations.map((p) => p.shape));
    }
  });
});

describe('the distance', () => {
  it('is nothing without learning, and does not see a change of units', () => {
    const { network } = randomSpiking(2, { code: 'bias' });
    for (const d of weightDistance(network, network)) {
      expect(d.cosine).toBeCloseTo(1, 6);
      expect(d.relative).toBe(0);
    }
    const [first] = network.populations;
    const louder = {
      ...network,
      populations: network.populations.map((p) => (p === first ? { ...p, threshold: p.threshold.map((t) => 2 * t) } : p)),
      projections: network.projections.map((p) => (p.source === first.id ? { ...p, weight: p.weight.map((w) => 2 * w) } : p)),
    };
    for (const d of weightDistance(network, louder)) expect(d.relative).toBeLessThan(1e-6);
  });
  it('is that of the layer that moved', () => {
    const { network } = randomSpiking(3, { code: 'bias' });
    const moved = { ...network, projections: network.projections.map((p, i) => (i === 0 ? { ...p, weight: p.weight.map((w) => -2 * w) } : p)) };
    const [host, first, second] = weightDistance(network, moved);
    expect(host.layer).toBe('host into first');
    expect([first.cosine, first.relative].map((x) => Math.round(x * 1e5) / 1e5)).toEqual([-1, 3]);
    expect(second.relative).toBe(0);
  });
});

describe('the network read back', () => {
  it('is the limit of many steps of the spiking one', () => {
    // one population: its mean output over T steps tends to the rectified network's score
    for (const code of ['bias', 'rate'] as const) {
      const { network, image } = randomSpiking(code === 'bias' ? 7 : 8, { code, reset: 'soft', leak: 1 });
      const graph = readBackGraph(network);
      const [scores] = createEvaluator(graph, createKernels()).run(image, 1).outputs;
      expect(scores.length).toBe(network.populations[network.populations.length - 1].shape[0]);
      const high = network.populations.map((p) => p.threshold.map(() => 60));
      const wide = {
        ...network, timesteps: 600,
        populations: network.populations.map((p, i) => ({ ...p, threshold: high[i], initial: p.neuron.model === 'integrator' ? 0 : 0.5 })),
        projections: network.projections.map((p) => {
          const source = network.populations.find((q) => q.id === p.source)!;
          const inGroup = source.shape[0] / p.groups;
          const taps = p.window.kernel[0] * p.window.kernel[1];
          const perGroup = p.weight.length / p.groups;
          return { ...p, weight: p.weight.map((w, k) => (w * 60) / source.threshold[Math.floor(k / perGroup) * inGroup + (Math.floor(k / taps) % inGroup)]) };
        }),
      };
      const spiking = meanScores(wide, image);
      spiking.forEach((s, c) => expect(Math.abs(s - scores[c])).toBeLessThan(1.5));
    }
  });
});

function meanScores(network: Parameters<typeof createLearner>[0], image: Float32Array): Float64Array {
  const learner = createLearner(network, { surrogate: { shape: 'boxcar', width: 0.25 }, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, createKernels());
  learner.load(readParameters(network));
  const classes = network.populations[network.populations.length - 1].shape[0];
  return learner.evaluate(image, { target: new Float64Array(classes), teacher: new Float64Array(classes) }).scores;
}

describe('rounding', () => {
  it('moves each weight by at most about a step of its layer', () => {
    for (let seed = 1; seed < 8; seed++) {
      const { network } = randomSpiking(seed);
      const rounded = roundedNetwork(network, readTarget('loihi2'));
      rounded.projections.forEach((p, i) => {
        const before = network.projections[i].weight;
        const peak = before.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        p.weight.forEach((w, k) => expect(Math.abs(w - before[k])).toBeLessThan(0.05 * peak));
      });
      expect(readParameters(rounded)).not.toEqual(readParameters(network));
    }
  });
});
