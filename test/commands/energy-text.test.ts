// What `energy` and `energy --explain` print: lines that fit, figures that can be multiplied out.
import { describe, expect, it } from 'vitest';
import { energyText } from '../../src/commands/energy-text.js';
import { energyReport } from '../../src/energy/energy-report.js';
import { readTarget, smallProgram, smallTrace } from '../energy/small-program.js';

const UNITS: Readonly<Record<string, number>> = { J: 1e12, mJ: 1e9, 'µJ': 1e6, nJ: 1e3, pJ: 1 };
const reports = ['loihi1', 'loihi2', 'spinnaker2', 'virtual'].flatMap((name) => {
  const target = readTarget(name);
  return target.profiles.flatMap((p) => [smallTrace(), smallTrace({ timing: 'functional', time: null })].map((trace) => energyReport(smallProgram(target), trace, { profile: p.name })));
});
/** Entries of the explanation, each on one line again. */
const entries = (text: string): readonly string[] => text.slice(text.indexOf('Every line multiplied out')).split(/\n(?=\* |  \S)/).map((t) => t.replace(/\s+/g, ' ').trim());

describe('the bill as text', () => {
  it('fits 80 columns', () => {
    for (const report of reports) for (const explain of [false, true]) {
      expect(energyText(report, explain).split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it('labels dynamic and total energy, says which static power is in it, and prints the error of the model', () => {
    const text = energyText(energyReport(smallProgram(readTarget('loihi1')), smallTrace()), false);
    expect(text).toMatch(/dynamic energy .*\nstatic energy, powered chips .*\ntotal .*\nStatic power, used cores alone \(not in the total\) /);
    expect(text).toMatch(/\ndavies2018 .*\nsanafe-nahuku .*\n/);
    expect(text).toContain('profile davies2018 (0.75 V)');
    expect(text).toContain('Error of the model: ');
    expect(text).toMatch(/busiest core 12\.0 µs, busiest link 1\.00 µs, route\s+2\.00 µs,\s+barrier\s+5\.00 µs/);
    expect(energyText(reports[1], false)).toContain('total, dynamic only');
  });

  it('explains every line that has a count by a product that comes out', () => {
    for (const report of reports) {
      const said = entries(energyText(report, true));
      const products = said.flatMap((entry) => [...entry.matchAll(/([\d,.e+-]+) \([^)]*\) x (nothing|[\d,.e+-]+ pJ) = ([\d.]+) (J|mJ|µJ|nJ|pJ)/g)]);
      const number = (text: string): number => Number(text.replace(/,/g, ''));
      for (const [all, count, each, joules, unit] of products) {
        const expected = each === 'nothing' ? 0 : number(count) * number(each.replace(' pJ', ''));
        expect(Math.abs(number(joules) * UNITS[unit] - expected), all).toBeLessThanOrEqual(1e-6 * expected);
      }
      const lines = [...report.perInference.lines, ...report.perInference.beside].filter((l) => l.count > 0);
      expect(products).toHaveLength(lines.length + report.baselines.reduce((sum, b) => sum + b.parts.length, 0));
      for (const l of lines) {
        const at = said.findIndex((entry) => entry.startsWith(`* ${l.name}`));
        expect(said.slice(at, at + 3).join(' '), l.name).toContain(l.source.replace(/\s+/g, ' '));
      }
    }
  });

  it('names what did not happen and what nobody has published', () => {
    const text = energyText(reports[0], true).replace(/\s+/g, ' ');
    expect(text).toMatch(/None in this run: .*chip crossings/);
    expect(text).toMatch(/30 \(core and step\) x nothing = 0 pJ .*not counted: unpublished/);
  });
});
