import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { OWN_KERNELS, type BackendIdentity } from '../../src/backend/dense-backend.js';
import { CompileError, formatDiagnostic } from '../../src/diagnostics.js';
import { energyReport } from '../../src/energy/energy-report.js';
import { renderReport } from '../../src/report/html-report.js';
import { buildRunRecord } from '../../src/report/run-record.js';
import { parseRunRecord, printRunRecord, readRunRecord } from '../../src/report/read-run.js';
import { thinRaster } from '../../src/report/thin-raster.js';
import { wilsonInterval } from '../../src/report/wilson-interval.js';
import { formatCount, formatJoules, formatPercent, formatRatio, formatSeconds } from '../../src/report/quantities.js';
import { readTarget, smallProgram, smallTrace } from '../energy/small-program.js';
import { madeUpRun } from './made-up-run.js';

const smallRecord = (annBackend: BackendIdentity | null = null) => {
  const program = smallProgram(readTarget('loihi1'));
  const trace = smallTrace();
  return buildRunRecord({ program, trace, energy: energyReport(program, trace), dataset: { name: 'two images', labels: [3, 0] }, annAccuracy: 1, annBackend, agreement: 0.5, seed: 9, tool: '0.1.0' });
};

const refusal = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics.map(formatDiagnostic);
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('the record of a run', () => {
  it('scores every step against the labels', () => {
    const record = smallRecord();
    expect(record.accuracy.byStep).toEqual([0.5, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(record.accuracy).toMatchObject({ correct: 1, ann: 1, agreement: 0.5 });
  });

  it('holds means per inference, by layer and by core', () => {
    const record = smallRecord();
    expect(record.layers.map((l) => [l.name, l.neurons, l.cores, l.spikes, l.synapticOps])).toEqual([['conv1', 256, 1, 200, 0], ['conv2', 128, 1, 50, 3500], ['scores', 10, 1, 0, 500]]);
    expect(record.layers[0]).toMatchObject({ onHost: true, weightError: null, thresholdRange: [100, 100], weights: 108 });
    expect(record.layers[1]?.rate).toBeCloseTo(50 / (128 * 8), 12);
    expect(record.layers[2]).toMatchObject({ neuron: 'integrator', reset: null, thresholdRange: null, weightError: 0.0125 });
    expect(record.cores[1]).toMatchObject({ layer: 1, messagesIn: 200, synapticOps: 3500, busySeconds: 1e-5 });
    expect(record.simulation).toMatchObject({ spikes: 250, synapticOps: 4000, messages: 250, withinTile: 200, seed: 9 });
  });

  it('names what computed the ANN where it was not the own kernels', async () => {
    const record = smallRecord({ name: 'tensorflow', version: 'tfjs-node 4.22.0' });
    expect(record.accuracy.annBackend).toBe('TensorFlow (tfjs-node 4.22.0)');
    expect(parseRunRecord(printRunRecord(record), 'run.json')).toEqual(record);
    expect(await renderReport(record)).toContain('computed by TensorFlow (tfjs-node 4.22.0);');
    expect([smallRecord(), smallRecord(OWN_KERNELS)].map((r) => 'annBackend' in r.accuracy)).toEqual([false, false]);
  });

  it('says nothing that depends on the machine', () => {
    const program = smallProgram(readTarget('loihi1'));
    const at = (wallSeconds: number, workers: number): string => {
      const trace = smallTrace({ wallSeconds, workers });
      return printRunRecord(buildRunRecord({ program, trace, energy: energyReport(program, trace), dataset: { name: 'x', labels: [3, 0] }, annAccuracy: null, agreement: null, seed: 1, tool: '0.1.0' }));
    };
    expect(at(1, 1)).toBe(at(99, 8));
  });

  it('survives the file unchanged', () => {
    for (const record of [smallRecord(), madeUpRun(), madeUpRun({ timed: false, target: 'virtual' })]) expect(parseRunRecord(printRunRecord(record), 'run.json')).toEqual(record);
  });

  it('labels of another data set are a bug of the caller', () => {
    const program = smallProgram(readTarget('loihi1'));
    const trace = smallTrace();
    expect(() => buildRunRecord({ program, trace, energy: energyReport(program, trace), dataset: { name: 'x', labels: [1] }, annAccuracy: null, agreement: null, seed: 1, tool: '0' })).toThrow('1 labels for a trace of 2 samples');
  });
});

describe('bad run files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-report-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const again = 'write it again with `spikeveil simulate PROGRAM --data SPEC --out RUN.json`';
  const good = printRunRecord(smallRecord());
  const changed = (change: (record: Record<string, never>) => void): string => {
    const value = JSON.parse(good) as Record<string, never>;
    change(value);
    return JSON.stringify(value);
  };

  it('report/unreadable', () => {
    const path = join(folder, 'absent.json');
    expect(refusal(() => readRunRecord(path))).toEqual([`error[report/unreadable] in ${path}: the run file cannot be read: it does not exist\n  hint: check the path; it is taken from the folder the command runs in`]);
    expect(refusal(() => readRunRecord(folder))[0]).toContain('it is a folder');
  });

  it('report/too-large, without reading it', () => {
    const path = join(folder, 'large.json');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 31);
    expect(refusal(() => readRunRecord(path))).toEqual([`error[report/too-large] in ${path}: the file has 2147483648 bytes; a run file has at most 67108864\n  hint: name a run file, not a data set or a program`]);
  });

  it('report/not-json: a truncated file', () => {
    expect(refusal(() => parseRunRecord(good.slice(0, 100), 'r.json'))[0]).toMatch(/^error\[report\/not-json\] in r\.json: the run file is not JSON: /);
    expect(refusal(() => parseRunRecord('{"a":1,}', 'r.json'))).toEqual([`error[report/not-json] in r.json: the run file is not JSON: broken at character 7\n  hint: it may be cut short or be another kind of file; ${again}`]);
  });

  it('report/not-a-run', () => {
    expect(refusal(() => parseRunRecord('[1]', 'r.json'))).toEqual(['error[report/not-a-run] in r.json: the file is JSON but not a run file: its "format" is missing\n  hint: name files that `spikeveil simulate --out` or `spikeveil audit` with --out wrote']);
    expect(refusal(() => parseRunRecord('{"format":"cake"}', 'r.json'))[0]).toContain('its "format" is "cake"');
  });

  it('report/version', () => {
    expect(refusal(() => parseRunRecord(changed((r) => { Object.assign(r, { version: 2 }); }), 'r.json'))).toEqual(['error[report/version] in r.json: the run file has version 2; this tool reads version 1\n  hint: simulate again with this version of the tool, or read the file with the version that wrote it']);
  });

  it('report/invalid: every problem with its place', () => {
    const text = changed((r) => { Object.assign(r, { colour: 'red', data: { name: 3, samples: 2 } }); });
    expect(refusal(() => parseRunRecord(text, 'r.json'))).toEqual([
      `error[report/invalid] in r.json (/): the run file does not have the expected form: must NOT have additional properties "colour"\n  hint: the file was edited or damaged; ${again}`,
      `error[report/invalid] in r.json (/data/name): the run file does not have the expected form: must be string\n  hint: the file was edited or damaged; ${again}`,
    ]);
  });

  it('report/inconsistent: lists that belong together', () => {
    const text = changed((r) => {
      (r['accuracy'] as unknown as { byStep: number[] }).byStep.pop();
      (r['raster'] as unknown as { layer: number[] }).layer[0] = 7;
    });
    expect(refusal(() => parseRunRecord(text, 'r.json'))).toEqual([
      `error[report/inconsistent] in r.json (/accuracy/byStep): accuracies, one a step: expected 8, found 7\n  hint: parts of the run file contradict each other; ${again}`,
      `error[report/inconsistent] in r.json (/raster/layer): raster spikes of a layer that does not exist: expected 0, found 1\n  hint: parts of the run file contradict each other; ${again}`,
    ]);
  });
});

describe('a thinned raster', () => {
  it('stays in its budget and keeps every spike of the neurons it keeps', () => {
    const spikes = fc.array(fc.record({ layer: fc.nat(3), neuron: fc.nat(500), step: fc.nat(31) }), { maxLength: 400 });
    fc.assert(fc.property(spikes, fc.integer({ min: 8, max: 200 }), (events, budget) => {
      const raster = { sample: 0, population: Uint16Array.from(events, (e) => e.layer), neuron: Uint32Array.from(events, (e) => e.neuron), step: Uint16Array.from(events, (e) => e.step), sign: new Int8Array(events.length).fill(1) };
      const thin = thinRaster(raster, 4, budget);
      const expected = events.filter((e) => e.neuron % (thin.every[e.layer] ?? 1) === 0);
      expect(thin.layer.map((layer, i) => ({ layer, neuron: thin.neuron[i], step: thin.step[i] }))).toEqual(expected);
      // Neuron 0 is always kept, so a layer in which it alone exceeds the share may exceed it.
      if (events.every((e) => e.neuron !== 0)) expect(thin.layer.length).toBeLessThanOrEqual(Math.max(budget, 4));
    }));
  });

  it('keeps all of a small one', () => {
    expect(thinRaster({ sample: 2, population: Uint16Array.of(0), neuron: Uint32Array.of(5), step: Uint16Array.of(1), sign: Int8Array.of(1) }, 1, 10)).toEqual({ sample: 2, every: [1], layer: [0], neuron: [5], step: [1] });
  });

  it('keeps the signs where one is -1', () => {
    const raster = { sample: 2, population: Uint16Array.of(0, 0), neuron: Uint32Array.of(5, 5), step: Uint16Array.of(1, 3), sign: Int8Array.of(1, -1) };
    expect(thinRaster(raster, 1, 10)).toEqual({ sample: 2, every: [1], layer: [0, 0], neuron: [5, 5], step: [1, 3], sign: [1, -1] });
  });
});

describe('numbers', () => {
  it('the Wilson interval of published examples', () => {
    const [low, high] = wilsonInterval(81, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
    expect(wilsonInterval(0, 10)[0]).toBe(0);
    expect(wilsonInterval(10, 10)[1]).toBeCloseTo(1, 12);
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });

  it('three digits and a unit', () => {
    expect([1.234e-5, 0, 3.6e-12, 0.9999, 12.34, 0.0009996].map(formatJoules)).toEqual(['12.3 µJ', '0 J', '3.60 pJ', '1.00 J', '12.3 J', '1.00 mJ']);
    expect(formatSeconds(2.5e-4)).toBe('250 µs');
    expect([0, 7, 0.375, 12.345, 1234.5, 999_400, 1_234_567, 2.5e9].map(formatCount)).toEqual(['0', '7', '0.375', '12.3', '1,235', '999,400', '1.23 M', '2.50 G']);
    expect(formatPercent(0.92134)).toBe('92.1 %');
    expect([0.13559, 55.14, 12_345].map(formatRatio)).toEqual(['0.136', '55.1', '12,345']);
  });
});
