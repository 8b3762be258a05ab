// A record and a page from runs of the simulator itself, instead of made-up counters.
import { describe, expect, it } from 'vitest';
import { energyReport } from '../../src/energy/energy-report.js';
import { renderReport } from '../../src/report/html-report.js';
import { parseRunRecord, printRunRecord } from '../../src/report/read-run.js';
import { buildRunRecord } from '../../src/report/run-record.js';
import { simulate } from '../../src/simulate/simulate.js';
import { buildProgram, readTarget } from '../simulate/build-program.js';
import { randomNetwork } from '../simulate/random-network.js';

async function run(seed: number, timing: 'functional' | 'pipeline') {
  const { network, image } = randomNetwork(seed);
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

  it('gives a page', async () => {
    const page = await renderReport(recordOf(await run(3, 'pipeline')));
    expect(page.match(/<svg /g)?.length).toBeGreaterThanOrEqual(8);
    expect(page).not.toContain('NaN');
  });
});
