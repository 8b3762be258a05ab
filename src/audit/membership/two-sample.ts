/**
 * Whether members and non-members come from one distribution. If they do not, an attack may tell the two sets apart without
 * any help of the network, and its figures say nothing about it. Tested are the classes (chi-square) and, by Kolmogorov and
 * Smirnov, brightness, contrast and roughness of the images and random projections of their pixels; the least p-value
 * counts, times the number of tests (Bonferroni). The network is not asked.
 */
import { normalCdf } from '../accountant/normal-tails.js';
import { normal, randomStream, substream } from '../../random.js';
import type { Pool } from './pool.js';

export interface TwoSampleResult {
  /** Of the test that differs most. */
  readonly test: string;
  /** Corrected for the number of tests, at most 1. */
  readonly pValue: number;
  readonly tests: number;
}

/** Below it a warning is due: one in a thousand audits of equal distributions gets it by chance. */
export const LEAST_P = 0.001;
const PROJECTIONS = 12;

/** `width` is that of a row of pixels. */
export function twoSampleTest(pool: Pool, width: number): TwoSampleResult {
  const statistics = statisticsOf(pool, width);
  const found = [
    { test: 'the classes', p: classesP(pool) },
    ...statistics.map(({ name, values }) => ({ test: name, p: kolmogorovP(values.filter((_, i) => pool.members[i] === 1), values.filter((_, i) => pool.members[i] === 0)) })),
  ];
  const worst = found.reduce((a, b) => (b.p < a.p ? b : a));
  return { test: worst.test, pValue: Math.min(1, worst.p * found.length), tests: found.length };
}

function statisticsOf({ images, count }: Pool, width: number): { readonly name: string; readonly values: Float64Array }[] {
  const size = images.length / count;
  const columns: { readonly name: string; readonly values: Float64Array }[] = ['their brightness', 'their contrast', 'their roughness', ...Array.from({ length: PROJECTIONS }, (_, k) => `projection ${k + 1} of their pixels`)]
    .map((name) => ({ name, values: new Float64Array(count) }));
  const directions = Array.from({ length: PROJECTIONS }, (_, k) => normal(substream(substream(randomStream(0), 'two-sample'), k), size));
  for (let i = 0; i < count; i++) {
    const image = images.subarray(i * size, (i + 1) * size);
    let [sum, square, rough] = [0, 0, 0];
    for (let k = 0; k < size; k++) {
      sum += image[k];
      square += image[k] * image[k];
      if (k % width !== 0) rough += Math.abs(image[k] - image[k - 1]);
    }
    const values = [sum / size, Math.sqrt(Math.max(0, square / size - (sum / size) ** 2)), rough / size, ...directions.map((d) => image.reduce((s, x, k) => s + x * d[k], 0))];
    values.forEach((v, c) => { columns[c].values[i] = v; });
  }
  return columns;
}

/** Pearson's chi-square of the class counts, its tail by the cube-root approximation of Wilson and Hilferty (1931). */
function classesP({ labels, members }: Pool): number {
  const counts = new Map<number, [number, number]>();
  const totals = [0, 0];
  labels.forEach((label, i) => {
    const side = members[i];
    const of = counts.get(label) ?? [0, 0];
    of[side]++;
    totals[side]++;
    counts.set(label, of);
  });
  if (counts.size < 2) return 1;
  let square = 0;
  for (const of of counts.values()) for (const side of [0, 1]) {
    const expected = ((of[0] + of[1]) * totals[side]) / (totals[0] + totals[1]);
    square += (of[side] - expected) ** 2 / expected;
  }
  const freedom = counts.size - 1;
  const spread = 2 / (9 * freedom);
  return normalCdf(-((square / freedom) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread));
}

/** The asymptotic p-value of the largest distance of both distribution functions, with the small-sample term of Stephens (1970). */
export function kolmogorovP(a: Float64Array, b: Float64Array): number {
  const [x, y] = [a.slice().sort(), b.slice().sort()];
  let [i, j, distance] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i], y[j]);
    while (i < x.length && x[i] <= at) i++;
    while (j < y.length && y[j] <= at) j++;
    distance = Math.max(distance, Math.abs(i / x.length - j / y.length));
  }
  const root = Math.sqrt((x.length * y.length) / (x.length + y.length));
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  if (lambda < 0.2) return 1; // the series needs many terms there and is 1 to all digits
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * lambda * lambda);
  return Math.min(1, Math.max(0, sum));
}
