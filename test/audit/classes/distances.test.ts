// The small linear algebra and the distances of feature sets, against values worked out otherwise.
import { describe, expect, it } from 'vitest';
import { frechetDistance, kernelDistance, nearestDistance, spreadWithinClasses, type Features } from '../../../src/audit/classes/feature-distances.js';
import { product, squareRoot, symmetricEigen } from '../../../src/audit/classes/symmetric-eigen.js';
import { normal, randomStream, substream } from '../../../src/random.js';

const features = (rows: readonly (readonly number[])[]): Features => ({ count: rows.length, width: rows[0].length, values: Float64Array.from(rows.flat()) });
const gaussian = (count: number, width: number, seed: number, { shift = 0, scale = 1 } = {}): Features => ({ count, width, values: normal(randomStream(seed), count * width).map((z) => shift + scale * z) });

function symmetric(n: number, seed: number): Float64Array {
  const a = normal(substream(randomStream(9), seed), n * n);
  return product(a, Float64Array.from(a, (_, k) => a[(k % n) * n + Math.floor(k / n)]), n);
}

describe('symmetric matrices', () => {
  it('have the eigenvalues of a worked example', () => {
    // [[2, 1], [1, 2]]: 1 and 3
    expect([...symmetricEigen(Float64Array.of(2, 1, 1, 2), 2).values].sort()).toEqual([expect.closeTo(1, 12), expect.closeTo(3, 12)]);
  });
  it('are put together again from eigenvalues and vectors, and are the square of their root', () => {
    for (const n of [1, 3, 16, 40]) {
      const a = symmetric(n, n);
      const size = Math.max(...a.map(Math.abs));
      const { values, vectors } = symmetricEigen(a, n);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += values[k] * vectors[i * n + k] * vectors[j * n + k];
        expect(Math.abs(sum - a[i * n + j]) / size).toBeLessThan(1e-12);
      }
      const root = squareRoot(a, n);
      product(root, root, n).forEach((x, k) => expect(Math.abs(x - a[k]) / size).toBeLessThan(1e-12));
    }
  });
});

describe('the Frechet distance', () => {
  it('is that of the two normal distributions with the moments of the sets', () => {
    // one feature: (m1 - m2)^2 + (s1 - s2)^2
    const [a, b] = [features([[0], [2], [4], [0], [2], [4], [0], [2], [4], [2]]), features([[5], [5], [6], [7], [7], [5], [6], [7], [6], [6]])];
    const moments = ({ values }: Features): [number, number] => {
      const m = values.reduce((s, v) => s + v, 0) / values.length;
      return [m, Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0) / (values.length - 1))];
    };
    const [[m1, s1], [m2, s2]] = [moments(a), moments(b)];
    expect(frechetDistance(a, b)).toBeCloseTo((m1 - m2) ** 2 + (s1 - s2) ** 2, 10);
  });
  it('is 0 for equal sets, symmetric, and grows with a shift by its square', () => {
    const [a, b] = [gaussian(400, 5, 1), gaussian(400, 5, 2, { shift: 3 })];
    expect(frechetDistance(a, a)).toBeCloseTo(0, 8);
    expect(frechetDistance(a, b)).toBeCloseTo(frechetDistance(b, a)!, 8);
    expect(frechetDistance(a, b)! / (5 * 9)).toBeCloseTo(1, 1);
  });
  it('is not resolvable with fewer than ten images a feature', () => {
    expect(frechetDistance(gaussian(49, 5, 1), gaussian(500, 5, 2))).toBeNull();
    expect(frechetDistance(gaussian(50, 5, 1), gaussian(50, 5, 2))).not.toBeNull();
  });
});

describe('the kernel distance', () => {
  it('is the unbiased estimate, worked out by hand', () => {
    // k(x, y) = (x y + 1)^3: within a 2^3 and within b 1, between 1 and 1
    const [a, b] = [features([[1], [1]]), features([[0], [0]])];
    expect(kernelDistance(a, b)).toBeCloseTo(8 + 1 - 2, 12);
  });
  it('is about 0 for sets of one distribution, and not for others', () => {
    const near = Array.from({ length: 20 }, (_, s) => kernelDistance(gaussian(40, 4, s), gaussian(40, 4, 100 + s))!);
    expect(Math.abs(near.reduce((x, y) => x + y, 0) / 20)).toBeLessThan(0.1);
    expect(near.some((v) => v < 0)).toBe(true);
    expect(kernelDistance(gaussian(40, 4, 1), gaussian(40, 4, 2, { shift: 2 }))).toBeGreaterThan(5);
  });
});

it('spread and nearest neighbours look within a class only', () => {
  const f = features([[0, 0], [3, 4], [100, 0]]);
  expect(spreadWithinClasses(f, Uint16Array.of(0, 0, 1))).toBe(5);
  expect(spreadWithinClasses(f, Uint16Array.of(0, 1, 2))).toBeNull();
  const others = { features: features([[0, 1], [3, 5], [100, 2]]), labels: Uint16Array.of(0, 0, 1) };
  expect(nearestDistance({ features: f, labels: Uint16Array.of(0, 0, 1) }, others)).toBeCloseTo((1 + 1 + 2) / 3, 12);
  expect(nearestDistance({ features: f, labels: Uint16Array.of(2, 0, 1) }, others)).toBeNull();
});
