// The fast kernels and the plain evaluator are the same machine, bit for bit.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createKernels } from '../../src/kernels/kernels.js';
import type { SpikeBuffers } from '../../src/kernels/spiking-layer.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { createSampleEngine } from '../../src/simulate/sample-engine.js';
import { cubaNetwork, randomNetwork, signedNetwork } from './random-network.js';

/** The bit of every neuron (C, H, W order) in every step, that of a spike of -1 as -1. */
function bits(memory: ReturnType<typeof createKernels>['memory'], { shape, steps, words, ...buffers }: SpikeBuffers, plane: 'spikes' | 'active'): Int8Array[] {
  const pixels = shape[1] * shape[2];
  const signs = plane === 'active' ? 1 : buffers.signs;
  const masks = memory.uint8(buffers[plane], pixels * steps * signs * words * 8);
  return Array.from({ length: steps }, (_, t) => Int8Array.from({ length: shape[0] * pixels }, (_, i) => {
    const channel = Math.floor(i / pixels);
    const bit = (sign: number): number => (masks[(((i % pixels) * steps + t) * signs + sign) * words * 8 + (channel >> 3)] >> (channel & 7)) & 1;
    return signs === 2 ? bit(0) - bit(1) : bit(0);
  }));
}
const ones = (steps: readonly Int8Array[]): number => steps.reduce((n, s) => n + s.reduce((a, b) => a + b, 0), 0);

describe('sample engine', () => {
  it('gives the spikes, scores, predictions and counters of the plain evaluator', () => {
    const seen = { spikes: 0, lasting: 0, retractions: 0, saturations: 0 };
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const { network, image } = [randomNetwork, signedNetwork, cubaNetwork][seed % 3](seed);
      const expected = evaluateInteger(network, image, { seed: 7, sample: 3 });
      const kernels = createKernels();
      const engine = createSampleEngine(network, kernels, 7);
      engine.run(image.map((x) => -x), 0); // a sample before leaves no trace
      const result = engine.run(image, 3);
      network.populations.forEach((p, i) => {
        expect(bits(kernels.memory, engine.buffers[i], 'spikes'), `spikes of ${p.id}`).toEqual(expected.spikes[i]);
        expect(ones(bits(kernels.memory, engine.buffers[i], 'active')), `active ${p.id}`).toBe(expected.counters.populations[i].activeUpdates);
        expect(result.saturations[i], `saturations of ${p.id}`).toBe(expected.counters.populations[i].saturations);
        if (p.currentDecay !== undefined) seen.lasting += expected.counters.populations[i].spikes;
        seen.spikes += expected.counters.populations[i].spikes;
        seen.retractions += expected.counters.populations[i].retractions;
        seen.saturations += result.saturations[i];
      });
      expect(result.scores).toEqual(expected.scores);
      expect(result.predictions).toEqual(expected.predictions);
    }), { numRuns: 75, seed: 1 });
    expect(seen.spikes).toBeGreaterThan(10000);
    expect(seen.lasting).toBeGreaterThan(10000);
    expect(seen.retractions).toBeGreaterThan(10000);
    expect(seen.saturations).toBeGreaterThan(100);
  });
});
