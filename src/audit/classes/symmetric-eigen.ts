/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi rotations (Golub and Van Loan, "Matrix computations",
 * section 8.5), and the square root of a positive semidefinite one. Slow and exact: for matrices of a hundred rows.
 */

/** Row by row, [n x n]. */
export type Matrix = Float64Array;

export interface Eigen {
  readonly values: Float64Array;
  /** Column j belongs to value j. */
  readonly vectors: Matrix;
}

const MOST_SWEEPS = 60;

/** `matrix` is symmetric and is not changed. */
export function symmetricEigen(matrix: Matrix, n: number): Eigen {
  const a = matrix.slice();
  const v = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
  const size = a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q] ** 2;
    if (off <= 1e-30 * size) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, { n, p, q });
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), vectors: v };
}

/** Makes a[p, q] zero. */
function rotate(a: Matrix, v: Matrix, { n, p, q }: { readonly n: number; readonly p: number; readonly q: number }): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const [vx, vy] = [v[k * n + p], v[k * n + q]];
    v[k * n + p] = c * vx - s * vy;
    v[k * n + q] = s * vx + c * vy;
  }
}

/** The positive semidefinite square root; eigenvalues that rounding made negative count as 0. */
export function squareRoot(matrix: Matrix, n: number): Matrix {
  const { values, vectors } = symmetricEigen(matrix, n);
  const out = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const root = Math.sqrt(Math.max(0, values[k]));
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * n + j] += root * vectors[i * n + k] * vectors[j * n + k];
  }
  return out;
}

export function product(a: Matrix, b: Matrix, n: number): Matrix {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) out[i * n + j] += a[i * n + k] * b[k * n + j];
  return out;
}
