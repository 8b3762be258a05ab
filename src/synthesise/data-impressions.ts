/**
 * What an image is asked to be: a soft label, and the cross-entropy that measures how far the network
 * is from giving it. This is the whole loss of data impressions, the recipe of PrivateSNN
 * (Kim, Venkatesha, Panda, AAAI 2022): labels drawn from a Dirichlet distribution around each class,
 * cross-entropy at temperature 20, nothing that makes the image smooth.
 */
import type { RandomStream } from '../random.js';
import { dirichlet } from './dirichlet.js';

/** The soft label of an image of class `label`: [classes]. `concentrations` is from `classConcentrations`. */
export function softTarget(concentrations: Float64Array, label: number, stream: RandomStream): Float32Array {
  const classes = Math.sqrt(concentrations.length);
  return Float32Array.from(dirichlet(concentrations.subarray(label * classes, (label + 1) * classes), stream));
}

/** Certainty: 1 for the class, 0 for the others. */
export const hardTarget = (classes: number, label: number): Float32Array => new Float32Array(classes).fill(1, label, label + 1);

/**
 * The gradient of the sum over images of CE(softmax(scores / temperature), target) with respect to the
 * scores; all are [count, classes].
 */
export function crossEntropyGradient(scores: Float32Array, targets: Float32Array, classes: number, temperature: number): Float32Array {
  const gradient = new Float32Array(scores.length);
  for (let first = 0; first < scores.length; first += classes) {
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, scores[first + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp((scores[first + c] - largest) / temperature);
    for (let c = 0; c < classes; c++) {
      gradient[first + c] = (Math.exp((scores[first + c] - largest) / temperature) / sum - targets[first + c]) / temperature;
    }
  }
  return gradient;
}
