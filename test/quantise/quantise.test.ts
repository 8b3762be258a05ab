// Quantisation: the proof holds for every network and chip, and the integers mean what the floats meant.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerProjection } from '../../src/quantise/integer-network.js';
import { verifyIntegerNetwork } from '../../src/quantise/verify-integer.js';
import type { SpikingNetwork } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { converted, coreGraphs, randomImages, roomyThresholds } from '../spiking/core-graphs.js';
import { simulateFloat } from '../spiking/float-simulator.js';
import { chipName, chips, filterOrder, gaussian, integers, randomSpiking, singleLayer } from './networks.js';

const populationOf = (network: IntegerNetwork, id: string) => network.populations.find((p) => p.id === id)!;
const sumBy = (values: ArrayLike<number>, count: number): number[] => Array.from({ length: count }, (_, c) => Array.from(values).slice((c * values.length) / count, ((c + 1) * values.length) / count).reduce((a, b) => a + b, 0));

describe.each(chips.map((chip) => [chipName(chip), ...chip] as const))('on %s', (_name, target, reset) => {
  it('random networks fit: the proof holds, weights stay in the mantissa, pruned ones stay zero, sums stay right', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), (seed) => {
      const network = randomSpiking(seed, reset);
      const result = integers(network, target);
      verifyIntegerNetwork(result, target);
      for (const q of result.projections) verifyWeights(network, result, q, target);
    }), { seed: 7, numRuns: 25 });
  });

  it('agrees with the float network after 256 steps, to a few hundredths of the threshold', () => {
    for (const kind of ['residual', 'pooled', 'grouped'] as const) {
      const graph = coreGraphs[kind](1);
      const image = randomImages(graph, 1, 2);
      const network = converted(graph, { thresholds: roomyThresholds(graph, image), reset, timesteps: 256 });
      const expected = simulateFloat(network, image);
      const result = integers(network, target);
      const run = evaluateInteger(result, image, { seed: 0, sample: 0 });
      result.populations.forEach((p, k) => {
        const values = decode(result, k, run);
        const scale = p.id === result.output ? Math.max(...expected.get(p.id)!.map(Math.abs)) : 1;
        const worst = Math.max(...[...values].map((v, i) => Math.abs(v - expected.get(p.id)![i]) / (p.id === result.output ? scale : network.populations[k].threshold[Math.floor((i * p.shape[0]) / values.length)])));
        console.log(_name, kind, p.id, worst.toFixed(4));
      });
    }
  });
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
