// The export to SANA-FE, read back and run neuron by neuron, spikes as the program does.
import { describe, expect, it } from 'vitest';
import { stimulusOf } from '../../src/commands/load-export.js';
import { CompileError, formatDiagnostic } from '../../src/diagnostics.js';
import { checkSize, explicitNetwork, MOST_SYNAPSES, type Stimulus } from '../../src/interop/explicit-network.js';
import { readArchitecture, readNetwork } from '../../src/interop/read-sana-fe.js';
import { architectureYaml, meshSize, tileNumber } from '../../src/interop/sana-fe-architecture.js';
import { networkYaml } from '../../src/interop/sana-fe-network.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { neuronCount } from '../../src/spiking/network.js';
import { planCounting } from '../../src/simulate/counting-plan.js';
import { countersOf } from '../../src/simulate/counters.js';
import { start } from '../../src/simulate/simulate-task.js';
import { buildProgram, eachSynapse, readTarget } from '../simulate/build-program.js';
import { cubaNetwork, randomNetwork, signedNetwork } from '../simulate/random-network.js';
import { runExplicit } from './run-explicit.js';

/** A random program whose v is never clipped: SANA-FE does not clip. */
function unclipped(seed: number) {
  const { network, image } = randomNetwork(seed);
  return { image, program: buildProgram({ ...network, populations: network.populations.map((p) => ({ ...p, limit: 2 ** 30 - 1 })) }, { parts: [2, 2, 1], target: readTarget('loihi1') }) };
}
const diagnosticsOf = (work: () => unknown): string[] => {
  try { work(); } catch (error) { if (error instanceof CompileError) return error.diagnostics.map(formatDiagnostic); throw error; }
  return [];
};

/** The same with zero weights read, as dense lists have it. */
const withZeros = (stimulus: Stimulus): Stimulus => ({ ...stimulus, storage: stimulus.storage.map((s) => ({ ...s, skipsZeros: false })) });

describe('round trip', () => {
  const seen = { codes: new Set<string>(), resets: new Set<string>(), delays: 0, pools: 0, drives: 0, leaks: 0 };
  // small networks; together they hold every input code, reset and kind of projection (checked below)
  for (const seed of [52, 55, 82, 109, 110, 137, 146, 160, 171, 200, 221, 252]) {
    it(`the network that is read back spikes as the program does (seed ${seed})`, () => {
      const { program, image } = unclipped(seed);
      const { network } = program;
      const at = { seed: 5, sample: 2 };
      const expected = evaluateInteger(network, image, at);
      const explicit = explicitNetwork(program, withZeros(stimulusOf(program, image, at)));
      const read = readNetwork([...networkYaml(program, explicit)].join(''));
      const { spikes, v } = runExplicit(read, explicit.steps);

      network.populations.forEach((p, i) => {
        const first = read.first.get(`p${i}`)!;
        const count = neuronCount(p.shape);
        const own = expected.spikes[i].map((_, t) => [...spikes[t + p.depth + 1].subarray(first, first + count)]);
        expect(own, p.id).toEqual(expected.spikes[i].map((s) => [...s]));
        if (p.id === network.output) expect([...v.subarray(first, first + count)].map((x) => x * 64)).toEqual([...expected.scores]);
      });

      // every synapse of the program once, zero weights too, and the synaptic operations that its spikes cause
      let synapses = 0;
      for (const p of network.projections) eachSynapse(network, p, () => { synapses++; });
      expect(explicit.synapses).toBe(synapses);
      expect(read.synapses).toHaveLength(synapses + explicit.helpers.synapses);
      const group = (neuron: number): string => read.neurons[neuron].group;
      const depth = (name: string): number => network.populations[Number(name.slice(1))].depth;
      const fanOut = new Map<number, number>();
      for (const s of read.synapses) fanOut.set(s.source, (fanOut.get(s.source) ?? 0) + 1);
      let operations = 0;
      let helped = 0;
      spikes.forEach((step, s) => step.forEach((fired, neuron) => {
        if (fired === 0) return;
        const name = group(neuron);
        if (!name.startsWith('p')) helped += fanOut.get(neuron) ?? 0;
        else if (s - 1 >= depth(name) && s - 1 < depth(name) + network.timesteps) operations += fanOut.get(neuron) ?? 0;
      }));
      expect(operations).toBe(expected.counters.synapticOps.reduce((a, b) => a + b, 0));
      expect(helped).toBe(explicit.helpers.operations);
      expect(read.first.size).toBe(explicit.groups.length);

      // with each projection stored as the chip stores it, spikes cause the operations that the simulator counts
      const own = explicitNetwork(program, stimulusOf(program, image, at));
      const chunk = start({ program, images: image, seed: at.seed, profile: null, raster: null })({ first: 0, count: 1 });
      const counted = countersOf(program, planCounting(program), { samples: 1, regions: chunk.regions, saturations: chunk.saturations });
      if (network.input.code !== 'poisson') network.projections.forEach((projection, p) => { // the Poisson code draws by the image's place
        const reads = new Int32Array(neuronCount(network.populations[own.bundles[p].source].shape));
        for (const s of own.bundles[p].synapses()) reads[s.source]++;
        const caused = expected.spikes[own.bundles[p].source].reduce((sum, step) => sum + step.reduce((n, fired, i) => n + (fired === 0 ? 0 : reads[i]), 0), 0);
        expect(caused, projection.id).toBe(counted.projections[p].synapticOps);
      });

      seen.codes.add(network.input.code);
      for (const p of network.populations) { if ('reset' in p.neuron) seen.resets.add(p.neuron.reset); if (p.decay > 0) seen.leaks++; }
      for (const p of network.projections) { if (p.delay > 0) seen.delays++; if (p.pool[0] * p.pool[1] > 1) seen.pools++; }
      if ([...read.first.keys()].some((name) => name.startsWith('drive'))) seen.drives++;
    });
  }

  it('these networks hold what the test is about', () => {
    expect(seen.codes).toEqual(new Set(['bias', 'rate', 'poisson']));
    expect(seen.resets).toEqual(new Set(['soft', 'hard', 'soft-two-compartment']));
    for (const count of [seen.delays, seen.pools, seen.drives, seen.leaks]) expect(count).toBeGreaterThan(0);
  });
});

describe('pruned weights', () => {
  it('of sparse lists are left out, and nothing spikes otherwise', () => {
    const { program, image } = unclipped(82);
    const stimulus = stimulusOf(program, image, { seed: 5, sample: 2 });
    const [whole, pruned] = [false, true].map((skipsZeros) => explicitNetwork(program, { ...stimulus, storage: stimulus.storage.map((s) => ({ ...s, skipsZeros })) }));
    const [all, some] = [whole, pruned].map((network) => readNetwork([...networkYaml(program, network)].join('')));
    expect(some.synapses).toEqual(all.synapses.filter((s) => s.weight !== 0));
    expect(pruned.synapses).toBe(some.synapses.length - pruned.helpers.synapses);
    expect(pruned.synapses).toBeLessThan(whole.synapses);
    expect(runExplicit(some, pruned.steps).spikes).toEqual(runExplicit(all, whole.steps).spikes);
  });
});

describe('the files', () => {
  const { program, image } = unclipped(55);
  const explicit = explicitNetwork(program, stimulusOf(program, image, { seed: 5, sample: 2 }));

  it('hold the constants of the profile, in joules and seconds', () => {
    const profile = program.target.profiles.find((p) => p.name === 'sanafe-nahuku')!;
    const read = readArchitecture(architectureYaml(program, profile, explicit));
    expect(read).toMatchObject({ width: 8, height: 4, coresPerTile: 4 });
    expect(read.units.lif).toEqual({
      model: 'leaky_integrate_fire', energy_access_neuron: 51.2e-12, latency_access_neuron: 6e-9, energy_update_neuron: 21.6e-12, latency_update_neuron: 3.7e-9,
      energy_spike_out: 69.3e-12, latency_spike_out: 30e-9,
    });
    expect(read.units.shared_synapse).toMatchObject({ energy_process_spike: 24e-12, latency_process_spike: 3.1e-9 });
    expect(read.units.axons_out).toEqual({ energy_message_out: 111e-12, latency_message_out: 5.1e-9 });
    expect(read.tile).toMatchObject({ energy_east_hop: 3e-12, energy_north_hop: 4.2e-12, latency_south_hop: 6.5e-9 });
    expect(read.barrier).toEqual([{ tiles: 1, seconds: 600e-9 }, { tiles: 2, seconds: 1000e-9 }, { tiles: 4, seconds: 1400e-9 }, { tiles: 29, seconds: 1800e-9 }]);
  });

  it('say what is unpublished instead of guessing', () => {
    const davies = program.target.profiles.find((p) => p.name === 'davies2018')!;
    const text = architectureYaml(program, davies, explicit);
    expect(text).toMatch(/energy_spike_out: 0\.0 # unpublished/);
    expect(text).toContain('# Priced by Spikeveil and not known here: messages within a router, state reset.');
  });

  it('put every neuron on the core that the program puts it on, and give each input a unit of its own', () => {
    const read = readNetwork([...networkYaml(program, explicit)].join(''));
    const { height } = meshSize(program);
    explicit.groups.forEach((group) => group.core.forEach((core, i) => {
      const place = program.places[core];
      expect(read.neurons[read.first.get(group.name)! + i].core).toEqual([tileNumber(place, height), place.port]);
    }));
    const inputs = read.neurons.flatMap((n, i) => (n.spikes === null ? [] : [{ unit: n.soma, core: explicit.groups.flatMap((g) => [...g.core])[i] }]));
    expect(new Set(inputs.map((n) => `${n.core} ${n.unit}`)).size).toBe(inputs.length);
  });
});

describe('refusals', () => {
  it('neurons with dynamics that SANA-FE lacks', () => {
    const refuse = ({ network, image }: ReturnType<typeof randomNetwork>): string[] => {
      const program = buildProgram(network, { parts: [1, 1, 1] });
      return diagnosticsOf(() => explicitNetwork(program, stimulusOf(program, image, { seed: 0, sample: 0 })));
    };
    expect(refuse(signedNetwork(20))[0]).toContain('error[interop/unsupported-neurons]: SANA-FE has no spikes of -1');
    expect(refuse(cubaNetwork(20))[0]).toContain('SANA-FE has no synaptic current that is rounded in every step');
    const { network, image } = randomNetwork(55);
    const late = network.populations.map((p) => (p.neuron.model !== 'integrator' ? { ...p, decay: 409, neuron: { model: 'lif' as const, reset: 'soft-two-compartment' as const, leak: 0.9 } } : p));
    expect(refuse({ network: { ...network, populations: late }, image })).toHaveLength(late.filter((p) => p.neuron.model === 'lif').length);
  });

  it('too many synapses, with what they would take', () => {
    const { program, image } = unclipped(55);
    const explicit = explicitNetwork(program, stimulusOf(program, image, { seed: 5, sample: 2 }));
    expect(diagnosticsOf(() => checkSize(explicit))).toEqual([]);
    const [text] = diagnosticsOf(() => checkSize({ ...explicit, synapses: MOST_SYNAPSES + 1 }));
    expect(text).toContain('error[interop/too-many-synapses]: the program has 5000001 synapses');
    expect(text).toMatch(/\n {2}hint: --force .* 4 GiB of memory$/);
  });

  it('files of another form', () => {
    for (const text of ['- 1', 'network: {groups: []}', 'network: {groups: [{name: a, attributes: {}, neurons: [{0..1: {soma_hw_name: x}}]}], edges: [{a.0 -> a.2: {weight: 1}}]}', 'a: [', 'network: {groups: [{name: a, attributes: {soma_hw_name: x}, neurons: [{0: {}}]}], edges: []}\nmappings: []']) {
      expect(diagnosticsOf(() => readNetwork(text))[0], text).toContain('error[interop/malformed]');
    }
    expect(diagnosticsOf(() => readArchitecture('architecture: {attributes: {}}'))[0]).toContain('error[interop/malformed]');
  });
});
