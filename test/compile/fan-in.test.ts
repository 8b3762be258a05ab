// A layer that reads more than a core of the target holds: compiled, simulated, judged by `fit` and refused by the export.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fitText } from '../../src/commands/fit-text.js';
import { fitModel } from '../../src/commands/fit-model.js';
import { compileModel } from '../../src/compile.js';
import { energyReport } from '../../src/energy/energy-report.js';
import { explicitNetwork } from '../../src/interop/explicit-network.js';
import { simulate } from '../../src/simulate/simulate.js';
import { loadTarget } from '../../src/target/load-target.js';
import { modelFile, plainSpec, randomBytes } from './tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'fan-in-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** loihi2 with cores for so many synapse lists of a word; null: as many as there are. */
function target(lists: number | null) {
  const path = join(folder, `lists-${lists}.json`);
  const { $schema: _, ...chip } = loadTarget('loihi2');
  writeFileSync(path, JSON.stringify({ ...chip, name: `lists-${lists}`, core: { ...chip.core, synapticMemoryBits: lists === null ? null : 64 * lists } }));
  return loadTarget(path);
}

const path = modelFile('fan-in', plainSpec()); // its last layer reads 64 sources, a word each
const data = randomBytes(12, [1, 6, 6]);

describe('a dense layer of 64 sources', async () => {
  const [whole, parts] = await Promise.all([target(null), target(50)].map((chip) => compileModel(path, { target: chip, timesteps: 8 })));
  const [before, after] = await Promise.all([whole, parts].map(({ program }) => simulate(program, data, { timing: 'pipeline', seed: 0, workers: 1 })));

  it('gives the same scores in parts, on more cores with more messages, one step later', () => {
    expect(after.scores).toEqual(before.scores);
    expect(after.predictions).toEqual(before.predictions);
    expect(parts.program.cores.filter((c) => c.slice.part !== undefined).length).toBe(2);
    expect(parts.program.cores.length).toBeGreaterThan(whole.program.cores.length);
    expect(after.mesh.messages).toBeGreaterThan(before.mesh.messages);
    expect(after.stepsPerInference).toBe(before.stepsPerInference + 1);
    expect(after.time!.unpublished).toEqual(expect.arrayContaining(['gradedMessage', 'gradedSynapticOp']));
  });
  it('keeps its cores busy for as long in cycle timing as in pipeline timing', async () => {
    const cycle = await simulate(parts.program, data, { timing: 'cycle', seed: 0, workers: 1 });
    cycle.time!.coreSeconds.forEach((seconds, core) => expect(seconds, `core ${core}`).toBeCloseTo(after.time!.coreSeconds[core], 12));
    expect(cycle.time!.coreSeconds.every((seconds) => seconds > 0)).toBe(true);
  });
  it('pays for its sums: messages with payloads, and an addition each where they arrive', () => {
    const [lines] = [energyReport(parts.program, after).perInference.lines];
    const sums = after.projections.reduce((n, p) => n + (p.sums ?? 0), 0);
    const count = (key: string): number => lines.find((l) => l.key === key)?.count ?? 0;
    expect(sums).toBeGreaterThan(0);
    expect([count('graded-messages'), count('graded-ops')]).toEqual([sums / data.count, sums / data.count]);
    const operations = (trace: typeof after): number => trace.projections.reduce((n, p) => n + p.synapticOps, 0);
    expect(operations(after)).toBe(operations(before));
    expect(count('synops-dense') + count('synops-shared') + count('synops-sparse')).toBeCloseTo((operations(after) + sums) / data.count, 9);
  });
  it('is told by fit: how many parts, how many compartments in all', () => {
    const fit = fitModel({ path, import: {} } as Parameters<typeof fitModel>[0], { chip: target(50), reset: undefined, code: 'bias', timesteps: 8, place: false });
    expect(fit.fits).toBe(true);
    expect(fit.layers.at(-1)?.split).toEqual({ parts: 2, neurons: 15, exact: true });
    expect(fitText(fit, false).replace(/\s+/g, ' ')).toContain('send their sums as graded spikes: the same result to the bit, one chip step later.');
  });
  it('cannot be exported as messages without numbers', () => {
    expect(() => explicitNetwork(parts.program, { drive: [], spikes: [], storage: [] })).toThrow('interop/fan-in-in-parts');
  });
});
