/**
 * What is asked of every image whatever the network says: neighbours should be alike (total variation)
 * and values should not be far from the middle grey (l2). Pictures lie in [-1, 1].
 */
import type { PictureShape } from './picture.js';

export interface PriorWeights {
  /** Of the mean squared difference of neighbours down and to the right. */
  readonly totalVariation: number;
  /** Of the mean squared value. */
  readonly l2: number;
}

/** Adds the gradient of the sum over pictures of the weighted terms. */
export function addPriorGradient(pictures: Float32Array, gradient: Float32Array, [channels, height, width]: PictureShape, { totalVariation, l2 }: PriorWeights): void {
  const size = channels * height * width;
  const smooth = (2 * totalVariation) / size;
  const shrink = (2 * l2) / size;
  if (shrink !== 0) for (let i = 0; i < pictures.length; i++) gradient[i] += shrink * pictures[i];
  if (smooth === 0) return;
  for (let row = 0; row < pictures.length; row += width) {
    const last = (row / width) % height === height - 1;
    for (let i = row; i < row + width; i++) {
      if (i + 1 < row + width) {
        const across = smooth * (pictures[i + 1] - pictures[i]);
        gradient[i + 1] += across;
        gradient[i] -= across;
      }
      if (!last) {
        const down = smooth * (pictures[i + width] - pictures[i]);
        gradient[i + width] += down;
        gradient[i] -= down;
      }
    }
  }
}
