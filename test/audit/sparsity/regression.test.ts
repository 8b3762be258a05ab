// Regression and partial correlation over seeds, against formulas that are written another way.
import { describe, expect, it } from 'vitest';
import { partialCorrelation, regress, type Observation } from '../../../src/audit/sparsity/regression.js';
import { normal, randomStream } from '../../../src/random.js';

const draws = Array.from(normal(randomStream(3), 400));
/** 8 seeds of 12 networks; what the response is made of, and a level of the seed that says nothing. */
const made = (noise: number): Observation[] => Array.from({ length: 96 }, (_, i) => {
  const [a, b, c, e] = [0, 1, 2, 3].map((k) => draws[4 * i + k]);
  const predictors = [a, 0.6 * a + 0.8 * b, c];
  return { group: i % 8, predictors, response: 5 * (i % 8) + 2 * predictors[0] - 3 * predictors[1] + noise * e };
});

describe('regression', () => {
  it('finds what the response is made of, whatever the seeds add', () => {
    const exact = regress(made(0))!;
    expect(exact.coefficients.map((c) => Math.round(c.value * 1e9) / 1e9 + 0)).toEqual([2, -3, 0]);
    expect(exact).toMatchObject({ observations: 96, freedom: 96 - 8 - 3 });
    expect(exact.explained).toBeCloseTo(1, 9);
  });

  it('has intervals that hold the truth 95 times of 100', () => {
    const noise = Array.from(normal(randomStream(4), 24 * 400));
    const design = made(0).filter((o) => o.group < 4).slice(0, 24);
    const hits = [0, 0, 0, 0];
    for (let run = 0; run < 400; run++) {
      const noisy = design.map((o, i) => ({ ...o, response: o.response + noise[24 * run + i] }));
      regress(noisy)!.coefficients.forEach(({ interval: [low, high] }, j) => { if (low < [2, -3, 0][j] && [2, -3, 0][j] < high) hits[j]++; });
      const [low, high] = partialCorrelation(noisy, 2, [0, 1])!.interval; // the response has nothing of the third
      if (low < 0 && 0 < high) hits[3]++;
    }
    for (const n of hits) expect(Math.abs(n / 400 - 0.95)).toBeLessThan(0.035); // three deviations of 400 throws
  });

  it('says nothing where predictors say the same or too few are left', () => {
    const same = made(1).map((o) => ({ ...o, predictors: [o.predictors[0], 3 * o.predictors[0] + 1] }));
    expect(regress(same)).toBeNull();
    expect(partialCorrelation(same, 0, [1])).toBeNull();
    expect(regress(made(1).slice(0, 11))).toBeNull(); // 8 seeds and 3 predictors
    expect(partialCorrelation(made(1).slice(0, 12), 0, [1, 2])).toBeNull();
    expect(regress(made(1).map((o) => ({ ...o, predictors: [1, o.predictors[1]] })))).toBeNull();
  });
});

describe('correlation', () => {
  const one = made(2).map((o) => ({ ...o, group: 0, response: o.response - 5 * o.group }));
  const r = (x: readonly number[], y: readonly number[]): number => {
    const [mx, my] = [x, y].map((v) => v.reduce((a, b) => a + b, 0) / v.length);
    const sum = (f: (i: number) => number): number => x.reduce((s, _, i) => s + f(i), 0);
    return sum((i) => (x[i] - mx) * (y[i] - my)) / Math.sqrt(sum((i) => (x[i] - mx) ** 2) * sum((i) => (y[i] - my) ** 2));
  };
  const [y, a, b] = [one.map((o) => o.response), one.map((o) => o.predictors[0]), one.map((o) => o.predictors[1])];

  it('alone is that of Pearson, with the interval of Fisher', () => {
    const found = partialCorrelation(one, 0, [])!;
    expect(found.value).toBeCloseTo(r(y, a), 12);
    const z = (x: number): number => 0.5 * Math.log((1 + x) / (1 - x));
    expect(z(found.interval[1]) - z(found.value)).toBeCloseTo(1.959964 / Math.sqrt(96 - 3), 6);
    expect(z(found.value) - z(found.interval[0])).toBeCloseTo(1.959964 / Math.sqrt(96 - 3), 6);
  });

  it('with another held fixed is (r_ya - r_yb r_ab) / sqrt((1 - r_yb^2) (1 - r_ab^2))', () => {
    const by = (r(y, a) - r(y, b) * r(a, b)) / Math.sqrt((1 - r(y, b) ** 2) * (1 - r(a, b) ** 2));
    expect(partialCorrelation(one, 0, [1])!.value).toBeCloseTo(by, 12);
  });

  it('is not that of the seeds', () => {
    const seeds = made(0).map((o) => ({ ...o, predictors: [o.group + 0.01 * o.predictors[2]], response: o.group + 0.01 * o.predictors[1] }));
    expect(Math.abs(partialCorrelation(seeds, 0, [])!.value)).toBeLessThan(0.35);
  });
});
