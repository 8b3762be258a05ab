// Probes record what the reference evaluator does, bit for bit, whatever neurons are chosen and however many workers run.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import type { SampleRecord } from '../../src/simulate/observer.js';
import { parseProbe, resolveProbes } from '../../src/simulate/probes.js';
import { simulate } from '../../src/simulate/simulate.js';
import { start } from '../../src/simulate/simulate-task.js';
import { neuronCount } from '../../src/spiking/network.js';
import { buildProgram } from './build-program.js';
import { cubaNetwork, dice, randomNetwork, signedNetwork } from './random-network.js';

/** The chosen neurons as the reference steps them: [population][T][neurons]. */
function reference(network: IntegerNetwork, image: Float32Array, chosen: readonly Uint32Array[], at: { readonly seed: number; readonly sample: number }) {
  const seen = chosen.map(() => ({ spikes: [] as number[], current: [] as number[], u: [] as number[], v: [] as number[] }));
  evaluateInteger(network, image, {
    ...at,
    observe: ({ population, arrivals, state }) => {
      for (const n of chosen[population]) {
        seen[population].spikes.push(state.spikes[state.spikes.length - 1][n]);
        if (arrivals === null) continue;
        seen[population].current.push(arrivals.current[n] + state.drive[n]);
        if (state.population.neuron.model === 'cuba') seen[population].u.push(state.u[n]);
        seen[population].v.push(state.v[n]);
      }
    },
  });
  return seen;
}

/** Byte by byte: arrays are long. */
const same = (found: Int8Array | Int32Array, wanted: Int8Array | Int32Array, what: string): void =>
  expect(Buffer.from(found.buffer).equals(Buffer.from(wanted.buffer)), what).toBe(true);

describe('probes', () => {
  it('record the spikes, currents and potentials of the plain evaluator', () => {
    const seen = { spikes: 0, retractions: 0, currents: 0, relays: 0, grouped: 0, pooled: 0, leaky: 0, lasting: 0 };
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const { network, image } = [signedNetwork, cubaNetwork, randomNetwork][seed % 3](seed);
      const d = dice(seed + 1);
      const chosen = network.populations.map(({ shape }) => Uint32Array.from({ length: d.between(1, 12) }, () => d.between(0, neuronCount(shape) - 1)));
      const every = d.between(0, network.populations.length - 1); // one layer whole
      chosen[every] = Uint32Array.from({ length: neuronCount(network.populations[every].shape) }, (_, i) => i);
      const probes = network.populations.map((p, i) => ({ layer: p.id, neurons: i === every ? 'all' : chosen[i].join() }));
      const sorted = chosen.map((neurons) => Uint32Array.from(new Set(neurons)).sort());
      const expected = reference(network, image, sorted, { seed: 7, sample: 1 });
      const run = start({ program: buildProgram(network, { parts: [1, 1, 1] }), images: Float32Array.of(...image.map((x) => -x), ...image), seed: 7, profile: null, raster: null, probes: resolveProbes(network, probes) });
      const [, record] = run({ first: 0, count: 2 }).records;
      expect(record.layers.length).toBe(network.populations.length);
      record.layers.forEach(({ spikes, state }, i) => {
        const id = network.populations[i].id;
        same(spikes, Int8Array.from(expected[i].spikes), `spikes of ${id}`);
        expect(state === null, `a relay: ${id}`).toBe(network.populations[i].neuron.model === 'relay');
        if (state !== null) {
          same(state.current, Int32Array.from(expected[i].current), `currents of ${id}`);
          same(state.u ?? new Int32Array(), Int32Array.from(expected[i].u), `u of ${id}`);
          same(state.v, Int32Array.from(expected[i].v), `potentials of ${id}`);
        } else seen.relays++;
        seen.spikes += spikes.reduce((n, s) => n + Math.abs(s), 0);
        seen.retractions += spikes.reduce((n, s) => n + (s < 0 ? 1 : 0), 0);
        seen.lasting += expected[i].u.filter((n) => n !== 0).length;
        seen.currents += expected[i].current.filter((c) => c !== 0).length;
      });
      if (network.projections.some((p) => p.groups > 1)) seen.grouped++;
      if (network.projections.some((p) => p.pool[0] > 1)) seen.pooled++;
      if (network.populations.some((p) => p.decay > 0)) seen.leaky++;
    }), { numRuns: 18, seed: 3 });
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(1);
    expect(seen.spikes).toBeGreaterThan(1000);
    expect(seen.currents).toBeGreaterThan(1000);
  });

  const { network } = randomNetwork(24);
  const program = buildProgram(network, { parts: [2, 2, 1] });
  const size = neuronCount(network.imageShape);
  const data = { images: Uint8Array.from({ length: 11 * size }, (_, i) => (i * 37 + (i >> 3) * 11) % 256), count: 11, shape: network.imageShape };

  it('come sample by sample in order, the same for any number of workers', async () => {
    const runWith = async (workers: number): Promise<SampleRecord[]> => {
      const records: SampleRecord[] = [];
      await simulate(program, data, { timing: 'functional', seed: 4, workers, observer: { probes: [{ layer: 'hidden', neurons: [3, 1] }], onProbes: (r) => records.push(r) } });
      return records;
    };
    const one = await runWith(1);
    expect(one.map((r) => r.sample)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(one[10].layers[0].spikes.length).toBe(2 * network.timesteps);
    expect(await runWith(2)).toEqual(one);
  });

  it('a receiver that throws ends the run, in threads too', async () => {
    const observer = { probes: [{ layer: 'hidden', neurons: 'all' }], onProbes: () => { throw new Error('enough'); } };
    for (const workers of [1, 2]) await expect(simulate(program, data, { timing: 'functional', seed: 4, workers, observer })).rejects.toThrow('enough');
  });
});

describe('the choice of neurons', () => {
  const network = { populations: [{ id: 'features.0:relu', shape: [4, 3, 5] }, { id: 'classes', shape: [10, 1, 1] }] } as unknown as IntegerNetwork;
  const neurons = (...texts: string[]): number[][] => resolveProbes(network, texts.map((t) => parseProbe(t)!)).map((p) => [...p.neurons]);

  it('is all, neurons, ranges and boxes, joined and sorted', () => {
    expect(neurons('classes:all')).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    expect(neurons('classes:9,0-2,1', 'features.0:relu:17', 'classes:5')).toEqual([[17], [0, 1, 2, 5, 9]]);
    expect(neurons('features.0:relu:1/2/3-4,0/all/0')).toEqual([[0, 5, 10, 28, 29]]);
  });

  it('is refused where it cannot be read', () => {
    for (const text of ['classes', 'classes:', ':1', 'classes:1-', 'classes:4-2', 'classes:a', 'classes:1/2', 'classes:1,,2', 'classes:-1', 'classes:1.5']) expect(parseProbe(text), text).toBeNull();
  });

  it('names all that is wrong at once, with the nearest layer', () => {
    const probes = [['clases', '1'], ['classes', '10'], ['features.0:relu', '0/3-7/0'], ['classes', 'x']] as const;
    expect(() => resolveProbes(network, probes.map(([layer, n]) => ({ layer, neurons: n })))).toThrow([
      'error[observe/unknown-layer] for --probe: the program has no layer "clases"',
      '  hint: did you mean "classes"? its layers are features.0:relu, classes',
      'error[observe/no-such-neuron] for --probe: layer "classes" has no neuron 10: its neurons are 0 to 9',
      '  hint: the layer is 10 x 1 x 1 (channels, rows, columns); neurons are numbered from 0 in that order',
      'error[observe/no-such-neuron] for --probe: layer "features.0:relu" has no row 7: its rows are 0 to 2',
      '  hint: the layer is 4 x 3 x 5 (channels, rows, columns); neurons are numbered from 0 in that order',
      'error[observe/bad-neurons] for --probe: "x" names no neurons of layer "classes"',
      '  hint: write all, or neurons (5), ranges (0-31) and boxes C/Y/X (3/all/0-7) with commas between them',
    ].join('\n'));
    expect(() => resolveProbes(network, [{ layer: 'classes', neurons: [0, -1] }])).toThrow('has no neuron -1');
    expect(() => resolveProbes(network, [{ layer: 'classes', neurons: [0.5] }])).toThrow('has no neuron 0.5');
  });
});
