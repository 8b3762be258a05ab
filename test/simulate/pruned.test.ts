// Pruned weights: fewer bits, fewer operations, the same spikes. Zeros that are left out of the memory are not read, and every
// count of a simulation knows it: by projection, by core, in energy and in time.
import { describe, expect, it } from 'vitest';
import { energyReport } from '../../src/energy/energy-report.js';
import { Reporter } from '../../src/diagnostics.js';
import { partition } from '../../src/map/partition.js';
import { linksOf } from '../../src/map/reach.js';
import { skipsZeros, synapseFormat } from '../../src/map/synapse-format.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { countersOf } from '../../src/simulate/counters.js';
import { planCounting } from '../../src/simulate/counting-plan.js';
import { expectedLoad } from '../../src/simulate/expected-load.js';
import { unpublishedLatencies } from '../../src/simulate/latencies.js';
import { start } from '../../src/simulate/simulate-task.js';
import type { Target } from '../../src/target/schema.js';
import { buildProgram, coreOfNeurons, eachSynapse, readTarget } from './build-program.js';
import { dice, randomNetwork, signedNetwork } from './random-network.js';

/** The same network with most weights set to zero. */
function pruned({ network, image }: ReturnType<typeof randomNetwork>, seed: number): { network: IntegerNetwork; image: Float32Array } {
  const d = dice(seed + 0.25);
  return { image, network: { ...network, projections: network.projections.map((p) => ({ ...p, weight: p.weight.map((w) => (d.unit() < 0.85 ? 0 : w)) })) } };
}
const storedSparse = (network: IntegerNetwork, target: Target): Set<string> => new Set(linksOf(network).flatMap((link) => (skipsZeros(link, target) ? [link.projection.id] : [])));
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

describe('a pruned network', () => {
  const loihi2 = readTarget('loihi2');
  const alone: Target = { ...loihi2, capabilities: { ...loihi2.capabilities, sharedConvolution: false } };
  const formats = new Set<string>();
  for (const [seed, parts, target, make] of [
    [20, [2, 2, 2], loihi2, randomNetwork], [24, [3, 1, 2], alone, randomNetwork], [28, [1, 2, 3], loihi2, randomNetwork], [33, [2, 3, 1], alone, randomNetwork],
    [34, [5, 1, 1], loihi2, randomNetwork], [102, [3, 1, 1], loihi2, randomNetwork], [26, [3, 1, 2], loihi2, signedNetwork], [144, [3, 1, 1], alone, signedNetwork],
  ] as const) {
    it(`counts the weights that are stored (seed ${seed}, cut ${parts.join(' x ')}${target === alone ? ', no sharing' : ''}${make === signedNetwork ? ', signed' : ''})`, () => {
      const { network, image } = pruned(make(seed), seed);
      const sparse = storedSparse(network, target);
      for (const link of linksOf(network)) formats.add(`${synapseFormat(link, target)} ${sparse.has(link.projection.id)}`);
      const program = buildProgram(network, { parts, target });
      const expected = evaluateInteger(network, image, { seed: 5, sample: 0, skipsZeros: sparse });
      const dense = evaluateInteger(network, image, { seed: 5, sample: 0 });
      const chunk = start({ program, images: image, seed: 5, profile: null, raster: null })({ first: 0, count: 1 });
      const counters = countersOf(program, planCounting(program), { samples: 1, regions: chunk.regions, saturations: chunk.saturations });
      expect(counters.projections.map((p) => p.synapticOps)).toEqual(expected.counters.synapticOps);
      expect(expected.spikes).toEqual(dense.spikes);
      expect(chunk.scores).toEqual(dense.scores);
      expect(sum(expected.counters.synapticOps)).toBeLessThan(sum(dense.counters.synapticOps));

      const cores = program.cores.map(() => 0);
      const load = program.cores.map(() => 0);
      for (const projection of network.projections) {
        const owner = coreOfNeurons(network, program.cores, projection.target);
        const spikes = expected.spikes[network.populations.findIndex((p) => p.id === projection.source)];
        const sent = spikes[0].map((_, n) => sum(spikes.map((step) => Math.abs(step[n]))));
        eachSynapse(network, projection, (source, target, weight) => {
          if (sparse.has(projection.id) && projection.weight[weight] === 0) return;
          cores[owner[target]] += sent[source];
          load[owner[target]]++;
        });
      }
      expect(counters.cores.map((c) => c.synapticOps)).toEqual(cores);
      expect(expectedLoad(program, new Map()).cores.map((c) => c.synapticOps)).toEqual(load);
    });
  }
  it('was seen with sparse lists, and with shared lists of either kind', () => {
    expect([...formats]).toEqual(expect.arrayContaining(['sparse true', 'shared true']));
  });

  it('takes fewer bits, and its operations have the price and the latency of the sparse format', async () => {
    const whole = randomNetwork(24);
    const { network } = pruned(whole, 24);
    const bits = (n: IntegerNetwork): number => sum(partition(n, alone, new Reporter()).cores.map((c) => c.use.synapticBits));
    expect(bits(network)).toBeLessThan(0.6 * bits(whole.network));
    const program = buildProgram(network, { parts: [2, 1, 1], target: alone });
    const profile = { ...alone.profiles[0], latency: { ...alone.profiles[0].latency, synapticOpSparse: { value: null, unit: 'ns', source: 'test', note: 'none' } } } as Target['profiles'][number];
    expect(unpublishedLatencies(program, profile)).toContain('synapticOpSparse');
    const { simulate } = await import('../../src/simulate/simulate.js');
    const { image } = whole;
    const trace = await simulate(program, { images: image, count: 1, shape: network.imageShape }, { timing: 'functional', seed: 5, workers: 1 });
    const line = energyReport(program, trace).perInference.lines.find((l) => l.key === 'synops-sparse')!;
    const sparse = storedSparse(network, alone);
    expect(line.count).toBe(sum(trace.projections.filter((p) => sparse.has(p.id)).map((p) => p.synapticOps)));
    expect(line.count).toBeGreaterThan(0);
  });
});
