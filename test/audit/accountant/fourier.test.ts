// The transform against its definition, and there and back. Quadrature against polynomials.
import { expect, it } from 'vitest';
import { transform, twiddles } from '../../../src/audit/accountant/fourier.js';
import { gaussLegendre } from '../../../src/audit/accountant/gauss-legendre.js';
import { randomStream, substream, uniform } from '../../../src/random.js';

const draw = (label: number, count: number): Float64Array => uniform(substream(randomStream(3), label), count);

it.each([1, 2, 8, 64])('%d numbers as the definition says', (n) => {
  const [re, im] = [draw(1, n), draw(2, n)];
  const wanted = Array.from({ length: n }, (_, k) => {
    let [a, b] = [0, 0];
    for (let i = 0; i < n; i++) {
      const angle = (-2 * Math.PI * i * k) / n;
      a += re[i] * Math.cos(angle) - im[i] * Math.sin(angle);
      b += re[i] * Math.sin(angle) + im[i] * Math.cos(angle);
    }
    return [a, b];
  });
  transform(re, im, twiddles(n));
  wanted.forEach(([a, b], k) => {
    expect(re[k]).toBeCloseTo(a, 11);
    expect(im[k]).toBeCloseTo(b, 11);
  });
});

it('there and back', () => {
  const n = 2 ** 14;
  const [re, im] = [draw(1, n), draw(2, n)];
  const [a, b] = [re.slice(), im.slice()];
  transform(a, b, twiddles(n));
  transform(b, a, twiddles(n));
  expect(Math.max(...a.map((v, i) => Math.abs(v / n - re[i])), ...b.map((v, i) => Math.abs(v / n - im[i])))).toBeLessThan(1e-14);
});

it('quadrature of n points is exact up to degree 2n - 1', () => {
  for (const n of [3, 8]) {
    const { points, weights } = gaussLegendre(n);
    for (let degree = 0; degree < 2 * n; degree++) {
      const found = points.reduce((sum, x, i) => sum + weights[i] * x ** degree, 0);
      expect(found).toBeCloseTo(degree % 2 === 0 ? 2 / (degree + 1) : 0, 13);
    }
  }
});
