/** Gauss-Legendre quadrature: the points and weights that integrate polynomials of degree 2n - 1 without error. */

export interface Quadrature {
  /** In (-1, 1), ascending. */
  readonly points: readonly number[];
  /** They sum to 2. */
  readonly weights: readonly number[];
}

/** The rule of n points: roots of the Legendre polynomial by Newton's method from Tricomi's estimate. */
export function gaussLegendre(n: number): Quadrature {
  const points: number[] = [];
  const weights: number[] = [];
  for (let i = n; i >= 1; i--) {
    let x = Math.cos((Math.PI * (i - 0.25)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 8; step++) {
      let [value, before] = [x, 1];
      for (let k = 2; k <= n; k++) [value, before] = [((2 * k - 1) * x * value - (k - 1) * before) / k, value];
      slope = (n * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    points.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { points, weights };
}
