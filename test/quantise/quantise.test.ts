// Quantisation: the proof holds for every network and chip, and the integers mean what the floats meant.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerProjection } from '../../src/quantise/integer-network.js';
import { verifyIntegerNetwork } from '../../src/quantise/verify-integer.js';
import type { SpikingNetwork } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { asCore } from '../../src/lower/lower.js';
import { graphBuilder } from '../lower/graph-builder.js';
import { converted, coreGraphs, randomImages, roomyThresholds } from '../spiking/core-graphs.js';
import { simulateFloat } from '../spiking/float-simulator.js';
import { chipName, chips, filterOrder, gaussian, integers, neuronOptions, randomSpiking, singleLayer } from './networks.js';

const populationOf = (network: IntegerNetwork, id: string) => network.populations.find((p) => p.id === id)!;
const sumBy = (values: ArrayLike<number>, count: number): number[] => Array.from({ length: count }, (_, c) => Array.from(values).slice((c * values.length) / count, ((c + 1) * values.length) / count).reduce((a, b) => a + b, 0));

describe.each(chips.map((chip) => [chipName(chip), ...chip] as const))('on %s', (_name, target, neuron) => {
  it('random networks fit: the proof holds, weights stay in the mantissa, pruned ones stay zero, sums stay right', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), (seed) => {
      const network = randomSpiking(seed, neuron);
      const result = integers(network, target);
      verifyIntegerNetwork(result, target);
      for (const q of result.projections) verifyWeights(network, result, q, target);
    }), { seed: 7, numRuns: 25 });
  });

  it('agrees with the float network after 256 steps, to a few hundredths of the threshold', () => {
    for (const kind of ['residual', 'pooled', 'grouped'] as const) {
      const graph = coreGraphs[kind](1);
      const image = randomImages(graph, 1, 2);
      const network = converted(graph, { thresholds: roomyThresholds(graph, image), ...neuronOptions(neuron), timesteps: 256 });
      const expected = simulateFloat(network, image);
      const result = integers(network, target);
      const run = evaluateInteger(result, image, { seed: 0, sample: 0 });
      expect(run.counters.populations.at(-1)!.saturations).toBe(0);
      result.populations.forEach((p, k) => {
        const values = decode(result, k, run);
        const perChannel = values.length / p.shape[0];
        const largest = Math.max(...expected.get(p.id)!.map(Math.abs));
        const unit = (i: number): number => (p.id === result.output ? largest : network.populations[k].threshold[Math.floor(i / perChannel)]);
        for (const [i, v] of values.entries()) expect(Math.abs(v - expected.get(p.id)![i]) / unit(i)).toBeLessThan(0.04);
      });
    }
  });
});

describe('the bound', () => {
  const image = (weight: Float32Array): Float32Array => weight.subarray(0, weight.length / 2).map((w, k) => (w > weight[weight.length / 2 + k] ? 1 : -1));

  it.each(chips.map((chip) => [chipName(chip), chip[0]] as const))('is reached exactly when every excitatory input spikes: %s', (_name, target) => {
    // each pixel has one positive and one negative weight, so an image can make all positive ones spike
    const half = gaussian(300, 1).map(Math.abs);
    const weight = Float32Array.from([...half, ...half], (w, i) => (i % 300 < 150 === i < 300 ? w : -w));
    const result = integers(singleLayer({ weight, outputs: 1 }), target);
    const [q] = result.projections;
    const { scores } = evaluateInteger(result, image(weight), { seed: 0, sample: 0 });
    expect(scores[0] / 2 ** q.shift).toBe(q.bound);
    expect(q.bound).toBeGreaterThan(0);
  });

  it('is the larger of the excitatory and the inhibitory sum, and counts a pooled cell once a pixel', () => {
    const network = singleLayer({ weight: Float32Array.of(1, 0.5, -1, -1), outputs: 1 });
    const pooled: SpikingNetwork = {
      ...network,
      populations: network.populations.map((p, k) => (k === 0 ? { ...p, shape: [4, 2, 3] as const } : p)),
      projections: network.projections.map((q) => ({ ...q, pool: [2, 3] as const })),
    };
    const target = loadTarget('virtual');
    const [plainBound, pooledBound] = [network, pooled].map((n) => { const [q] = integers(n, target).projections; return q.bound / Math.max(...q.weight.map(Math.abs)); });
    expect(plainBound).toBe(2);
    expect(pooledBound).toBe(12);
  });

  it('is the sum of all magnitudes behind a source whose spikes may be -1', () => {
    const network = singleLayer({ weight: Float32Array.of(1, 0.5, -1, -1), outputs: 1 });
    const signed: SpikingNetwork = { ...network, populations: network.populations.map((p, k) => (k === 0 ? { ...p, neuron: { model: 'signed-if', reset: 'soft', retract: 0 } } : p)) };
    const [q] = integers(signed, loadTarget('virtual')).projections;
    expect([q.bound, Math.max(...q.weight)]).toEqual([127 + 63 + 127 + 127, 127]);
    const wide = singleLayer({ weight: gaussian(2000, 6).map((w) => Math.sign(w)), outputs: 1 });
    const wideSigned: SpikingNetwork = { ...wide, populations: wide.populations.map((p, k) => (k === 0 ? { ...p, neuron: { model: 'signed-if', reset: 'soft', retract: 0 } } : p)) };
    const [largest, halved] = [wide, wideSigned].map((n) => Math.max(...integers(n, loadTarget('loihi2')).projections[0].weight));
    expect(halved / largest).toBeCloseTo(0.5, 1);
  });

  it('shrinks the scale where the weights\' own width would let a sum leave 16 bits', () => {
    const weight = new Float32Array(2 * 1000).fill(1);
    const [q] = integers(singleLayer({ weight, outputs: 1 }), loadTarget('loihi2')).projections;
    expect(Math.max(...q.weight)).toBeLessThan(20);
    expect(q.bound).toBeLessThanOrEqual(32767);
    expect(q.bound).toBeGreaterThan(0.9 * 32767);
  });
});

describe('the output', () => {
  it.each([['loihi1'], ['loihi2'], ['virtual']])('cannot saturate on %s even if every excitatory input spikes in every one of many steps', (name) => {
    const half = gaussian(200, 2).map(Math.abs);
    const weight = Float32Array.from([...half, ...half], (w, i) => (i < 200 ? w : -w));
    const layer = singleLayer({ weight, outputs: 1, timesteps: 64, threshold: Float32Array.of(500) });
    const result = integers(layer, loadTarget(name));
    const run = evaluateInteger(result, new Float32Array(200).fill(1), { seed: 0, sample: 0 });
    expect(run.counters.populations[1].saturations).toBe(0);
    expect(run.scores[0]).toBe(64 * result.projections[0].bound * 2 ** result.projections[0].shift);
  });
});

describe('a channel of small weights', () => {
  const weight = gaussian(2 * 64, 3).map((w, i) => (i < 64 ? w : w / 20));
  const network = singleLayer({ weight, outputs: 2, neuron: { model: 'if', reset: 'soft' } });
  const target = loadTarget('loihi2');

  /** Relative error of each channel's weights. */
  const errors = (chip: Target): number[] => {
    const result = integers(network, chip);
    const p = populationOf(result, 'out');
    const read = filterOrder(result.projections[0], p);
    const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((a, b) => a + b * b, 0));
    return [0, 1].map((c) => {
      const own = [...weight.subarray(64 * c, 64 * c + 64)];
      return norm(own.map((w, i) => (read[64 * c + i] * 2 ** result.projections[0].shift) / p.scale[c] - w)) / norm(own);
    });
  };

  it('takes a power of two more steps for its threshold, and so keeps its precision', () => {
    expect([...populationOf(integers(network, target), 'out').thresholdExponent]).toEqual([0, 4]);
    const oneThreshold = { ...target, core: { ...target.core, thresholdProfiles: 1 } };
    expect([...populationOf(integers(network, oneThreshold), 'out').thresholdExponent]).toEqual([0, 0]);
    const [[large, small], [, coarse]] = [errors(target), errors(oneThreshold)];
    expect(small).toBeLessThan(2 * large);
    expect(coarse).toBeGreaterThan(8 * small);
  });

  it('fires as its float neuron does, whatever its exponent', () => {
    const driven = { ...singleLayer({ weight, outputs: 2, neuron: { model: 'if', reset: 'soft' }, timesteps: 200, threshold: Float32Array.of(20, 1) }) };
    const image = gaussian(32, 4).map(Math.sign);
    const result = integers(driven, target);
    const spikes = evaluateInteger(result, image, { seed: 0, sample: 0 }).spikes[1];
    const rates = [0, 1].map((c) => spikes.reduce((n, step) => n + step[c], 0) / 200);
    const currents = [0, 1].map((c) => image.reduce((sum, x, k) => sum + weight[64 * c + (x > 0 ? k : 32 + k)], 0));
    rates.forEach((rate, c) => expect(rate).toBeCloseTo(Math.min(1, Math.max(0, currents[c] / [20, 1][c])), 1.7));
    expect(Math.max(...rates)).toBeGreaterThan(0.1);
  });
});

it('the reset of two compartments is one inhibitory weight, mantissa * 2^exponent, that a synapse format holds', () => {
  const target = loadTarget('loihi1');
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const result = integers(randomSpiking(seed, 'soft-two-compartment'), target);
    for (const p of result.populations.filter((q) => q.neuron.model === 'if')) {
      const incoming = result.projections.filter((q) => q.target === p.id);
      if (incoming.length === 0) continue;
      for (const e of p.thresholdExponent) {
        let steps = (p.threshold * 2 ** e) / 2 ** Math.min(...incoming.map((q) => q.shift));
        expect(Number.isInteger(steps)).toBe(true);
        let shift = Math.min(...incoming.map((q) => q.shift)) - Math.log2(target.numbers.weightStep);
        while (steps > target.numbers.weightMax) { expect(steps % 2).toBe(0); steps /= 2; shift++; }
        expect(shift).toBeLessThanOrEqual(target.numbers.shiftMax);
      }
    }
  }
});

it('a leak becomes a decay of so many 4096ths', () => {
  const graph = coreGraphs.residual(2);
  const images = randomImages(graph, 1, 3);
  const leaky = converted(graph, { thresholds: roomyThresholds(graph, images), leak: 1 - 64 / 4096 });
  expect(integers(leaky, loadTarget('loihi2')).populations.map((p) => p.decay)).toEqual([64, 64, 64, 0]);
});

it('the host adds a population\'s bias once, however many layers read the image', () => {
  const b = graphBuilder(5);
  const x = b.input([2, 4, 4]);
  const graph = asCore(b.graph(b.dense(b.flatten(b.relu(b.add(b.conv(x, 2), b.conv(x, 2, { kernel: [1, 1], pads: [0, 0, 0, 0] })))), 3)));
  const image = randomImages(graph, 1, 6);
  const network = converted(graph, { thresholds: roomyThresholds(graph, image), timesteps: 128 });
  const result = integers(network, loadTarget('loihi2'));
  if (result.input.code !== 'bias' || network.input.code !== 'bias') throw new Error('expected the bias code');
  expect(result.input.layers.map((l) => l.bias.some((v) => v !== 0))).toEqual([true, false]);
  expect([...result.populations[0].bias]).toEqual([0, 0]);
  const values = decode(result, 0, evaluateInteger(result, image, { seed: 0, sample: 0 }));
  const expected = simulateFloat(network, image).get(network.populations[0].id)!;
  values.forEach((v, i) => expect(Math.abs(v - expected[i])).toBeLessThan(0.02 * Math.max(...network.populations[0].threshold)));
});

/** Weights are their float ones to less than a step, and each channel's sum to half a step; only a channel at the least threshold may be clipped. */
function verifyWeights(network: SpikingNetwork, result: IntegerNetwork, q: IntegerProjection, { numbers }: Target): void {
  const source = network.projections.find((p) => p.id === q.id)!;
  const population = populationOf(result, q.target);
  const channels = population.shape[0];
  const perChannel = source.weight.length / channels;
  const weight = filterOrder(q, population);
  const scaled = Float64Array.from(source.weight, (w, i) => (w * population.scale[Math.floor(i / perChannel)]) / 2 ** q.shift);
  const [kept, wanted] = [sumBy(weight, channels), sumBy(scaled, channels)];
  for (let c = 0; c < channels; c++) {
    const clipped = scaled.subarray(c * perChannel, (c + 1) * perChannel).some((w) => Math.abs(w) > numbers.weightMax + 0.01);
    if (clipped) expect([population.thresholdExponent[c], population.threshold / 2 ** Math.min(...result.projections.filter((p) => p.target === q.target).map((p) => p.shift))]).toEqual([0, 1]);
    else expect(Math.abs(kept[c] - wanted[c])).toBeLessThanOrEqual(0.51);
  }
  weight.forEach((w, i) => {
    const nearest = Math.min(numbers.weightMax, Math.max(-numbers.weightMax, scaled[i]));
    if (Math.abs(w) > numbers.weightMax) throw new Error(`${q.id}: weight ${w}`);
    if (source.weight[i] === 0 && w !== 0) throw new Error(`${q.id}: a pruned weight came back as ${w}`);
    if (Math.abs(w - nearest) > 1.001) throw new Error(`${q.id}: ${scaled[i]} became ${w}`);
  });
}

/** Activations: scale^-1 of the threshold times the rate, or of v / T. */
function decode(network: IntegerNetwork, index: number, run: ReturnType<typeof evaluateInteger>): Float64Array {
  const p = network.populations[index];
  const pixels = p.shape[1] * p.shape[2];
  return Float64Array.from(run.potentials[index], (v, i) => {
    const c = Math.floor(i / pixels);
    const total = p.id === network.output ? v : run.spikes[index].reduce((n, step) => n + step[i], 0) * p.threshold * 2 ** p.thresholdExponent[c];
    return total / p.scale[c] / network.timesteps;
  });
}
