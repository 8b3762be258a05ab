/** What `fit` found, as text of at most 100 columns: the totals, a table of the layers, the rules that are broken. */
import { mappingLines } from '../report/mapping-lines.js';
import { formatCount, formatPercent, formatSi } from '../report/quantities.js';
import type { Fit, LayerFit } from './fit-model.js';
import { pairs, plural, table, wrap, type Column } from './table.js';

const LAYERS = 10;
const RULES = 15;
const COLUMNS = 100;
/** Names of layers are cut to as few characters as this, from the front. */
const SHORTEST = 12;
const LONGEST = 36;

export function fitText(fit: Fit, all: boolean): string {
  return [pairs(summary(fit)), ...refusedText(fit, all), ...layersText(fit, all), ...brokenText(fit, all), ...splitText(fit, all), ...fit.notes.map((note) => `\n${wrap(note)}`)].join('\n');
}

function summary(fit: Fit): readonly (readonly [string, string])[] {
  const { nodes, needs, compile, reset, cores, chips, coresPerChip } = fit;
  const broken = fit.violations.length + fit.layers.reduce((sum, l) => sum + l.violations.length, 0);
  const why = nodes.refused.length > 0 ? `${plural(nodes.refused.length, 'node')} cannot become spiking` : broken > 0 ? `${plural(broken, 'rule')} broken` : plural(fit.diagnostics.length, 'problem');
  return [
    ['fits', fit.fits ? `yes: ${fit.target}${reset === null ? '' : ` with the ${reset} reset`}${needs.length === 0 ? '' : ', with other weights'}` : `no: ${fit.target}, ${why}`],
    ...(fit.layers.length === 0 ? [] : [
      ['cores', cores === null ? (fit.layers.every((l) => l.resources.length === 0) ? 'not published' : 'not enough: see below') : `${formatCount(cores)}${chips === null ? '' : ` on ${plural(chips, 'chip')}${coresPerChip === null ? '' : ` of ${formatCount(coresPerChip)}`}`}${fit.leastCores === null ? '' : `, lower bound ${formatCount(fit.leastCores)}`}`] as const,
      ['neurons', formatCount(fit.neurons)] as const,
      ['parameters', formatCount(fit.parameters)] as const,
    ]),
    ...(fit.mapping === null ? [] : mappingLines(fit.mapping)),
    ['convertible', `${formatCount(nodes.convertible)} of ${plural(nodes.all, 'node')} of the file`],
    ...(needs.length === 0 ? [] : [['needs', needs.join('; ')] as const]),
    ...(compile.supported ? [] : [['programs', `none can be compiled: ${compile.reasons.join(' ')}`] as const]),
  ];
}

function refusedText({ nodes: { refused } }: Fit, all: boolean): string[] {
  if (refused.length === 0) return [];
  const shown = all ? refused : refused.slice(0, RULES);
  return [`\nnodes that cannot become spiking:\n${shown.map((r) => `  ${wrap(`${r.node}: ${r.problem}; ${r.hint}`, '    ')}`).join('\n')}`, ...more(refused.length - shown.length, 'node')];
}

function layersText(fit: Fit, all: boolean): string[] {
  if (fit.layers.length === 0) return [];
  const shown = all ? fit.layers : [...fit.layers].sort((a, b) => (b.cores ?? 0) - (a.cores ?? 0)).slice(0, LAYERS);
  const bits = fit.layers.some((l) => l.synapticBits !== null);
  const resources = [...new Set(fit.layers.flatMap((l) => l.resources.map((r) => r.name)))];
  const right = 'right' as const;
  const heads: Column[] = [{ head: 'layer' }, ...['neurons', 'params', 'fan-in', ...(bits ? ['axons', 'bytes'] : []), 'cores', ...resources.map((name) => `${heading(name)} `)].map((head) => ({ head, align: right }))];
  const row = (l: LayerFit): string[] => [
    l.name, formatCount(l.neurons), formatSi(l.parameters, '').trim(), formatCount(l.fanIn),
    ...(bits ? [formatSi(l.axons ?? 0, '').trim(), formatSi(Math.ceil((l.synapticBits ?? 0) / 8), '').trim()] : []), l.cores === null ? '-' : formatCount(l.cores),
    ...resources.map((name) => `${share(l, name)}${l.boundBy === name ? '*' : ' '}`),
  ];
  return [
    `\n${fitting(heads, shown.map(row))}`,
    `\n${wrap(`${bits ? 'Axons and bytes are those of all cores of a layer. ' : ''}Shares are those of the fullest core${bits ? ': of its compartments (full), synaptic memory, and axons in and out' : ''}. The one marked * binds.`)}`,
    ...(shown.length < fit.layers.length ? [`${plural(fit.layers.length - shown.length, 'layer')} left out: --all-layers shows all.`] : []),
  ];
}

/** Neurons with more sources than the chip takes, cut into partial sums. */
function splitText({ layers }: Fit, all: boolean): string[] {
  const right = 'right' as const;
  const rows = layers.flatMap(({ name, fanIn, split }) => (split === null ? [] : [[name, formatCount(fanIn), formatCount(split.parts), formatCount(split.neurons)]]));
  if (rows.length === 0) return [];
  const shown = all ? rows : rows.slice(0, LAYERS);
  return [
    `\n${fitting([{ head: 'fan-in in parts' }, { head: 'sources', align: right }, { head: 'partial sums', align: right }, { head: 'neurons then', align: right }], shown)}`,
    ...more(rows.length - shown.length, 'layer'),
    wrap(layers.some((l) => l.split?.exact === true)
      ? 'Cores of their own hold the synapses of a part of the sources each and send their sums as graded spikes: the same result to the bit, one chip step later.'
      : 'Each neuron would become as many partial sums and one that adds them: an approximation, for partial sums rectify.'),
  ];
}

const HEADINGS: Readonly<Record<string, string>> = { compartments: 'full', 'axons in': 'in', 'axons out': 'out' };
const heading = (resource: string): string => HEADINGS[resource] ?? resource;

function share({ resources }: LayerFit, name: string): string {
  const use = resources.find((r) => r.name === name);
  if (use === undefined || use.limit === null) return '-';
  return formatPercent(use.used / use.limit, 0).replace(/\s/g, '');
}

/** The table with names cut as far as it takes to keep within the columns. */
function fitting(heads: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cut = (length: number): string => table(heads, rows.map(([name, ...rest]) => [name.length > length ? `...${name.slice(3 - length)}` : name, ...rest]));
  const widest = (text: string): number => Math.max(...text.split('\n').map((l) => l.length));
  let length = LONGEST;
  while (length > SHORTEST && widest(cut(length)) > COLUMNS) length--;
  return cut(length);
}

function brokenText(fit: Fit, all: boolean): string[] {
  const rows = [...fit.violations.map((v) => ['the network', v] as const), ...fit.layers.flatMap((l) => l.violations.map((v) => [l.name, v] as const))]
    .map(([layer, { rule, value, limit }]) => [layer, rule, value, limit]);
  if (rows.length === 0) return [];
  const shown = all ? rows : rows.slice(0, RULES);
  return [`\n${fitting([{ head: 'layer' }, { head: 'broken rule' }, { head: 'has', align: 'right' }, { head: 'allowed' }], shown)}`, ...more(rows.length - shown.length, 'broken rule')];
}

const more = (left: number, noun: string): string[] => (left > 0 ? [`${plural(left, noun)} more: --all-layers shows all.`] : []);
