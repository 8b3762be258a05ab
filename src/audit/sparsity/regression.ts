/**
 * What goes with what over the networks of a sweep. Networks that share a seed share their images and their first weights, so every
 * figure is taken less the mean of its seed (fixed effects); then
 *
 *   response = sum_j b_j * predictor_j + noise           least squares, Student's t intervals
 *
 * and the partial correlation is that of the residuals of response and predictor once the other predictors are taken out,
 * with the interval of Fisher (Metron 3, 1924): atanh(r) +- z / sqrt(n - seeds - controls - 2).
 */
import { normalQuantile } from '../accountant/normal-tails.js';
import { studentQuantile } from '../estimate.js';

export interface Observation {
  /** The seed. */
  readonly group: number;
  readonly response: number;
  readonly predictors: readonly number[];
}

export interface Bounded {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

export interface Regression {
  /** One a predictor. */
  readonly coefficients: readonly Bounded[];
  /** Share of the variance within seeds that the predictors account for. */
  readonly explained: number;
  readonly observations: number;
  /** Degrees of freedom that are left for the noise. */
  readonly freedom: number;
}

/** Null where the predictors say the same (one is a sum of the others) or too few observations are left. */
export function regress(observations: readonly Observation[], significance = 0.05): Regression | null {
  const predictors = observations[0]?.predictors.length ?? 0;
  const freedom = observations.length - groupsOf(observations) - predictors;
  if (freedom < 1) return null;
  const response = centred(observations, (o) => o.response);
  const columns = Array.from({ length: predictors }, (_, j) => centred(observations, (o) => o.predictors[j]));
  const inverse = inverted(columns.map((a) => columns.map((b) => dot(a, b))));
  if (inverse === null) return null;
  const against = columns.map((c) => dot(c, response));
  const values = inverse.map((row) => dot(row, against));
  const total = dot(response, response);
  const left = response.reduce((sum, y, i) => sum + (y - columns.reduce((s, c, j) => s + values[j] * c[i], 0)) ** 2, 0);
  const quantile = studentQuantile(freedom, significance);
  return {
    coefficients: values.map((value, j) => {
      const half = quantile * Math.sqrt((left / freedom) * inverse[j][j]);
      return { value, interval: [value - half, value + half] };
    }),
    explained: total > 0 ? 1 - left / total : 0, observations: observations.length, freedom,
  };
}

/** Of the response with predictor `which`, the predictors `controls` held fixed. Null where nothing varies or too few are left. */
export function partialCorrelation(observations: readonly Observation[], which: number, controls: readonly number[], significance = 0.05): Bounded | null {
  const freedom = observations.length - groupsOf(observations) - controls.length - 2;
  if (freedom < 1) return null;
  const held = controls.map((j) => centred(observations, (o) => o.predictors[j]));
  const [a, b] = [residuals(centred(observations, (o) => o.response), held), residuals(centred(observations, (o) => o.predictors[which]), held)];
  if (a === null || b === null) return null;
  const size = Math.sqrt(dot(a, a) * dot(b, b));
  if (!(size > 0)) return null;
  const value = Math.max(-1, Math.min(1, dot(a, b) / size));
  const half = normalQuantile(1 - significance / 2) / Math.sqrt(freedom);
  const z = Math.atanh(Math.max(-1 + 1e-12, Math.min(1 - 1e-12, value)));
  return { value, interval: [Math.tanh(z - half), Math.tanh(z + half)] };
}

const groupsOf = (observations: readonly Observation[]): number => new Set(observations.map((o) => o.group)).size;
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

function centred(observations: readonly Observation[], of: (o: Observation) => number): number[] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const o of observations) {
    const group = sums.get(o.group) ?? { sum: 0, count: 0 };
    sums.set(o.group, { sum: group.sum + of(o), count: group.count + 1 });
  }
  return observations.map((o) => {
    const { sum, count } = sums.get(o.group)!;
    return of(o) - sum / count;
  });
}

/** What is left of `values` once the columns are taken out; null where they leave nothing but rounding. */
function residuals(values: readonly number[], columns: readonly (readonly number[])[]): number[] | null {
  if (columns.length === 0) return [...values];
  const inverse = inverted(columns.map((a) => columns.map((b) => dot(a, b))));
  if (inverse === null) return null;
  const against = columns.map((c) => dot(c, values));
  const weights = inverse.map((row) => dot(row, against));
  const left = values.map((v, i) => v - columns.reduce((s, c, j) => s + weights[j] * c[i], 0));
  return dot(left, left) > 1e-18 * dot(values, values) ? left : null;
}

/** By elimination with unit diagonal; null where a row is a sum of others up to 1e-10. */
function inverted(matrix: readonly (readonly number[])[]): number[][] | null {
  const n = matrix.length;
  const scales = matrix.map((row, i) => Math.sqrt(row[i]));
  if (scales.some((s) => !(s > 0))) return null;
  const rows = matrix.map((row, i) => [...row.map((v, j) => v / (scales[i] * scales[j])), ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < n; k++) {
    const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    if (Math.abs(rows[pivot][k]) < 1e-10) return null;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    const by = rows[k][k];
    rows[k] = rows[k].map((v) => v / by);
    rows.forEach((row, i) => {
      if (i === k) return;
      const factor = row[k];
      rows[i] = row.map((v, j) => v - factor * rows[k][j]);
    });
  }
  return rows.map((row, i) => row.slice(n).map((v, j) => v / (scales[i] * scales[j])));
}
