/**
 * Variants of a network side by side: the ANN and every program made of it, each with its accuracy, what
 * one inference costs and what attacks on it found. Run records give the first two, audit records the
 * third; they meet where both name the same file by its SHA-256. Nothing is measured or worked out
 * here: a figure that no record holds stays open, and the page says so.
 */
import type { Certificate } from '../learn/training-record.js';
import type { Finding, FindingKind, FindingSubject } from './findings.js';
import type { Program } from '../program/program.js';
import type { RunRecord } from './run-schema.js';
import { wilsonInterval } from './wilson-interval.js';

/** A share of 1 with its 95 % interval. */
export interface Share {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
  readonly images: number;
  /** Name of the images. */
  readonly data: string;
}

export interface Cost {
  /** Of one inference. */
  readonly joules: number;
  /** Energy profile or cost convention. */
  readonly by: string;
  readonly seconds: number | null;
  readonly synapticOps: number | null;
  readonly memoryBits: number | null;
  readonly cores: number | null;
}

export interface Variant {
  readonly name: string;
  readonly kind: 'ann' | 'spiking' | 'program';
  /** Of the file; null where no record names it. */
  readonly sha256: string | null;
  readonly accuracy: Share | null;
  readonly cost: Cost | null;
  /** What the weights were learned with: null is unknown, false is not private. */
  readonly certificate: Certificate | false | null;
  /** Whether any data of the user were read, where that is known. */
  readonly privateData: boolean | null;
  /** The strongest of each kind first. */
  readonly findings: readonly Finding[];
}

export interface NamedRun {
  /** From the command line; null: the model's own. */
  readonly name: string | null;
  readonly record: RunRecord;
}

/** The strongest finding of a kind: the one with the largest value. */
export const strongest = ({ findings }: Variant, kind: FindingKind): Finding | null =>
  findings.filter((f) => f.kind === kind).reduce<Finding | null>((best, f) => (best === null || f.value > best.value ? f : best), null);

/** One variant a distinct ANN, run and audited subject: ANNs first, then programs as given, then what only an audit names. */
export function compareVariants(runs: readonly NamedRun[], findings: readonly Finding[]): readonly Variant[] {
  const rows = [...annRows(runs), ...runs.map(programRow)];
  const named = new Set(rows.flatMap((row) => row.files.map(fileKey)));
  const left = new Map<string, Finding[]>();
  for (const f of findings.filter(({ subject }) => !named.has(fileKey(subject)))) left.set(fileKey(f.subject), [...(left.get(fileKey(f.subject)) ?? []), f]);
  return [
    ...rows.map(({ files, ...variant }): Variant => {
      const own = new Set(files.map(fileKey));
      return { ...variant, findings: sorted(findings.filter((f) => own.has(fileKey(f.subject)))) };
    }),
    ...[...left.values()].map(auditedAlone),
  ];
}

/** The files whose audits belong to a variant. A program that was trained as a spiking network has two: itself and the file it was compiled from. */
interface Row extends Omit<Variant, 'findings'> { readonly files: readonly AuditedFile[] }
type AuditedFile = Pick<FindingSubject, 'kind' | 'sha256'> & { readonly name?: string };

const fileKey = ({ kind, sha256, name }: AuditedFile): string => JSON.stringify([kind, sha256 ?? name]);

/** A program that was not run. */
export function programVariant({ provenance: { modelName, privateData, training } }: Program, sha256: string, findings: readonly Finding[]): Variant {
  return {
    name: modelName, kind: 'program', sha256, accuracy: null, cost: null, certificate: training === undefined ? null : (training.certificate ?? false), privateData, findings: sorted(findings),
  };
}

const sorted = (findings: readonly Finding[]): readonly Finding[] => [...findings].sort((a, b) => b.value - a.value);

function auditedAlone(findings: readonly Finding[]): Variant {
  const { name, kind, sha256 } = findings[0].subject;
  return { name, kind, sha256, accuracy: null, cost: null, certificate: null, privateData: null, findings: sorted(findings) };
}

/** The key of the baseline that stands for the ANN: the one with memory, else the plain one. */
const ANN_BASELINES = ['ann-int8-memory', 'ann-int8', 'ann-fp32'];

function annRows(runs: readonly NamedRun[]): Row[] {
  const seen = new Set<string>();
  const files = new Map<string, Set<string>>();
  for (const { record: { model } } of runs) files.set(model.name, (files.get(model.name) ?? new Set()).add(model.sha256));
  return runs.flatMap(({ name, record }): Row[] => {
    const { model, accuracy, data, energy } = record;
    if (accuracy.ann === null || seen.has(model.sha256)) return [];
    seen.add(model.sha256);
    const baseline = ANN_BASELINES.map((key) => energy.baselines.find((b) => b.key === key)).find((b) => b !== undefined);
    return [{
      // files of one name, such as a model and what pruning left of it, are told apart by the run
      name: `${model.name}, the ANN${files.get(model.name)!.size > 1 && name !== null ? ` of ${name}` : ''}`, kind: 'ann', sha256: model.sha256, accuracy: share(Math.round(accuracy.ann * data.samples), record),
      cost: baseline === undefined ? null : { joules: baseline.joules, by: baseline.name, seconds: null, synapticOps: null, memoryBits: null, cores: null },
      certificate: null, privateData: null, files: [{ kind: 'ann', sha256: model.sha256 }],
    }];
  });
}

function programRow({ name, record }: NamedRun): Row {
  const { model, compilation, accuracy, energy, layers } = record;
  const { training } = compilation;
  return {
    name: name ?? `${model.name}, ${compilation.target.name}, T = ${compilation.timesteps}`, kind: 'program', sha256: compilation.programSha256 ?? null,
    accuracy: share(accuracy.correct, record),
    cost: {
      joules: energy.perInference.totalJoules, by: energy.profile.name, seconds: energy.latencySeconds, synapticOps: energy.synapticOps,
      memoryBits: layers.some((l) => l.memoryBits === undefined) ? null : layers.reduce((sum, l) => sum + (l.memoryBits ?? 0), 0), cores: compilation.coresUsed,
    },
    certificate: training === undefined ? null : (training.certificate ?? false), privateData: compilation.privateData,
    files: [...(compilation.programSha256 === undefined ? [] : [{ kind: 'program', sha256: compilation.programSha256 } as const]), ...(training === undefined ? [] : [{ kind: 'spiking', sha256: model.sha256 } as const])],
  };
}

const share = (correct: number, { data }: RunRecord): Share => ({ value: correct / data.samples, interval: wilsonInterval(correct, data.samples), images: data.samples, data: data.name });
