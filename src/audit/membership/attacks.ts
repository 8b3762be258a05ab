/** All attacks of the suite on one subject: from its signals and those of the references to one score an image and attack, higher for members. */
import { liraScores, type LiraVariant, type ReferenceSignals } from './lira.js';
import { mean } from './moments.js';
import { rmiaScores, tuneA, UNTUNED_A, type RelativeSignals } from './rmia.js';
import type { Signals } from './signals.js';
import { perClassScores, THRESHOLD_SIGNALS, thresholdScores, type ThresholdSignal } from './thresholds.js';

export type AttackId = ThresholdSignal | `${ThresholdSignal}-per-class` | `lira-${LiraVariant}` | 'rmia';

export interface AttackScores {
  readonly id: AttackId;
  readonly scores: Float64Array;
}

/** A reference's answers to all images, and which of them it learned. */
export interface Learned {
  readonly signals: Signals;
  readonly members: Uint8Array;
}

export interface AttackInput {
  readonly own: Signals;
  readonly labels: Uint16Array;
  /** 1 for images that stand for the population in RMIA: those that the subject did not learn. */
  readonly nonMembers: Uint8Array;
  /** Pairs that learn complementary halves, or none. */
  readonly references: readonly Learned[];
}

export interface AttackRun {
  readonly attacks: readonly AttackScores[];
  /** RMIA's. */
  readonly a: number;
  readonly tuned: boolean;
}

export function runAttacks(input: AttackInput): AttackRun {
  const { own, labels, references } = input;
  const plain = THRESHOLD_SIGNALS.map((signal): AttackScores => ({ id: signal, scores: thresholdScores(signal, own) }));
  if (references.length === 0) return { attacks: plain, a: UNTUNED_A, tuned: false };
  const perClass = THRESHOLD_SIGNALS.map((signal, k): AttackScores => ({ id: `${signal}-per-class`, scores: perClassScores(plain[k].scores, labels, calibrationOf(signal, input)) }));
  const around = referenceSignals(own, references);
  const several = references.length >= 4; // two on each side: with one a deviation is 0
  const variants: readonly LiraVariant[] = several ? ['online', 'online-fixed', 'offline', 'offline-fixed', 'offline-two-sided'] : ['online-fixed', 'offline-fixed'];
  const lira = variants.map((variant): AttackScores => ({ id: `lira-${variant}`, scores: liraScores(variant, own.logit, around) }));
  const { a, tuned, scores } = relative(input);
  return { attacks: [...plain, ...perClass, ...lira, { id: 'rmia', scores }], a, tuned };
}

/** What every reference says of the images that it did not learn. */
function calibrationOf(signal: ThresholdSignal, { labels, references }: AttackInput): { readonly scores: Float64Array; readonly labels: Uint16Array } {
  const parts = references.map(({ signals, members }) => {
    const out = (_: number, i: number): boolean => members[i] === 0;
    return { scores: thresholdScores(signal, signals).filter(out), labels: labels.filter(out) };
  });
  return { scores: Float64Array.from(parts.flatMap((p) => [...p.scores])), labels: Uint16Array.from(parts.flatMap((p) => [...p.labels])) };
}

const referenceSignals = (own: Signals, references: readonly Learned[]): ReferenceSignals[] => Array.from(own.logit, (_, i) => ({
  ins: references.filter((r) => r.members[i] === 1).map((r) => r.signals.logit[i]),
  outs: references.filter((r) => r.members[i] === 0).map((r) => r.signals.logit[i]),
}));

/** p in the network that is attacked, and its mean over these references without the image. */
function relativeTo(target: Signals, references: readonly Learned[]): RelativeSignals {
  return {
    subject: target.probability,
    outside: Float64Array.from(target.probability, (_, i) => mean(references.filter((r) => r.members[i] === 0).map((r) => r.signals.probability[i]))),
  };
}

const only = ({ subject, outside }: RelativeSignals, chosen: Uint8Array): RelativeSignals => {
  const marked = (_: number, i: number): boolean => chosen[i] === 1;
  return { subject: Array.from(subject).filter(marked), outside: Array.from(outside).filter(marked) };
};

/** The first reference plays the subject while `a` is tuned; its pair knows nothing that it does not, so only the others count. */
function relative({ own, nonMembers, references }: AttackInput): { readonly scores: Float64Array; readonly a: number; readonly tuned: boolean } {
  const [stand, , ...others] = references;
  const tuned = others.length > 0;
  const played = tuned ? relativeTo(stand.signals, others) : null;
  const a = played === null ? UNTUNED_A : tuneA(played, only(played, stand.members.map((m) => 1 - m)), stand.members);
  const images = relativeTo(own, references);
  return { scores: rmiaScores(images, only(images, nonMembers), a), a, tuned };
}
