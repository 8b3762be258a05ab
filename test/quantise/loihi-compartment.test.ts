// The compartment of Loihi 1 that is the specification: published vectors, its edges, and the integer neurons held against it.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { evaluateInteger, type IntegerEvaluation } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerPopulation } from '../../src/quantise/integer-network.js';
import { atRest, checkRegisters, decay, effectiveWeight, stepCompartment, stepTwoCompartments, storedMantissa, weightIsAgreed, type CompartmentRegisters, type CompartmentState, type TwoCompartments } from '../../src/quantise/loihi-compartment.js';
import type { Reset } from '../../src/spiking/network.js';
import { neuronCount } from '../../src/spiking/network.js';
import { dice, randomImage } from '../simulate/random-network.js';
import { integers, randomSpiking } from './networks.js';

const plain: CompartmentRegisters = { currentDecay: 4095, voltageDecay: 0, leakFloor: 0, biasMantissa: 0, biasExponent: 0, thresholdMantissa: 131071, refractory: 1, onThreshold: 'spike' };

/** u, v and spikes of one compartment under a train of inputs. */
function run(registers: Partial<CompartmentRegisters>, weights: readonly number[], start: Partial<CompartmentState> = {}): { readonly u: number[]; readonly v: number[]; readonly spikes: number[] } {
  const trace = { u: [] as number[], v: [] as number[], spikes: [] as number[] };
  let state: CompartmentState = { ...atRest, ...start };
  for (const w of weights) {
    const step = stepCompartment({ ...plain, ...registers }, state, { weights: w });
    state = step.state;
    trace.u.push(state.u);
    trace.v.push(state.v);
    trace.spikes.push(step.over ? 1 : 0);
  }
  return trace;
}
const once = (weight: number, steps: number): number[] => [weight, ...new Array<number>(steps - 1).fill(0)];
const mixed = { signMode: 'mixed', bits: 8, exponent: 0 } as const;

describe('vectors of the tests of Lava at commit b6822fb (tests/lava/proc/lif and dense)', () => {
  it('currents halve with du = 2047', () => expect(run({ currentDecay: 2047 }, once(128, 8)).u).toEqual([8192, 4096, 2048, 1024, 512, 256, 128, 64]));
  it('voltages halve with dv = 2048 under a current that hardly decays', () => expect(run({ currentDecay: 0, voltageDecay: 2048 }, once(128, 8)).v).toEqual([8192, 12286, 14331, 15351, 15859, 16111, 16235, 16295]));
  it('bias of mantissa 4095 and exponent 5', () => expect(run({ biasMantissa: 4095, biasExponent: 5 }, [0]).v).toEqual([131040]));
  it.each([
    ['mixed, 8 bits', [255, -256, 39], mixed, [254, -256, 38]],
    ['excitatory, 8 bits', [0, 255, 40], { ...mixed, signMode: 'excitatory' }, [0, 255, 40]],
    ['mixed, exponent 1', [255, -256, 39], { ...mixed, exponent: 1 }, [508, -512, 76]],
    ['mixed, 7 bits', [255, -256, 39], { ...mixed, bits: 7 }, [252, -256, 36]],
  ] as const)('weights: %s', (_name, weights, format, expected) => expect(weights.map((w) => effectiveWeight(w, format))).toEqual(expected));
});

describe('edges', () => {
  it('decays exactly where 32 bits would not do', () => {
    fc.assert(fc.property(fc.integer({ min: -(2 ** 23) + 1, max: 2 ** 23 - 1 }), fc.integer({ min: 0, max: 4095 }), fc.constantFrom(0, 1), (x, d, offset) => {
      const size = (BigInt(Math.abs(x)) * BigInt(4096 - offset - d)) >> 12n;
      expect(decay(x, d, offset as 0 | 1) + 0).toBe(Math.sign(x) * Number(size) + 0);
    }), { seed: 1, numRuns: 2000 });
  });
  it('spikes above the threshold, not at it', () => expect(run({ thresholdMantissa: 100 }, [100, 1, 101]).spikes).toEqual([0, 1, 1]));
  it('waits refractory - 1 steps at zero, while u flows on', () => {
    const { u, v, spikes } = run({ thresholdMantissa: 1, refractory: 4, currentDecay: 2047 }, [64, 0, 0, 0, 0, 0]);
    expect(spikes).toEqual([1, 0, 0, 0, 1, 0]);
    expect(v).toEqual([0, 0, 0, 0, 0, 0]);
    expect(u).toEqual([4096, 2048, 1024, 512, 256, 128]);
    expect(run({ thresholdMantissa: 1, refractory: 1 }, [64, 64, 64]).spikes).toEqual([1, 1, 1]);
  });
  it('saturates u and v at 23 bits and sign', () => {
    expect(run({ currentDecay: 0 }, new Array<number>(6).fill(32767)).u.at(-1)).toBe(8388607);
    expect(run({}, new Array<number>(6).fill(-32767)).v.at(-1)).toBe(-8388607);
  });
  it('loses 1/4096 of v where the chip cannot integrate perfectly', () => expect(run({ leakFloor: 1 }, [64, 0, 0]).v).toEqual([4096, 4095, 4094]));
  it('keeps the magnitude of inhibitory weights, and cuts them towards zero', () => {
    expect([0, -255, -40, 7].map((w) => storedMantissa(w, { ...mixed, signMode: 'inhibitory' }))).toEqual([-0, -255, -40, -0]);
    expect(storedMantissa(-41, { ...mixed, signMode: 'inhibitory', bits: 6 })).toBe(-40);
  });
  it('refuses what no register holds', () => {
    expect(() => checkRegisters(plain)).not.toThrow();
    for (const [change, message] of [[{ currentDecay: 4096 }, 'currentDecay is 4096, the register holds 0 to 4095'], [{ refractory: 64 }, 'refractory is 64, the register holds 1 to 63'], [{ thresholdMantissa: 131072 }, 'thresholdMantissa is 131072, the register holds 0 to 131071']] as const) {
      expect(() => checkRegisters({ ...plain, ...change })).toThrow(message);
    }
  });
});

const loihi1 = loadTarget('loihi1');
const floored: Target = { ...loihi1, numbers: { ...loihi1.numbers, leakFloor: 1 } };
const UNIT = 64;

/** Mantissa and exponent of a current that the target's format holds. */
function biasRegisters(value: number): Pick<CompartmentRegisters, 'biasMantissa' | 'biasExponent'> {
  let biasExponent = 0;
  while (Math.abs(value) / 2 ** biasExponent > 4095) biasExponent++;
  return { biasMantissa: value / 2 ** biasExponent, biasExponent };
}

function registersOf(p: IntegerPopulation, channel: number, drive: number, leakFloor: 0 | 1): CompartmentRegisters {
  const registers: CompartmentRegisters = {
    currentDecay: (p.currentDecay ?? 4096) - 1, voltageDecay: p.decay - leakFloor, leakFloor, ...biasRegisters(drive),
    thresholdMantissa: (p.threshold * 2 ** p.thresholdExponent[channel]) / UNIT, refractory: p.refractory ?? 1, onThreshold: p.neuron.model === 'integrator' ? 'pass' : 'spike',
  };
  checkRegisters(registers);
  return registers;
}

/** Runs a network with every neuron held against its compartments, step by step. */
function heldAgainst(network: IntegerNetwork, image: Float32Array, leakFloor: 0 | 1): IntegerEvaluation {
  const runs = network.populations.map((p) => new Array<CompartmentState | TwoCompartments>(neuronCount(p.shape)));
  const differing: string[] = [];
  const compare = (found: readonly number[], wanted: readonly number[], where: string): void => { if (found.some((n, i) => n !== wanted[i])) differing.push(`${where}: ${found.join()} for ${wanted.join()}`); };
  const result = evaluateInteger(network, image, {
    seed: 1, sample: 0,
    observe: ({ population, arrivals, state, step }) => {
      if (arrivals === null) return;
      const p = network.populations[population];
      const two = 'reset' in p.neuron && p.neuron.reset === 'soft-two-compartment';
      for (let i = 0; i < state.v.length; i++) {
        const channel = Math.floor(i / (p.shape[1] * p.shape[2]));
        const registers = registersOf(p, channel, state.drive[i], leakFloor);
        const weights = arrivals.current[i] / UNIT;
        const rest: CompartmentState = { ...atRest, v: p.initial * 2 ** p.thresholdExponent[channel] };
        const spike = state.spikes[step][i];
        if (two) {
          const before = (runs[population][i] as TwoCompartments | undefined) ?? { integrator: { ...registers, onThreshold: 'pass' }, states: [rest, atRest], spiked: false };
          const after = stepTwoCompartments(before, weights);
          runs[population][i] = after;
          compare([after.spiked ? 1 : 0, after.states[0].v - (after.spiked ? registers.thresholdMantissa * UNIT : 0)], [spike, state.v[i]], `${p.id} ${i} in step ${step}`);
        } else {
          const after = stepCompartment(registers, (runs[population][i] as CompartmentState | undefined) ?? rest, { weights });
          runs[population][i] = after.state;
          compare([p.neuron.model !== 'integrator' && after.over ? 1 : 0, after.state.v, after.state.u], [spike, state.v[i], state.u[i]], `${p.id} ${i} in step ${step}`);
        }
      }
    },
  });
  expect(differing).toEqual([]);
  return result;
}

interface Case { readonly name: string; readonly target: Target; readonly reset: Reset; readonly leak?: number; readonly current?: { readonly leak: number; readonly refractory: number } }
const cases: readonly Case[] = [
  { name: 'IF, hard reset', target: loihi1, reset: 'hard' },
  { name: 'LIF, hard reset', target: loihi1, reset: 'hard', leak: 0.97 },
  { name: 'IF on a chip with a leak floor', target: floored, reset: 'hard' },
  { name: 'currents that last', target: loihi1, reset: 'hard', leak: 0.99, current: { leak: (4095 - 1500) / 4096, refractory: 1 } },
  { name: 'currents that last for long, waits', target: loihi1, reset: 'hard', current: { leak: (4095 - 20) / 4096, refractory: 3 } },
  { name: 'two compartments', target: loihi1, reset: 'soft-two-compartment' },
  { name: 'two leaky compartments', target: loihi1, reset: 'soft-two-compartment', leak: 0.9 },
  { name: 'two compartments with a leak floor', target: floored, reset: 'soft-two-compartment' },
];

describe('every neuron of a quantised network is its compartment', () => {
  it.each(cases)('$name', ({ target, reset, leak, current }) => {
    let spikes = 0;
    for (let seed = 1; seed <= 3; seed++) {
      const network = integers(randomSpiking(seed, { reset, ...(leak === undefined ? {} : { leak }), ...(current === undefined ? {} : { current }) }), target);
      const image = randomImage(network.imageShape, dice(seed));
      const result = heldAgainst(network, image, target.numbers.leakFloor === 1 ? 1 : 0);
      spikes += result.counters.populations.reduce((n, p) => n + p.spikes, 0);
      if (current !== undefined) expect(network.populations.some((p) => p.neuron.model === 'cuba')).toBe(true);
    }
    expect(spikes).toBeGreaterThan(500);
  });
});

describe('the two-compartment construction', () => {
  /** The spikes of one network with its construction, and with the soft reset in its place. */
  function both(leak: number, seed: number): readonly [IntegerEvaluation, IntegerEvaluation] {
    const network = integers(randomSpiking(seed, { reset: 'soft-two-compartment', leak }), loihi1);
    const soft = { ...network, populations: network.populations.map((p): IntegerPopulation => ('reset' in p.neuron && p.neuron.model !== 'cuba' && p.neuron.model !== 'signed-if' ? { ...p, neuron: { ...p.neuron, reset: 'soft' } } : p)) };
    const image = randomImage(network.imageShape, dice(seed));
    return [heldAgainst(network, image, 0), evaluateInteger(soft, image, { seed: 1, sample: 0 })];
  }
  it('gives the spikes of the soft reset, step by step, without a leak', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const [built, soft] = both(1, seed);
      expect(built.spikes).toEqual(soft.spikes);
      expect(built.potentials).toEqual(soft.potentials);
    }
  });
  it('differs from it with a leak, because v leaks before it pays', () => {
    const differ = [1, 2].filter((seed) => { const [built, soft] = both(0.9, seed); return JSON.stringify(built.potentials.map((v) => [...v])) !== JSON.stringify(soft.potentials.map((v) => [...v])); });
    expect(differ.length).toBeGreaterThan(0);
  });
});

it('agreed weights are those that lose no bit', () => {
  expect([254, -254, 2, 0].every((w) => weightIsAgreed(w, mixed))).toBe(true);
  expect([255, -255, 1, -256].some((w) => weightIsAgreed(w, mixed))).toBe(false);
  expect([4, 6].map((w) => weightIsAgreed(w, { ...mixed, exponent: -2 }))).toEqual([true, false]);
  expect(weightIsAgreed(255, { ...mixed, signMode: 'excitatory' })).toBe(true);
});
