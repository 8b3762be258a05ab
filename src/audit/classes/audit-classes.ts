/**
 * The class-leakage audit: evaluators learn from real images that no subject was trained on, every attack of the
 * suite is made on every subject from several seeds, floor and ceiling beside it, and the judgements become
 * figures. Jobs are independent and fixed in number and order, so the threads change nothing but the time.
 */
import { createHash } from 'node:crypto';
import { Reporter, type Diagnostic } from '../../diagnostics.js';
import { createEvaluator } from '../../graph/evaluate.js';
import { createKernels } from '../../kernels/kernels.js';
import { runJobs } from '../../kernels/worker-pool.js';
import { normaliseBytes, type PictureShape } from '../../synthesise/picture.js';
import { classCount, scoresOf, type Subject } from '../subject.js';
import { readableGraph, workOf, type AttackedSubject, type AttackInit, type AttackJob, type AttackResult, type Effort } from './attack-task.js';
import { openStore, type AttackStore } from './attack-store.js';
import type { Canvas } from './invert.js';
import { judgeNormalisation, type Evaluator, type JudgeParts, type LabelledPictures } from './judge.js';
import { estimate } from '../estimate.js';
import { figuresOf, leakageOf, strongest, verdictOf, worstClass, type AttackFigures, type Baselines, type Figures, type Verdict } from './leakage.js';
import { maskingChecks, plainJobs, type MaskingCheck } from './masking-checks.js';
import { attackName, inapplicable, suite, SUITE, type Attack } from './suite.js';
import { pick, splitReal, trainEvaluators, type RealSplit } from './train-evaluators.js';

/** `plain`: converted from an ANN and not trained since. */
export interface NamedSubject {
  readonly name: string;
  readonly subject: Subject;
  /** Of its file. */
  readonly sha256: string;
  readonly canvas: Canvas;
  readonly plain: boolean;
}

export interface ClassAuditOptions {
  readonly effort: Effort;
  /** Seeds of the attacks: 0 to this less one, after `seed`. */
  readonly seeds: number;
  readonly seed: number;
  readonly evaluators: number;
  readonly evaluatorEpochs: number;
  /** Y of the verdict, in normalised leakage. */
  readonly limit: number;
  /** These only; all of the suite by default. */
  readonly attacks?: readonly Attack[];
  readonly workers: number;
  /** A folder that keeps what was found. */
  readonly checkpoint?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
  /** After each finished job, those of an earlier run included. */
  readonly onJob?: (done: number, total: number) => void;
}

/** Real images; the members are what the subjects were trained on. */
export interface RealImages {
  readonly data: LabelledPictures;
  readonly dataSha256: string;
  readonly dataName: string;
  readonly members: (LabelledPictures & { readonly sha256: string; readonly name: string }) | null;
}

export interface AuditedSubject {
  readonly name: string;
  readonly attacks: readonly AttackFigures[];
  readonly skipped: readonly { readonly attack: Attack; readonly reason: string }[];
  readonly strongest: AttackFigures;
  readonly verdict: Verdict;
  /** On the reference images: of the subject, and of its weights read as a plain ReLU network. */
  readonly accuracy: number;
  readonly asAnnAccuracy: number;
  readonly checks: readonly MaskingCheck[];
  /** Rows of one image a class of the first seed: real images, random ones, those of an untrained network, then each attack's. */
  readonly sheet: { readonly rows: readonly string[]; readonly columns: number; readonly shape: PictureShape; readonly bytes: Uint8Array };
}

export interface ClassAudit {
  readonly suite: string;
  readonly classes: number;
  readonly images: number;
  readonly evaluatorAccuracies: readonly number[];
  readonly realImages: Readonly<Record<keyof RealSplit, number>>;
  readonly floor: { readonly random: Figures; readonly untrained: Figures };
  readonly ceiling: Figures;
  readonly subjects: readonly AuditedSubject[];
  readonly warnings: readonly Diagnostic[];
}

/** Fewer than this between floor and ceiling and nothing can be measured. */
const LEAST_SPAN = 0.3;
const WEAK = 0.8;

/** Audits all subjects side by side. Throws one CompileError with what is wrong with subjects, images or folder. */
export async function auditClasses(subjects: readonly NamedSubject[], real: RealImages, options: ClassAuditOptions): Promise<ClassAudit> {
  const report = new Reporter();
  const { shape } = subjects[0].canvas;
  const classes = classCount(subjects[0].subject);
  checkSubjects(subjects, report);
  const split = checkImages(real, { classes, ...options }, report);
  report.finish();
  const store = options.checkpoint === undefined ? null : openStore(options.checkpoint, { data: real.dataSha256, members: real.members?.sha256 ?? null, settings: settingsOf(options, classes, shape) });
  const normalisation = judgeNormalisation(split!.training, shape);
  const evaluators = await trainEvaluators(split!.training, {
    shape, classes, normalisation, count: options.evaluators, epochs: options.evaluatorEpochs, seed: options.seed, workers: options.workers,
    ...(store === null ? {} : { checkpoint: store.path('evaluator') }), ...(options.signal === undefined ? {} : { signal: options.signal }),
    onStep: (done, total) => options.onProgress?.('training evaluators', done, total),
  });
  const evaluatorAccuracies = evaluators.map((e) => accuracyOf(e, split!.reference, { shape, normalisation }));
  evaluatorAccuracies.forEach((accuracy, i) => { if (accuracy < WEAK) report.report('audit/weak-evaluator', { kind: 'option', option: '--data' }, { number: i + 1, accuracy }); });
  const judge: JudgeParts = { shape, classes, normalisation, evaluators, reference: split!.reference, members: real.members === null ? null : likeReference(real.members, split!.reference, classes) };
  const run: Run = { subjects, options, split: split!, judge, store };
  const done = await runAll(run, report);
  const results: AuditedSubject[] = [];
  for (const [i, subject] of subjects.entries()) results.push(await audited(run, { subject, index: i }, done));
  const baselines = baselinesOf(run, done);
  return {
    suite: SUITE, classes, images: classes * options.effort.perClass, evaluatorAccuracies, subjects: results, warnings: report.warnings,
    realImages: { training: split!.training.labels.length, reference: split!.reference.labels.length, ceiling: split!.ceiling.labels.length },
    floor: { random: figuresOf(baselines.random), untrained: figuresOf(baselines.untrained) }, ceiling: figuresOf(baselines.ceiling),
  };
}

interface Run {
  readonly subjects: readonly NamedSubject[];
  readonly options: ClassAuditOptions;
  readonly split: RealSplit;
  readonly judge: JudgeParts;
  readonly store: AttackStore | null;
}

type Results = ReadonlyMap<string, AttackResult>;
const seedsOf = ({ seed, seeds }: ClassAuditOptions): number[] => Array.from({ length: seeds }, (_, k) => seed + k);
const attacksOn = ({ attacks = suite }: ClassAuditOptions, { subject }: NamedSubject): Attack[] => attacks.filter((a) => inapplicable(a, subject) === null);

/** A job's name says all that its result depends on beside the identity of the store. */
function nameOf({ subjects }: Run, job: AttackJob): string {
  const { subject: _, ...words } = { subject: 0, ...job };
  const on = job.kind === 'attack' ? subjects[job.subject].sha256 : job.kind === 'untrained' ? subjects[0].sha256 : '';
  return JSON.stringify({ on, ...words });
}

/** Floor and ceiling first: where evaluators are blind, that is said before the long work. */
async function runAll(run: Run, report: Reporter): Promise<Results> {
  const { subjects, options } = run;
  const results = new Map<string, AttackResult>();
  const seeds = seedsOf(options);
  const ends = (['ceiling', 'random', 'untrained'] as const).flatMap((kind) => seeds.map((seed): AttackJob => ({ kind, seed })));
  const attacks = subjects.flatMap((s, subject) => [
    ...attacksOn(options, s).flatMap((attack) => seeds.map((seed): AttackJob => ({ kind: 'attack', subject, attack, seed, stepsFactor: 1 }))),
    ...plainJobs(s, attacksOn(options, s), { subject, seed: options.seed }),
  ]);
  const total = ends.length + attacks.length;
  await runSome(run, ends, { results, total });
  const { random, untrained, ceiling } = baselinesOf(run, results);
  const [accuracy, floor] = [estimate(ceiling.map((j) => j.success)).mean, Math.max(...[random, untrained].map((b) => estimate(b.map((j) => j.success)).mean))];
  if (accuracy - floor < LEAST_SPAN) report.report('audit/evaluators-blind', { kind: 'option', option: '--data' }, { accuracy, floor });
  report.finish();
  // the longest first, so that no thread is left alone with one at the end
  const long = (job: AttackJob): number => workOf(job, subjects, { effort: options.effort, classes: run.judge.classes });
  await runSome(run, [...attacks].sort((a, b) => long(b) - long(a)), { results, total });
  return results;
}

async function runSome(run: Run, jobs: readonly AttackJob[], { results, total }: { readonly results: Map<string, AttackResult>; readonly total: number }): Promise<void> {
  const { subjects, options, split, judge, store } = run;
  const open = jobs.filter((job) => {
    const found = store?.read(nameOf(run, job)) ?? null;
    if (found !== null) results.set(nameOf(run, job), found);
    return found === null;
  });
  options.onJob?.(results.size, total);
  const work = open.map((job) => workOf(job, subjects, { effort: options.effort, classes: judge.classes })).reduce((a, b) => a + b, 0);
  const init: AttackInit = { subjects: subjects.map(({ subject, canvas }): AttackedSubject => ({ subject: plainSubject(subject), canvas })), judge, ceiling: split.ceiling, effort: options.effort, done: new Int32Array(new SharedArrayBuffer(4)) };
  const timer = setInterval(() => options.onProgress?.('attacking', Atomics.load(init.done, 0), Math.max(1, work)), PROGRESS_MILLISECONDS);
  try {
    await runJobs<AttackInit, AttackJob, AttackResult>(new URL('./attack-task.js', import.meta.url), init, open, {
      workers: options.workers, ...(options.signal === undefined ? {} : { signal: options.signal }),
      keep: (result, index) => {
        store?.write(nameOf(run, open[index]), result);
        results.set(nameOf(run, open[index]), result);
        options.onJob?.(results.size, total);
        return result;
      },
    });
  } finally {
    clearInterval(timer);
  }
}

const PROGRESS_MILLISECONDS = 500;

/** Of a program a thread needs the network alone. */
const plainSubject = (subject: Subject): Subject => (subject.kind === 'program' ? { kind: 'program', program: { network: subject.program.network } } : subject);

function baselinesOf(run: Run, results: Results): Baselines {
  const of = (kind: 'random' | 'untrained' | 'ceiling') => seedsOf(run.options).map((seed) => results.get(nameOf(run, { kind, seed }))!.judged);
  return { random: of('random'), untrained: of('untrained'), ceiling: of('ceiling') };
}

async function audited(run: Run, { subject, index }: { readonly subject: NamedSubject; readonly index: number }, results: Results): Promise<AuditedSubject> {
  const { options, judge } = run;
  const baselines = baselinesOf(run, results);
  const resultOf = (attack: Attack, seed: number, stepsFactor = 1): AttackResult => results.get(nameOf(run, { kind: 'attack', subject: index, attack, seed, stepsFactor }))!;
  const attacks = attacksOn(options, subject).map((attack): AttackFigures => {
    const found = seedsOf(options).map((seed) => resultOf(attack, seed));
    const judged = found.map((f) => f.judged);
    return { attack, figures: figuresOf(judged), leakage: leakageOf(judged, baselines), worst: worstClass(judged), loss: estimate(found.map((f) => f.loss ?? 0)) };
  });
  const accuracy = await accuracies(subject, judge.reference, options);
  return {
    name: subject.name, attacks, strongest: strongest(attacks), verdict: verdictOf(attacks, options.limit), ...accuracy,
    skipped: (options.attacks ?? suite).flatMap((attack) => { const reason = inapplicable(attack, subject.subject); return reason === null ? [] : [{ attack, reason }]; }),
    checks: maskingChecks(subject, attacks, (attack, stepsFactor) => resultOf(attack, options.seed, stepsFactor).judged),
    sheet: sheetOf(run, attacks.map((a) => a.attack), (attack) => resultOf(attack, options.seed).bytes, results),
  };
}

/** What the subject gets right of the reference, and what its weights do as a plain network. */
async function accuracies({ subject, canvas }: NamedSubject, { bytes, labels }: LabelledPictures, { workers }: ClassAuditOptions): Promise<{ readonly accuracy: number; readonly asAnnAccuracy: number }> {
  const images = normaliseBytes(bytes, canvas.shape, canvas.normalisation);
  const right = (scores: ArrayLike<number>): number => rightShare(scores, labels);
  const asAnn = createEvaluator(readableGraph(subject), createKernels()).run(images, labels.length).outputs[0];
  return { accuracy: right(await scoresOf(subject, images, labels.length, { workers })), asAnnAccuracy: right(asAnn) };
}

function rightShare(scores: ArrayLike<number>, labels: Uint16Array): number {
  const classes = scores.length / labels.length;
  let right = 0;
  labels.forEach((label, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[i * classes + c] > scores[i * classes + best]) best = c;
    if (best === label) right++;
  });
  return right / labels.length;
}

const accuracyOf = ({ graph }: Evaluator, { bytes, labels }: LabelledPictures, { shape, normalisation }: Pick<JudgeParts, 'shape' | 'normalisation'>): number =>
  rightShare(createEvaluator(graph, createKernels()).run(normaliseBytes(bytes, shape, normalisation), labels.length).outputs[0], labels);

function sheetOf(run: Run, attacks: readonly Attack[], bytesOf: (attack: Attack) => Uint8Array, results: Results): AuditedSubject['sheet'] {
  const { judge: { shape, classes }, split, options } = run;
  const { seed } = options;
  const rowOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, classes * shape[0] * shape[1] * shape[2]);
  const rows = [
    ['real images', split.ceiling.bytes] as const, ...(['random', 'untrained'] as const).map((kind) => [kind === 'random' ? 'random images' : 'from an untrained network', results.get(nameOf(run, { kind, seed }))!.bytes] as const),
    ...attacks.map((a) => [attackName(a), bytesOf(a)] as const),
  ];
  return { rows: rows.map(([name]) => name), columns: classes, shape, bytes: Buffer.concat(rows.map(([, bytes]) => rowOf(bytes))) };
}

function checkSubjects(subjects: readonly NamedSubject[], report: Reporter): void {
  const endsOf = ({ subject, canvas }: NamedSubject): string => `images of ${canvas.shape.join(' x ')} and ${classCount(subject)} classes`;
  const [first] = subjects;
  const seen = new Set<string>();
  for (const subject of subjects) {
    if (seen.has(subject.name)) report.report('audit/subjects-alike', { kind: 'nowhere' }, { name: subject.name });
    seen.add(subject.name);
    if (endsOf(subject) !== endsOf(first)) report.report('audit/subjects-differ', { kind: 'nowhere' }, { first: first.name, other: subject.name, firstEnds: endsOf(first), otherEnds: endsOf(subject) });
  }
}

/** The split, or null after a report. */
function checkImages({ data, dataName, members }: RealImages, { classes, effort, seed }: ClassAuditOptions & { readonly classes: number }, report: Reporter): RealSplit | null {
  const where = { kind: 'option', option: '--data' } as const;
  const counts = new Array<number>(classes).fill(0);
  data.labels.forEach((label) => { counts[label]++; });
  const needed = 4 * effort.perClass;
  counts.forEach((found, c) => { if (found < needed) report.report('audit/too-few-real-images', where, { class: c, found, needed }); });
  const split = report.errors.length > 0 ? null : splitReal(data, { classes, perClass: effort.perClass, seed });
  if (members !== null) {
    for (let c = 0; c < classes && split !== null; c++) {
      const [found, wanted] = [members.labels, split.reference.labels].map((labels) => labels.filter((l) => l === c).length);
      if (found < wanted) report.report('audit/too-few-members', { kind: 'option', option: '--members' }, { class: c, found, needed: wanted });
    }
    const known = new Set(hashesOf(members));
    const shared = hashesOf(data).filter((h) => known.has(h)).length;
    if (shared > 0) report.report('audit/split-not-disjoint', where, { shared, data: dataName, members: members.name });
  }
  return split;
}

function hashesOf({ bytes, labels }: LabelledPictures): string[] {
  const size = bytes.length / labels.length;
  return Array.from(labels, (_, i) => createHash('sha256').update(bytes.subarray(i * size, (i + 1) * size)).digest('base64'));
}

/** As many members of each class as the reference has, the first ones. */
function likeReference(members: LabelledPictures, reference: LabelledPictures, classes: number): LabelledPictures {
  const wanted = new Array<number>(classes).fill(0);
  reference.labels.forEach((label) => { wanted[label]++; });
  const rows: number[] = [];
  members.labels.forEach((label, i) => { if (wanted[label]-- > 0) rows.push(i); });
  return pick(members, rows);
}

/** All that the jobs depend on beside their own names and the images. */
const settingsOf = ({ effort, evaluators, evaluatorEpochs, seed }: ClassAuditOptions, classes: number, shape: PictureShape): string =>
  JSON.stringify({ suite: SUITE, effort, evaluators, evaluatorEpochs, seed, classes, shape });
