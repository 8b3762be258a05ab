/** The part of a page about a sparsity audit: the picture, the comparison at equal accuracy with the cost on the chip, and what goes with what. */
import type { SparsityRecord } from '../audit/records/sparsity.js';
import { attackName } from './attack-names.js';
import { html, type Markup } from './html.js';
import { figure, WIDE } from './page-frame.js';
import { number, table } from './page-table.js';
import { formatCount, formatJoules, formatPercent, formatSeconds, formatSi } from './quantities.js';
import { sparsityPlot } from './sparsity-plot.js';

type Estimated = SparsityRecord['dense']['sparsity'];
type Group = SparsityRecord['dense'];

export async function sparsitySection(record: SparsityRecord): Promise<Markup> {
  const { subject, attack, verdict } = record;
  const plot = await figure('sparsity', WIDE, (width) => sparsityPlot(record, Math.min(width, 640)), html`A point a network; a percentage stands at the mean of its sparsity. What sparsity itself does shows at equal accuracy: pruned networks above or below the dense ones over the same place of the axis.`);
  return html`<section class="sparsity"><h2>Sparsity and membership: ${subject.name}</h2>
<p>${verdict}</p>
${plot}${levelTable(record)}${detailTable(record)}${withTable(record)}<p>${settingsText(record)} The attack, ${attackName(attack)}, was settled beforehand; its references are the networks of the same make of the other seeds.</p></section>
`;
}

const signed = (value: number, decimals: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(decimals)}`;
const estimated = (found: Estimated | null, text: (value: number) => string): string => (found === null ? '' : `${text(found.mean)}${found.interval === null ? '' : ` (${text(found.interval[0])} to ${text(found.interval[1])})`}`);
const areaOf = ({ areas }: Group, attack: string): Estimated => areas.find((a) => a.attack === attack)!.area;

const plain = (value: number): string => value.toFixed(3);
const change = (value: number): string => signed(value, 3);

/** Leakage beside cost. */
function levelTable({ dense, levels, attack, settings: { seeds, chip } }: SparsityRecord): Markup {
  const row = (g: Group, matched: string): { head: string; cells: string[] } => ({
    head: formatPercent(g.sparsity.mean),
    cells: [formatPercent(g.testAccuracy.mean, 2), estimated(areaOf(g, attack), plain), matched, ...(g.chip === null ? [] : [formatJoules(g.chip.joules.mean), formatSi(g.chip.memoryBits.mean / 8, 'B'), formatCount(g.chip.synapticOps.mean)])],
  });
  const onChip = chip === null ? [] : [number(`Energy, ${chip.target}`), number('Memory'), number('Synaptic ops')];
  return table('Sparsity, leakage and cost', 'Sparsity', [number('Accuracy'), number(`AUC of ${attackName(attack)}`), number('Less dense, equal accuracy'), ...onChip], [
    row(dense, ''),
    ...levels.map(({ pruned, matched }) => row(pruned, matched.outcome === 'not-compared' ? `none: ${matched.pairs} of ${seeds} seeds` : estimated(matched.areas[0].difference, change))),
  ]);
}

function detailTable({ dense, levels, settings: { seeds, chip } }: SparsityRecord): Markup {
  const row = (g: Group, cells: readonly string[]): { head: string; cells: string[] } => ({
    head: formatPercent(g.sparsity.mean), cells: [formatPercent(g.gap.mean, 2), ...cells, ...(g.chip === null ? [] : [formatPercent(g.chip.accuracy.mean), g.chip.cores.mean.toFixed(1)])],
  });
  const onChip = chip === null ? [] : [number('Accuracy of programs'), number('Cores')];
  return table('More of each sparsity', 'Sparsity', [number('Generalisation gap'), number('Less finished dense'), number('Partners'), number('Their accuracy'), ...onChip], [
    row(dense, ['', '', '']),
    ...levels.map(({ pruned, naive, matched }) => row(pruned, [estimated(naive[0].difference, change), `${matched.pairs} of ${seeds}`, matched.accuracyDifference === null ? '' : `${signed(-100 * matched.accuracyDifference.mean, 2)} points`])),
  ]);
}

function withTable({ correlations, regression }: SparsityRecord): Markup {
  const bounded = (found: { readonly value: number; readonly interval: readonly number[] } | null, of: (value: number) => string): string => (found === null ? 'not defined' : `${of(found.value)} (${of(found.interval[0])} to ${of(found.interval[1])})`);
  return table('What the attack goes with', 'AUC with', [number('Correlation'), number('Others held fixed'), number('Change of AUC a point')], correlations.map(({ predictor, plain, partial }) => ({
    head: predictor,
    cells: [bounded(plain, (v) => signed(v, 2)), bounded(partial, (v) => signed(v, 2)), bounded(regression?.coefficients.find((c) => c.predictor === predictor) ?? null, (v) => signed(v / 100, 4))],
  })));
}

function settingsText({ settings: { seeds, data, test, training, structure, course, rewindEpochs, chip }, cost, regression }: SparsityRecord): string {
  return [
    `${seeds} seeds, each network learns ${formatCount(data.count >> 1)} of ${formatCount(data.count)} images of ${data.name} for ${training.epochs} epochs; accuracy on ${formatCount(test.count)} images of ${test.name}.`,
    `Pruning by ${structure}, ${course}, ${rewindEpochs === null ? 'without rewinding' : `kept weights back to those after epoch ${rewindEpochs}`}.`,
    ...(regression === null ? [] : [`The regression has ${regression.observations} networks, each less the mean of its seed, and accounts for ${formatPercent(regression.explained)} of their variance.`]),
    ...(chip === null ? [] : [`Programs: ${chip.timesteps} time steps, ${formatCount(chip.images)} images, means over the seeds.`]),
    ...(cost === null ? [] : [`It took ${formatSeconds(cost.wallSeconds)}, ${formatSeconds(cost.processorSeconds)} of processor time.`]),
  ].join(' ');
}
