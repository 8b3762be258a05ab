/** Variants side by side: what meets what, what stays open, and what the page says of it. */
import { describe, expect, it } from 'vitest';
import { compareVariants, strongest } from '../../src/report/comparison.js';
import { comparisonPlot } from '../../src/report/comparison-plot.js';
import { figureOf, renderComparison, verdict } from '../../src/report/comparison-page.js';
import type { Finding, FindingSubject } from '../../src/report/findings.js';
import type { RunRecord } from '../../src/report/run-schema.js';
import { madeUpRun } from './made-up-run.js';

const base = madeUpRun();
const sha = (digit: string): string => digit.repeat(64);

const run = (program: string, change: Partial<RunRecord> = {}): RunRecord => ({ ...base, ...change, compilation: { ...base.compilation, programSha256: sha(program), ...change.compilation } });

const finding = (subject: FindingSubject, change: Partial<Finding> = {}): Finding => ({
  subject, kind: 'membership', attack: 'RMIA', measure: 'AUC', value: 0.61, interval: [0.58, 0.64], floor: 0.5, ceiling: 1, detected: true, beside: [], ...change,
});

const certificate = {
  mechanism: 'm', phases: [{ rate: 0.01, noise: 1, steps: 100 }], clip: 1, expectedBatch: 10, epsilon: 2.99991, delta: 1e-5, adjacency: 'one more or less', unit: 'one labelled image', accountant: 'a',
};

describe('variants', () => {
  it('are one row for the ANN, however many programs it became, and one a program', () => {
    const rows = compareVariants([{ name: 'converted', record: run('a') }, { name: 'learned', record: run('b') }], []);
    expect(rows.map((r) => [r.name, r.kind, r.sha256?.[0]])).toEqual([[`${base.model.name}, the ANN`, 'ann', base.model.sha256[0]], ['converted', 'program', 'a'], ['learned', 'program', 'b']]);
    expect(rows[0].accuracy).toMatchObject({ value: 0.928, images: 1000 });
    expect(rows[0].cost?.by).toBe('ANN, int8, with memory');
    expect(rows[1].cost?.joules).toBe(run('a').energy.perInference.totalJoules);
  });

  it('tell ANNs of the same name apart by the run', () => {
    const pruned = run('b', { model: { ...base.model, sha256: sha('9') } });
    const rows = compareVariants([{ name: 'converted', record: run('a') }, { name: 'pruned', record: pruned }], []);
    expect(rows.map((r) => r.name)).toEqual([`${base.model.name}, the ANN of converted`, `${base.model.name}, the ANN of pruned`, 'converted', 'pruned']);
  });

  it('get the findings of their own file; a finding of no run is a row of its own', () => {
    const own = finding({ name: 'x', kind: 'program', sha256: sha('a') });
    const ann = finding({ name: 'y', kind: 'ann', sha256: base.model.sha256 }, { value: 0.7 });
    const other = finding({ name: 'z', kind: 'spiking', sha256: sha('c') });
    const rows = compareVariants([{ name: 'p', record: run('a') }], [own, ann, other]);
    expect(rows.map((r) => r.findings)).toEqual([[ann], [own], [other]]);
    expect(rows[2]).toMatchObject({ name: 'z', accuracy: null, cost: null });
  });

  it('of a network trained in spikes get the findings of that network too', () => {
    const record = run('a');
    const trained = run('a', { accuracy: { ...record.accuracy, ann: null, agreement: null }, compilation: { ...record.compilation, programSha256: sha('a'), training: { data: 'd', dataSha256: sha('d'), examples: 1000, steps: 100, certificate } } });
    const f = finding({ name: 'net', kind: 'spiking', sha256: trained.model.sha256 });
    const [row, ...rest] = compareVariants([{ name: 'dp', record: trained }], [f]);
    expect(rest).toEqual([]);
    expect(row.findings).toEqual([f]);
    expect(row.certificate).toEqual(certificate);
    expect(verdict(row)).toContain('epsilon 3.0000 at delta 0.00001');
  });

  it('are judged by the strongest attack', () => {
    const subject = { name: 'x', kind: 'program', sha256: sha('a') } as const;
    const [, row] = compareVariants([{ name: 'p', record: run('a') }], [finding(subject, { value: 0.55 }), finding(subject, { value: 0.66, attack: 'LiRA', interval: [0.6, 0.7] }), finding(subject, { kind: 'classes', measure: 'attack success', value: 0.93, interval: [0.9, 0.96], floor: 0.1 })]);
    expect(strongest(row, 'membership')?.attack).toBe('LiRA');
    expect(verdict(row)).toContain('the strongest attack, LiRA, reached AUC 0.660 (0.600 to 0.700) where guessing gives 0.5');
    expect(verdict(row)).toContain('attack success 93.0 % (90.0 to 96.0 %) where guessing gives 10.0 %');
  });
});

describe('words', () => {
  const subject = { name: 'x', kind: 'program', sha256: sha('a') } as const;

  it('say that nothing was attacked or proven where it was not', () => {
    const [, row] = compareVariants([{ name: 'p', record: run('a') }], []);
    expect(verdict(row)).toBe('p. Membership: not attacked. Classes: not attacked. Certificate: no bound is proven.');
  });

  it('do not sell what chance finds among many attacks', () => {
    const [, row] = compareVariants([{ name: 'p', record: run('a') }], [finding(subject, { value: 0.51, interval: [0.501, 0.54], detected: false })]);
    expect(verdict(row)).toContain('no more than chance among so many attacks');
    expect(figureOf(finding(subject, { interval: null, measure: 'attack success', value: 0.5 }))).toBe('50.0 %');
  });
});

describe('the page', () => {
  it('names every variant and attack, draws all panels twice, and escapes what strangers wrote', async () => {
    const subject = { name: 'x', kind: 'program', sha256: sha('a') } as const;
    const variants = compareVariants([{ name: '<img src=x>', record: run('a') }, { name: 'learned', record: run('b') }], [finding(subject), finding(subject, { kind: 'classes', attack: 'B <b>', measure: 'attack success', value: 0.9, interval: null, floor: 0.1 })]);
    const page = await renderComparison(variants, { tool: '0.1.0', notes: ['a note & more'], pictures: [{ caption: 'drawn by B', png: Uint8Array.of(1, 2, 3) }] });
    expect(page).not.toContain('<img src=x>');
    expect(page).toContain('&lt;img src=x&gt;');
    expect(page).toContain('B &lt;b&gt;');
    expect(page).toContain('a note &amp; more');
    expect(page).toContain('data:image/png;base64,AQID');
    expect(page.match(/data-plot="comparison"/g)).toHaveLength(1);
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toBe(await renderComparison(variants, { tool: '0.1.0', notes: ['a note & more'], pictures: [{ caption: 'drawn by B', png: Uint8Array.of(1, 2, 3) }] }));
  });

  it('draws nothing for one variant', () => {
    expect(comparisonPlot(compareVariants([], [finding({ name: 'z', kind: 'ann', sha256: null })]), 930)).toBeNull();
  });
});
