/**
 * One page that answers "how private is this program?" beside "how right is it?" and "what does it
 * cost?": variants of a network from run records and audit records. A figure that was not measured is
 * called so; a strong word is used for none.
 */
import { comparisonPlot } from './comparison-plot.js';
import { strongest, type Variant } from './comparison.js';
import type { SparsityRecord } from '../audit/records/sparsity.js';
import type { Finding, FindingKind } from './findings.js';
import { html, trusted, type Markup } from './html.js';
import { figure, page, WIDE } from './page-frame.js';
import { number, table } from './page-table.js';
import { sparsitySection } from './sparsity-section.js';
import { formatCount, formatJoules, formatPercent, formatSeconds, formatSi } from './quantities.js';

export interface Picture {
  readonly caption: string;
  /** A PNG file. */
  readonly png: Uint8Array;
}

export interface ComparisonNotes {
  readonly tool: string;
  /** What the records say of themselves: verdicts, settings, cost. */
  readonly notes: readonly string[];
  readonly pictures?: readonly Picture[];
  /** Audits of many networks of one architecture: no variant of its own. */
  readonly sparsity?: readonly SparsityRecord[];
}

/** The page as one string of HTML. The same variants and notes give the same bytes. */
export async function renderComparison(variants: readonly Variant[], { tool, notes, pictures = [], sparsity = [] }: ComparisonNotes): Promise<string> {
  const title = variants.length === 0 ? `Sparsity and privacy: ${sparsity.map((s) => s.subject.name).join(', ')}` : variants.length === 1 ? `How private is ${variants[0].name}?` : `${variants.length} variants: accuracy, cost and leakage`;
  const studies = await Promise.all(sparsity.map(sparsitySection));
  return page(title, html`<header>
<h1>${title}</h1>
<p class="lead">Measured on ${variants.length === 0 ? 'networks that were trained for it' : 'emitted programs'}; attacks give lower bounds of what leaks, a certificate an upper bound for single examples.</p>
</header>
${variants.length === 0 ? html`` : await variantSections(variants)}${pictures.length === 0 ? html`` : html`<section id="pictures"><h2>What attackers drew</h2>${pictures.map(pictureFigure)}</section>
`}${studies}${notes.length === 0 ? html`` : html`<section id="notes"><h2>What was measured, and how</h2><ul>${notes.map((note) => html`<li>${note}</li>
`)}</ul></section>`}`, tool);
}

async function variantSections(variants: readonly Variant[]): Promise<Markup> {
  const plot = await figure('comparison', WIDE, (width) => comparisonPlot(variants, width), html`Bars are 95 % intervals; where there is none, none was measured. Of several attacks the strongest is drawn: what an attacker would choose. Energy of programs is the bill of the chip, that of an ANN the convention named in the table.`);
  return html`<section id="answer"><h2>In short</h2><ul>${variants.map((v) => html`<li>${verdict(v)}</li>
`)}</ul></section>
<section id="comparison"><h2>Side by side</h2>${plot}${costTable(variants)}${leakTable(variants)}</section>
<section id="attacks"><h2>Every attack</h2>${attackTable(variants)}</section>
`;
}

const percentInterval = ([low, high]: readonly [number, number], decimals = 1): string => `${(low * 100).toFixed(decimals)} to ${formatPercent(high, decimals)}`;

/** A finding's figure with its interval. Shares stand as per cent, areas as numbers. */
export function figureOf({ value, interval, measure }: Finding): string {
  if (measure === 'AUC') return `${value.toFixed(3)}${interval === null ? '' : ` (${interval[0].toFixed(3)} to ${interval[1].toFixed(3)})`}`;
  return `${formatPercent(value)}${interval === null ? '' : ` (${percentInterval(interval)})`}`;
}

const bound = (epsilon: number): string => (Math.ceil(epsilon * 1e4) / 1e4).toFixed(4);

function certificateText({ certificate, privateData }: Variant): string {
  if (certificate === null) return privateData === false ? 'no data of the user read after the ANN' : 'unknown';
  if (certificate === false) return 'none: not private';
  return `epsilon ${bound(certificate.epsilon)} at delta ${certificate.delta}, for ${certificate.unit}`;
}

/** One sentence a variant: what is known of what it leaks. */
export function verdict(variant: Variant): string {
  const said = (kind: FindingKind, what: string): string => {
    const f = strongest(variant, kind);
    if (f === null) return `${what}: not attacked`;
    const reaches = f.detected ? '' : ', no more than chance among so many attacks';
    return `${what}: the strongest attack, ${f.attack}, reached ${f.measure} ${figureOf(f)} where guessing gives ${f.measure === 'AUC' ? f.floor.toFixed(1) : formatPercent(f.floor)}${reaches}`;
  };
  const { certificate } = variant;
  const proof = certificate === null || certificate === false ? 'no bound is proven' : `no attack on the membership of ${certificate.unit} can beat epsilon ${bound(certificate.epsilon)} at delta ${certificate.delta}, if the training ran as certified`;
  return `${variant.name}. ${said('membership', 'Membership')}. ${said('classes', 'Classes')}. Certificate: ${proof}.`;
}

function costTable(variants: readonly Variant[]): Markup {
  return table('Accuracy and cost', 'Variant', [
    number('Accuracy'), number('95 % interval'), number('Energy'), { title: 'by', kind: 'text' }, number('Latency'), number('Synaptic ops'), number('Memory'), number('Cores'),
  ], variants.map((v) => ({
    head: v.name,
    cells: [
      v.accuracy === null ? 'not run' : formatPercent(v.accuracy.value, 2), v.accuracy === null ? '' : percentInterval(v.accuracy.interval),
      ...costCells(v.cost),
    ],
  })));
}

function costCells(cost: Variant['cost']): readonly string[] {
  if (cost === null) return ['', '', '', '', '', ''];
  const { joules, by, seconds, synapticOps, memoryBits, cores } = cost;
  return [formatJoules(joules), by, seconds === null ? '' : formatSeconds(seconds), synapticOps === null ? '' : formatCount(synapticOps), memoryBits === null ? '' : formatSi(memoryBits / 8, 'B'), cores === null ? '' : String(cores)];
}

function leakTable(variants: readonly Variant[]): Markup {
  const cell = (f: Finding | null): string => (f === null ? 'not attacked' : `${figureOf(f)}, ${f.attack}`);
  return table('Leakage', 'Variant', [{ title: 'Membership, strongest attack', kind: 'text' }, { title: 'Classes, strongest attack', kind: 'text' }, { title: 'Proven', kind: 'text' }],
    variants.map((v) => ({ head: v.name, cells: [cell(strongest(v, 'membership')), cell(strongest(v, 'classes')), certificateText(v)] })));
}

function attackTable(variants: readonly Variant[]): Markup {
  const rows = variants.flatMap((v) => v.findings.map((f) => ({ head: v.name, cells: [f.kind, f.attack, f.measure, figureOf(f), f.measure === 'AUC' ? f.floor.toFixed(1) : formatPercent(f.floor), f.beside.join(' ')] })));
  if (rows.length === 0) return html`<p>No audit record was given: nothing was attacked. <code>spikeveil audit</code> writes them.</p>`;
  return table('Attacks', 'Variant', [{ title: 'Leak', kind: 'text' }, { title: 'Attack', kind: 'text' }, { title: 'Measure', kind: 'text' }, number('Result'), number('Guessing'), { title: 'Beside it', kind: 'why' }], rows);
}

const pictureFigure = ({ caption, png }: Picture): Markup => html`<figure><img alt="${caption}" style="max-width:100%;image-rendering:pixelated" src="data:image/png;base64,${trusted(Buffer.from(png).toString('base64'))}"><figcaption>${caption}</figcaption></figure>`;
