/**
 * The cheapest attacks: call a member what scores above a threshold. Without references one threshold serves all classes; with
 * them each class gets its own (Song and Mittal, USENIX Security 2021), set so that the same share of images that a
 * reference did not learn passes in every class.
 */
import type { Signals } from './signals.js';

export type ThresholdSignal = 'loss' | 'confidence' | 'entropy' | 'modified-entropy';
export const THRESHOLD_SIGNALS: readonly ThresholdSignal[] = ['loss', 'confidence', 'entropy', 'modified-entropy'];

/** The signal, higher for members. The loss is read as the logit-scaled confidence: the same order, without equal values near p = 1. */
export function thresholdScores(signal: ThresholdSignal, { logit, confidence, entropy, modifiedEntropy }: Signals): Float64Array {
  switch (signal) {
    case 'loss': return logit;
    case 'confidence': return confidence;
    case 'entropy': return entropy.map((e) => -e);
    case 'modified-entropy': return modifiedEntropy.map((e) => -e);
  }
}

/** Scores of images that a network did not learn, with their labels. */
export interface Calibration {
  readonly scores: Float64Array;
  readonly labels: ArrayLike<number>;
}

/** One score an image: the share of calibration scores of its class that it beats, equal ones half; 0.5 in a class without any. */
export function perClassScores(scores: Float64Array, labels: ArrayLike<number>, { scores: known, labels: knownLabels }: Calibration): Float64Array {
  const ofClass = new Map<number, number[]>();
  known.forEach((s, i) => {
    const list = ofClass.get(knownLabels[i]);
    if (list === undefined) ofClass.set(knownLabels[i], [s]);
    else list.push(s);
  });
  const sorted = new Map([...ofClass].map(([label, list]) => [label, Float64Array.from(list).sort()]));
  return scores.map((s, i) => {
    const among = sorted.get(labels[i]);
    return among === undefined ? 0.5 : (rank(among, s, false) + rank(among, s, true)) / (2 * among.length);
  });
}

/** How many of the sorted values are below x, or not above it. */
function rank(sorted: Float64Array, x: number, withEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x || (withEqual && sorted[middle] === x)) low = middle + 1;
    else high = middle;
  }
  return low;
}
