/** What `audit sparsity` prints: the sweep, the comparison at equal accuracy, what goes with what, cost on the chip, and the verdict; within 100 columns. */
import type { SparsityRecord } from '../audit/records/sparsity.js';
import { attackName } from '../report/attack-names.js';
import { formatCount, formatJoules, formatPercent, formatSi } from '../report/quantities.js';
import { pairs, plural, table, wrap, type Column } from './table.js';

type Estimated = SparsityRecord['dense']['sparsity'];
type Group = SparsityRecord['dense'];

export function sparsityText(record: SparsityRecord): string {
  return [pairs(headLines(record)), levelTable(record), pairs(comparisonLines(record)), ...chipTable(record), wrap(record.verdict)].join('\n\n');
}

const WHAT = { weight: 'single weights', filter: 'whole filters', butterfly: 'blocks outside a butterfly pattern' } as const;

function headLines({ subject, settings, cost, attack, levels }: SparsityRecord): (readonly [string, string])[] {
  const { training, structure, course, rewindEpochs, seeds, data, test } = settings;
  return [
    ['architecture', `of ${subject.name}, ${subject.kind === 'ann' ? 'float networks' : 'spiking networks'}, SHA-256 ${subject.sha256.slice(0, 12)}`],
    ['networks', `${seeds} seeds, each learns ${formatCount(data.count >> 1)} of ${formatCount(data.count)} images of ${data.name} for ${plural(training.epochs, 'epoch')}${rewindEpochs === null || rewindEpochs === 0 ? '' : `, dense ones for ${rewindEpochs} more`}`],
    ['pruned', `${WHAT[structure as keyof typeof WHAT] ?? structure}, ${course}, ${rewindEpochs === null ? 'kept weights go on' : `kept weights back to those after epoch ${rewindEpochs}`} before each training`],
    ['accuracy', `on ${formatCount(test.count)} images of ${test.name}`],
    ['attack', `${attackName(attack)}, settled beforehand; references: the networks of the same make of ${seeds - 2} other seeds`],
    ...(cost === null ? [] : [['time', `${formatSi(cost.wallSeconds, 's')}, processor ${formatSi(cost.processorSeconds, 's')}, ${plural(cost.workers, 'worker')}${cost.trainings < seeds * (1 + levels.length) ? `; ${plural(cost.trainings, 'network')} trained in this run` : ''}`] as const]),
  ];
}

const signed = (value: number, decimals: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(decimals)}`;
const range = (interval: readonly number[], decimals: number): string => `${signed(interval[0], decimals)} to ${signed(interval[1], decimals)}`;
const difference = (found: Estimated | null): string => (found === null ? '' : `${signed(found.mean, 3)}${found.interval === null ? '' : ` (${range(found.interval, 3)})`}`);
const areaOf = ({ areas }: Group, attack: string): Estimated => areas.find((a) => a.attack === attack)!.area;
const unsigned = ({ mean, interval }: Estimated): string => `${mean.toFixed(3)}${interval === null ? '' : ` (${interval[0].toFixed(3)}-${interval[1].toFixed(3)})`}`;

function levelTable({ dense, levels, attack, settings }: SparsityRecord): string {
  const right = (head: string): Column => ({ head, align: 'right' });
  const row = (g: Group): string[] => [formatPercent(g.sparsity.mean), formatPercent(g.testAccuracy.mean, 2), formatPercent(g.gap.mean, 2), unsigned(areaOf(g, attack))];
  return table([right('sparsity'), right('accuracy'), right('gap'), right('AUC of the attack'), right('at equal accuracy, to dense'), right('seeds')], [
    [...row(dense), '', ''],
    ...levels.map(({ pruned, matched }) => [...row(pruned), matched.outcome === 'not-compared' ? 'no comparison' : difference(matched.areas[0].difference), `${matched.pairs} of ${settings.seeds}`]),
  ]);
}

function comparisonLines({ levels, regression, correlations, attack }: SparsityRecord): (readonly [string, string])[] {
  const compared = levels.filter((l) => l.matched.outcome !== 'not-compared');
  const others = levels[0].matched.areas.map((a) => a.attack).filter((id) => id !== attack);
  const bounded = (found: { readonly value: number; readonly interval: readonly number[] } | null): string => (found === null ? 'not defined' : `${signed(found.value, 2)} (${range(found.interval, 2)})`);
  return [
    ...(compared.length === 0 ? [] : [['partners', `dense networks of the same seed, stopped early where their accuracy is within half a point; pruned less partner: ${compared.map((l) => `${signed(100 * l.matched.accuracyDifference!.mean, 2)} points at ${formatPercent(l.pruned.sparsity.mean)}`).join(', ')}`] as const]),
    ...others.filter(() => compared.length > 0).map((id): readonly [string, string] => [`by ${attackName(id)}`, compared.map((l) => `${difference(l.matched.areas.find((a) => a.attack === id)!.difference)} at ${formatPercent(l.pruned.sparsity.mean)}`).join(', ')]),
    ['to finished dense ones', `${levels.map((l) => `${difference(l.naive[0].difference)} at ${formatPercent(l.pruned.sparsity.mean)}`).join(', ')}; their accuracy differs too`],
    ...correlations.map(({ predictor, plain, partial }): readonly [string, string] => [`AUC with ${predictor}`, `r = ${bounded(plain)}; the other two held fixed: ${bounded(partial)}`]),
    ['regression', regression === null ? 'not possible: sparsity, error and gap say the same here' : `AUC per point of ${regression.coefficients.map((c) => `${c.predictor} ${signed(c.value / 100, 4)} (${range(c.interval.map((v) => v / 100), 4)})`).join(', ')}; they account for ${formatPercent(regression.explained)} of the variance within seeds, ${regression.observations} networks`],
  ];
}

function chipTable({ dense, levels, settings: { chip } }: SparsityRecord): string[] {
  if (chip === null) return [];
  const right = (head: string): Column => ({ head, align: 'right' });
  const rows = [dense, ...levels.map((l) => l.pruned)].flatMap((g) => (g.chip === null ? [] : [[
    formatPercent(g.sparsity.mean), formatCount(g.chip.weights.mean), formatSi(g.chip.memoryBits.mean / 8, 'B'), formatCount(g.chip.synapticOps.mean), formatJoules(g.chip.joules.mean), g.chip.cores.mean.toFixed(1), formatPercent(g.chip.accuracy.mean),
  ]]));
  return [`${table([right('sparsity'), right('weights on cores'), right('memory'), right('synaptic ops'), right('energy'), right('cores'), right('accuracy')], rows)}\n${wrap(`programs for ${chip.target}, ${chip.timesteps} time steps, ${plural(chip.images, 'image')}, means over the seeds`)}`];
}
