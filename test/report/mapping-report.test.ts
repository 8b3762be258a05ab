// What a mapping is said to put on the mesh, against hops counted spike by spike over unrolled synapses.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { leastCores } from '../../src/map/least-cores.js';
import type { Placed } from '../../src/map/mapping.js';
import { partition } from '../../src/map/partition.js';
import { linearPlacement, place, randomPlacement } from '../../src/map/place.js';
import { linksOf } from '../../src/map/reach.js';
import { route } from '../../src/map/route.js';
import { mappingLines } from '../../src/report/mapping-lines.js';
import { mappingReport } from '../../src/report/mapping-report.js';
import { populationId } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chain, conv, dense, networks } from '../map/random-network.js';
import { inside, synapsesOf } from '../map/unrolled.js';

const loihi1 = loadTarget('loihi1');
const small = (multicast: boolean): Target => ({
  ...loihi1, core: { ...loihi1.core, neurons: 40, outAxons: 100000 }, mesh: { width: 3, height: 2, coresPerRouter: 2 }, board: { chips: null, columns: 2 },
  capabilities: { ...loihi1.capabilities, multicast },
});

/** Hops if each neuron sends `traffic` spikes: a message to each core, or one over the union of the ways. */
function hopsOf({ network, cores, places, target }: Placed, traffic: ReadonlyMap<string, number>): number {
  let hops = 0;
  for (const link of linksOf(network)) {
    const reached = new Map<string, Set<number>>();
    const senders = new Map<string, number>();
    const coreOf = (population: string, at: Parameters<typeof inside>[0]): number => cores.findIndex(({ slice }) => slice.population === population && inside(at, slice));
    for (const { from, to } of synapsesOf(link)) {
      const key = from.join();
      reached.set(key, (reached.get(key) ?? new Set()).add(coreOf(link.projection.target, to)));
      senders.set(key, coreOf(link.projection.source, from));
    }
    for (const [key, targets] of reached) {
      const a = places[senders.get(key) as number];
      const steps = [...targets].flatMap((t) => {
        const b = places[t];
        const passed: string[] = [];
        for (let x = a.x; x !== b.x; x += Math.sign(b.x - x)) passed.push(`row ${x} ${Math.sign(b.x - x)}`);
        for (let y = a.y; y !== b.y; y += Math.sign(b.y - y)) passed.push(`column ${b.x} ${y} ${Math.sign(b.y - y)}`);
        return passed;
      });
      hops += (target.capabilities.multicast ? new Set(steps).size : steps.length) * (traffic.get(link.projection.source) ?? 1);
    }
  }
  return hops;
}

describe('a mapping report', () => {
  it.each([false, true])('counts the hops of the placement, a linear one and random ones (multicast: %s)', (multicast) => {
    fc.assert(fc.property(networks, (network) => {
      const routed = route(place(partition(network, small(multicast), new Reporter()), { seed: 1 }));
      const traffic = new Map([[populationId('p0'), 3], [populationId('p1'), 0.5]]);
      const report = mappingReport(routed, { traffic, rates: 'estimated' });
      expect(report.hops).toBeCloseTo(hopsOf(routed, traffic), 6);
      expect(report.linearHops).toBeCloseTo(hopsOf(linearPlacement(routed), traffic), 6);
      expect(report.randomHops).toBeCloseTo([0, 1, 2, 3].reduce((sum, seed) => sum + hopsOf(randomPlacement(routed, seed), traffic), 0) / 4, 6);
    }), { numRuns: 15, seed: 5 });
  });

  it('gives the bound from below of a network that fills its cores exactly, and no partition undercuts it', () => {
    const full = chain([10, 4, 4], [conv(20, 1), conv(5, 1)]);
    expect(leastCores(full, small(false))).toBe(4 + 8 + 2);
    expect(partition(full, small(false), new Reporter()).cores).toHaveLength(14);
    const tight: Target = { ...small(false), core: { ...loihi1.core, neurons: 30, inAxons: 500, outAxons: 2000, synapticMemoryBits: 20000 }, memory: { ...loihi1.memory, sharedOffset: null } };
    fc.assert(fc.property(networks, (network) => {
      const { cores } = partition(network, tight, new Reporter());
      expect(leastCores(network, tight)).toBeLessThanOrEqual(cores.length);
      // Few weights left: lists are sparse, and a slice of few channels takes narrower indices.
      const pruned = { ...network, projections: network.projections.map((p) => ({ ...p, weight: p.weight.map((w, i) => (i % 9 === 0 ? w : 0)) })) };
      expect(leastCores(pruned, tight)).toBeLessThanOrEqual(partition(pruned, tight, new Reporter()).cores.length);
    }), { numRuns: 40, seed: 6 });
    const wide = chain([64, 3, 3], [conv(512, 3, { pad: 1 })]);
    const sparse = { ...wide, projections: wide.projections.map((p) => ({ ...p, weight: p.weight.map((w, i) => (i % 20 === 0 ? w : 0)) })) };
    const virtual = loadTarget('virtual');
    const narrow: Target = { ...virtual, core: { ...virtual.core, synapticMemoryBits: 40000 }, memory: { ...loihi1.memory, sharedOffset: null } };
    const cores = partition(sparse, narrow, new Reporter()).cores;
    expect(cores.length).toBeGreaterThan(8);
    expect(leastCores(sparse, narrow)).toBeLessThanOrEqual(cores.length);
    expect(leastCores(sparse, narrow)).toBeGreaterThan(cores.length / 3);
  });

  it('says how full the cores are, what is saved and what is heaviest', () => {
    // Two cores in one row of routers, a hop apart; 4 neurons, each of which reaches the whole of the other core.
    const target: Target = { ...small(false), core: { ...loihi1.core, neurons: 8, inAxons: 16, outAxons: null, synapticMemoryBits: null }, mesh: { width: 4, height: 1, coresPerRouter: 1 }, board: { chips: null, columns: 1 } };
    const routed = route(linearPlacement(partition(chain([4, 1, 1], [dense(2, [4, 1, 1])]), target, new Reporter())));
    const report = mappingReport(routed, { traffic: new Map([[populationId('p0'), 2.5]]), rates: 'measured' });
    expect(report).toMatchObject({
      cores: 2, leastCores: 2, chips: 1, coresInUse: 0.5, messages: 10, hops: 10, linearHops: 10, chipCrossings: 0,
      utilisation: { compartments: { mean: 3 / 8, most: 0.5 }, inAxons: { mean: 1 / 8, most: 0.25 }, outAxons: null, memory: null },
      heaviestLink: { messages: 10, from: [0, 0], to: [1, 0] }, heaviestCore: { core: 1, layer: 'p1', synapticOps: 20 },
    });
    expect(mappingLines({ ...report, randomHops: 20 })).toEqual([
      ['filled', 'compartments 38 % (most 50 %), axons in 13 % (most 25 %)'],
      ['traffic', '10 message hops an inference with the measured spikes: as many as in a linear placement, 50 % under a random one'],
      ['heaviest', 'link (0,0) to (1,0) with 10 messages; core 1 (p1) with 20 synaptic operations'],
    ]);
  });
});
