/**
 * The record of a membership audit: what `spikeveil audit membership --json` prints and `--out` writes. One TypeBox schema gives
 * type and check. Rates and areas are fractions of 1; an interval is [low, high] at 95 %.
 */
import { Ajv } from 'ajv';
import Type, { type Static, type TSchema } from 'typebox';
import type { MembershipAudit } from '../membership/audit-membership.js';
import { nonMembersFor, type Roc } from '../membership/roc.js';

export const AUDIT_FORMAT = 'spikeveil-audit';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T) => Type.Object(fields, { additionalProperties: false });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = Type.String({ maxLength: 4096 });
const whole = Type.Integer({ minimum: 0 });
const share = Type.Number({ minimum: 0, maximum: 1 });
const amount = Type.Number({ minimum: 0 });
const interval = Type.Array(share, { minItems: 2, maxItems: 2 });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const both = record({ members: share, nonMembers: share });

const AttackSchema = record({
  id: text, area: share, areaInterval: interval, advantage: share,
  balancedAccuracy: record({ value: share, interval }),
  rates: Type.Array(record({
    falsePositiveRate: share, resolvable: Type.Boolean(), nonMembersNeeded: whole,
    truePositiveRate: nullable(share), interval: nullable(interval),
    truePositives: Type.Integer({ minimum: 0, description: 'At the lowest threshold that keeps to the rate.' }), falsePositives: whole,
  })),
  curve: Type.Array(Type.Array(share, { minItems: 2, maxItems: 2 }), { description: '[false, true] positive rate, about evenly spaced in the logarithm of the first.' }),
});

export const MembershipSchema = record({
  format: Type.Literal(AUDIT_FORMAT), version: Type.Literal(1), kind: Type.Literal('membership'), tool: text,
  subject: record({ name: text, kind: Type.Union([Type.Literal('ann'), Type.Literal('spiking'), Type.Literal('program')]), sha256 }),
  settings: record({
    seed: whole, chances: Type.Integer({ minimum: 1, description: 'Runs of a Poisson code that were averaged.' }), delta: share,
    members: record({ name: text, count: whole }), nonMembers: record({ name: text, count: whole }), poolSha256: sha256,
    references: whole, training: nullable(record({ epochs: whole, batch: whole, rate: amount, optimiser: text, schedule: text })),
  }),
  cost: nullable(record({ wallSeconds: amount, processorSeconds: amount, workers: whole, referencesTrained: Type.Integer({ minimum: 0, description: 'In this run; the others were kept from an earlier one, whose time is not in the figures.' }) })),
  accuracy: both,
  attacks: Type.Array(AttackSchema, { minItems: 1 }),
  strongest: Type.String({ description: 'The attack with the largest lower end of the interval of its area.' }),
  detected: Type.Boolean({ description: 'Some area is above 0.5, at 95 % for all attacks together.' }),
  references: nullable(record({ count: whole, description: text, images: whole, a: share, tuned: Type.Boolean(), accuracy: both })),
  oneRun: record({ attack: text, canaries: whole, guesses: whole, right: whole, epsilon: amount, delta: share, significance: share }),
  certificate: nullable(record({ epsilon: amount, delta: share, caps: Type.Array(record({ falsePositiveRate: share, truePositiveRate: share })), advantageCap: share })),
  twoSample: record({ test: text, pValue: share, tests: whole }),
  shared: Type.Integer({ minimum: 0, description: 'Non-members that are also members, pixel for pixel.' }),
  warnings: Type.Array(record({ code: text, message: text })),
});

export type MembershipRecord = Static<typeof MembershipSchema>;

/** What the audit itself does not know. */
export type MembershipHead = Pick<MembershipRecord, 'tool' | 'subject' | 'settings' | 'cost'> & { readonly certificate: { readonly epsilon: number; readonly delta: number } | null };

/** Points of a curve in the record. */
const POINTS = 120;

export function membershipRecord(audit: MembershipAudit, { certificate, ...head }: MembershipHead): MembershipRecord {
  const { accuracy, attacks, strongest, detected, references, oneRun, caps, advantageCap, twoSample, shared, warnings } = audit;
  const pair = ({ low, high }: { readonly low: number; readonly high: number }): [number, number] => [low, high];
  const found: MembershipRecord = {
    format: AUDIT_FORMAT, version: 1, kind: 'membership', ...head, accuracy: { ...accuracy },
    attacks: attacks.map(({ id, roc, area, areaInterval, advantage, balancedAccuracy, rates }) => ({
      id, area, areaInterval: pair(areaInterval), advantage, balancedAccuracy: { value: balancedAccuracy.value, interval: pair(balancedAccuracy.interval) },
      rates: rates.map((r) => ({ ...r, nonMembersNeeded: nonMembersFor(r.falsePositiveRate), interval: r.interval === null ? null : pair(r.interval) })),
      curve: thinned(roc),
    })),
    strongest, detected, references: references === null ? null : { ...references, accuracy: { ...references.accuracy } }, oneRun: { ...oneRun },
    certificate: certificate === null || caps === null || advantageCap === null ? null : { epsilon: certificate.epsilon, delta: certificate.delta, caps: caps.map((c) => ({ ...c })), advantageCap },
    twoSample: { ...twoSample }, shared, warnings: warnings.map(({ code, message }) => ({ code, message })),
  };
  return found;
}

/** The highest point at each of some false positive rates, from one false alarm to all. */
function thinned({ truePositives, falsePositives, members, nonMembers }: Roc): [number, number][] {
  const points: [number, number][] = [];
  let k = 0;
  for (let step = 0; step <= POINTS; step++) {
    const most = Math.round(nonMembers ** (step / POINTS));
    while (k + 1 < falsePositives.length && falsePositives[k + 1] <= most) k++;
    const point: [number, number] = [most / nonMembers, truePositives[k] / members];
    if (points.length === 0 || points[points.length - 1][0] < point[0]) points.push(point);
  }
  return points;
}

const valid = new Ajv({ strict: true }).compile<MembershipRecord>(MembershipSchema);

/** Whether a parsed file is such a record. */
export const isMembershipRecord = (value: unknown): value is MembershipRecord => valid(value);
