// A sweep on images that are part pattern and part noise, so that there is something to learn and much to remember, small enough for a test: what is attacked and compared, the same for any number of
// workers and after an interruption, and every refusal.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditSparsity, areaOf, type SparsityAudit, type SparsityRequest } from '../../../src/audit/sparsity/audit-sparsity.js';
import { sweep } from '../../../src/audit/sparsity/sweep.js';
import { isSparsityRecord, sparsityRecord } from '../../../src/audit/records/sparsity.js';
import { CompileError } from '../../../src/diagnostics.js';
import type { LabelledImages } from '../../../src/learn/private-task.js';
import { ADAM } from '../../../src/learn/optimiser.js';
import { spikingTrainee } from '../../../src/learn/trainee.js';
import { architecture, noiseImages } from '../membership/small-audit.js';

const folder = mkdtempSync(join(tmpdir(), 'spikeveil-sparsity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Noise with a brighter quarter, which one says the label two times of three. */
function images(name: string, count: number): LabelledImages {
  const { images: noise, labels } = noiseImages(name, count);
  const quarter = (at: number): number => 2 * Math.floor(at / 18) + Math.floor((at % 6) / 3);
  return { count, labels, images: noise.map((x, i) => x + (quarter(i % 36) === (Math.floor(i / 36) % 3 === 0 ? 0 : labels[Math.floor(i / 36)]) ? 1.5 : 0)) };
}

const request = (changes: Partial<SparsityRequest> = {}): SparsityRequest => ({
  trainee: spikingTrainee(architecture), pool: images('pool', 240), test: images('test', 240), sparsities: [0.5, 0.95], structure: 'weight', scope: 'global', course: 'iterative', rewindEpochs: 1,
  training: { epochs: 8, batch: 40, rate: 0.03, optimiser: ADAM, schedule: { kind: 'constant' } }, seeds: 6, seed: 1, workers: 1, onChip: null, folder: join(folder, 'kept'), ...changes,
});
const problems = async (changes: Partial<SparsityRequest>): Promise<string[]> => {
  try {
    await auditSparsity(request(changes));
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.map((d) => `${d.code}: ${d.message}`);
  }
};

let audit: SparsityAudit;
beforeAll(async () => { audit = await auditSparsity(request()); }, 120_000);

describe('a sweep', () => {
  it('attacks every dense, pruned and stopped network', () => {
    const of = (kind: string): number => audit.points.filter((p) => p.kind === kind).length;
    expect([of('dense'), of('pruned')]).toEqual([6, 12]);
    const dense = audit.points.filter((p) => p.kind === 'dense');
    expect(dense.every((p) => p.memberAccuracy > p.testAccuracy + 0.15 && p.testAccuracy > 0.4 && p.sparsity < 0.01)).toBe(true);
    // what was remembered shows, and less of it fits into a twentieth of the weights
    const mean = (points: SparsityAudit['points']): number => points.reduce((s, p) => s + areaOf(p, 'rmia'), 0) / points.length;
    expect(mean(dense)).toBeGreaterThan(0.7);
    expect(mean(audit.points.filter((p) => p.wanted === 0.95))).toBeLessThan(mean(dense) - 0.1);
    for (const p of audit.points.filter((q) => q.kind === 'pruned')) expect(Math.abs(p.sparsity - p.wanted!)).toBeLessThan(0.001);
    for (const p of audit.points.filter((q) => q.kind === 'stopped')) expect(p.step).toBeLessThan(dense[0].step);
  });

  it('compares where a partner is as right, and says nothing of networks that guess', async () => {
    for (const [level, { pairs }] of audit.matched.entries()) for (const { seed, accuracyDifference, step } of pairs) {
      expect(Math.abs(accuracyDifference)).toBeLessThanOrEqual(0.005 + 1e-9);
      const pruned = audit.points.find((p) => p.seed === seed && p.wanted === [0.5, 0.95][level])!;
      const partner = audit.points.find((p) => p.seed === seed && p.kind !== 'pruned' && p.step === step)!;
      expect(pruned.testAccuracy - partner.testAccuracy).toBeCloseTo(accuracyDifference, 12);
    }
    expect(audit.matched[0].pairs.length).toBeGreaterThan(0);
    const guessing = await auditSparsity(request({ pool: noiseImages('pool', 240), test: noiseImages('test', 240), folder: join(folder, 'noise') }));
    expect(guessing.matched.map((m) => [m.pairs.length, m.outcome])).toEqual([[0, 'not-compared'], [0, 'not-compared']]);
    expect(guessing.verdict).toMatch(/^No statement/);
  }, 60_000);

  it('draws members anew for each pair of seeds, and gives a pair complementary halves', async () => {
    const seeds = await sweep(request());
    expect(seeds.map((s) => s.members.reduce((a, b) => a + b, 0))).toEqual(Array(6).fill(120));
    expect(seeds[0].members.every((m, i) => m === 1 - seeds[1].members[i])).toBe(true);
    expect(seeds[0].members).not.toEqual(seeds[2].members);
    expect(seeds[0].pruned[1].parameters.filter((v, i) => v !== 0 && seeds[0].pruned[0].parameters[i] === 0)).toHaveLength(0);
  });

  it('regresses the attack and fills a record', () => {
    expect(audit.regression!.observations).toBe(audit.points.length);
    // members are remembered and others are not: the gap is what the attack lives on
    expect(audit.correlations.find((c) => c.predictor === 'generalisation gap')!.plain!.value).toBeGreaterThan(0.8);
    const record = sparsityRecord(audit, {
      tool: '0', subject: { name: 'n', kind: 'spiking', sha256: 'a'.repeat(64) }, cost: null, predictors: ['sparsity', 'test error', 'generalisation gap'],
      settings: { seed: 1, seeds: 6, data: { name: 'd', count: 240 }, test: { name: 't', count: 240 }, poolSha256: audit.poolSha256, structure: 'weight', scope: 'global', course: 'iterative', rewindEpochs: 1, training: { epochs: 8, batch: 40, rate: 0.03, optimiser: 'adam', schedule: 'constant' }, chip: null },
    });
    expect(isSparsityRecord(record)).toBe(true);
    expect(record.levels.map((l) => l.wanted)).toEqual([0.5, 0.95]);
    expect(record.levels[1].naive[0].difference.mean).toBeLessThan(-0.1);
    expect(isSparsityRecord({ ...record, verdict: 3 })).toBe(false);
  });
});

describe('the same figures', () => {
  it('come of a folder that some networks are missing from, with two workers for these', async () => {
    const trained: number[] = [];
    const kept = join(folder, 'again');
    const abort = new AbortController();
    await expect(auditSparsity(request({ folder: kept, signal: abort.signal, onStep: (k) => { if (k === 16) abort.abort(new Error('stopped')); } }))).rejects.toThrow('stopped');
    expect([existsSync(join(kept, 'dense-5.f32')), existsSync(join(kept, 'pruned-5-0.5.f32'))]).toEqual([true, false]);
    expect(await auditSparsity(request({ folder: kept, workers: 2, onStep: (k) => { trained.push(k); } }))).toEqual(audit);
    expect([...new Set(trained)]).toEqual([16, 17]);
    rmSync(join(kept, 'pruned-0-0.95.f32'));
    expect(await problems({ folder: kept })).toEqual(['audit/kept-damaged: a network cannot be taken from here: the file is not there']);
  }, 60_000);
});

describe('refusals', () => {
  it('name a folder of other settings', async () => {
    expect(await problems({ sparsities: [0.5] })).toEqual(['audit/kept-differ: the networks in this folder are those of an audit with other settings: sparsities was 0.5,0.95, now it is 0.5']);
  });
  it('name images that are too few or in both sets', async () => {
    expect(await problems({ pool: images('pool', 150), test: images('test', 90) })).toEqual(['audit/too-few-images: there are 75 images in half of the pool, an audit needs 100', 'audit/too-few-images: there are 90 test images, an audit needs 100']);
    expect(await problems({ test: images('pool', 240) })).toEqual(['audit/test-in-pool: 240 of the 240 test images are among those that the networks learn from, pixel for pixel']);
  });
  it('warn of a layer without weights', async () => {
    const found = await auditSparsity(request({ sparsities: [0.9999], training: { ...request().training, epochs: 1 }, folder: join(folder, 'empty') }));
    expect(found.warnings.map((w) => w.code)).toEqual(['audit/sparsity-empties-layer']);
  }, 60_000);
});
