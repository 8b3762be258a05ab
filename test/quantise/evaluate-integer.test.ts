// What the neurons of an integer network do, against formulas and published vectors.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { decayed, evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerPopulation } from '../../src/quantise/integer-network.js';
import { populationId } from '../../src/spiking/network.js';

/** One neuron under a constant current, and an integrator that adds up its spikes. */
function single(neuron: Partial<IntegerPopulation>, current: number, timesteps: number): IntegerNetwork {
  const base = { shape: [1, 1, 1] as const, decay: 0, initial: 0, limit: 8388607, scale: Float64Array.of(1), thresholdExponent: new Uint8Array(1) };
  return {
    imageShape: [1, 1, 1], timesteps, output: populationId('sum'), input: { code: 'bias', layers: [], format: { mantissaMax: 4095, exponentMax: 7 } },
    populations: [
      { ...base, id: populationId('n'), neuron: { model: 'if', reset: 'soft' }, threshold: 1000, bias: Int32Array.of(current), depth: 0, ...neuron },
      { ...base, id: populationId('sum'), neuron: { model: 'integrator' }, threshold: 0, bias: Int32Array.of(0), depth: 1 },
    ],
    projections: [{
      id: 'p', source: populationId('n'), target: populationId('sum'), weight: Int8Array.of(1), shift: 3, groups: 1, pool: [1, 1], delay: 0, bound: 1, weightError: 0,
      window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] },
    }],
  };
}
const run = (network: IntegerNetwork) => evaluateInteger(network, Float32Array.of(0), { seed: 0, sample: 0 });
const train = (network: IntegerNetwork): number[] => run(network).spikes[0].map((s) => s[0]);

describe('evaluateInteger', () => {
  it('fires an IF neuron with soft reset at the rate current / threshold, within one spike', () => {
    fc.assert(fc.property(fc.integer({ min: -500, max: 2500 }), fc.integer({ min: 0, max: 999 }), (current, initial) => {
      const T = 64;
      const count = train(single({ initial }, current, T)).reduce((a, b) => a + b, 0);
      const ideal = Math.min(T, Math.max(0, (T * current + initial) / 1000));
      expect(Math.abs(count - ideal)).toBeLessThanOrEqual(1);
    }), { seed: 3, numRuns: 100 });
  });

  it('loses the rest of v with a hard reset', () => {
    // 600 a step over 1000: v = 600, 1200 -> spike, 600, ... : the rate is 1/2, not 0.6.
    expect(train(single({ neuron: { model: 'if', reset: 'hard' } }, 600, 8))).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    expect(train(single({}, 600, 8))).toEqual([0, 1, 0, 1, 0, 1, 1, 0]);
  });

  it('does not spike at the threshold itself', () => {
    expect(train(single({}, 1000, 3))).toEqual([0, 1, 1]);
    expect(train(single({}, 1001, 3))).toEqual([1, 1, 1]);
  });

  it('brings a LIF neuron below threshold to current * 4096 / decay', () => {
    const result = run(single({ neuron: { model: 'lif', reset: 'soft', leak: 0.9 }, decay: 512, threshold: 100000 }, 1000, 200));
    expect(result.spikes[0].every((s) => s[0] === 0)).toBe(true);
    expect(Math.abs(result.potentials[0][0] - 1000 * 4096 / 512)).toBeLessThanOrEqual(8);
  });

  it('decays as Loihi does (published vectors of the bit-accurate Lava model)', () => {
    const u = [128 * 64];
    while (u.length < 8) u.push(decayed(u[u.length - 1], 2048));
    expect(u).toEqual([8192, 4096, 2048, 1024, 512, 256, 128, 64]);
    const v: number[] = [];
    for (let t = 0, current = 8192, state = 0; t < 8; t++, current = decayed(current, 1)) v.push(state = decayed(state, 2048) + current);
    expect(v).toEqual([8192, 12286, 14331, 15351, 15859, 16111, 16235, 16295]);
    expect(decayed(-5, 1)).toBe(-4); // towards zero, on both sides
  });

  it('clips at the limit and counts it', () => {
    const result = run(single({ limit: 1500, threshold: 5000 }, 1000, 5));
    expect(result.potentials[0][0]).toBe(1500);
    expect(result.counters.populations[0].saturations).toBe(4);
  });

  it('counts every weight read, and neurons with input as active', () => {
    const result = run(single({}, 600, 8));
    expect(result.counters).toEqual({
      populations: [{ spikes: 4, retractions: 0, activeUpdates: 8, inactiveUpdates: 0, saturations: 0 }, { spikes: 0, retractions: 0, activeUpdates: 4, inactiveUpdates: 4, saturations: 0 }],
      synapticOps: [4],
    });
    expect(result.scores[0]).toBe(4 * 8);
  });

  it('takes spikes back: below -retract * threshold, strictly, and never more than were sent', () => {
    // u: 1900 sends, 300, -300 takes back with retract 0 (v = 700), 100, -500 stays: nothing is left to take back
    const neuron = (retract: number): Partial<IntegerPopulation> => ({ neuron: { model: 'signed-if', reset: 'soft', retract }, initial: 2500 });
    expect(train(single(neuron(0), -600, 5))).toEqual([1, 0, -1, 0, 0]);
    expect(train(single(neuron(0.5), -600, 5))).toEqual([1, 0, 0, -1, 0]);
    expect(train(single(neuron(0.3), -600, 4))).toEqual([1, 0, 0, -1]); // -300 is the bound itself
    expect(train(single({ ...neuron(0), neuron: { model: 'if', reset: 'soft' } }, -600, 5))).toEqual([1, 0, 0, 0, 0]);
    expect(train(single({ ...neuron(0), initial: 4400 }, -600, 8))).toEqual([1, 1, 0, 0, -1, -1, 0, 0]);
    // a channel's exponent moves both bounds: theta 2000, taken back below -1000
    expect(train(single({ ...neuron(0.5), thresholdExponent: Uint8Array.of(1) }, -1200, 5))).toEqual([1, 0, 0, -1, 0]);
  });

  it('keeps the account of a signed neuron: v and what was sent add up to what came in', () => {
    const retract = fc.constantFrom(0, 0.25, 0.5, 1);
    fc.assert(fc.property(fc.integer({ min: -1500, max: 1500 }), fc.integer({ min: -2000, max: 20000 }), retract, fc.integer({ min: 1, max: 40 }), (current, initial, share, T) => {
      const network = single({ neuron: { model: 'signed-if', reset: 'soft', retract: share }, initial }, current, T);
      const sent = train(network).map((_, t, spikes) => spikes.slice(0, t + 1).reduce((a, b) => a + b, 0));
      expect(Math.min(...sent)).toBeGreaterThanOrEqual(0);
      expect(run(network).potentials[0][0] + 1000 * sent[T - 1]).toBe(initial + T * current);
    }), { seed: 4, numRuns: 200 });
  });

  it('a spike of -1 counts as a spike, as operations and as input, with the weight\'s opposite', () => {
    const result = run(single({ neuron: { model: 'signed-if', reset: 'soft', retract: 0 }, initial: 2500 }, -600, 5));
    expect(result.counters).toEqual({
      populations: [{ spikes: 2, retractions: 1, activeUpdates: 5, inactiveUpdates: 0, saturations: 0 }, { spikes: 0, retractions: 0, activeUpdates: 2, inactiveUpdates: 3, saturations: 0 }],
      synapticOps: [2],
    });
    expect(result.scores[0]).toBe(0);
    expect(result.potentials[0][0]).toBe(2500 - 5 * 600);
  });

  it('refuses a projection whose delay does not fit its populations', () => {
    const network = single({}, 600, 8);
    const late = { ...network, projections: [{ ...network.projections[0], delay: 2 }] };
    expect(() => run(late)).toThrow('internal: projection p has delay 2');
  });
});
