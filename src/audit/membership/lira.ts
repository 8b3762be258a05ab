/**
 * The likelihood-ratio attack (LiRA; Carlini et al., "Membership inference attacks from first principles", S&P 2022). Reference
 * networks that learned an image (`ins`) and others that did not (`outs`) tell how its logit-scaled confidence is distributed in
 * both cases. Centres are medians and deviations are those of a population, as in the published code
 * (tensorflow/privacy, research/mi_lira_2021). Scores are higher for members.
 */
import { normalDeviation, median } from './moments.js';

export type LiraVariant =
  /** ln N(obs; in) - ln N(obs; out), deviations of each image. */
  | 'online'
  /** The same with one deviation for all, that of all `ins` together, for both: for few references. */
  | 'online-fixed'
  /** How many deviations above the centre of `outs`: the order of the paper's one-sided test. */
  | 'offline'
  /** The same with one deviation, that of all `outs` together. */
  | 'offline-fixed'
  /** -ln N(obs; out), as the published code has it: also fires where the confidence is unusually low. */
  | 'offline-two-sided';

/** Signals of one image in the references. */
export interface ReferenceSignals {
  readonly ins: readonly number[];
  readonly outs: readonly number[];
}

/** A deviation of 0 (one reference, or equal values) would divide by 0. */
const LEAST_DEVIATION = 1e-12;
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

const logDensity = (x: number, centre: number, deviation: number): number => -0.5 * ((x - centre) / deviation) ** 2 - Math.log(deviation) - HALF_LOG_TWO_PI;
const deviationOf = (values: readonly number[]): number => Math.max(LEAST_DEVIATION, normalDeviation(values));

/** One score an image: `observed[i]` is the subject's signal of the image whose reference signals are `references[i]`. Every image needs an out, the online variants an in too. */
export function liraScores(variant: LiraVariant, observed: ArrayLike<number>, references: readonly ReferenceSignals[]): Float64Array {
  const each = (score: (x: number, r: ReferenceSignals) => number): Float64Array => Float64Array.from(references, (r, i) => score(observed[i], r));
  switch (variant) {
    case 'online': return each((x, { ins, outs }) => logDensity(x, median(ins), deviationOf(ins)) - logDensity(x, median(outs), deviationOf(outs)));
    case 'online-fixed': {
      const fixed = deviationOf(references.flatMap((r) => r.ins));
      return each((x, { ins, outs }) => logDensity(x, median(ins), fixed) - logDensity(x, median(outs), fixed));
    }
    case 'offline': return each((x, { outs }) => (x - median(outs)) / deviationOf(outs));
    case 'offline-fixed': {
      const fixed = deviationOf(references.flatMap((r) => r.outs));
      return each((x, { outs }) => (x - median(outs)) / fixed);
    }
    case 'offline-two-sided': return each((x, { outs }) => -logDensity(x, median(outs), deviationOf(outs)));
  }
}
