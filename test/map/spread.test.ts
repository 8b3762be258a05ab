import { expect, test } from 'vitest';
import fc from 'fast-check';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { partition } from '../../src/map/partition.js';
import { place } from '../../src/map/place.js';
import { route } from '../../src/map/route.js';
import { expectedWork, spreadOver } from '../../src/map/spread.js';
import { verifyPartitioned } from '../../src/map/verify.js';
import { expectedLoad } from '../../src/simulate/expected-load.js';
import { populationId } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import { chain, conv, networks } from './random-network.js';
import { linksOf } from '../../src/map/reach.js';
import { synapsesOf } from './unrolled.js';

const loihi2 = loadTarget('loihi2');
const even = new Map();

test('the work of a population is its synapses, one by one, and its updates', () => {
  fc.assert(fc.property(networks, (network) => {
    const { synapticOpShared, neuronActive } = loihi2.profiles[0].latency;
    const work = expectedWork(network, loihi2, even);
    network.populations.forEach(({ id, shape: [c, h, w], neuron }) => {
      const updates = neuron.model === 'relay' ? 0 : c * h * w * network.timesteps;
      const synapses = linksOf(network).reduce((sum, link) => (link.projection.target === id ? sum + synapsesOf(link).length : sum), 0);
      expect(work.get(id)).toBeCloseTo(updates * neuronActive.value! + synapses * synapticOpShared.value!, 6);
    });
  }), { numRuns: 30, seed: 5 });
});

test('more cores are used, never more than asked for, and the busiest has less to do', () => {
  const network = chain([16, 16, 16], [conv(32, 3, { pad: 1 }), conv(32, 3, { pad: 1, stride: 2 }), conv(64, 3, { pad: 1 })]);
  const busiest = (cores: number): number => {
    const mapped = partition(network, loihi2, new Reporter(), { cores, traffic: even });
    expect(verifyPartitioned(mapped)).toEqual([]);
    expect(mapped.cores.length).toBeLessThanOrEqual(cores);
    expect(mapped.cores.length).toBeGreaterThan(cores / 2);
    return Math.max(...expectedLoad(route(place(mapped, { seed: 0 })), even).cores.map((c) => c.synapticOps));
  };
  const loads = [8, 16, 32, 64].map(busiest);
  loads.forEach((load, i) => { if (i > 0) expect(load).toBeLessThan(0.75 * loads[i - 1]); });
});

test('fewer cores than the network needs is a mistake with both numbers', () => {
  const network = chain([8, 40, 40], [conv(16, 3, { pad: 1 }), conv(16, 3, { pad: 1 })]);
  const needed = partition(network, loihi2, new Reporter()).cores.length;
  expect(() => partition(network, loihi2, new Reporter(), { cores: needed - 1, traffic: even })).toThrow(CompileError);
  expect(() => partition(network, loihi2, new Reporter(), { cores: needed - 1, traffic: even })).toThrow(`[map/too-few-cores] for --cores: the network needs ${needed} cores, ${needed - 1} were allowed`);
  expect(partition(network, loihi2, new Reporter(), { cores: needed, traffic: even })).toEqual(partition(network, loihi2, new Reporter()));
});

test('parts follow the work', () => {
  const [a, b] = [populationId('a'), populationId('b')];
  const found = spreadOver(new Map([[a, 900], [b, 100]]), 10, (least) => {
    const parts = [a, b].map((id) => least.get(id) ?? 1);
    return { parts, count: parts[0] + parts[1] };
  });
  expect(found?.parts).toEqual([9, 1]);
});
