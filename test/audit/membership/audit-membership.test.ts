// A whole audit: it finds what a network remembers and nothing where there is nothing, gives the same figures for any number of workers and
// after an interruption, and says so where the images cannot carry it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditMembership, type MembershipAudit, type MembershipRequest } from '../../../src/audit/membership/audit-membership.js';
import { oneRunBound } from '../../../src/audit/membership/one-run.js';
import { chosenImages, drawnFor, poolOf, sharedImages } from '../../../src/audit/membership/pool.js';
import { LEAST_P, twoSampleTest } from '../../../src/audit/membership/two-sample.js';
import { isMembershipRecord, membershipRecord } from '../../../src/audit/records/membership.js';
import type { Subject } from '../../../src/audit/subject.js';
import { nodeId } from '../../../src/graph/graph.js';
import { CompileError } from '../../../src/diagnostics.js';
import type { LabelledImages } from '../../../src/learn/private-task.js';
import { randomStream, uniform } from '../../../src/random.js';
import { rocPlot } from '../../../src/report/roc-plot.js';
import { standaloneSvg } from '../../../src/report/ratio-plot.js';
import { spikingReferences } from '../../../src/audit/membership/reference-kinds.js';
import { architecture, kind, members, noiseImages, nonMembers, smallRequest, training } from './small-audit.js';

const folder = mkdtempSync(join(tmpdir(), 'references-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const problems = async (request: MembershipRequest): Promise<string[]> => {
  try {
    await auditMembership(request);
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics.map((d) => `${d.code}: ${d.message}`);
    throw error;
  }
  return [];
};

let request: MembershipRequest;
let audit: MembershipAudit;
const area = (found: MembershipAudit, id: string): number => found.attacks.find((a) => a.id === id)!.area;

beforeAll(async () => {
  request = await smallRequest();
  audit = await auditMembership(request);
});

describe('an audit', () => {
  it('finds what a network remembers', () => {
    expect(audit.accuracy.members).toBeGreaterThan(0.8);
    expect(audit.accuracy.nonMembers).toBeLessThan(0.4);
    expect(audit.detected).toBe(true);
    for (const { id, area: found } of audit.attacks.filter((a) => a.id.startsWith('loss') || a.id === 'rmia' || a.id.endsWith('-fixed'))) expect(found, id).toBeGreaterThan(0.8);
    expect(audit.oneRun.epsilon).toBeGreaterThan(1);
    expect(audit.references).toMatchObject({ count: 4, images: 160, tuned: true });
    expect(audit.references!.accuracy.members).toBeGreaterThan(0.8);
    expect(audit.warnings).toEqual([]);
  });

  it('finds nothing where the network learned neither', async () => {
    const found = await auditMembership({ ...request, members: noiseImages('never seen', 160) });
    expect(found.detected).toBe(false);
    for (const { id, area: a } of found.attacks) expect(Math.abs(a - 0.5), id).toBeLessThan(0.16);
    expect(found.oneRun.epsilon).toBeLessThan(0.5);
  });

  it('gains by references where some images are harder than others', async () => {
    // members whose label is right are easy for everybody: only a reference tells that from memory
    const mixed = (name: string): LabelledImages => {
      const { count, images, labels } = noiseImages(name, 160);
      const easy = images.slice();
      for (let i = 0; i < count; i += 2) for (let k = 0; k < 9; k++) easy[36 * i + 9 * labels[i] + k] += 1.5;
      return { count, images: easy, labels };
    };
    const [ins, outs] = [mixed('mixed members'), mixed('mixed others')];
    const found = await auditMembership({ ...request, subject: kind.subjectOf(await kind.train(ins, { seed: 5, workers: 1 })), members: ins, nonMembers: outs });
    expect(area(found, 'rmia')).toBeGreaterThan(area(found, 'loss') + 0.01);
  });

  it('gives the same figures for any number of workers', async () => {
    const short = { ...request, references: { kind: spikingReferences({ architecture, certificate: null }, { ...training, epochs: 5 }), count: 4 } };
    const [one, two] = [await auditMembership(short), await auditMembership({ ...short, workers: 2 })];
    expect(two).toEqual(one);
    expect(one.attacks.map((a) => a.area)).not.toEqual(audit.attacks.map((a) => a.area));
  });

  it('runs without references', async () => {
    const found = await auditMembership({ ...request, references: null });
    expect(found.attacks.map((a) => a.id)).toEqual(['loss', 'confidence', 'entropy', 'modified-entropy']);
    expect(found.oneRun.attack).toBe('loss');
  });

  it('is written as a record that its schema knows, and drawn', async () => {
    const record = membershipRecord(audit, {
      tool: '0', subject: { name: 'rememberer', kind: 'spiking', sha256: 'a'.repeat(64) }, cost: null, certificate: null,
      settings: { seed: 1, chances: 1, delta: 1e-5, members: { name: 'm', count: 160 }, nonMembers: { name: 'n', count: 160 }, poolSha256: audit.poolSha256, references: 4, training: null },
    });
    expect(isMembershipRecord(JSON.parse(JSON.stringify(record)))).toBe(true);
    expect(isMembershipRecord({ ...record, strongest: 3 })).toBe(false);
    expect(record.attacks[0].rates.map((r) => [r.resolvable, r.truePositiveRate, r.nonMembersNeeded])).toEqual([[false, null, 10_000], [false, null, 100_000]]);
    for (const { curve, id } of record.attacks) expect(curve.every(([fpr, tpr], i) => i === 0 || (fpr > curve[i - 1][0] && tpr >= curve[i - 1][1])) && curve[curve.length - 1][1] === 1, id).toBe(true);
    const svg = await standaloneSvg(rocPlot({ ...record, certificate: { epsilon: 1, delta: 1e-5, caps: [], advantageCap: 0.5 } }));
    for (const word of ['RMIA', 'LiRA online, fixed', 'loss', 'most by the certificate', 'false positive rate']) expect(svg).toContain(word);
  });
});

describe('references', () => {
  const kept = (): MembershipRequest => ({ ...request, references: { ...request.references!, folder } });
  it('that were interrupted go on to the same figures', async () => {
    const stop = new AbortController();
    let steps = 0;
    await expect(auditMembership({ ...kept(), signal: stop.signal, onStep: (reference, step) => { steps++; if (reference === 1 && step === 70) stop.abort(new Error('stopped')); } })).rejects.toThrow('stopped');
    expect(readdirSync(folder).sort()).toEqual(['manifest.json', 'reference-0.f32', 'reference-1.checkpoint']);
    let more = 0;
    const { warnings: _, ...resumed } = await auditMembership({ ...kept(), onStep: () => { more++; } });
    const { warnings: __, ...whole } = audit;
    expect(resumed).toEqual(whole);
    expect(steps + more).toBeLessThan(4 * 125 + 51); // what the first run had done was not done again, but for the steps since the checkpoint
    expect(readdirSync(folder).filter((f) => f.endsWith('.f32'))).toHaveLength(4);
    let none = 0;
    await auditMembership({ ...kept(), onStep: () => { none++; } });
    expect(none).toBe(0);
  });

  it('of an audit with other settings are refused', async () => {
    expect(existsSync(join(folder, 'manifest.json'))).toBe(true);
    expect(await problems({ ...kept(), seed: 2 })).toEqual(['audit/kept-differ: the networks in this folder are those of an audit with other settings: seed was 1, now it is 2']);
    expect((await problems({ ...kept(), nonMembers: noiseImages('others again', 160) }))[0]).toMatch(/: pool was [0-9a-f]{64}, now it is [0-9a-f]{64}$/);
    const other = { ...kind, settings: { ...kind.settings, training: { ...(kind.settings['training'] as object), epochs: 9 } } };
    expect((await problems({ ...kept(), references: { ...kept().references!, kind: other } }))[0]).toMatch(/: training\.epochs was 25, now it is 9$/);
  });

  it('that were changed are refused', async () => {
    const path = join(folder, 'reference-2.f32');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(4));
    expect(await problems(kept())).toEqual(['audit/kept-damaged: a network cannot be taken from here: it does not match its SHA-256 in the manifest']);
    writeFileSync(path, bytes);
    writeFileSync(join(folder, 'manifest.json'), '{}');
    expect((await problems(kept()))[0]).toMatch(/^audit\/kept-damaged: .* no manifest/);
    expect((await problems({ ...request, references: { ...request.references!, folder: join(path, 'inside') } }))[0]).toBe('audit/kept-not-written: the networks cannot be kept here: what should be the folder is a file (ENOTDIR)');
  });

  it('learn halves drawn at random, the second of a pair what the first does not', () => {
    const draws = [0, 1, 2, 3].map((k) => drawnFor(k, 101, 7));
    expect(draws.map((d) => d.reduce((a, b) => a + b, 0))).toEqual([50, 51, 50, 51]);
    expect(draws[0].every((d, i) => d !== draws[1][i])).toBe(true);
    expect(draws[2]).not.toEqual(draws[0]);
    expect(drawnFor(0, 101, 8)).not.toEqual(draws[0]);
    const { images, labels } = chosenImages(members, Uint8Array.from({ length: 160 }, (_, i) => (i === 3 || i === 7 ? 1 : 0)));
    expect([...images]).toEqual([...members.images.subarray(108, 144), ...members.images.subarray(252, 288)]);
    expect([...labels]).toEqual([members.labels[3], members.labels[7]]);
  });
});

describe('images that cannot carry an audit', () => {
  it('are too few', async () => {
    expect(await problems({ ...request, nonMembers: noiseImages('few', 99) })).toEqual(['audit/too-few-images: there are 99 non-members, an audit needs 100']);
  });

  it('are on both sides', async () => {
    expect(await problems({ ...request, nonMembers: members })).toEqual(['audit/members-shared: 160 of the 160 non-members are among the members, pixel for pixel']);
    expect(sharedImages(poolOf(members, nonMembers))).toBe(0);
  });

  it('are more than the network was trained on', async () => {
    const record = { data: 'd', dataSha256: 'b'.repeat(64), examples: 100, steps: 5, certificate: null };
    expect(await problems({ ...request, training: record })).toEqual(['audit/more-members-than-examples: 160 images cannot all be members: the network was trained on 100']);
  });

  it('get scores that are no numbers, or a single one', async () => {
    const dense = (units: number, bias: number): Subject => ({ kind: 'ann', graph: { outputs: [nodeId('y')], nodes: [
      { kind: 'input', id: nodeId('x'), inputs: [], shape: [36] },
      { kind: 'dense', id: nodeId('y'), inputs: [nodeId('x')], shape: [units], weight: new Float32Array(36 * units), bias: new Float32Array(units).fill(bias) },
    ] } });
    expect(await problems({ ...request, subject: dense(4, Infinity), references: null })).toEqual(['audit/scores-not-finite: the scores of image 0 and of 319 others are not finite numbers']);
    expect(await problems({ ...request, subject: dense(1, 0), references: null })).toEqual(['audit/too-few-classes: the network has 1 output; membership is read from the scores of two classes or more']);
    expect((await auditMembership({ ...request, subject: dense(4, 0), references: null })).attacks.map((a) => a.area)).toEqual([0.5, 0.5, 0.5, 0.5]); // one answer to all
  });

  it('come from two distributions, which is a warning', async () => {
    const found = await auditMembership({ ...request, nonMembers: noiseImages('others', 160, 1.3), references: null });
    expect(found.warnings.map((w) => [w.code, w.message])).toEqual([['audit/distributions-differ', expect.stringMatching(/^members and non-members are not from one distribution: they differ in their (contrast|roughness) \(p = .*e-\d+\)$/)]]);
  });

  it('are told apart by the test only where they differ', () => {
    const alarms = Array.from({ length: 120 }, (_, run) => twoSampleTest(poolOf(noiseImages(`left ${run}`, 200), noiseImages(`right ${run}`, 200)), 6).pValue);
    expect(alarms.filter((p) => p < 0.05).length).toBeLessThan(14); // 6 by chance at most on average
    expect(alarms.filter((p) => p < LEAST_P).length).toBeLessThan(3);
    const brighter = { ...nonMembers, images: nonMembers.images.map((x) => x + 0.15) };
    expect(twoSampleTest(poolOf(members, brighter), 6)).toMatchObject({ test: 'their brightness' });
    const oneClass = { ...nonMembers, labels: nonMembers.labels.map((l) => (l === 3 ? 2 : l)) };
    const skewed = twoSampleTest(poolOf(members, oneClass), 6);
    expect([skewed.test, skewed.pValue < LEAST_P]).toEqual(['the classes', true]);
  });
});

describe('a certificate', () => {
  const certificate = { mechanism: 'm', phases: [{ rate: 0.5, noise: 20, steps: 3 }], clip: 1, expectedBatch: 80, epsilon: 0.2, delta: 1e-5, adjacency: 'a', unit: 'u', accountant: 'a' };
  it('gives the most that any attack can find, and is contradicted by one that finds more', async () => {
    const found = await auditMembership({ ...request, references: null, training: { data: 'd', dataSha256: 'b'.repeat(64), examples: 160, steps: 3, certificate } });
    expect(found.caps!.map((c) => c.falsePositiveRate)).toEqual([0.01, 0.001]);
    found.caps!.forEach(({ falsePositiveRate, truePositiveRate }) => {
      expect(truePositiveRate).toBeLessThanOrEqual(Math.exp(0.2) * falsePositiveRate + 1e-5);
      expect(truePositiveRate).toBeGreaterThan(falsePositiveRate);
    });
    expect(found.advantageCap).toBeCloseTo((Math.exp(0.2) - 1 + 2e-5) / (Math.exp(0.2) + 1), 9);
    expect(found.warnings[0].code).toBe('audit/certificate-contradicted');
    expect(found.warnings[0].message).toMatch(/^the attack finds more than the certificate allows: epsilon is at least \d\.\d\d, where 0\.20 is claimed$/);
  });

  it('is not contradicted by what it allows', async () => {
    const loose = { ...certificate, phases: [{ rate: 0.5, noise: 0.5, steps: 30 }], epsilon: 60 };
    const found = await auditMembership({ ...request, references: null, training: { data: 'd', dataSha256: 'b'.repeat(64), examples: 160, steps: 30, certificate: loose } });
    expect(found.warnings).toEqual([]);
  });
});

describe('the bound of one run', () => {
  it('grows with the right guesses and is nothing for chance', () => {
    const of = Array.from({ length: 1000 }, (_, i) => (i < 500 ? 1 : 0));
    expect(oneRunBound(of, of, { delta: 1e-5, seed: 0 })).toMatchObject({ canaries: 1000, guesses: 1000, right: 1000 });
    expect(oneRunBound(of, of, { delta: 1e-5, seed: 0 }).epsilon).toBeGreaterThan(4);
    const noise = uniform(randomStream(3), 1000);
    expect(oneRunBound(noise, of, { delta: 1e-5, seed: 0 }).epsilon).toBeLessThan(0.3);
  });

  it('learns nothing from the order of equal scores', () => {
    const of = Array.from({ length: 1000 }, (_, i) => (i < 500 ? 1 : 0));
    const bounds = Array.from({ length: 40 }, (_, seed) => oneRunBound(new Float64Array(1000), of, { delta: 1e-5, seed }).epsilon);
    expect(bounds.filter((e) => e > 0).length).toBeLessThan(8); // 5 % of them by chance
  });

  it('cuts the larger set', () => {
    const of = Array.from({ length: 1000 }, (_, i) => (i < 100 ? 1 : 0));
    expect(oneRunBound(of, of, { delta: 1e-5, seed: 0 })).toMatchObject({ canaries: 200 });
  });
});
