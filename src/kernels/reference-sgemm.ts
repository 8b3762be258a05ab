/**
 * What the matrix product means, written as plainly as possible, with sums in double precision. The
 * kernels are tested against it.
 */
import type { MatrixSizes } from './sgemm.js';

/** a * b (+ addTo), row-major; the same arguments as `multiplyMatrices`. */
export function referenceMultiply(a: Float32Array, b: Float32Array, sizes: MatrixSizes & { readonly addTo?: Float32Array }): Float32Array {
  const { rows, columns, depth } = sizes;
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = sizes.addTo === undefined ? 0 : sizes.addTo[i * columns + j];
      for (let k = 0; k < depth; k++) {
        sum += a[sizes.transposeA === true ? k * rows + i : i * depth + k] * b[sizes.transposeB === true ? j * depth + k : k * columns + j];
      }
      out[i * columns + j] = sum;
    }
  }
  return out;
}
