// Programs whose fan-ins are in parts give the answers of the whole network, and count every spike, sum, operation and hop.
import { describe, expect, it } from 'vitest';
import { populationEvents } from '../../src/energy/event-counts.js';
import { linksOf } from '../../src/map/reach.js';
import { skipsZeros } from '../../src/map/synapse-format.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { routerOf } from '../../src/simulate/routers.js';
import { countersOf } from '../../src/simulate/counters.js';
import { planCounting } from '../../src/simulate/counting-plan.js';
import { unpublishedLatencies } from '../../src/simulate/latencies.js';
import { chipSteps } from '../../src/simulate/pipeline.js';
import { start } from '../../src/simulate/simulate-task.js';
import type { Trace } from '../../src/simulate/trace.js';
import { populationId, type MapShape } from '../../src/spiking/network.js';
import type { Profile, Target } from '../../src/target/schema.js';
import { gradedTarget, wideNetwork } from '../map/wide-network.js';
import { inside, synapsesBy, type Place } from '../map/unrolled.js';
import { programOf } from '../program/sample-program.js';

const image = Float32Array.from({ length: 72 }, (_, i) => ((i * 29) % 31) / 40 - 0.3);
const sparsely = Float32Array.from(image, (v, i) => (i % 17 === 0 ? v / 4 : 0)); // so that some parts hear nothing for a step
const index = ([c, y, x]: Place, [, h, w]: MapShape): number => (c * h + y) * w + x;

describe('a network in parts', () => {
  const soft = { model: 'if', reset: 'soft' } as const;
  const cases = [
    ['plain', wideNetwork(soft), gradedTarget(), image], ['sparse input', wideNetwork(soft, 0, 2), gradedTarget(), sparsely],
    ['pruned', wideNetwork(soft, 0.9, 3), gradedTarget(), image], ['signed', wideNetwork({ model: 'signed-if', reset: 'soft', retract: 0 }, 0, 4), gradedTarget(), image],
    ['leaky', wideNetwork({ model: 'lif', reset: 'hard', leak: 0.9 }, 0, 5), gradedTarget(), image],
    ['multicast', wideNetwork(soft, 0.5, 6), gradedTarget({ multicast: true }), image],
  ] as const;
  for (const [name, network, target, picture] of cases) {
    it(`answers as in one piece, and its counters are those of the unrolled synapses (${name})`, () => {
      const program = programOf(network, target);
      const links = linksOf(program.network);
      const sparse = new Set(links.filter((link) => skipsZeros(link, target)).map((link) => link.projection.id));
      const expected = evaluateInteger(network, picture, { seed: 5, sample: 0, skipsZeros: sparse });
      const chunk = start({ program, images: picture, seed: 5, profile: null, raster: null, steps: true, kernels: 'wasm-simd128' })({ first: 0, count: 1 });
      const counters = countersOf(program, planCounting(program), { samples: 1, regions: chunk.regions, saturations: chunk.saturations });
      expect(chunk.scores).toEqual(expected.scores);
      expect(chunk.predictions).toEqual(expected.predictions);
      expect(counters.populations.map(({ id: _, ...rest }) => rest)).toEqual(expected.counters.populations);
      expect(counters.projections.map((p) => p.synapticOps)).toEqual(expected.counters.synapticOps);

      const { timesteps, populations } = program.network;
      const width = program.cores.length;
      const zeros = () => new Float64Array(chipSteps(program) * width);
      const steps = { messagesIn: zeros(), messagesOut: zeros(), synapticOps: zeros() };
      const sums = program.cores.map(() => new Float64Array(timesteps));
      const mesh = { messages: 0, hopsX: 0, hopsY: 0 };
      const send = (from: number, to: number, first: boolean): void => {
        if (!first && target.capabilities.multicast) return;
        mesh.messages++;
        mesh.hopsX += Math.abs(program.places[from].x - program.places[to].x);
        mesh.hopsY += Math.abs(program.places[from].y - program.places[to].y);
      };
      const coreWith = (id: string, at: Place): number => program.cores.findIndex(({ slice }) => slice.population === id && slice.part === undefined && inside(at, slice));
      links.forEach((link, projection) => {
        const p = link.projection;
        const source = populations.findIndex((q) => q.id === p.source);
        const [depth, arrives] = [populations[source].depth, populations.find((q) => q.id === p.target)!.depth - 1];
        const parts = program.cores.flatMap(({ slice }, i) => (slice.part?.projection === projection ? [i] : []));
        const bySource = synapsesBy(link, (s) => index(s.from, link.source));
        for (let t = 0; t < timesteps; t++) {
          const touched = new Set<string>();
          expected.spikes[source][t].forEach((spike, n) => {
            const reached = new Map<number, number>();
            if (spike !== 0) for (const s of bySource.get(n) ?? []) {
              const part = parts.find((i) => inside(s.to, program.cores[i].slice) && inside(s.from, { population: p.target, ...program.cores[i].slice.part! }));
              const to = part ?? coreWith(p.target, s.to);
              reached.set(to, (reached.get(to) ?? 0) + (sparse.has(p.id) && p.weight[s.weight] === 0 ? 0 : 1));
              if (part !== undefined) touched.add(`${part} ${s.to[0]}`);
            }
            const from = reached.size === 0 ? -1 : coreWith(p.source, (bySource.get(n) as { from: Place }[])[0].from);
            let first = true;
            for (const [to, operations] of reached) {
              steps.messagesIn[(depth + t) * width + to]++;
              steps.synapticOps[(depth + t) * width + to] += operations;
              if (first || !target.capabilities.multicast) steps.messagesOut[(depth + t) * width + from]++;
              send(from, to, first);
              first = false;
            }
          });
          for (const name of touched) {
            const [part, neuron] = name.split(' ').map(Number);
            const home = coreWith(p.target, [neuron, 0, 0]);
            sums[part][t]++;
            steps.messagesOut[(arrives + t) * width + part]++;
            steps.messagesIn[(arrives + t) * width + home]++;
            steps.synapticOps[(arrives + t) * width + home]++;
            send(part, home, true);
          }
        }
      });
      const [{ counters: table }] = chunk.steps;
      for (const counter of ['messagesIn', 'messagesOut', 'synapticOps'] as const) {
        expect(table[counter], counter).toEqual(steps[counter]);
        expect(counters.cores.map((c) => c[counter])).toEqual(program.cores.map((_, i) => steps[counter].filter((__, at) => at % width === i).reduce((a, b) => a + b, 0)));
      }
      program.cores.forEach(({ slice }, i) => {
        if (slice.part === undefined) return;
        const all = sums[i].reduce((a, b) => a + b, 0);
        const updates = (slice.channels[1] - slice.channels[0]) * timesteps;
        expect({ ...counters.cores[i], messagesIn: 0, synapticOps: 0 }).toEqual({ spikes: all, messagesOut: all, messagesIn: 0, synapticOps: 0, activeUpdates: all, inactiveUpdates: updates - all });
      });
      expect(counters.projections.map((p) => p.sums)).toEqual(links.map((link, projection) => (link.projection.inParts !== true ? undefined
        : sums.reduce((n, own, i) => (program.cores[i].slice.part?.projection === projection ? n + own.reduce((a, b) => a + b, 0) : n), 0))));
      const sent = sums.reduce((n, own) => n + own.reduce((a, b) => a + b, 0), 0);
      expect(sent).toBeGreaterThan(100);
      expect(counters.mesh.messages).toBe(mesh.messages);
      if (!target.capabilities.multicast) expect([counters.mesh.hopsX, counters.mesh.hopsY]).toEqual([mesh.hopsX, mesh.hopsY]);
      if (name === 'sparse input') expect(sums.some((own, i) => program.cores[i].slice.part !== undefined && own.includes(0))).toBe(true);

      const events = populationEvents(program, { ...counters, samples: 1 } as Trace);
      const total = (pick: (e: (typeof events)[number]) => number): number => events.reduce((n, e) => n + pick(e), 0);
      expect(total((e) => e.synapticOps.dense + e.synapticOps.sparse + e.synapticOps.shared)).toBe(counters.cores.reduce((n, c) => n + c.synapticOps, 0));
      expect(total((e) => e.activeUpdates + e.inactiveUpdates)).toBe(counters.cores.reduce((n, c) => n + c.activeUpdates + c.inactiveUpdates, 0));
      expect(total((e) => e.spikes)).toBe(counters.cores.reduce((n, c) => n + c.spikes, 0));
      if (name !== 'signed') expect([total((e) => e.gradedMessages), total((e) => e.gradedOps)]).toEqual([sent, sent]);
    });
  }
});

it.each([false, true])('cores are busy for as long in cycle timing as in pipeline timing (multicast: %s)', (multicast) => {
  const target = gradedTarget({ multicast });
  const program = programOf(wideNetwork({ model: 'if', reset: 'soft' }, 0.5, 6), target);
  const router = routerOf(target);
  if ('missing' in router) throw new Error('the routers of loihi2 are known');
  const { time, pipeline } = start({ program, images: image, seed: 5, profile: target.profiles[0], router, raster: null, kernels: 'wasm-simd128' })({ first: 0, count: 1 });
  time!.cores.forEach((nanoseconds, core) => expect(nanoseconds, `core ${core}`).toBeCloseTo(pipeline!.cores[core], 6));
  program.cores.forEach(({ slice }, core) => { if (slice.part !== undefined) expect(time!.cores[core]).toBeGreaterThan(0); });
});

/** Two neurons that spike in both steps, read by one output; a core has room for one synapse. */
const pair: IntegerNetwork = {
  imageShape: [1, 1, 1], timesteps: 2, output: populationId('out'),
  input: { code: 'bias', layers: [], format: { mantissaMax: 4095, exponentMax: 7 } },
  populations: [
    { id: populationId('in'), shape: [2, 1, 1], neuron: { model: 'if', reset: 'soft' }, decay: 0, threshold: 99, initial: 0, thresholdExponent: new Uint8Array(2), bias: Int32Array.of(100, 100), limit: 8388607, depth: 0, scale: Float64Array.of(1, 1) },
    { id: populationId('out'), shape: [1, 1, 1], neuron: { model: 'integrator' }, decay: 0, threshold: 0, initial: 0, thresholdExponent: new Uint8Array(1), bias: Int32Array.of(0), limit: 8388607, depth: 1, scale: Float64Array.of(1) },
  ],
  projections: [{
    id: 'p', source: populationId('in'), target: populationId('out'), weight: Int8Array.of(3, -5), shift: 2, groups: 1, pool: [1, 1], delay: 0, bound: 5, weightError: 0,
    window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] },
  }],
};

it('parts take the time of their updates, sums and payloads, in the step behind their spikes', () => {
  const base = gradedTarget();
  const numbers: Readonly<Record<string, number>> = { neuronInactive: 1, neuronActive: 2, spike: 3, axonOut: 5, axonIn: 7, synapticOpDense: 11, gradedSynapticOp: 20, gradedMessage: 100 };
  const latency = Object.fromEntries(Object.entries(base.profiles[0].latency).map(([key, c]) => [key, typeof c === 'object' && 'value' in c ? { value: numbers[key] ?? 0, unit: 'ns', source: 'test' } : c])) as unknown as Profile['latency'];
  const profile: Profile = { ...base.profiles[0], latency: { ...latency, barrier: [{ tiles: 1, nanoseconds: 0 }] } };
  const target: Target = { ...base, core: { ...base.core, synapticMemoryBits: 64 } };
  const program = programOf(pair, target);
  expect(program.cores.map(({ slice: { population, part } }) => `${population} ${part?.channels.join() ?? ''}`)).toEqual(['in ', 'out ', 'out 0,1', 'out 1,2']);
  const chunk = start({ program, images: Float32Array.of(0), seed: 0, profile, raster: null, kernels: 'wasm-simd128' })({ first: 0, count: 1 });
  expect(Array.from(chunk.scores)).toEqual([2 * ((3 - 5) << 2)]);
  // Sources, steps 0 and 1: 2 * (2 + 3 + 5). Parts: 7 + 11 in step 0; 2 + 3 + 5 + 100 in steps 1 and 2 (while the second
  // spike takes 18 in step 1). The output: 2 * (7 + 11 + 20) in steps 1 and 2, then an update of 2 in step 3.
  expect(chipSteps(program)).toBe(4);
  expect(Array.from(chunk.time!.cores)).toEqual([2 * 20, 2 * 76 + 2, 18 + 2 * 110, 18 + 2 * 110]);
  const bare: Profile = { ...profile, latency: { ...latency, gradedMessage: { value: null, unit: 'ns', source: 'test' }, gradedSynapticOp: { value: null, unit: 'ns', source: 'test' } } as Profile['latency'] };
  expect(unpublishedLatencies(program, bare)).toEqual(['gradedMessage', 'gradedSynapticOp']);
});
