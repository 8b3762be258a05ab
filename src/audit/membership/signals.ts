/**
 * What an attacker reads off an answer. From the class scores of an image and its label y, with p = softmax(scores):
 *
 *   logit      ln p_y - ln(sum over k != y of p_k)                              logit-scaled confidence (Carlini et al., S&P 2022)
 *   loss       -ln p_y
 *   confidence largest p_k
 *   entropy    -sum p_k ln p_k
 *   modified   -(1 - p_y) ln p_y - sum over k != y of p_k ln(1 - p_k)           (Song and Mittal, USENIX Security 2021)
 *
 * All are computed from log-sum-exps, so that nothing is lost where p_y is close to 0 or to 1.
 */
import { logSumExp } from './log-sum-exp.js';

export interface Signals {
  /** Logit-scaled confidence. */
  readonly logit: Float64Array;
  readonly loss: Float64Array;
  /** p_y itself. */
  readonly probability: Float64Array;
  readonly confidence: Float64Array;
  readonly entropy: Float64Array;
  readonly modifiedEntropy: Float64Array;
  /** 1 where the largest score is that of the label (the first of equals). */
  readonly right: Uint8Array;
}

/** The signals of each image; `scores` is [labels.length, classes], at least two classes. */
export function signalsOf(scores: Float64Array, labels: ArrayLike<number>): Signals {
  const count = labels.length;
  const classes = scores.length / count;
  const [logit, loss, probability, confidence, entropy, modifiedEntropy] = Array.from({ length: 6 }, () => new Float64Array(count));
  const right = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    const label = labels[i];
    const logs = logProbabilities(row);
    logit[i] = row[label] - logSumExp(row, label);
    loss[i] = -logs[label];
    probability[i] = Math.exp(logs[label]);
    const best = row.indexOf(row.reduce((a, b) => Math.max(a, b)));
    confidence[i] = Math.exp(logs[best]);
    right[i] = best === label ? 1 : 0;
    let [plain, modified] = [0, -logs[label] * -Math.expm1(logs[label])];
    for (let k = 0; k < classes; k++) {
      const p = Math.exp(logs[k]);
      if (p > 0) plain -= p * logs[k];
      if (k !== label && p > 0) modified -= p * (p < 0.5 ? Math.log1p(-p) : logSumExp(row, k) - logSumExp(row));
    }
    entropy[i] = plain;
    modifiedEntropy[i] = modified;
  }
  return { logit, loss, probability, confidence, entropy, modifiedEntropy, right };
}

function logProbabilities(row: Float64Array): Float64Array {
  const all = logSumExp(row);
  return row.map((s, k) => {
    const plain = s - all;
    return plain > -0.5 ? -Math.log1p(Math.exp(logSumExp(row, k) - s)) : plain; // near 0 the difference has no digits
  });
}
