/** What `audit membership` prints: who was asked, the table of attacks, and what the figures do and do not say; within 100 columns. */
import { attackName } from '../report/attack-names.js';
import { formatCount, formatPercent, formatSi } from '../report/quantities.js';
import type { MembershipRecord } from '../audit/records/membership.js';
import { pairs, plural, table, wrap, type Column } from './table.js';

type Attack = MembershipRecord['attacks'][number];

const KINDS = { ann: 'float network', spiking: 'spiking network', program: 'program' } as const;

export function membershipText(record: MembershipRecord): string {
  const { attacks, strongest } = record;
  const best = attacks.find((a) => a.id === strongest)!;
  return [pairs(headLines(record)), attackTable(record), pairs(boundLines(record)), wrap(verdict(record, best))].join('\n\n');
}

function headLines({ subject, settings, accuracy, references, twoSample, cost }: MembershipRecord): (readonly [string, string])[] {
  const { members, nonMembers } = settings;
  return [
    ['subject', `${subject.name}, ${KINDS[subject.kind]}, SHA-256 ${subject.sha256.slice(0, 12)}`],
    ['members', `${formatCount(members.count)} images of ${members.name}`],
    ['non-members', `${formatCount(nonMembers.count)} images of ${nonMembers.name}`],
    ['accuracy', `${formatPercent(accuracy.members, 2)} of members, ${formatPercent(accuracy.nonMembers, 2)} of non-members`],
    ['references', references === null ? 'none' : `${references.count} ${references.description}; each learned ${formatCount(references.images)} images drawn from both sets, and answers ${formatPercent(references.accuracy.members, 2)} of them and ${formatPercent(references.accuracy.nonMembers, 2)} of the others right`],
    ...(references === null ? [] : [['RMIA', `a = ${references.a}${references.tuned ? ', tuned on a reference' : ' (not tuned: that takes 4 references)'}, gamma = 1`] as const]),
    ['same distribution', `p = ${Number(twoSample.pValue.toPrecision(2))} over ${twoSample.tests} tests${twoSample.pValue < 0.001 ? `: they differ in ${twoSample.test}` : ''}`],
    ...(cost === null ? [] : [['time', `${formatSi(cost.wallSeconds, 's')}, processor ${formatSi(cost.processorSeconds, 's')}, ${plural(cost.workers, 'worker')}${references !== null && cost.referencesTrained < references.count ? `; ${references.count - cost.referencesTrained} references are from an earlier run and not counted` : ''}`] as const]),
  ];
}

const percent = (share: number): string => (100 * share).toFixed(share < 0.0995 ? 2 : 1);

function attackTable({ attacks, certificate }: MembershipRecord): string {
  const right = (head: string): Column => ({ head, align: 'right' });
  const columns = [{ head: 'attack' }, right('AUC'), right('bal. acc.'), right('adv.'), ...attacks[0].rates.map((r) => right(`TPR at ${100 * r.falsePositiveRate} % FPR`))];
  const rows = attacks.map((a) => [
    attackName(a.id), `${a.area.toFixed(3)} (${a.areaInterval[0].toFixed(3)}-${a.areaInterval[1].toFixed(3)})`, `${percent(a.balancedAccuracy.value)} %`, a.advantage.toFixed(3), ...a.rates.map(rateText),
  ]);
  const cap = certificate === null ? [] : [['most by the certificate', '', '', certificate.advantageCap.toFixed(3), ...certificate.caps.map((c) => `${percent(c.truePositiveRate)} %`)]];
  return table(columns, [...rows, ...cap]);
}

const rateText = ({ truePositiveRate, interval }: Attack['rates'][number]): string =>
  (truePositiveRate === null || interval === null ? 'not resolvable' : `${percent(truePositiveRate)} % (${percent(interval[0])}-${percent(interval[1])})`);

function boundLines({ oneRun, certificate, settings, attacks }: MembershipRecord): (readonly [string, string])[] {
  const missing = attacks[0].rates.filter((r) => !r.resolvable);
  return [
    ['epsilon from one run', `at least ${oneRun.epsilon.toFixed(2)} at delta ${oneRun.delta} (95 %), if members were drawn from both sets by fair coins: ${attackName(oneRun.attack)} was right in ${formatCount(oneRun.right)} of ${formatCount(oneRun.guesses)} guesses`],
    ...(certificate === null ? [] : [['certificate', `epsilon ${(Math.ceil(certificate.epsilon * 1e4) / 1e4).toFixed(4)} at delta ${certificate.delta}`] as const]),
    ...missing.map((r) => [`${100 * r.falsePositiveRate} % FPR`, `not resolvable: it takes ${formatCount(r.nonMembersNeeded)} non-members, here are ${formatCount(settings.nonMembers.count)}`] as const),
  ];
}

/** In words, without promising what was not measured. */
function verdict({ certificate, detected, attacks }: MembershipRecord, best: Attack): string {
  const found = detected
    ? `The strongest attack, ${attackName(best.id)}, tells members from non-members: AUC ${best.area.toFixed(3)} (95 % interval ${best.areaInterval[0].toFixed(3)} to ${best.areaInterval[1].toFixed(3)}).`
    : `None of the ${attacks.length} attacks told members from non-members: no AUC is above 0.5 by more than chance allows among so many.`;
  const limits = certificate === null
    ? 'Other attacks may find more: only a certificate bounds what any attack can find.'
    : 'The last row is what no attack can exceed if the certificate holds; finding less does not make the network more private than it says.';
  return `${found} ${limits} The advantage is that of the best threshold in hindsight; the balanced accuracy is not.`;
}
