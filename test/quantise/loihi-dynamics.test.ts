// The rules of Lava, NengoLoihi and Brian2Loihi for a whole compartment, each written from its own description: they
// differ in how weights are cut, where shifts act and what happens when a register is full. On what
// quantisation emits they give the same u, v and spikes.
import { describe, expect, it } from 'vitest';
import { loadTarget } from '../../src/target/load-target.js';
import type { IntegerNetwork, IntegerPopulation } from '../../src/quantise/integer-network.js';
import { weightIsAgreed } from '../../src/quantise/loihi-compartment.js';
import { fires } from '../../src/spiking/network.js';
import { dice } from '../simulate/random-network.js';
import { filterOrder, integers, randomSpiking } from './networks.js';

const target = loadTarget('loihi1');

interface Synapse { readonly mantissa: number; readonly exponent: number }
interface Registers { readonly du: number; readonly dv: number; readonly bias: number; readonly threshold: number; readonly refractory: number }
type Trace = readonly (readonly [u: number, v: number, spike: number])[];
/** Runs a compartment over the synapses that spike in each step. */
type Emulator = (registers: Registers, arriving: readonly (readonly Synapse[])[]) => Trace;

const MOST = 2 ** 23 - 1;
const clip = (x: number): number => Math.max(-MOST, Math.min(MOST, x));
const wrap = (x: number, bits: number): number => Number(BigInt.asIntN(bits, BigInt(x)));

/** Lava's lif_bit_acc: BigInt arithmetic; the exponent shifts the sum of one list; u wraps, v is clipped. No waiting. */
const lava: Emulator = ({ du, dv, bias, threshold }, arriving) => {
  const decay = (x: bigint, keep: number): bigint => (x < 0n ? -((-x * BigInt(keep)) >> 12n) : (x * BigInt(keep)) >> 12n);
  let [u, v] = [0n, 0n];
  return arriving.map((synapses) => {
    const exponents = [...new Set(synapses.map((s) => s.exponent))];
    const sum = exponents.reduce((total, e) => {
      const list = synapses.filter((s) => s.exponent === e).reduce((a, s) => a + ((s.mantissa >> 1) << 1), 0);
      return total + (e >= 0 ? list * 2 ** e : Math.floor(list / 2 ** -e));
    }, 0);
    u = BigInt.asIntN(24, decay(u, 4095 - du) + (BigInt(wrap(sum, 16)) << 6n));
    v = decay(v, 4096 - dv) + u + BigInt(bias);
    v = v > BigInt(MOST) ? BigInt(MOST) : v < BigInt(-MOST) ? BigInt(-MOST) : v;
    const spike = v > BigInt(threshold);
    if (spike) v = 0n;
    return [Number(u), Number(v), spike ? 1 : 0];
  });
};

/** NengoLoihi: each weight is shifted, then the sum of 21 bits and sign; u and u + bias wrap at 23; w counts the steps of waiting. */
const nengoLoihi: Emulator = ({ du, dv, bias, threshold, refractory }, arriving) => {
  const decay = (x: number, d: number, offset: number): number => Math.sign(x) * Math.trunc((Math.abs(x) * (4096 - offset - d)) / 4096);
  let [u, v, w] = [0, 0, 0];
  return arriving.map((synapses) => {
    const q0 = wrap(synapses.reduce((sum, s) => sum + (s.exponent >= 0 ? s.mantissa * 2 ** s.exponent : s.mantissa >> -s.exponent) * 64, 0), 22);
    u = wrap(decay(u, du, 1) + q0, 24);
    v = clip(decay(v, dv, 0) + wrap(u + bias, 24));
    if (w > 0) v = 0;
    const spike = v > threshold;
    if (spike) { v = 0; w = refractory; }
    w = Math.max(0, w - 1);
    return [u, v, spike ? 1 : 0];
  });
};

/** Brian2Loihi: mantissas cut towards zero, each weight floored to 64; differences rounded away from zero are taken off; no register is ever full. */
const brian2Loihi: Emulator = ({ du, dv, bias, threshold, refractory }, arriving) => {
  const drop = (x: number, share: number): number => Math.sign(x) * Math.ceil((Math.abs(x) * share) / 4096);
  let [u, v, last] = [0, 0, -Infinity];
  return arriving.map((synapses, t) => {
    const sum = synapses.reduce((total, s) => total + Math.floor((Math.trunc(s.mantissa / 2) * 2 * 2 ** (6 + s.exponent)) / 64) * 64, 0);
    u = u - drop(u, du + 1) + sum;
    v = t - last < refractory ? 0 : v - drop(v, dv) + u + bias;
    const spike = v > threshold;
    if (spike) { v = 0; last = t; }
    return [u, v, spike ? 1 : 0];
  });
};

/** The synapses of channel c, every tap and input channel; `exponent` is the register's. */
function synapsesOf(network: IntegerNetwork, p: IntegerPopulation, c: number): Synapse[] {
  return network.projections.filter((q) => q.target === p.id).flatMap((q) => {
    const weight = filterOrder(q, p);
    const each = weight.length / p.shape[0];
    return [...weight.subarray(c * each, (c + 1) * each)].flatMap((w) => new Array<Synapse>(q.pool[0] * q.pool[1]).fill({ mantissa: 2 * w, exponent: q.shift - 7 }));
  });
}

const registersOf = (p: IntegerPopulation, c: number): Registers => ({
  du: (p.currentDecay ?? 4096) - 1, dv: p.decay, bias: p.bias[c], threshold: fires(p.neuron) ? p.threshold * 2 ** p.thresholdExponent[c] : MOST, refractory: p.refractory ?? 1,
});

/** Trains from empty to full, and those that bring all excitation or all inhibition in every step. */
function trains(synapses: readonly Synapse[], steps: number, seed: number): (readonly Synapse[])[][] {
  const d = dice(seed);
  const every = (wanted: (s: Synapse) => boolean): (readonly Synapse[])[] => Array.from({ length: steps }, () => synapses.filter(wanted));
  return [...[0.1, 0.5, 0.9].map((rate) => every(() => d.unit() < rate)), every((s) => s.mantissa > 0), every((s) => s.mantissa < 0), every(() => true)];
}

const cases = [
  ['no memory', { reset: 'hard' }],
  ['leaky', { reset: 'hard', leak: 0.95 }],
  ['currents that last', { reset: 'hard', leak: 0.98, current: { leak: (4095 - 900) / 4096, refractory: 1 } }],
  ['currents that hardly decay', { reset: 'hard', current: { leak: (4095 - 4) / 4096, refractory: 1 } }],
] as const;

describe('u, v and spikes are the same to all three', () => {
  it.each(cases)('%s', (_name, options) => {
    const seen = { steps: 0, spikes: 0 };
    for (let seed = 1; seed <= 3; seed++) {
      const network = integers(randomSpiking(seed, options), target);
      for (const p of network.populations) {
        for (let c = 0; c < p.shape[0]; c++) {
          const synapses = synapsesOf(network, p, c);
          expect(synapses.every((s) => weightIsAgreed(s.mantissa, { signMode: 'mixed', bits: 8, exponent: s.exponent }))).toBe(true);
          for (const train of synapses.length === 0 ? [] : trains(synapses, network.timesteps, seed * 100 + c)) {
            const [a, b, e] = [lava, nengoLoihi, brian2Loihi].map((run) => run(registersOf(p, c), train));
            expect(b).toEqual(a);
            // Brian2Loihi does not clip v: it agrees until v is full
            const full = a.findIndex(([, v]) => Math.abs(v) === MOST);
            expect(e.slice(0, full < 0 ? undefined : full)).toEqual(a.slice(0, full < 0 ? undefined : full));
            seen.steps += a.length;
            seen.spikes += a.reduce((n, [, , s]) => n + s, 0);
          }
        }
      }
    }
    expect(seen.spikes).toBeGreaterThan(50);
  });

  it('with a wait after spikes, which Lava does not have', () => {
    const network = integers(randomSpiking(2, { reset: 'hard', current: { leak: 0.5, refractory: 4 } }), target);
    const p = network.populations.find((q) => network.projections.some((r) => r.target === q.id) && fires(q.neuron))!;
    let waits = 0;
    for (let c = 0; c < p.shape[0]; c++) {
      for (const train of trains(synapsesOf(network, p, c), 40, c)) {
        const found = nengoLoihi(registersOf(p, c), train);
        expect(brian2Loihi(registersOf(p, c), train)).toEqual(found);
        if (JSON.stringify(found) !== JSON.stringify(lava(registersOf(p, c), train))) waits++;
      }
    }
    expect(waits).toBeGreaterThan(0);
  });
});

describe('they differ on what quantisation does not emit', () => {
  const plain: Registers = { du: 4095, dv: 0, bias: 0, threshold: MOST, refractory: 1 };
  const share = (make: (d: ReturnType<typeof dice>) => Synapse, emulators: readonly [Emulator, Emulator]): number => {
    const d = dice(7);
    let differ = 0;
    for (let i = 0; i < 300; i++) {
      const sum = [Array.from({ length: 64 }, () => make(d))];
      if (emulators[0](plain, sum)[0][0] !== emulators[1](plain, sum)[0][0]) differ++;
    }
    return differ / 300;
  };
  it('odd negative mantissas', () => expect(share((d) => ({ mantissa: -2 * d.between(0, 126) - 1, exponent: 0 }), [lava, brian2Loihi])).toBe(1));
  it.each([-2, -3, -5, -7])('even mantissas that exponent %i cuts', (exponent) => {
    expect(share((d) => ({ mantissa: 2 * d.between(-127, 127), exponent }), [lava, brian2Loihi])).toBeGreaterThan(0.9);
    expect(share((d) => ({ mantissa: 2 ** -exponent * d.between(-1, 1), exponent }), [lava, brian2Loihi])).toBe(0);
  });
  it('a sum that leaves 16 bits', () => {
    const full = [new Array<Synapse>(130).fill({ mantissa: 254, exponent: 0 })];
    expect(new Set([lava, brian2Loihi].map((run) => run(plain, full)[0][0])).size).toBe(2);
  });
  it('a current that leaves 23 bits', () => {
    const train = new Array<readonly Synapse[]>(6).fill(new Array<Synapse>(129).fill({ mantissa: 254, exponent: 0 }));
    const slow = { ...plain, du: 0 };
    expect(lava(slow, train).map(([u]) => u)).not.toEqual(brian2Loihi(slow, train).map(([u]) => u));
  });
});
