/** The records of audits as findings: each kind of audit has its own record, the page compares them in one form. */
import { fail } from '../diagnostics.js';
import { isClassesRecord, type ClassesRecord } from '../audit/records/classes.js';
import { isMembershipRecord, type MembershipRecord } from '../audit/records/membership.js';
import { attackName } from './attack-names.js';
import type { Finding, FindingSubject } from './findings.js';
import { formatCount, formatPercent, formatSeconds } from './quantities.js';
import { clip } from './read-json.js';

export interface AuditFindings {
  readonly findings: readonly Finding[];
  /** What the record says of itself, as sentences. */
  readonly notes: readonly string[];
  /** A drawing beside the record's file. */
  readonly picture?: { readonly file: string; readonly caption: string };
}

/** Whether a parsed file calls itself the record of an audit. */
export const isAudit = (value: unknown): boolean => typeof value === 'object' && value !== null && (value as { readonly format?: unknown }).format === 'spikeveil-audit';

/** The findings of an audit's record. Throws `report/not-an-audit` where it has another form than the kind it names. */
export function auditFindings(value: unknown, path: string): AuditFindings {
  if (isMembershipRecord(value)) return membershipFindings(value);
  if (isClassesRecord(value)) return classesFindings(value);
  const { kind } = value as { readonly kind?: unknown };
  return fail('report/not-an-audit', { kind: 'file', path }, { kind: kind === undefined ? 'missing' : clip(JSON.stringify(kind)) });
}

function membershipFindings(record: MembershipRecord): AuditFindings {
  const { subject, settings, attacks, references, oneRun, certificate, twoSample, cost, warnings } = record;
  const { members, nonMembers } = settings;
  const measuredOn = `${formatCount(members.count)} members of ${members.name}, ${formatCount(nonMembers.count)} others of ${nonMembers.name}`;
  const who: FindingSubject = { name: subject.name, kind: subject.kind, sha256: subject.sha256 };
  return {
    findings: attacks.map((a): Finding => ({
      subject: who, kind: 'membership', attack: attackName(a.id), measure: 'AUC', value: a.area, interval: [a.areaInterval[0], a.areaInterval[1]], floor: 0.5, ceiling: 1, detected: record.detected,
      beside: a.rates.map(rateSentence),
    })),
    notes: [
      `Membership of ${subject.name}: ${attacks.length} attacks on ${measuredOn}, with ${references === null ? 'no reference networks' : `${references.count} reference networks (${references.description})`}${costText(cost)}.`,
      `A lower bound of epsilon from one run of ${subject.name}: ${oneRun.epsilon.toFixed(2)} at delta ${oneRun.delta}, from ${oneRun.right} right of ${oneRun.guesses} guesses by ${attackName(oneRun.attack)}. A small one is no evidence of privacy.`,
      ...(certificate === null ? [] : [`The certificate of ${subject.name}, epsilon ${certificate.epsilon.toFixed(4)}, allows ${certificate.caps.map((c) => `at most ${formatPercent(c.truePositiveRate, 2)} true positives at ${formatPercent(c.falsePositiveRate)} false ones`).join(', ')}.`]),
      ...(twoSample.pValue < 0.01 ? [`Members and others of ${subject.name} differ as groups (${twoSample.test}, p = ${twoSample.pValue.toPrecision(2)}): part of what the attacks find may be that.`] : []),
      ...warnings.map((w) => `${subject.name}: ${w.message}.`),
    ],
  };
}

function classesFindings(record: ClassesRecord): AuditFindings {
  const { subject, settings, attacks, floor, ceiling, suite, verdict, checks, skipped, sheet, cost, warnings } = record;
  const guessing = Math.max(floor.random.success.mean, floor.untrained.success.mean);
  const seeds = `${settings.seeds} ${settings.seeds === 1 ? 'seed' : 'seeds'}`;
  const measuredOn = `${formatCount(settings.images)} images an attack, ${seeds}, ${settings.evaluators} evaluators that learned from ${settings.data.name}`;
  return {
    findings: attacks.map((a): Finding => {
      const { mean, interval } = a.figures.success;
      return {
        subject, kind: 'classes', attack: a.name, measure: 'attack success', value: mean, interval: interval === null ? null : [Math.max(0, interval[0]), Math.min(1, interval[1])],
        floor: guessing, ceiling: ceiling.success.mean, detected: (interval?.[0] ?? mean) > guessing,
        beside: [
          `${leakageText(a.leakage.success)} of the way from floor to ceiling by success, ${leakageText(a.leakage.thief)} by what a thief network learns from the images.`,
          `Worst class: ${a.worstClass.class}, ${formatPercent(a.worstClass.success)} (${(a.worstClass.interval[0] * 100).toFixed(1)} to ${formatPercent(a.worstClass.interval[1])}).`,
        ],
      };
    }),
    notes: [
      `Classes of ${subject.name}: ${verdict} (suite ${suite}, ${attacks.length} attacks, ${measuredOn}${costText(cost)}${cost === null || cost.subjects === 1 ? '' : ` for ${cost.subjects} networks together`}).`,
      `Floor and ceiling: random images ${formatPercent(floor.random.success.mean)}, an untrained network ${formatPercent(floor.untrained.success.mean)}, real images ${formatPercent(ceiling.success.mean)}; the evaluators are right on ${record.evaluatorAccuracies.map((a) => formatPercent(a)).join(', ')} of real images.`,
      ...(subject.kind === 'ann' ? [] : [`The weights of ${subject.name}, read as a plain ReLU network, are right on ${formatPercent(record.asAnnAccuracy)} of real images; the network itself on ${formatPercent(record.accuracy)}.`]),
      ...checks.filter((c) => !c.passed).map((c) => `Check failed for ${subject.name}: ${c.check}. ${c.explanation}.`),
      ...(skipped.length === 0 ? [] : [`Attacks that have nothing to work on in ${subject.name}: ${[...new Set(skipped.map((s) => `${s.name.charAt(0)} (${s.reason})`))].join(', ')}.`]),
      ...warnings.map((w) => `${subject.name}: ${w.message}.`),
    ],
    ...(sheet === null ? {} : { picture: { file: sheet.file, caption: `${subject.name}: one image a class; from the top ${sheet.rows.join(', ')}.` } }),
  };
}

const leakageText = ({ mean, interval }: ClassesRecord['attacks'][number]['loss']): string => `${mean.toFixed(2)}${interval === null ? '' : ` (${interval[0].toFixed(2)} to ${interval[1].toFixed(2)})`}`;

type Rate = MembershipRecord['attacks'][number]['rates'][number];

function rateSentence({ falsePositiveRate, truePositiveRate, interval, nonMembersNeeded }: Rate): string {
  const at = `at ${formatPercent(falsePositiveRate)} false ones`;
  if (truePositiveRate === null || interval === null) return `True positives ${at} are not resolvable: it takes ${formatCount(nonMembersNeeded)} others.`;
  return `${formatPercent(truePositiveRate, 2)} true positives (${(interval[0] * 100).toFixed(2)} to ${formatPercent(interval[1], 2)}) ${at}.`;
}

const costText = (cost: { readonly wallSeconds: number; readonly processorSeconds: number } | null): string => (cost === null ? '' : `; ${formatSeconds(cost.wallSeconds)}, ${formatSeconds(cost.processorSeconds)} of processor time`);
