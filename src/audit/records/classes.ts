/**
 * The record of a class-leakage audit of one subject: what `spikeveil audit classes --out` writes, one file a subject. One
 * TypeBox schema gives type and check. Shares are fractions of 1; leakage is 0 at the floor and 1 at the ceiling; an
 * interval is [low, high] at 95 %, over the seeds of the attacks, null where there is one seed. Distances are in
 * standard deviations of the evaluators' features, null where the images are too few.
 */
import { Ajv } from 'ajv';
import Type, { type Static, type TSchema } from 'typebox';
import type { Effort } from '../classes/attack-task.js';
import type { AuditedSubject, ClassAudit } from '../classes/audit-classes.js';
import type { AttackFigures, Figures } from '../classes/leakage.js';
import type { Estimate } from '../estimate.js';
import { attackKey, attackName } from '../classes/suite.js';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T) => Type.Object(fields, { additionalProperties: false });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = Type.String({ maxLength: 4096 });
const whole = Type.Integer({ minimum: 0 });
const share = Type.Number({ minimum: 0, maximum: 1 });
const amount = Type.Number({ minimum: 0 });
const pair = Type.Array(Type.Number(), { minItems: 2, maxItems: 2 });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const estimateOf = record({ mean: Type.Number(), interval: nullable(pair) });
const FiguresSchema = record({ success: estimateOf, confidence: estimateOf, frechet: nullable(estimateOf), kernel: nullable(estimateOf), thief: estimateOf, diversity: nullable(estimateOf), memberGap: nullable(estimateOf) });
const AttackSchema = record({
  id: text, key: text, name: text, figures: FiguresSchema,
  leakage: record({ success: estimateOf, confidence: estimateOf, kernel: nullable(estimateOf), thief: estimateOf }),
  worstClass: record({ class: whole, success: share, interval: pair, images: whole }),
  loss: estimateOf,
});

export const ClassesSchema = record({
  format: Type.Literal('spikeveil-audit'), version: Type.Literal(1), kind: Type.Literal('classes'), tool: text,
  subject: record({ name: text, kind: Type.Union([Type.Literal('ann'), Type.Literal('spiking'), Type.Literal('program')]), sha256 }),
  suite: text,
  settings: record({
    seed: whole, seeds: whole, perClass: whole, steps: whole, restarts: whole, draws: whole, distilQueries: whole, evolutionQueries: whole, evaluators: whole, evaluatorEpochs: whole,
    limit: Type.Number(), data: record({ name: text, sha256 }), members: nullable(record({ name: text, sha256 })), classes: whole, images: whole,
    realImages: record({ training: whole, reference: whole, ceiling: whole }),
  }),
  cost: nullable(record({ wallSeconds: amount, processorSeconds: amount, workers: whole, subjects: Type.Integer({ minimum: 1, description: 'Audited together at this cost.' }) })),
  evaluatorAccuracies: Type.Array(share), accuracy: share, asAnnAccuracy: share,
  floor: record({ random: FiguresSchema, untrained: FiguresSchema }), ceiling: FiguresSchema,
  attacks: Type.Array(AttackSchema, { minItems: 1 }),
  skipped: Type.Array(record({ name: text, reason: text })),
  strongest: text,
  verdict: text,
  checks: Type.Array(record({ check: text, passed: Type.Boolean(), usual: share, compared: share, explanation: text })),
  sheet: nullable(record({ file: text, columns: whole, rows: Type.Array(text) })),
  warnings: Type.Array(record({ code: text, message: text })),
});

export type ClassesRecord = Static<typeof ClassesSchema>;

/** What the audit itself does not know. */
export interface ClassesHead extends Pick<ClassesRecord, 'tool' | 'subject' | 'cost' | 'sheet'> {
  readonly settings: Pick<ClassesRecord['settings'], 'seed' | 'seeds' | 'evaluatorEpochs' | 'limit' | 'data' | 'members'> & { readonly effort: Effort };
}

export function classesRecord(audit: ClassAudit, audited: AuditedSubject, { settings: { effort, ...settings }, ...head }: ClassesHead): ClassesRecord {
  return {
    format: 'spikeveil-audit', version: 1, kind: 'classes', ...head, suite: audit.suite,
    settings: { ...settings, ...effort, evaluators: audit.evaluatorAccuracies.length, classes: audit.classes, images: audit.images, realImages: { ...audit.realImages } },
    evaluatorAccuracies: [...audit.evaluatorAccuracies], accuracy: audited.accuracy, asAnnAccuracy: audited.asAnnAccuracy,
    floor: { random: figures(audit.floor.random), untrained: figures(audit.floor.untrained) }, ceiling: figures(audit.ceiling),
    attacks: audited.attacks.map(attackRecord), skipped: audited.skipped.map(({ attack, reason }) => ({ name: attackName(attack), reason })),
    strongest: attackName(audited.strongest.attack), verdict: audited.verdict.text, checks: audited.checks.map((c) => ({ ...c })),
    warnings: audit.warnings.map(({ code, message }) => ({ code, message })),
  };
}

const plain = ({ mean, interval }: Estimate): { mean: number; interval: [number, number] | null } => ({ mean, interval: interval === null ? null : [interval[0], interval[1]] });
const maybe = (e: Estimate | null): { mean: number; interval: [number, number] | null } | null => (e === null ? null : plain(e));

const figures = (f: Figures): ClassesRecord['ceiling'] => ({
  success: plain(f.success), confidence: plain(f.confidence), frechet: maybe(f.frechet), kernel: maybe(f.kernel), thief: plain(f.thief), diversity: maybe(f.diversity), memberGap: maybe(f.memberGap),
});

const attackRecord = ({ attack, figures: f, leakage, worst, loss }: AttackFigures): ClassesRecord['attacks'][number] => ({
  id: attack.id, key: attackKey(attack), name: attackName(attack), figures: figures(f),
  leakage: { success: plain(leakage.success), confidence: plain(leakage.confidence), kernel: maybe(leakage.kernel), thief: plain(leakage.thief) },
  worstClass: { class: worst.class, success: worst.success, interval: [worst.interval.low, worst.interval.high], images: worst.images }, loss: plain(loss),
});

const valid = new Ajv({ strict: true }).compile<ClassesRecord>(ClassesSchema);

/** Whether a parsed file is such a record. */
export const isClassesRecord = (value: unknown): value is ClassesRecord => valid(value);
