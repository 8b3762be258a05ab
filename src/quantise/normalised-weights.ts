/**
 * Weights of a projection in units of the target's threshold, their worst-case sums, and their event
 * order (the weights that one spike reads lie side by side).
 */
import type { Projection } from '../spiking/network.js';

/** weight[co, ...] / threshold[co]. */
export function normalisedWeights(projection: Projection, threshold: Float32Array): Float32Array {
  const perOutput = projection.weight.length / threshold.length;
  const out = new Float32Array(projection.weight.length);
  for (let channel = 0; channel < threshold.length; channel++) {
    const theta = threshold[channel];
    for (let i = channel * perOutput; i < (channel + 1) * perOutput; i++) out[i] = projection.weight[i] / theta;
  }
  return out;
}

export interface FanInSums {
  readonly positive: Float64Array;
  /** As magnitudes. */
  readonly negative: Float64Array;
}

/** What bounds the sums behind a projection. `signed`: its source sends spikes of either sign. */
export interface SumBounds { readonly pool: Projection['pool']; readonly signed: boolean }

/**
 * Per output channel, the sum of positive and of negative weights into one neuron if every source neuron
 * spikes in the same step: a pooled cell of n pixels reads each weight n times. Behind a signed source
 * each weight may come with either sign, so both sums are that of the magnitudes.
 */
export function fanInSums(weight: Float32Array | Int8Array, { pool, signed }: SumBounds, outputs: number): FanInSums {
  const cell = pool[0] * pool[1];
  const perOutput = weight.length / outputs;
  const positive = new Float64Array(outputs);
  const negative = new Float64Array(outputs);
  for (let channel = 0; channel < outputs; channel++) {
    let above = 0;
    let below = 0;
    for (let i = channel * perOutput; i < (channel + 1) * perOutput; i++) {
      const w = weight[i];
      if (w > 0) above += w;
      else below -= w;
    }
    positive[channel] = (signed ? above + below : above) * cell;
    negative[channel] = (signed ? above + below : below) * cell;
  }
  return { positive, negative };
}

/** The largest of `fanInSums`, from weights in event order; `channels` are those of the source and the target. */
export function largestSum(weight: Int8Array, { pool, signed, groups }: SumBounds & { readonly groups: number }, [inputs, outputs]: readonly [number, number]): number {
  const outGroup = outputs / groups;
  const inGroup = inputs / groups;
  const positive = new Float64Array(outputs);
  const negative = new Float64Array(outputs);
  for (let start = 0, row = 0; start < weight.length; start += outGroup, row++) {
    const first = Math.floor((row % inputs) / inGroup) * outGroup;
    for (let i = 0; i < outGroup; i++) {
      const w = weight[start + i];
      if (w > 0) positive[first + i] += w;
      else negative[first + i] -= w;
    }
  }
  let most = 0;
  for (let c = 0; c < outputs; c++) most = Math.max(most, signed ? positive[c] + negative[c] : Math.max(positive[c], negative[c]));
  return most * pool[0] * pool[1];
}

/** [Co, Ci / groups, Kh, Kw] -> [Kh, Kw, Ci, Co / groups]. */
export function toEventOrder(weight: Int8Array, projection: Pick<Projection, 'window' | 'groups'>, outputs: number): Int8Array {
  const { window: { kernel: [kh, kw] }, groups } = projection;
  const taps = kh * kw;
  const inGroup = weight.length / (outputs * taps);
  const outGroup = outputs / groups;
  const inputs = inGroup * groups;
  const out = new Int8Array(weight.length);
  for (let co = 0; co < outputs; co++) {
    const group = Math.floor(co / outGroup);
    for (let k = 0; k < inGroup; k++) {
      const ci = group * inGroup + k;
      for (let tap = 0; tap < taps; tap++) {
        out[(tap * inputs + ci) * outGroup + (co - group * outGroup)] = weight[(co * inGroup + k) * taps + tap];
      }
    }
  }
  return out;
}
