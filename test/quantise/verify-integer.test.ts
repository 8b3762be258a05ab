// Every check of verifyIntegerNetwork, each with integers that break it.
import { expect, it } from 'vitest';
import type { IntegerNetwork, IntegerPopulation, IntegerProjection } from '../../src/quantise/integer-network.js';
import { verifyIntegerNetwork } from '../../src/quantise/verify-integer.js';
import { populationId } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import { gaussian, integers, singleLayer } from './networks.js';

const target = loadTarget('loihi1');
const layer = { weight: gaussian(2 * 300, 1), outputs: 2 };
const good = integers(singleLayer({ ...layer, neuron: { model: 'if', reset: 'soft-two-compartment' }, threshold: Float32Array.of(4, 4) }), target);
const withOut = (change: Partial<IntegerPopulation>): IntegerNetwork => ({ ...good, populations: [good.populations[0], { ...good.populations[1], ...change }] });
const withLayer = (change: Partial<IntegerProjection>): IntegerNetwork => ({ ...good, projections: [{ ...good.projections[0], ...change }] });
const [q] = good.projections;
const full = q.weight.map(() => 127);

it('accepts what quantisation gives', () => {
  expect(() => verifyIntegerNetwork(good, target)).not.toThrow();
});

it.each<readonly [string, IntegerNetwork, string]>([
  ['another clip of v', withOut({ limit: 2 ** 31 - 1 }), 'out: v is clipped at 2147483647, loihi1 clips at 8388607'],
  ['an exponent too few', withOut({ thresholdExponent: new Uint8Array(1) }), 'out: 1 threshold exponents'],
  ['a threshold of nothing', withOut({ threshold: 0 }), 'out: threshold 0 does not fit'],
  ['a threshold between two registers', withOut({ threshold: 100 }), 'out: threshold 100 does not fit'],
  ['a threshold that leaves its register by its exponent', withOut({ threshold: 2 ** 20, thresholdExponent: Uint8Array.of(0, 3) }), 'out: threshold 8388608 does not fit'],
  ['a threshold a channel that is not the largest', withOut({ thresholds: Int32Array.of(64, 128) }), `out: 2 thresholds of up to 128 beside ${good.populations[1].threshold}`],
  ['a threshold a channel between two registers', withOut({ threshold: 128, thresholds: Int32Array.of(100, 128), thresholdExponent: new Uint8Array(2) }), 'out: threshold 128 does not fit'],
  ['a bias that its register rounds', withOut({ bias: Int32Array.of(0, 4097) }), 'out: a bias does not fit its register'],
  ['a start outside v', withOut({ initial: 8388608 }), 'out: starts outside its state'],
  ['a source that is missing', withLayer({ source: populationId('gone') }), 'layer has no source'],
  ['a delay beyond the chip\'s', withLayer({ delay: 63 }), 'layer: a delay of 63 steps, loihi1 has 62'],
  ['a shift below the chip\'s', withLayer({ shift: 5 }), 'layer: shift 4 is outside 5..13'],
  ['a shift above the chip\'s', withLayer({ shift: 15 }), 'layer: shift 14 is outside 5..13'],
  ['a weight beyond the mantissa', withLayer({ weight: q.weight.map((w, i) => (i === 0 ? -128 : w)) }), 'layer: a weight beyond 127'],
  ['a sum that wraps', withLayer({ weight: full }), 'out: a step\'s sum can reach 38100 weight steps, the accumulator holds 32767'],
  ['a stated bound beyond 16 bits', withLayer({ bound: 32768 }), 'out: a sum of weights leaves 16 bits'],
])('refuses %s', (_what, network, message) => {
  expect(() => verifyIntegerNetwork(network, target)).toThrow(`internal: integer network: ${message}`);
});

it('takes each weight with both signs behind a source whose spikes may be -1', () => {
  const loihi2 = loadTarget('loihi2');
  const plain = integers(singleLayer({ ...layer, neuron: { model: 'if', reset: 'soft' }, threshold: Float32Array.of(4, 4) }), loihi2);
  const from = (neuron: IntegerPopulation['neuron'], weight: number): IntegerNetwork => ({
    ...plain, populations: [{ ...plain.populations[0], neuron, threshold: 64 }, plain.populations[1]],
    projections: [{ ...plain.projections[0], weight: plain.projections[0].weight.map((_, i) => (i % 4 < 2 ? weight : -weight)) }],
  });
  const signed = { model: 'signed-if', reset: 'soft', retract: 0.5 } as const;
  expect(() => verifyIntegerNetwork(from({ model: 'if', reset: 'soft' }, 127), loihi2)).not.toThrow();
  expect(() => verifyIntegerNetwork(from(signed, 109), loihi2)).not.toThrow();
  expect(() => verifyIntegerNetwork(from(signed, 110), loihi2)).toThrow('out: a step\'s sum can reach 33000 weight steps, the accumulator holds 32767');
  expect(() => verifyIntegerNetwork(from(signed, 1), target)).toThrow('in: loihi1 has no such signed neuron');
  expect(() => verifyIntegerNetwork(from({ ...signed, retract: 1.5 }, 1), loihi2)).toThrow('in: loihi2 has no such signed neuron');
});

it('holds decays and waits against the registers, and lets no current outgrow its state', () => {
  const neuron = { model: 'cuba', reset: 'hard', leak: 1, currentLeak: 0.5, refractory: 1 } as const;
  const cuba = (change: Partial<IntegerPopulation>): IntegerNetwork => ({ ...withOut({ neuron, currentDecay: 2048, refractory: 1, ...change }), timesteps: 100 });
  const check = (network: IntegerNetwork, chip = target) => () => verifyIntegerNetwork(network, chip);
  const reached = (decay: number): number => Math.max(...[0, 1].map((c) => Math.max(...[1, -1].map((sign) => q.weight.reduce((sum, w, i) => sum + (i % 2 === c ? Math.max(0, sign * w) : 0), 0))))) * 2 ** q.shift * (4096 / decay);
  expect(check(cuba({}))).not.toThrow();
  expect(check(cuba({ currentDecay: 4097 }))).toThrow('out: loihi1 has no current decay of 4097 with a wait of 1');
  expect(check(cuba({ refractory: 64 }))).toThrow('out: loihi1 has no current decay of 2048 with a wait of 64');
  expect(check(cuba({}), { ...target, capabilities: { ...target.capabilities, currentDecay: false } })).toThrow('out: loihi1 has no current decay of 2048 with a wait of 1');
  expect(check(cuba({ currentDecay: 100 }))).toThrow(`out: a current can grow to ${reached(100)}, the state holds 8388607`);
  expect(check(withOut({ decay: 4096 }))).toThrow('out: loihi1 has no decay of 4096');
  expect(check(good, { ...target, numbers: { ...target.numbers, leakFloor: 1 } })).toThrow('out: loihi1 has no decay of 0');
});

it('counts the weight that resets the second compartment among the inhibitory ones', () => {
  const { threshold } = good.populations[1];
  const room = 32767 - threshold / 2 ** q.shift;
  // 300 inhibitory weights that fill all but the reset's room, then one step more
  const filled = (sum: number): Int8Array => Int8Array.from(q.weight, (_, i) => (i % 2 === 0 ? -Math.min(127, Math.max(0, sum - 127 * (i / 2))) : 0));
  const check = (sum: number) => () => verifyIntegerNetwork(withLayer({ weight: filled(sum) }), target);
  expect(check(room)).not.toThrow();
  expect(check(room + 1)).toThrow('the accumulator holds 32767');
});
