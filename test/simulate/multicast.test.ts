// What one message to several cores saves, beside the counts over unrolled synapses in counters.test.ts.
import { expect, it } from 'vitest';
import type { Program } from '../../src/program/program.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { countersOf } from '../../src/simulate/counters.js';
import { planCounting } from '../../src/simulate/counting-plan.js';
import { start } from '../../src/simulate/simulate-task.js';
import { populationId } from '../../src/spiking/network.js';
import type { Profile, Target } from '../../src/target/schema.js';
import { buildProgram, readTarget } from './build-program.js';
import { randomNetwork } from './random-network.js';

const loihi2 = readTarget('loihi2');
const target = (multicast: boolean): Target => ({ ...loihi2, capabilities: { ...loihi2.capabilities, multicast } });

it('sends fewer messages over fewer links, and to each core as many as before', () => {
  const { network, image } = randomNetwork(20);
  const [unicast, multicast] = [false, true].map((kind) => {
    const program = buildProgram(network, { parts: [2, 2, 2], target: target(kind) });
    const { regions, saturations } = start({ program, images: image, seed: 5, profile: null, raster: null })({ first: 0, count: 1 });
    return countersOf(program, planCounting(program), { samples: 1, regions, saturations });
  });
  expect(multicast.mesh.messages).toBeLessThan(unicast.mesh.messages);
  expect(multicast.mesh.hopsX + multicast.mesh.hopsY).toBeLessThan(unicast.mesh.hopsX + unicast.mesh.hopsY);
  expect(multicast.cores.map((c) => c.messagesIn)).toEqual(unicast.cores.map((c) => c.messagesIn));
  expect(multicast.cores.map((c) => c.synapticOps)).toEqual(unicast.cores.map((c) => c.synapticOps));
});

it('takes the time of the messages that it sends', () => {
  const time = (multicast: boolean) => start({ program: fan(multicast), images: Float32Array.of(0), seed: 0, profile, raster: null })({ first: 0, count: 1 }).time!;
  // In each of two steps one spike goes to three cores along a row. Unicast: three messages leave (3 * 10)
  // and the last to leave goes three hops (300) and to its core (a cycle of the mesh: 1). Multicast, without
  // a mesh: one leaves. Taking a message in takes 1.
  expect(Array.from(time(false).cores)).toEqual([2 * 30, 2, 2, 2]);
  expect(time(false).parts).toEqual({ core: 2 * 30, link: 2 * 2, travel: 2 * 300, barrier: 0 });
  expect(Array.from(time(true).cores)).toEqual([2 * 10, 2, 2, 2]);
  expect(time(true).parts).toEqual({ core: 2 * 10, link: 2 * 1, travel: 2 * 300, barrier: 0 });
});

const profile: Profile = (() => {
  const model = loihi2.profiles[0];
  const nanoseconds: Readonly<Record<string, number>> = { axonOut: 10, axonIn: 1, hopX: 100 };
  const latency = Object.fromEntries(Object.entries(model.latency).filter(([, c]) => typeof c === 'object' && 'value' in c).map(([name]) => [name, { value: nanoseconds[name] ?? 0, unit: 'ns', source: 'test' }]));
  return { ...model, latency: { ...latency, barrier: [{ tiles: 1, nanoseconds: 0 }], barrierSource: 'test' } as unknown as Profile['latency'] };
})();

/** A neuron that spikes in every step, and an output of three channels on three cores in its row. */
function fan(multicast: boolean): Program {
  const common = { decay: 0, initial: 0, limit: 8388607 };
  const network: IntegerNetwork = {
    imageShape: [1, 1, 1], timesteps: 2, output: populationId('out'),
    input: { code: 'bias', layers: [], format: { mantissaMax: 4095, exponentMax: 7 } },
    populations: [
      { ...common, id: populationId('in'), shape: [1, 1, 1], neuron: { model: 'if', reset: 'soft' }, threshold: 99, thresholdExponent: new Uint8Array(1), bias: Int32Array.of(100), depth: 0, scale: Float64Array.of(1) },
      { ...common, id: populationId('out'), shape: [3, 1, 1], neuron: { model: 'integrator' }, threshold: 0, thresholdExponent: new Uint8Array(3), bias: new Int32Array(3), depth: 1, scale: new Float64Array(3).fill(1) },
    ],
    projections: [{
      id: 'p', source: populationId('in'), target: populationId('out'), weight: Int8Array.of(3, 2, 1), shift: 0, groups: 1, pool: [1, 1], delay: 0, bound: 3, weightError: 0,
      window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] },
    }],
  };
  return buildProgram(network, { parts: [3, 1, 1], target: target(multicast), place: (core) => ({ chip: 0, x: core, y: 0, port: 0 }) });
}
