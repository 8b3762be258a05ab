/**
 * Keeps the images of a batch from becoming one image: a loss on how alike their features are before
 * the last layer, as the cosine between each image's features and those of the others.
 */

/**
 * Adds weight x the gradient of the sum over images of the mean cosine to every other image; `value`
 * and `gradient` are [count, features]. Returns the mean cosine of two images; 0 for a single one.
 */
export function addLikenessGradient(value: Float32Array, gradient: Float32Array, count: number, weight: number): number {
  if (count < 2) return 0;
  const size = value.length / count;
  const norms = Float64Array.from({ length: count }, (_, n) => {
    let square = 0;
    for (let i = n * size; i < (n + 1) * size; i++) square += value[i] * value[i];
    return Math.max(Math.sqrt(square), 1e-12);
  });
  const sum = new Float64Array(size);
  for (let n = 0; n < count; n++) for (let i = 0; i < size; i++) sum[i] += value[n * size + i] / norms[n];
  const factor = (2 * weight) / (count - 1);
  for (let n = 0; n < count; n++) {
    // d/df of f . (sum - f), less its part along f, which the normalisation removes
    let along = 0;
    for (let i = 0; i < size; i++) along += (value[n * size + i] / norms[n]) * (sum[i] - value[n * size + i] / norms[n]);
    for (let i = 0; i < size; i++) {
      const unit = value[n * size + i] / norms[n];
      gradient[n * size + i] += (factor * (sum[i] - unit - along * unit)) / norms[n];
    }
  }
  return (sum.reduce((s, v) => s + v * v, 0) - count) / (count * (count - 1));
}
