// The plot of ratios: every point and label is in it, and the file needs no page around it.
import { describe, expect, it } from 'vitest';
import { ratioPlot, standaloneSvg } from '../../src/report/ratio-plot.js';

describe('ratio plot', () => {
  const plot = ratioPlot(['first convention', 'second convention'], [{ name: 'one network', values: [55, 0.5] }, { name: 'another', values: [null, 0.02] }], 'ANN / SNN');

  it('draws each value once, with its name, and leaves unknown ones out', async () => {
    const svg = await standaloneSvg(plot);
    for (const text of ['first convention', 'second convention', 'one network', 'another', 'ANN / SNN', '>55.0<', '>0.500<', '>0.0200<']) expect(svg).toContain(text);
    expect(svg.match(/class="mark-symbol/g)).toHaveLength(1);
    expect(svg.match(/<path aria-label|<path [^>]*d="M\d/g)).toHaveLength(3);
  });

  it('brings its own colours', async () => {
    const svg = await standaloneSvg(plot);
    expect(svg).not.toContain('var(--');
    expect(svg).toContain('#1f6f8b');
    expect(await standaloneSvg(plot)).toBe(svg);
  });

  it('refuses more series than it has colours for', () => {
    expect(() => ratioPlot(['a'], Array.from({ length: 5 }, () => ({ name: 'n', values: [1] })), '')).toThrow(RangeError);
  });
});
