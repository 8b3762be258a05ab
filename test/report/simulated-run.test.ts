// A record and a page from runs of the simulator itself, instead of made-up counters.
import { describe, expect, it } from 'vitest';
import { energyReport } from '../../src/energy/energy-report.js';
import { renderReport } from '../../src/report/html-report.js';
import { parseRunRecord, printRunRecord } from '../../src/report/read-run.js';
import { buildRunRecord } from '../../src/report/run-record.js';
import { simulate } from '../../src/simulate/simulate.js';
import { buildProgram, readTarget } from '../simulate/build-program.js';
import { randomNetwork, signedNetwork } from '../simulate/random-network.js';

async function run(seed: number, timing: 'functional' | 'pipeline', make = randomNetwork) {
  const { network, image } = make(seed);
  const program = buildProgram(network, { parts: [2, 2, 1], target: readTarget('loihi1') });
  const trace = await simulate(program, { images: image, count: 1, shape: network.imageShape }, { timing, seed: 1, workers: 1, raster: 0 });
  return { program, trace, energy: energyReport(program, trace) };
}

const recordOf = ({ program, trace, energy }: Awaited<ReturnType<typeof run>>) =>
  buildRunRecord({ program, trace, energy, dataset: { name: 'one image', labels: [0] }, annAccuracy: null, agreement: null, seed: 1, tool: '0.1.0' });

describe('a simulated run', () => {
  it('gives a record that agrees with its trace, for networks of every kind', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const result = await run(seed, seed % 2 === 0 ? 'functional' : 'pipeline');
      const record = recordOf(result);
      expect(parseRunRecord(printRunRecord(record), 'run.json'), `seed ${seed}`).toEqual(record);
      const { program, trace, energy } = result;
      expect(record.layers.reduce((sum, l) => sum + l.spikes, 0)).toBe(record.simulation.spikes);
      expect(record.cores.reduce((sum, c) => sum + c.synapticOps, 0)).toBe(energy.synapticOps);
      const updates = energy.perInference.lines.filter((l) => l.key === 'neuron-active' || l.key === 'neuron-inactive').reduce((sum, l) => sum + l.count, 0);
      const compartments = program.network.populations.reduce((sum, p) => sum + (p.neuron.model === 'relay' ? 0 : p.shape[0] * p.shape[1] * p.shape[2] * ('reset' in p.neuron && p.neuron.reset === 'soft-two-compartment' ? 2 : 1)), 0);
      expect(updates).toBe(compartments * trace.timesteps);
      expect(energy.latencySeconds === null).toBe(seed % 2 === 0);
      expect(energy.perInference.totalJoules).toBeGreaterThan(0);
    }
  });

  it('shows the spikes that signed neurons take back', async () => {
    const result = await run(144, 'pipeline', signedNetwork);
    const record = recordOf(result);
    expect(parseRunRecord(printRunRecord(record), 'run.json')).toEqual(record);
    expect(record.layers.map((l) => l.retractions)).toEqual(result.trace.populations.map((p) => (p.id === result.program.network.output ? undefined : p.retractions)));
    expect(record.layers.reduce((sum, l) => sum + (l.retractions ?? 0), 0)).toBeGreaterThan(100);
    expect(record.raster?.sign).toContain(-1);
    const page = await renderReport(record);
    for (const text of ['take an earlier one back', 'Taken back', 'A dark dash is a spike of −1', 'signed: a neuron takes an earlier spike back below']) expect(page).toContain(text);
    expect(page).not.toMatch(/NaN|undefined/);
    const plain = await renderReport(recordOf(await run(144, 'pipeline')));
    for (const text of ['earlier one back', 'Taken back', 'A dark dash']) expect(plain).not.toContain(text);
    const lost = { ...record, raster: { ...record.raster!, sign: [1] } };
    expect(() => parseRunRecord(JSON.stringify(lost), 'r.json')).toThrow('(/raster/sign): raster signs, one a spike');
  });

  it('gives a page', async () => {
    const page = await renderReport(recordOf(await run(3, 'pipeline')));
    expect(page.match(/<svg /g)?.length).toBeGreaterThanOrEqual(8);
    expect(page).not.toContain('NaN');
  });
});
