// Step times of a chain of two neurons, worked out by hand.
import { describe, expect, it } from 'vitest';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { barrierNanoseconds, unpublishedLatencies } from '../../src/simulate/latencies.js';
import { start } from '../../src/simulate/simulate-task.js';
import { populationId } from '../../src/spiking/network.js';
import type { Profile, Target } from '../../src/target/schema.js';
import { buildProgram, readTarget } from './build-program.js';

/** A neuron that spikes in every one of three steps, and an integrator behind it. */
const chain: IntegerNetwork = {
  imageShape: [1, 1, 1], timesteps: 3, output: populationId('out'),
  input: { code: 'bias', layers: [], format: { mantissaMax: 4095, exponentMax: 7 } },
  populations: [
    { id: populationId('in'), shape: [1, 1, 1], neuron: { model: 'if', reset: 'soft' }, decay: 0, threshold: 99, initial: 0, thresholdExponent: new Uint8Array(1), bias: Int32Array.of(100), limit: 8388607, depth: 0, scale: Float64Array.of(1) },
    { id: populationId('out'), shape: [1, 1, 1], neuron: { model: 'integrator' }, decay: 0, threshold: 0, initial: 0, thresholdExponent: new Uint8Array(1), bias: Int32Array.of(0), limit: 8388607, depth: 1, scale: Float64Array.of(1) },
  ],
  projections: [{
    id: 'p', source: populationId('in'), target: populationId('out'), weight: Int8Array.of(3), shift: 0, groups: 1, pool: [1, 1], delay: 0, bound: 3, weightError: 0,
    window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] },
  }],
};
/** Of its routers nothing is known: a message keeps a link for a whole hop, queues are endless. */
const bare = { ...readTarget('loihi2'), router: undefined } as unknown as Target;
const program = buildProgram(chain, { parts: [1, 1, 1], target: bare, place: (core) => ({ chip: 0, x: core * 2, y: core, port: 0 }) });

const NUMBERS = { synapticOpDense: 11, synapticOpSparse: 0, synapticOpShared: 1000, neuronInactive: 1, neuronActive: 2, spike: 3, axonOut: 5, axonIn: 7, withinTile: 0, hopX: 13, hopY: 17, chipCrossing: 0 };

function profile(change: Partial<Record<keyof typeof NUMBERS | 'gradedMessage' | 'gradedSynapticOp' | 'secondState', number | null>>, barrier: Profile['latency']['barrier']): Profile {
  const model = readTarget('loihi2').profiles[0];
  const latency = Object.fromEntries(Object.entries({ ...NUMBERS, ...change }).map(([name, value]) => [name, { value, unit: 'ns', source: 'test' }]));
  return { ...model, name: 'test', latency: { ...latency, barrier, barrierSource: 'test' } as unknown as Profile['latency'] };
}

const time = (p: Profile) => start({ program, images: Float32Array.of(0), seed: 0, profile: p, raster: null })({ first: 0, count: 1 }).time!;

describe('pipeline timing', () => {
  it('adds the slowest core or link, the longest route and the barrier of each step', () => {
    // Steps 0 to 2: the source generates 2 + 3 + 5 = 10, the target processes 7 + 11 = 18, links carry
    // 13 and 17, the route takes 2 * 13 + 17 = 43, the barrier of two tiles 200. The target cannot begin
    // before the message is there: 10 + 43 + 18. Step 3: only the target's last update, 2, and the barrier.
    const t = time(profile({}, [{ tiles: 1, nanoseconds: 100 }, { tiles: 5, nanoseconds: 500 }]));
    expect(t.nanoseconds).toBe(3 * (10 + 43 + 18 + 200) + 202);
    expect(t.parts).toEqual({ core: 3 * 18 + 2, link: 3 * 10, travel: 3 * 43, barrier: 4 * 200 });
    expect(t.bottleneck).toEqual({ core: 0, link: 0, barrier: 4 });
    expect(Array.from(t.cores)).toEqual([3 * 10, 3 * 18 + 2]);
  });

  it('names the core or the link where it takes longest', () => {
    const still = [{ tiles: 1, nanoseconds: 1 }];
    expect(time(profile({}, still)).bottleneck).toEqual({ core: 4, link: 0, barrier: 0 });
    expect(time(profile({ hopX: 50 }, still)).bottleneck).toEqual({ core: 1, link: 3, barrier: 0 });
    expect(time(profile({ hopX: 50 }, still)).parts).toEqual({ core: 3 * 18 + 2, link: 3 * (50 - 18), travel: 3 * 117, barrier: 4 });
  });

  it('takes the reset through a second compartment as a message of the core to itself', () => {
    const two = buildProgram({ ...chain, populations: [{ ...chain.populations[0], neuron: { model: 'if', reset: 'soft-two-compartment' } }, chain.populations[1]] }, { parts: [1, 1, 1], place: (core) => ({ chip: 0, x: core * 2, y: core, port: 0 }) });
    const run = (change: Parameters<typeof profile>[0]) => start({ program: two, images: Float32Array.of(0), seed: 0, profile: profile(change, [{ tiles: 1, nanoseconds: 0 }]), raster: null })({ first: 0, count: 1 }).time!;
    // two compartments take 2 each, the spike 3, and two messages 5 each; the reset's arrival takes 7 + 11
    expect(Array.from(run({}).cores)).toEqual([3 * 18, 3 * 18 + 2]);
    expect(Array.from(run({ axonIn: 0, synapticOpDense: 0 }).cores)[0]).toBe(3 * (2 * 2 + 3 + 2 * 5));
  });

  it('counts unpublished latencies as nothing and lists them', () => {
    const p = profile({ spike: null, axonIn: null, withinTile: null }, [{ tiles: 1, nanoseconds: 0 }]);
    expect(time(p).nanoseconds).toBe(3 * (7 + 43 + 11) + 2);
    expect(unpublishedLatencies(program, p)).toEqual(['spike', 'axonIn']);
  });

  it('adds the second state and the payload of signed neurons, and names those that a profile leaves out', () => {
    const populations = chain.populations.map((p, i) => (i === 0 ? { ...p, neuron: { model: 'signed-if' as const, reset: 'soft' as const, retract: 0 } } : p));
    const signed = { ...program, network: { ...chain, populations } };
    const timed = (p: Profile) => start({ program: signed, images: Float32Array.of(0), seed: 0, profile: p, raster: null })({ first: 0, count: 1 }).time!;
    const full = profile({ gradedMessage: 100, gradedSynapticOp: 20, secondState: 1000 }, [{ tiles: 1, nanoseconds: 0 }]);
    expect(Array.from(timed(full).cores)).toEqual([3 * (10 + 100 + 1000), 3 * (18 + 20) + 2]);
    expect(unpublishedLatencies(signed, full)).toEqual([]);
    const bare = profile({}, [{ tiles: 1, nanoseconds: 0 }]);
    const without = { ...bare, latency: Object.fromEntries(Object.entries(bare.latency).filter(([name]) => !/graded|second/.test(name))) as unknown as Profile['latency'] };
    expect(timed(without).nanoseconds).toBe(time(without).nanoseconds);
    expect(unpublishedLatencies(signed, without)).toEqual(['gradedMessage', 'gradedSynapticOp', 'secondState']);
    expect(unpublishedLatencies(program, without)).toEqual([]);
  });

  it('interpolates the barrier between tiles', () => {
    const table = [{ tiles: 1, nanoseconds: 600 }, { tiles: 2, nanoseconds: 1000 }, { tiles: 4, nanoseconds: 1400 }, { tiles: 29, nanoseconds: 1800 }];
    expect([1, 2, 3, 4, 29, 60].map((n) => barrierNanoseconds(table, n))).toEqual([600, 1000, 1200, 1400, 1800, 1800]);
  });
});
