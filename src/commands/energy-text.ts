/**
 * The bill of one inference as text of at most 80 columns: the lines with their totals, the latency,
 * the busiest cores and the baselines. With `explain` every line is written out as a product, in
 * figures exact enough to multiply it out, with the source of its constant.
 */
import type { BaselinePart } from '../energy/baselines.js';
import type { EnergyLine } from '../energy/energy-lines.js';
import type { EnergyReport } from '../energy/energy-report.js';
import { formatCount, formatJoules, formatRatio, formatSeconds } from '../report/quantities.js';
import { pairs, table, wrap } from './table.js';

/** Picojoules above which another unit reads better. */
const LARGE = 1e5;
const right = 'right' as const;

export function energyText(energy: EnergyReport, explain: boolean): string {
  return [
    heading(energy), bill(energy), profiles(energy), latency(energy), busiestCores(energy), baselineTable(energy), quotients(energy), breakEven(energy),
    explain ? explanation(energy) : 'Constants, sources, products and what is left out: --explain',
  ].filter((part) => part !== '').join('\n\n');
}

function heading({ profile }: EnergyReport): string {
  const facts = [profile.estimate ? 'an estimate' : '', profile.voltage === null ? 'voltage not stated' : `${profile.voltage} V`].filter((f) => f !== '');
  return wrap(`one inference, profile ${profile.name} (${facts.join(', ')})`);
}

const price = (value: number | null): string => (value === null ? 'unpublished' : value < LARGE ? `${Number(value.toPrecision(6))} pJ` : formatJoules(value * 1e-12));

function bill({ perInference, profile, latencySeconds }: EnergyReport): string {
  const rows = perInference.lines.filter((l) => l.joules > 0).map((l) => [l.name, formatCount(l.count), price(l.unitPicojoules), formatJoules(l.joules)]);
  const shown = perInference.beside.filter((l) => l.joules > 0).map((l) => [`${l.name} (not in the total)`, '', '', formatJoules(l.joules)]);
  const totals = latencySeconds === null ? [['total, dynamic only: no latency, no static power', '', '', formatJoules(perInference.totalJoules)]] : [
    ['dynamic energy', '', '', formatJoules(perInference.dynamicJoules)],
    ['static energy, powered chips', '', '', formatJoules(perInference.staticJoules)],
    ['total', '', '', formatJoules(perInference.totalJoules)],
    ...shown,
  ];
  const columns = [{ head: 'line' }, { head: 'count', align: right }, { head: 'each', align: right }, { head: 'energy', align: right }];
  const error = profile.errorEnvelope === '' ? '' : `\n${wrap(`Error of the model: ${profile.errorEnvelope}`)}`;
  return `${table(columns, [...rows, ...totals])}${error}`;
}

function profiles({ byProfile }: EnergyReport): string {
  if (byProfile.length < 2) return '';
  return table([{ head: 'the same events, profile' }, { head: 'dynamic', align: right }, { head: 'static', align: right }, { head: 'total', align: right }],
    byProfile.map((p) => [p.name, formatJoules(p.dynamicJoules), formatJoules(p.staticJoules), formatJoules(p.totalJoules)]));
}

function latency({ latency: report }: EnergyReport): string {
  if (report === null) return '';
  const { core, link, travel, barrier } = report.parts;
  return pairs([
    ['latency', `${formatSeconds(report.seconds)}, ${formatCount(report.steps)} chip steps`],
    ['of it', `busiest core ${formatSeconds(core)}, busiest link ${formatSeconds(link)}, route ${formatSeconds(travel)}, barrier ${formatSeconds(barrier)}`],
    ['inferences a second', `${formatRatio(report.aloneRate)} one after the other, at most ${formatRatio(report.overlappedRate)} overlapped`],
  ]);
}

function busiestCores({ coreMaxima }: EnergyReport): string {
  if (coreMaxima.length === 0) return '';
  return table([{ head: 'the busiest core of each' }, { head: 'all cores', align: right }, { head: 'most', align: right }, { head: 'core', align: right }, { head: 'x mean', align: right }],
    coreMaxima.map((m) => {
      const amount = m.key === 'busy-seconds' ? formatSeconds : formatCount;
      return [m.name, amount(m.total), amount(m.most), String(m.core), formatRatio(m.imbalance)];
    }));
}

const baselineTable = ({ baselines }: EnergyReport): string =>
  table([{ head: 'beside it' }, { head: 'operations', align: right }, { head: 'energy', align: right }],
    baselines.map((b) => [b.name, formatCount(b.count), formatJoules(b.joules)]));

const quotients = ({ ratios }: EnergyReport): string =>
  table([{ head: 'quotient (above 1: the spiking side needs less)' }, { head: '', align: right }],
    ratios.map((r) => [r.name, r.value === null ? '-' : formatRatio(r.value)]));

function breakEven({ sopsPerMac, breakEven: values }: EnergyReport): string {
  if (sopsPerMac === null) return '';
  return table([{ head: 'synaptic operations per MAC' }, { head: '', align: right }], [
    ['this run', formatRatio(sopsPerMac)],
    ...values.map((b) => [`break-even: ${b.name}`, formatRatio(b.sopsPerMac)]),
  ]);
}

/** In full: thousands apart, up to nine significant digits behind the point. */
function exact(value: number): string {
  const [whole, fraction] = (Number.isInteger(value) ? value.toFixed(0) : String(Number(value.toPrecision(9)))).split('.');
  if (/e/.test(whole) || (fraction !== undefined && /e/.test(fraction))) return value.toExponential(8).replace(/\.?0+e/, 'e');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** Seven digits, so that a product can be checked against its factors. */
function exactJoules(joules: number): string {
  const [factor, unit] = ([[1, 'J'], [1e-3, 'mJ'], [1e-6, 'µJ'], [1e-9, 'nJ']] as const).find(([f]) => joules >= f) ?? [1e-12, 'pJ'];
  return `${Number((joules / factor).toPrecision(7))} ${unit}`;
}

const productOf = (line: EnergyLine): string => {
  const each = line.unitPicojoules === null ? 'nothing' : `${exact(line.unitPicojoules)} pJ`;
  return `${exact(line.count)} (${line.counted}) x ${each} = ${exactJoules(line.joules)}`;
};
const partOf = (part: BaselinePart): string => `${exact(part.count)} (${part.what}) x ${exact(part.unitPicojoules)} pJ = ${exactJoules(part.count * part.unitPicojoules * 1e-12)}`;

function explanation({ perInference, baselines, notes }: EnergyReport): string {
  const happened = perInference.lines.filter((l) => l.count > 0);
  const idle = perInference.lines.filter((l) => l.count === 0).map((l) => l.name.toLowerCase());
  const reason = (l: { readonly source: string; readonly note?: string }): string => `${l.source}${l.note === undefined ? '' : `; ${l.note}`}`;
  const entry = (name: string, products: readonly string[], why: string): string =>
    [`* ${wrap(name, '  ')}`, ...products.map((p) => `  ${wrap(p, '    ')}`), `  ${wrap(why, '  ')}`].join('\n');
  return [
    'Every line multiplied out\n',
    ...happened.map((l) => entry(l.name, [productOf(l)], reason(l))),
    `  ${wrap(`Sum of the lines: dynamic ${exactJoules(perInference.dynamicJoules)}, static ${exactJoules(perInference.staticJoules)}, total ${exactJoules(perInference.totalJoules)}.`, '  ')}`,
    ...perInference.beside.filter((l) => l.count > 0).map((l) => entry(`${l.name} (not in the total)`, [productOf(l)], reason(l))),
    ...(idle.length === 0 ? [] : [`* ${wrap(`None in this run: ${idle.join(', ')}.`, '  ')}`]),
    ...baselines.map((b) => entry(`${b.name}: ${exactJoules(b.joules)}`, b.parts.map(partOf), reason(b))),
    ...notes.map((n) => `* ${wrap(n, '  ')}`),
  ].join('\n');
}
