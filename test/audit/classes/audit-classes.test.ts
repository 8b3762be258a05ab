// The whole audit on pictures of shapes: a network that knows them gives them away, floor and ceiling stand where they
// should, threads change no figure, an interrupted audit goes on, and what cannot be audited is refused.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditClasses, type ClassAuditOptions, type NamedSubject, type RealImages } from '../../../src/audit/classes/audit-classes.js';
import { suite } from '../../../src/audit/classes/suite.js';
import { splitReal } from '../../../src/audit/classes/train-evaluators.js';
import { CompileError } from '../../../src/diagnostics.js';
import { classesRecord, isClassesRecord } from '../../../src/audit/records/classes.js';
import { CANVAS, CLASSES, converted, shapes, subjectOf, trainedGraph } from './shapes.js';

const folder = mkdtempSync(join(tmpdir(), 'class-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const members = shapes(400, 1);
const data = shapes(480, 2);
const real: RealImages = { data, dataSha256: 'd'.repeat(64), dataName: 'shapes', members: { ...members, sha256: 'e'.repeat(64), name: 'more shapes' } };
const effort = { perClass: 2, steps: 12, restarts: 1, draws: 1, distilQueries: 40, evolutionQueries: 60 };
const options: ClassAuditOptions = { effort, seeds: 2, seed: 4, evaluators: 3, evaluatorEpochs: 8, limit: 0.1, workers: 1 };
const some = suite.filter((a) => a.prior === 'smooth' && (a.id === 'A' || a.id === 'G' || (a.id === 'B' && a.surrogate === 'triangle' && a.input === 'current')));

let subjects: readonly NamedSubject[];
beforeAll(async () => {
  const graph = await trainedGraph(members);
  subjects = [subjectOf('ann', { kind: 'ann', graph }), subjectOf('spiking', { kind: 'spiking', network: converted(graph, 6) }, true)];
});

const codes = async (work: Promise<unknown>): Promise<string[]> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics.map((d) => d.code);
    throw error;
  }
  return [];
};

describe('an audit', () => {
  it('finds what networks know of their classes, floor and ceiling where they should be, the same with two threads and when it goes on', async () => {
    const checkpoint = join(folder, 'kept');
    const jobs: number[] = [];
    const one = await auditClasses(subjects, real, { ...options, attacks: some, checkpoint, onJob: (done) => jobs.push(done) });
    expect(one.warnings).toEqual([]);
    expect(one.ceiling.success.mean).toBeGreaterThan(0.9);
    expect(Math.max(one.floor.random.success.mean, one.floor.untrained.success.mean)).toBeLessThan(0.5);
    const [ann, spiking] = one.subjects;
    expect(ann.accuracy).toBeGreaterThan(0.95);
    expect(ann.strongest.leakage.success.mean).toBeGreaterThan(0.5);
    expect(spiking.strongest.leakage.success.mean).toBeGreaterThan(0.5);
    expect(spiking.asAnnAccuracy).toBeCloseTo(ann.accuracy, 1);
    expect(ann.verdict.text).toMatch(/^attack [AG] .* exceeded 0\.1 with /);
    expect(ann.skipped.map((s) => s.attack.id)).toEqual(['B']);
    expect(spiking.checks.map((c) => [c.check, c.passed])).toEqual([['B succeeds on a converted network', true], ['more steps do no harm', true]]);
    expect(ann.sheet.bytes.length).toBe(ann.sheet.rows.length * CLASSES * 64);
    expect(ann.sheet.rows.slice(0, 3)).toEqual(['real images', 'random images', 'from an untrained network']);
    // 6 for floor and ceiling, 2 attacks on the ANN and 3 on the other from 2 seeds, and one with more steps
    expect(Math.max(...jobs)).toBe(6 + 2 * (2 + 3) + 1);

    const two = await auditClasses([subjects[1]], real, { ...options, attacks: some, workers: 2 });
    expect(two.subjects[0].attacks.map((a) => [a.attack, a.figures, a.loss])).toEqual(spiking.attacks.map((a) => [a.attack, a.figures, a.loss]));
    expect(two.ceiling).toEqual(one.ceiling);

    // what is left of an interrupted run: some of its files
    const kept = readdirSync(checkpoint).filter((f) => /^[0-9a-f]{24}\.json$/.test(f)).sort();
    expect(kept).toHaveLength(17);
    for (const file of kept.slice(0, 3)) rmSync(join(checkpoint, file));
    const again: number[] = [];
    const resumed = await auditClasses(subjects, real, { ...options, attacks: some, checkpoint, onJob: (done) => again.push(done) });
    expect(resumed.subjects).toEqual(one.subjects);
    expect(again.length).toBeLessThan(jobs.length);

    const record = classesRecord(one, ann, {
      tool: '1', subject: { name: 'ann', kind: 'ann', sha256: subjects[0].sha256 }, cost: null, sheet: null,
      settings: { seed: 4, seeds: 2, evaluatorEpochs: 8, limit: 0.1, data: { name: 'shapes', sha256: real.dataSha256 }, members: null, effort },
    });
    expect(isClassesRecord(JSON.parse(JSON.stringify(record)))).toBe(true);
    expect(isClassesRecord({ ...record, strongest: 7 })).toBe(false);

    const path = join(checkpoint, kept[5]);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"success":', '"success":1'));
    expect(await codes(auditClasses(subjects, real, { ...options, attacks: some, checkpoint }))).toEqual(['audit/checkpoint-damaged']);
    expect(await codes(auditClasses(subjects, real, { ...options, evaluatorEpochs: 9, attacks: some, checkpoint }))).toEqual(['audit/checkpoint-of-another-audit']);
    expect(await codes(auditClasses(subjects, { ...real, dataSha256: 'f'.repeat(64) }, { ...options, attacks: some, checkpoint }))).toEqual(['audit/checkpoint-of-other-images']);
    writeFileSync(join(folder, 'file'), '');
    expect(await codes(auditClasses(subjects, real, { ...options, attacks: some, checkpoint: join(folder, 'file', 'x') }))).toEqual(['audit/checkpoint-not-written']);
  });

  it('ends when it is interrupted', async () => {
    const stop = new AbortController();
    const work = auditClasses(subjects, real, { ...options, attacks: some, signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) });
    await expect(work).rejects.toThrow('stopped');
  });
});

describe('what cannot be audited', () => {
  it('is said all at once', async () => {
    const [ann] = subjects;
    const other: NamedSubject = { ...ann, canvas: { ...CANVAS, shape: [1, 4, 16] } };
    expect(await codes(auditClasses([ann, other], { ...real, members: null }, { ...options, effort: { ...effort, perClass: 31 } }))).toEqual(['audit/subjects-alike', 'audit/subjects-differ', ...Array.from({ length: 4 }, () => 'audit/too-few-real-images')]);
    expect(await codes(auditClasses([ann], { ...real, members: { ...shapes(8, 1), sha256: '', name: 'few' } }, options))).toEqual(Array.from({ length: 4 }, () => 'audit/too-few-members'));
    expect(await codes(auditClasses([ann], { ...real, members: { ...data, sha256: '', name: 'the same' } }, options))).toEqual(['audit/split-not-disjoint']);
  });
  it('evaluators that tell nothing apart', async () => {
    const shuffled = { ...data, labels: data.labels.map((_, i) => Math.floor(i / 120)) };
    expect(await codes(auditClasses([subjects[0]], { ...real, data: shuffled, members: null }, { ...options, evaluatorEpochs: 1, attacks: some }))).toEqual(['audit/evaluators-blind']);
  });
  it('evaluators that are often wrong are warned about', async () => {
    const noisy = { ...data, labels: data.labels.map((l, i) => (i % 10 < 3 ? (l + 1) % 4 : l)) };
    const { warnings } = await auditClasses([subjects[0]], { ...real, data: noisy, members: null }, { ...options, seeds: 1, evaluatorEpochs: 12, attacks: some.filter((a) => a.id === 'A') });
    expect(warnings.map((w) => w.code)).toEqual(['audit/weak-evaluator', 'audit/weak-evaluator', 'audit/weak-evaluator']);
  });
});

it('the real images are split without overlap, the ceiling in the order of drawn images', () => {
  const split = splitReal(data, { classes: CLASSES, perClass: 5, seed: 1 })!;
  expect([...split.ceiling.labels.slice(0, 5)]).toEqual([0, 1, 2, 3, 0]);
  expect([split.training, split.reference, split.ceiling].map((s) => s.labels.length)).toEqual([288, 160, 20]);
  const keys = [split.training, split.reference, split.ceiling].flatMap(({ bytes, labels }) => Array.from(labels, (_, i) => Buffer.from(bytes.subarray(i * 64, (i + 1) * 64)).toString('hex')));
  expect(new Set(keys).size).toBe(keys.length);
  expect(splitReal(data, { classes: CLASSES, perClass: 31, seed: 1 })).toBeNull();
});
