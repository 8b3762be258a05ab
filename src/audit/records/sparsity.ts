/**
 * The record of a sparsity audit: what `spikeveil audit sparsity --json` prints and `--out` writes. One TypeBox schema gives type and check.
 * Shares, rates and areas are fractions of 1; an interval is [low, high] at 95 %.
 */
import { Ajv } from 'ajv';
import Type, { type Static, type TSchema } from 'typebox';
import { estimate, type Estimate } from '../estimate.js';
import { areaOf, COMPARED_ATTACKS, type ChipFigures, type SparsityAudit, type SparsityPoint } from '../sparsity/audit-sparsity.js';
import { MATCHED_WITHIN } from '../sparsity/match.js';
import type { Bounded } from '../sparsity/regression.js';
import { AUDIT_FORMAT } from './membership.js';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T) => Type.Object(fields, { additionalProperties: false });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = Type.String({ maxLength: 4096 });
const whole = Type.Integer({ minimum: 0 });
const share = Type.Number({ minimum: 0, maximum: 1 });
const amount = Type.Number({ minimum: 0 });
const interval = Type.Array(Type.Number(), { minItems: 2, maxItems: 2 });
const estimated = record({ mean: Type.Number(), interval: nullable(interval), values: Type.Array(Type.Number()) });
const bounded = record({ value: Type.Number(), interval });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const data = record({ name: text, count: whole });

const ChipSchema = record({ accuracy: estimated, weights: estimated, memoryBits: estimated, synapticOps: estimated, joules: estimated, cores: estimated });
const GroupSchema = record({ sparsity: estimated, testAccuracy: estimated, gap: estimated, areas: Type.Array(record({ attack: text, area: estimated })), chip: nullable(ChipSchema) });

export const SparsitySchema = record({
  format: Type.Literal(AUDIT_FORMAT), version: Type.Literal(1), kind: Type.Literal('sparsity'), tool: text,
  subject: record({ name: text, kind: Type.Union([Type.Literal('ann'), Type.Literal('spiking')]), sha256 }),
  settings: record({
    seed: whole, seeds: whole, data, test: data, poolSha256: sha256,
    structure: text, scope: text, course: text, rewindEpochs: nullable(whole),
    training: record({ epochs: whole, batch: whole, rate: amount, optimiser: text, schedule: text }),
    chip: nullable(record({ target: text, images: whole, timesteps: whole })),
  }),
  cost: nullable(record({ wallSeconds: amount, processorSeconds: amount, workers: whole, trainings: Type.Integer({ minimum: 0, description: 'In this run; the others were kept from an earlier one, whose time is not in the figures.' }) })),
  attack: Type.String({ description: 'The attack that statements are made of, settled beforehand.' }),
  dense: GroupSchema,
  levels: Type.Array(record({
    wanted: share, pruned: GroupSchema,
    naive: Type.Array(record({ attack: text, difference: estimated }), { description: 'Against the finished dense network of the same seed: accuracy differs too.' }),
    matched: record({
      within: share, pairs: whole, accuracyDifference: nullable(estimated), areas: Type.Array(record({ attack: text, difference: nullable(estimated) })),
      outcome: Type.Union([Type.Literal('weaker'), Type.Literal('stronger'), Type.Literal('unresolved'), Type.Literal('not-compared')]),
    }),
  }), { minItems: 1 }),
  regression: nullable(record({ explained: Type.Number(), observations: whole, freedom: whole, coefficients: Type.Array(record({ predictor: text, value: Type.Number(), interval })) })),
  correlations: Type.Array(record({ predictor: text, plain: nullable(bounded), partial: nullable(bounded) })),
  points: Type.Array(record({
    seed: whole, kind: Type.Union([Type.Literal('dense'), Type.Literal('pruned'), Type.Literal('stopped')]), wanted: nullable(share), sparsity: share, step: whole,
    testAccuracy: share, memberAccuracy: share, areas: Type.Array(record({ attack: text, area: share, interval: Type.Array(share, { minItems: 2, maxItems: 2 }) })),
  })),
  verdict: text,
  warnings: Type.Array(record({ code: text, message: text })),
});

export type SparsityRecord = Static<typeof SparsitySchema>;
type Group = SparsityRecord['dense'];

/** What the audit itself does not know. */
export type SparsityHead = Pick<SparsityRecord, 'tool' | 'subject' | 'settings' | 'cost'> & { readonly predictors: readonly string[] };

export function sparsityRecord(audit: SparsityAudit, { predictors, ...head }: SparsityHead): SparsityRecord {
  const { points, matched, regression, correlations, verdict, warnings } = audit;
  const dense = points.filter((p) => p.kind === 'dense');
  const wanted = [...new Set(points.flatMap((p) => (p.wanted === null ? [] : [p.wanted])))].sort((a, b) => a - b);
  return {
    format: AUDIT_FORMAT, version: 1, kind: 'sparsity', ...head, attack: COMPARED_ATTACKS[0],
    dense: groupOf(dense),
    levels: matched.map(({ pairs, accuracyDifference, areaDifferences, outcome }, level) => {
      const pruned = points.filter((p) => p.wanted === wanted[level]);
      return {
        wanted: wanted[level], pruned: groupOf(pruned),
        naive: COMPARED_ATTACKS.map((id) => ({ attack: id, difference: plain(estimate(pruned.map((p) => areaOf(p, id) - areaOf(dense.find((d) => d.seed === p.seed)!, id)))) })),
        matched: {
          within: MATCHED_WITHIN, pairs: pairs.length, accuracyDifference: accuracyDifference === null ? null : plain(accuracyDifference), outcome,
          areas: COMPARED_ATTACKS.map((id, a) => { const found = areaDifferences[a]; return { attack: id, difference: found === null ? null : plain(found) }; }),
        },
      };
    }),
    regression: regression === null ? null : { explained: regression.explained, observations: regression.observations, freedom: regression.freedom, coefficients: regression.coefficients.map((c, j) => ({ predictor: predictors[j], ...bound(c) })) },
    correlations: correlations.map(({ predictor, plain: alone, partial }) => ({ predictor, plain: alone === null ? null : bound(alone), partial: partial === null ? null : bound(partial) })),
    points: points.map(({ areas, chip: _, ...point }) => ({ ...point, areas: areas.map(({ id, area, interval: { low, high } }) => ({ attack: id, area, interval: [low, high] })) })),
    verdict, warnings: warnings.map(({ code, message }) => ({ code, message })),
  };
}

const plain = ({ mean, interval: found, values }: Estimate): Group['sparsity'] => ({ mean, interval: found === null ? null : [...found], values: [...values] });
const bound = ({ value, interval: [low, high] }: Bounded): { value: number; interval: number[] } => ({ value, interval: [low, high] });

function groupOf(points: readonly SparsityPoint[]): Group {
  const of = (pick: (p: SparsityPoint) => number): Group['sparsity'] => plain(estimate(points.map(pick)));
  const chips = points.flatMap((p) => (p.chip === null ? [] : [p.chip]));
  const on = (pick: (c: ChipFigures) => number): Group['sparsity'] => plain(estimate(chips.map(pick)));
  return {
    sparsity: of((p) => p.sparsity), testAccuracy: of((p) => p.testAccuracy), gap: of((p) => p.memberAccuracy - p.testAccuracy),
    areas: COMPARED_ATTACKS.map((id) => ({ attack: id, area: of((p) => areaOf(p, id)) })),
    chip: chips.length === 0 ? null : { accuracy: on((c) => c.accuracy), weights: on((c) => c.weights), memoryBits: on((c) => c.memoryBits), synapticOps: on((c) => c.synapticOps), joules: on((c) => c.joules), cores: on((c) => c.cores) },
  };
}

const valid = new Ajv({ strict: true }).compile<SparsityRecord>(SparsitySchema);

/** Whether a parsed file is such a record. */
export const isSparsityRecord = (value: unknown): value is SparsityRecord => valid(value);
