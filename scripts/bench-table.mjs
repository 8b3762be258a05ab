// The bench as tables: plain text for the terminal, Markdown for the part of the README between
// `<!-- bench -->` and `<!-- /bench -->`. A row is { measure, value, unit, bar, note } as
// scripts/bench.mjs writes it.
import { formatCount, formatSi } from '../dist/report/quantities.js';
import { table } from '../dist/commands/table.js';

const PREFIXED = ['B', 's', 'events/s'];

function quantity(value, unit) {
  if (value === null) return '-';
  if (unit === 'points') return `${value.toFixed(2)} points`;
  if (unit === 'GFLOP/s') return `${value.toFixed(1)} GFLOP/s`;
  return PREFIXED.includes(unit) ? formatSi(value, unit) : `${value >= 1000 ? formatCount(value) : value.toPrecision(3)}${unit === 'times' ? ' times' : ''}`;
}

function barText({ bar, unit }) {
  if (bar === null) return '';
  if ('text' in bar) return bar.text;
  return 'atMost' in bar ? `at most ${quantity(bar.atMost, unit)}` : `at least ${quantity(bar.atLeast, unit)}`;
}

/** yes, no, or nothing where there is no bar or no figure to hold against it. */
function metText({ value, bar }) {
  if (bar === null) return '';
  if ('text' in bar) return bar.met ? 'yes' : 'no';
  if (value === null) return 'not measured';
  return ('atMost' in bar ? value <= bar.atMost : value >= bar.atLeast) ? 'yes' : 'no';
}

const cells = (row) => [row.measure, quantity(row.value, row.unit), barText(row), metText(row)];

export function benchText(rows) {
  return table([{ head: 'measure' }, { head: 'figure', align: 'right' }, { head: 'bar' }, { head: 'met' }], rows.map(cells));
}

const machineText = ({ cpu, cores, memoryBytes, node }) => `${cpu}, ${cores} cores, ${formatSi(memoryBytes, 'B')}, Node ${node}`;

/** Days on which the rows were measured, on what, and the rows with their notes. */
function benchMarkdown({ machine, rows }) {
  const days = [...new Set(rows.map((r) => r.date.slice(0, 10)))].sort();
  const line = (parts) => `| ${parts.map((p) => String(p).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [
    `Measured ${days.join(' and ')} on ${machineText(machine)}: ${formatCount(rows.length)} rows by \`npm run bench\`.`, '',
    line(['measure', 'figure', 'bar', 'met', 'with']), line(['---', '---:', '---', '---', '---']),
    ...rows.map((row) => line([...cells(row), row.note ?? ''])),
  ].join('\n');
}

const BEGIN = '<!-- bench -->';
const END = '<!-- /bench -->';

/** The README with the table of these results. */
export function withBench(readme, results) {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} with ${END} behind it`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${benchMarkdown(results)}\n${readme.slice(end)}`;
}
