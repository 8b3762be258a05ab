// The bench's tables say whether a bar was met, and are written into the README between their marks.
import { describe, expect, it } from 'vitest';
import { benchText, withBench } from '../../scripts/bench-table.mjs';

const row = (value: number | null, bar: unknown, unit = 'points'): object => ({ measure: 'a', value, unit, bar, date: '2026-01-02T03:04:05Z', note: 'x | y' });
const met = (...given: Parameters<typeof row>): string => benchText([row(...given)]).split('\n').at(-1)?.replace(/^a\s+/, '') ?? '';

describe('the bench table', () => {
  it('holds a figure against an upper and a lower bar', () => {
    expect(met(0.98, { atMost: 1 })).toMatch(/^0\.98 points\s+at most 1\.00 points\s+yes$/);
    expect(met(1.02, { atMost: 1 })).toMatch(/no$/);
    expect(met(2e9, { atLeast: 1e9 }, 'events/s')).toMatch(/^2\.00 Gevents\/s\s+at least 1\.00 Gevents\/s\s+yes$/);
    expect(met(0.39, { atLeast: 0.4 }, 'ratio')).toMatch(/^0\.390\s+at least 0\.400\s+no$/);
  });

  it('does not call a missing figure met', () => {
    expect(met(null, { atLeast: 0.4 }, 'ratio')).toMatch(/not measured$/);
    expect(met(null, { text: 'runs', met: false }, '')).toMatch(/runs\s+no$/);
  });

  it('replaces only what stands between the marks', () => {
    const machine = { cpu: 'a processor', cores: 2, memoryBytes: 4e9, node: '20.0.0' };
    const readme = 'before\n<!-- bench -->\nold\n<!-- /bench -->\nbehind';
    const written = withBench(readme, { machine, rows: [row(0.5, { atMost: 1 })] });
    expect(written).toMatch(/^before\n<!-- bench -->\nMeasured 2026-01-02 on a processor, 2 cores, 4\.00 GB, Node 20\.0\.0/);
    expect(written).toContain('| a | 0.50 points | at most 1.00 points | yes | x \\| y |');
    expect(written).toMatch(/\n<!-- \/bench -->\nbehind$/);
    expect(written).not.toContain('old');
    expect(() => withBench('no marks', { machine, rows: [] })).toThrow('no <!-- bench -->');
  });
});
