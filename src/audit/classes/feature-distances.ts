/**
 * How far a set of images is from another in the features of an evaluator. The Frechet distance compares means and
 * covariances (Heusel et al., NeurIPS 2017); with few images its covariances are noise, so it is given only for ten
 * images a feature or more. The kernel distance (Binkowski et al., "Demystifying MMD GANs", ICLR 2018) has no such bias
 * and is given from two images on. Both are comparable only for equal numbers of images and the same evaluator.
 */
import { product, squareRoot, type Matrix } from './symmetric-eigen.js';

/** [count, width] */
export interface Features {
  readonly count: number;
  readonly width: number;
  readonly values: Float64Array;
}

/** Images for each feature below which the Frechet distance is not resolvable. */
export const IMAGES_PER_FEATURE = 10;

/** |m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)), or null for too few images. */
export function frechetDistance(a: Features, b: Features): number | null {
  const { width: n } = a;
  if (Math.min(a.count, b.count) < IMAGES_PER_FEATURE * n) return null;
  const [first, second] = [moments(a), moments(b)];
  const apart = first.mean.reduce((sum, m, i) => sum + (m - second.mean[i]) ** 2, 0);
  // Tr (C1 C2)^(1/2) is the trace of the root of the symmetric C1^(1/2) C2 C1^(1/2)
  const root = squareRoot(first.covariance, n);
  const inner = product(product(root, second.covariance, n), root, n);
  const symmetric = inner.map((x, k) => (x + inner[(k % n) * n + Math.floor(k / n)]) / 2);
  const trace = (m: Matrix): number => m.reduce((sum, x, k) => (k % (n + 1) === 0 ? sum + x : sum), 0);
  return apart + trace(first.covariance) + trace(second.covariance) - 2 * trace(squareRoot(symmetric, n));
}

/** Unbiased covariance. */
function moments({ count, width, values }: Features): { readonly mean: Float64Array; readonly covariance: Matrix } {
  const mean = new Float64Array(width);
  for (let k = 0; k < values.length; k++) mean[k % width] += values[k] / count;
  const covariance = new Float64Array(width * width);
  for (let n = 0; n < count; n++) for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) {
    covariance[i * width + j] += ((values[n * width + i] - mean[i]) * (values[n * width + j] - mean[j])) / (count - 1);
  }
  return { mean, covariance };
}

/** Unbiased squared maximum mean discrepancy with the kernel (x . y / width + 1)^3; below 0 by chance at times. Null for a single image. */
export function kernelDistance(a: Features, b: Features): number | null {
  if (Math.min(a.count, b.count) < 2) return null;
  return meanKernel(a, a, true) + meanKernel(b, b, true) - 2 * meanKernel(a, b, false);
}

function meanKernel(a: Features, b: Features, apart: boolean): number {
  let sum = 0;
  for (let i = 0; i < a.count; i++) for (let j = 0; j < b.count; j++) {
    if (apart && i === j) continue;
    let dot = 0;
    for (let k = 0; k < a.width; k++) dot += a.values[i * a.width + k] * b.values[j * b.width + k];
    sum += (dot / a.width + 1) ** 3;
  }
  return sum / (apart ? a.count * (a.count - 1) : a.count * b.count);
}

const rowDistance = (a: Features, i: number, b: Features, j: number): number => {
  let sum = 0;
  for (let k = 0; k < a.width; k++) sum += (a.values[i * a.width + k] - b.values[j * b.width + k]) ** 2;
  return Math.sqrt(sum);
};

/** Mean distance of two images of the same class, over the classes; null where no class has two. */
export function spreadWithinClasses(features: Features, labels: Uint16Array): number | null {
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < features.count; i++) for (let j = 0; j < i; j++) {
    if (labels[i] !== labels[j]) continue;
    sum += rowDistance(features, i, features, j);
    pairs++;
  }
  return pairs === 0 ? null : sum / pairs;
}

export interface LabelledFeatures { readonly features: Features; readonly labels: Uint16Array }

/** Mean over the images of the distance to the nearest one of `others` of the same class; null where some class has none. */
export function nearestDistance({ features, labels }: LabelledFeatures, others: LabelledFeatures): number | null {
  let sum = 0;
  for (let i = 0; i < features.count; i++) {
    let nearest = Infinity;
    for (let j = 0; j < others.features.count; j++) if (others.labels[j] === labels[i]) nearest = Math.min(nearest, rowDistance(features, i, others.features, j));
    if (nearest === Infinity) return null;
    sum += nearest;
  }
  return sum / features.count;
}
