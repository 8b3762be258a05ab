// The safe rule of Loihi 1 weights: three public emulators treat exponents and widths differently (Lava
// shifts the sum, NengoLoihi shifts each weight, Brian2Loihi floors each weight at the accumulator's
// unit). What quantisation emits means the same to all of them, whatever spikes arrive.
import { expect, it } from 'vitest';
import type { IntegerNetwork, IntegerPopulation } from '../../src/quantise/integer-network.js';
import { randomStream, substream, uniform } from '../../src/random.js';
import { loadTarget } from '../../src/target/load-target.js';
import { filterOrder, integers, randomSpiking, gaussian, singleLayer } from './networks.js';

const target = loadTarget('loihi1');
const UNIT = 6;

/** A weight as Loihi 1 stores it: mantissa within +-254, even where one synapse list holds both signs; w_exp is the register less 6. */
interface StoredWeight { readonly mantissa: number; readonly exponent: number }

const wrap = (value: number, bits: number): number => { const span = 2 ** bits; return ((((value + span / 2) % span) + span) % span) - span / 2; };

/** Lava: mantissas with their lowest bits cut (floor), summed per synapse group; the exponent shifts the sum; a port of 16 bits; then << 6. */
function lava(groups: readonly (readonly StoredWeight[])[]): number {
  const port = groups.reduce((sum, group) => {
    const total = group.reduce((a, w) => a + ((w.mantissa >> 1) << 1), 0);
    const exponent = group[0]?.exponent ?? 0;
    return sum + (exponent >= 0 ? total << exponent : total >> -exponent);
  }, 0);
  return wrap(port, 16) << UNIT;
}

/** NengoLoihi: every weight shifted by its exponent and by 6, summed in an accumulator of 21 bits and sign. */
function nengoLoihi(groups: readonly (readonly StoredWeight[])[]): number {
  const shift = (w: StoredWeight): number => (w.exponent >= 0 ? w.mantissa << w.exponent : w.mantissa >> -w.exponent) << UNIT;
  return wrap(groups.flat().reduce((sum, w) => sum + shift(w), 0), 22);
}

/** Brian2Loihi: the mantissa cut towards zero, each weight floored to a multiple of 64 and clipped to 21 bits. */
function brian2Loihi(groups: readonly (readonly StoredWeight[])[]): number {
  const most = 2 ** 21 - 2 ** 6;
  return groups.flat().reduce((sum, w) => {
    const exact = Math.trunc(w.mantissa / 2) * 2 * 2 ** (UNIT + w.exponent);
    return sum + Math.max(-most, Math.min(most, Math.floor(exact / 64) * 64));
  }, 0);
}

/** The synapses into one neuron of channel c in the middle of its map, by projection: every tap and input channel, once for each pixel of a pooled cell. */
function synapsesInto(network: IntegerNetwork, p: IntegerPopulation, c: number): StoredWeight[][] {
  return network.projections.filter((q) => q.target === p.id).map((q) => {
    const weight = filterOrder(q, p);
    const perChannel = weight.length / p.shape[0];
    const exponent = q.shift - Math.log2(target.numbers.weightStep) - UNIT;
    const own = [...weight.subarray(c * perChannel, (c + 1) * perChannel)];
    return own.flatMap((w) => new Array<StoredWeight>(q.pool[0] * q.pool[1]).fill({ mantissa: w * target.numbers.weightStep, exponent }));
  });
}

/** Random spike sets of all densities, and the two worst ones. */
function spikeSets(groups: readonly (readonly StoredWeight[])[], seed: number): (readonly (readonly StoredWeight[])[])[] {
  const keep = (wanted: (w: StoredWeight, k: number) => boolean) => { let k = 0; return groups.map((g) => g.filter((w) => wanted(w, k++))); };
  const count = groups.reduce((n, g) => n + g.length, 0);
  const random = [0.05, 0.3, 0.7, 0.95].map((density, i) => { const draws = uniform(substream(randomStream(seed), i), count); return keep((_, k) => draws[k] < density); });
  return [...random, keep(() => true), keep((w) => w.mantissa > 0), keep((w) => w.mantissa < 0)];
}

function compare(network: IntegerNetwork, seed: number): Set<number> {
  const exponents = new Set<number>();
  for (const p of network.populations) {
    if (!network.projections.some((q) => q.target === p.id)) continue;
    for (let c = 0; c < p.shape[0]; c++) {
      for (const spikes of spikeSets(synapsesInto(network, p, c), seed * 1000 + c)) {
        const exact = spikes.flat().reduce((sum, w) => sum + w.mantissa * 2 ** (UNIT + w.exponent), 0);
        expect([lava(spikes), nengoLoihi(spikes), brian2Loihi(spikes)]).toEqual([exact, exact, exact]);
        for (const w of spikes.flat()) { expect(w.mantissa & 1).toBe(0); exponents.add(w.exponent); }
      }
    }
  }
  return exponents;
}

it.each(['hard', 'soft-two-compartment'] as const)('random networks mean the same to all three emulators: %s reset', (reset) => {
  const exponents = new Set<number>();
  for (let seed = 1; seed <= 12; seed++) for (const e of compare(integers(randomSpiking(seed, reset), target), seed)) exponents.add(e);
  // several projections into one neuron bring several exponents: the test has seen more than one
  expect(exponents.size).toBeGreaterThan(1);
});

it('so does a single layer, at the least exponent that the chip has', () => {
  const layer = singleLayer({ weight: gaussian(600, 1), outputs: 3, timesteps: 512, threshold: Float32Array.of(30, 30, 30) });
  expect(Math.min(...compare(integers(layer, target), 1))).toBe(-1);
});

it('the three do differ where the rule is broken (so the comparison can fail)', () => {
  const odd = [[{ mantissa: -3, exponent: 0 }, { mantissa: -3, exponent: 0 }]];
  expect(lava(odd)).not.toBe(brian2Loihi(odd));
  const fine = [[{ mantissa: 2, exponent: -2 }, { mantissa: 2, exponent: -2 }]];
  expect(lava(fine)).not.toBe(nengoLoihi(fine));
  const many = [new Array<StoredWeight>(130).fill({ mantissa: 254, exponent: 0 })];
  expect(lava(many)).not.toBe(brian2Loihi(many));
});
