import { beforeAll, describe, expect, it } from 'vitest';
import { escapeText, html } from '../../src/report/html.js';
import { renderReport } from '../../src/report/html-report.js';
import type { RunRecord } from '../../src/report/run-schema.js';
import { madeUpRun } from './made-up-run.js';

const plotsOf = (page: string): readonly string[] => [...page.matchAll(/data-plot="(\w+)"/g)].map((m) => m[1] as string);

describe('the page', () => {
  let record: RunRecord;
  let page: string;
  beforeAll(async () => {
    record = madeUpRun();
    page = await renderReport(record);
  });

  it('is one file without script or address, under a megabyte', () => {
    expect(page.startsWith('<!doctype html>')).toBe(true);
    expect(page).not.toMatch(/<script|<iframe|<img|@import|url\(/i);
    expect(page.replaceAll(/http:\/\/www\.w3\.org\/(2000\/svg|1999\/xlink)/g, '')).not.toMatch(/https?:\/\//);
    expect(page.length).toBeLessThan(1e6);
  });

  it('has the five plots, each in two widths', () => {
    expect(plotsOf(page)).toEqual(['accuracy', 'rates', 'energy', 'mesh', 'raster']);
    expect(page.match(/<svg /g)).toHaveLength(10);
  });

  it('shows the numbers of the record', () => {
    const words = page.replaceAll('\u00a0', ' ');
    for (const text of ['92.1 %', '92.8 %', '90.3 to 93.6 %', 'loihi1-energies, an estimate', '1,000 images of cifar10', 'batch-norm statistics (no data)', 'Not counted: unpublished']) expect(words).toContain(text);
    for (const layer of record.layers) expect(page).toContain(layer.name);
    for (const line of record.energy.perInference.lines) expect(words).toContain(`<th scope="row">${line.name}</th>`);
    for (const baseline of record.energy.baselines) expect(page).toContain(baseline.name);
    for (const most of record.energy.coreMaxima!) expect(words).toContain(`<th scope="row">${most.name}</th>`);
    for (const text of ['Longest route', 'Inferences a second, one after the other', 'Static power, used cores alone']) expect(words).toContain(text);
  });

  it('of a run file from before these figures existed is drawn all the same', async () => {
    const { coreMaxima: _, latency: __, byProfile: ___, ...energy } = record.energy;
    const { beside: ____, ...perInference } = energy.perInference;
    const old = await renderReport({ ...record, energy: { ...energy, perInference } });
    expect(old).not.toContain('Longest route');
    expect(old).toContain('Energy of one inference');
  });

  it('is the same to the byte when it is drawn again', async () => {
    expect(await renderReport(madeUpRun())).toBe(page);
  });

  it('has no unwritten value', () => {
    expect(page.replaceAll(/<[^>]*>/g, ' ')).not.toMatch(/\bNaN\b|undefined|Infinity|\[object/);
    expect(page).not.toContain('NaN');
  });
});

describe('runs at the edge', () => {
  it('escapes hostile names, in text, attributes and plots', async () => {
    const attack = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e{{datum}}';
    const page = await renderReport(madeUpRun({ modelName: attack, layerName: (name) => `${attack}${name}` }));
    expect(page).not.toMatch(/<script|<img/i);
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;script&gt;alert(1)');
  });

  it('functional timing, no ANN, no raster, nothing spiked', async () => {
    const base = madeUpRun({ timed: false });
    const silent: RunRecord = {
      ...base, raster: null, accuracy: { correct: 0, byStep: base.accuracy.byStep.map(() => 0), ann: null, agreement: null },
      layers: base.layers.map((l) => ({ ...l, spikes: 0, rate: 0, synapticOps: 0 })), cores: base.cores.map((c) => ({ ...c, synapticOps: 0 })),
    };
    const page = await renderReport(silent);
    for (const text of ['not timed', 'not run', 'No raster was recorded', 'static power not counted', 'no latency']) expect(page).toContain(text);
    expect(page).not.toContain('NaN');
    expect(page).not.toContain('Infinity');
  });

  it('many chips stay small', async () => {
    const page = await renderReport(madeUpRun({ target: 'loihi1', perCore: 60 }));
    expect(page.length).toBeLessThan(1.2e6);
    expect(page).toContain('chips are not drawn');
  });
});

describe('the template tag', () => {
  it('keeps a number and its unit on one line', () => {
    expect(html`${'12.3 µJ of 5 samples, 40 %'}`.markup).toBe('12.3\u00a0µJ of 5 samples, 40\u00a0%');
  });

  it('escapes text and passes its own markup', () => {
    expect(html`<b title="${'a"b'}">${'<i>&'}${html`<u>${1}</u>`}${null}</b>`.markup).toBe('<b title="a&quot;b">&lt;i&gt;&amp;<u>1</u></b>');
    expect(escapeText("it's \u0000")).toBe('it&#39;s \ufffd');
  });
});
