/** A plot of ratios on one logarithmic axis with a line at 1, and a drawing that stands alone as a file. */
import type { Plot } from './draw-plot.js';
import { drawPlot, ink } from './draw-plot.js';
import { formatRatio } from './quantities.js';

export interface RatioSeries {
  readonly name: string;
  /** One a row; null is left out. */
  readonly values: readonly (number | null)[];
}

const COLOURS = [ink.spiking, ink.other, ink.text, ink.soft] as const;

/** One row a name, and in each row one line a series; up to four series. */
export function ratioPlot(rows: readonly string[], series: readonly RatioSeries[], axis: string): Plot {
  if (series.length > COLOURS.length) throw new RangeError(`${series.length} series; ${COLOURS.length} can be told apart`);
  const line = (row: number, s: number): number => row + (s + 1) / (series.length + 1);
  const points = series.flatMap(({ values }, s) => values.flatMap((value, row) => (value === null ? [] : [{ line: line(row, s), value, colour: COLOURS[s], text: formatRatio(value) }])));
  const exponents = [0, ...points.map((p) => Math.log10(p.value))];
  const [from, to] = [Math.floor(Math.min(...exponents) - 0.2), Math.ceil(Math.max(...exponents) + 0.2)];
  const y = { field: 'line', type: 'quantitative', axis: null, scale: { domain: [0, rows.length], reverse: true, nice: false, zero: false } };
  const x = { field: 'value', type: 'quantitative', title: axis, scale: { type: 'log', domain: [10 ** from, 10 ** to], nice: false }, axis: { format: '~g', values: Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)), grid: true } };
  const colour = { field: 'colour', type: 'nominal', scale: null, legend: null };
  const key = series.map(({ name }, i) => ({ name, left: i * 140, colour: COLOURS[i] }));
  return {
    width: 420, height: rows.length * (14 * series.length + 10), padding: { left: 310, right: 40, top: 40, bottom: 44 },
    layer: [
      { data: { values: rows.slice(1).map((_, i) => ({ line: i + 1 })) }, mark: { type: 'rule', color: ink.line }, encoding: { y } },
      { data: { values: [{ value: 1 }] }, mark: { type: 'rule', color: ink.text, strokeDash: [4, 3] }, encoding: { x } },
      { data: { values: points }, mark: { type: 'point', filled: true, size: 50, opacity: 1 }, encoding: { y, x, color: colour } },
      { data: { values: points }, mark: { type: 'text', align: 'left', dx: 8 }, encoding: { y, x, text: { field: 'text' }, color: colour } },
      { data: { values: rows.map((name, row) => ({ line: row + 0.5, name })) }, mark: { type: 'text', align: 'right', color: ink.text }, encoding: { y, x: { value: -10 }, text: { field: 'name' } } },
      ...key.map(({ name, left, colour: fill }) => ({ data: { values: [{ name }] }, mark: { type: 'text', align: 'left', color: fill, fontWeight: 'bold' }, encoding: { x: { value: left }, y: { value: -16 }, text: { field: 'name' } } })),
    ],
  };
}

/** Colours for a file on white: outside the page nobody sets its variables. */
const PAPER: Readonly<Record<string, string>> = { text: '#1d2126', soft: '#5c6570', line: '#dfe2e4', spiking: '#1f6f8b', other: '#b4572a', cell: '#eceeef' };

/** An SVG that needs no page around it. */
export async function standaloneSvg(plot: Plot): Promise<string> {
  const svg = await drawPlot(plot);
  return `${svg.replace(/var\(--(\w+)\)/g, (whole, name: string) => PAPER[name] ?? whole).replace('<svg aria-hidden="true" ', '<svg font-family="sans-serif" style="background:#fff" ')}\n`;
}
