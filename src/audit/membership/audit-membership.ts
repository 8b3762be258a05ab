/**
 * A membership audit from images to figures: checks the images, trains the reference networks, asks subject and references for
 * the scores of all images, runs every attack, and sets its curve beside what a certificate allows. The same
 * figures for any number of workers.
 */
import { fail, Reporter, type Diagnostic } from '../../diagnostics.js';
import type { LabelledImages } from '../../learn/private-task.js';
import type { TrainingRecord } from '../../learn/training-record.js';
import { randomStream, substream, uniform } from '../../random.js';
import { rateBounds } from '../bounds/epsilon-from-attack.js';
import { capFromEpsilon, capsFromMechanism } from '../bounds/true-positive-cap.js';
import { classCount, imageShapeOf, isChancy, scoresOf, type Subject } from '../subject.js';
import { runAttacks, type AttackId, type AttackScores } from './attacks.js';
import { oneRunBound, type OneRunBound } from './one-run.js';
import { poolOf, sharedImages, type Pool } from './pool.js';
import { openReferences, type ReferenceRequest } from './references.js';
import { advantageOf, areaInterval, balancedAccuracy, rateAt, rocOf, type BalancedAccuracy, type RateAt, type Roc } from './roc.js';
import { signalsOf, type Signals } from './signals.js';
import { LEAST_P, twoSampleTest, type TwoSampleResult } from './two-sample.js';
import type { Interval } from '../bounds/clopper-pearson.js';

/** The rates of false alarms at which attacks are read. */
export const FALSE_POSITIVE_RATES = [0.01, 0.001] as const;
const LEAST_IMAGES = 100;
/** References that learn from fewer images than this share of the subject's, or from more than its inverse, are worth a warning. */
const SIMILAR = 0.9;

export interface MembershipRequest {
  readonly subject: Subject;
  /** Normalised as the subject takes them, labels among its classes. */
  readonly members: LabelledImages;
  readonly nonMembers: LabelledImages;
  /** What the subject says of its training; its certificate gives the caps. */
  readonly training: TrainingRecord | null;
  /** `count` is even; null: attacks without references alone. */
  readonly references: Omit<ReferenceRequest, 'seed' | 'workers' | 'signal' | 'onStep'> | null;
  readonly seed: number;
  readonly workers: number;
  /** Runs of a Poisson code to average over. */
  readonly chances: number;
  /** Of the bound on epsilon. */
  readonly delta: number;
  readonly signal?: AbortSignal;
  readonly onStep?: ReferenceRequest['onStep'];
  /** Networks asked so far. */
  readonly onAsked?: (done: number, total: number) => void;
}

export interface AttackResult {
  readonly id: AttackId;
  readonly roc: Roc;
  readonly area: number;
  readonly areaInterval: Interval;
  readonly advantage: number;
  readonly balancedAccuracy: BalancedAccuracy;
  readonly rates: readonly RateAt[];
}

export interface MembershipAudit {
  /** Of all images, labels and memberships. */
  readonly poolSha256: string;
  readonly members: number;
  readonly nonMembers: number;
  /** Of the subject. */
  readonly accuracy: { readonly members: number; readonly nonMembers: number };
  readonly attacks: readonly AttackResult[];
  /** The largest lower end of the area's interval. */
  readonly strongest: AttackId;
  /** Whether some attack tells members from non-members: 0.5 is below the interval of its area at 95 % for all attacks together. */
  readonly detected: boolean;
  readonly references: ReferenceFigures | null;
  readonly oneRun: OneRunBound & { readonly attack: AttackId };
  /** At most so many members are found at each rate by any attack; null without a certificate. */
  readonly caps: readonly { readonly falsePositiveRate: number; readonly truePositiveRate: number }[] | null;
  /** The largest advantage that the certificate allows. */
  readonly advantageCap: number | null;
  readonly twoSample: TwoSampleResult;
  readonly shared: number;
  readonly warnings: readonly Diagnostic[];
}

export interface ReferenceFigures {
  readonly count: number;
  readonly description: string;
  /** Images that one learns from. */
  readonly images: number;
  /** RMIA's a, and whether it was tuned on a reference. */
  readonly a: number;
  readonly tuned: boolean;
  /** Mean over the references: of what each learned, and of what it did not. */
  readonly accuracy: { readonly members: number; readonly nonMembers: number };
}

/** Throws a CompileError for images that cannot be audited and for reference networks that cannot be taken or kept. */
export async function auditMembership(request: MembershipRequest): Promise<MembershipAudit> {
  const { subject, members, nonMembers, training, references: wanted, seed, workers, signal, onStep } = request;
  const report = new Reporter();
  checkImages(request, report);
  const pool = poolOf(members, nonMembers);
  const shared = sharedImages(pool);
  if (shared * 100 >= nonMembers.count) report.report('audit/members-shared', { kind: 'option', option: '--non-members' }, { shared, nonMembers: nonMembers.count });
  report.finish();
  const twoSample = twoSampleTest(pool, imageShapeOf(subject)[2]);
  if (twoSample.pValue < LEAST_P) report.report('audit/distributions-differ', { kind: 'option', option: '--non-members' }, twoSample);
  const threads = { workers, ...(signal === undefined ? {} : { signal }) };
  const references = wanted === null ? [] : await openReferences(pool, { ...wanted, ...threads, seed, ...(onStep === undefined ? {} : { onStep }) });
  const [own, ...others] = await signalsOfAll([subject, ...references.map((r) => r.subject)], pool, request);
  const learned = references.map((r, k) => ({ signals: others[k], members: r.members }));
  const found = runAttacks({ own, labels: pool.labels, nonMembers: pool.members.map((m) => 1 - m), references: learned });
  const half = Float64Array.from(uniform(substream(randomStream(seed), 'halves'), pool.count), (u) => (u < 0.5 ? 0 : 1));
  const attacks = found.attacks.map((attack) => judge(attack, pool, half));
  const headline: AttackId = wanted === null ? 'loss' : 'rmia';
  const oneRun = { ...oneRunBound(found.attacks.find((a) => a.id === headline)!.scores, pool.members, { delta: request.delta, seed }), attack: headline };
  const { caps, advantageCap } = capsOf(training);
  const audit = {
    poolSha256: pool.sha256, members: members.count, nonMembers: nonMembers.count, accuracy: accuracyOf(own, pool.members), attacks, oneRun, caps, advantageCap, twoSample, shared,
    strongest: attacks.reduce((a, b) => (b.areaInterval.low > a.areaInterval.low ? b : a)).id,
    detected: attacks.some((a) => areaInterval(a.roc, 0.05 / attacks.length).low > 0.5),
    references: wanted === null ? null : { count: wanted.count, description: wanted.kind.description, images: pool.count >> 1, a: found.a, tuned: found.tuned, accuracy: meanAccuracy(learned) },
  };
  if (audit.references !== null && training !== null) compareSizes(audit.references.images, training.examples, report);
  contradictions(audit, training, report);
  return { ...audit, warnings: report.warnings };
}

function checkImages({ subject, members, nonMembers, training }: MembershipRequest, report: Reporter): void {
  if (classCount(subject) < 2) report.report('audit/too-few-classes', { kind: 'nowhere' }, { classes: classCount(subject) });
  for (const [what, option, { count }] of [['members', '--members', members], ['non-members', '--non-members', nonMembers]] as const) {
    if (count < LEAST_IMAGES) report.report('audit/too-few-images', { kind: 'option', option }, { what, count, least: LEAST_IMAGES });
  }
  if (training !== null && members.count > training.examples) report.report('audit/more-members-than-examples', { kind: 'option', option: '--members' }, { members: members.count, examples: training.examples });
}

async function signalsOfAll(subjects: readonly Subject[], pool: Pool, { seed, workers, chances, signal, onAsked }: MembershipRequest): Promise<Signals[]> {
  const found: Signals[] = [];
  for (const subject of subjects) {
    const seeds = Array.from({ length: isChancy(subject) ? chances : 1 }, (_, k) => seed + k);
    const scores = await scoresOf(subject, pool.images, pool.count, { seeds, workers, ...(signal === undefined ? {} : { signal }), onDone: (done, total) => onAsked?.(found.length + done / total, subjects.length) });
    checkScores(scores, pool.count);
    found.push(signalsOf(scores, pool.labels));
  }
  return found;
}

function checkScores(scores: Float64Array, count: number): void {
  const classes = scores.length / count;
  const bad = Array.from({ length: count }, (_, i) => i).filter((i) => !scores.subarray(i * classes, (i + 1) * classes).every(Number.isFinite));
  if (bad.length > 0) fail('audit/scores-not-finite', { kind: 'nowhere' }, { image: bad[0], images: bad.length });
}

function judge({ id, scores }: AttackScores, { members }: Pool, half: Float64Array): AttackResult {
  const roc = rocOf(scores, members);
  return {
    id, roc, area: roc.area, areaInterval: areaInterval(roc), advantage: advantageOf(roc),
    balancedAccuracy: balancedAccuracy(scores, members, half), rates: FALSE_POSITIVE_RATES.map((rate) => rateAt(roc, rate)),
  };
}

function accuracyOf({ right }: Signals, members: Uint8Array): { readonly members: number; readonly nonMembers: number } {
  const counts = [[0, 0], [0, 0]];
  right.forEach((r, i) => { counts[members[i]][0] += r; counts[members[i]][1]++; });
  return { members: counts[1][0] / counts[1][1], nonMembers: counts[0][0] / counts[0][1] };
}

function meanAccuracy(references: readonly { readonly signals: Signals; readonly members: Uint8Array }[]): { readonly members: number; readonly nonMembers: number } {
  const all = references.map((r) => accuracyOf(r.signals, r.members));
  return { members: all.reduce((s, a) => s + a.members, 0) / all.length, nonMembers: all.reduce((s, a) => s + a.nonMembers, 0) / all.length };
}

/** The smaller of what (epsilon, delta) and the mechanism's own trade-off curve allow. */
function capsOf(training: TrainingRecord | null): Pick<MembershipAudit, 'caps' | 'advantageCap'> {
  const certificate = training?.certificate ?? null;
  if (certificate === null) return { caps: null, advantageCap: null };
  const { epsilon, delta, phases } = certificate;
  const curve = capsFromMechanism(phases, FALSE_POSITIVE_RATES);
  // where both lines of the cap meet: FPR = (1 - delta) / (exp(epsilon) + 1)
  const advantageCap = capFromEpsilon(epsilon, delta, (1 - delta) / (Math.exp(epsilon) + 1)) - (1 - delta) / (Math.exp(epsilon) + 1);
  return { caps: FALSE_POSITIVE_RATES.map((rate, i) => ({ falsePositiveRate: rate, truePositiveRate: Math.min(curve[i], capFromEpsilon(epsilon, delta, rate)) })), advantageCap };
}

function compareSizes(reference: number, subject: number, report: Reporter): void {
  if (Math.min(reference / subject, subject / reference) < SIMILAR) report.report('audit/references-learn-less', { kind: 'option', option: '--references' }, { reference, subject });
}

function contradictions({ oneRun, attacks }: Pick<MembershipAudit, 'oneRun' | 'attacks'>, training: TrainingRecord | null, report: Reporter): void {
  const certificate = training?.certificate ?? null;
  if (certificate === null) return;
  const say = (found: string, claimed: string): void => report.report('audit/certificate-contradicted', { kind: 'nowhere' }, { found, claimed });
  if (oneRun.epsilon > certificate.epsilon && oneRun.delta >= certificate.delta) say(`epsilon is at least ${oneRun.epsilon.toFixed(2)}`, `${certificate.epsilon.toFixed(2)} is claimed`);
  for (const { id, rates, roc } of attacks) for (const { truePositives, falsePositives, falsePositiveRate } of rates) {
    // so many chances to be wrong share the doubt; both rates are taken at the end of their interval that speaks for the certificate
    const bounds = rateBounds({ truePositives, members: roc.members, falsePositives, nonMembers: roc.nonMembers }, 0.05 / (attacks.length * rates.length));
    const cap = capFromEpsilon(certificate.epsilon, certificate.delta, bounds.falsePositiveRate);
    if (bounds.truePositiveRate > cap) say(`${id} finds ${percent(bounds.truePositiveRate)} or more of the members where it should raise ${percent(falsePositiveRate)} false alarms`, `at most ${percent(cap)} can be found`);
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
