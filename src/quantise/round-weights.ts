/**
 * Rounds a filter bank to integers so that each output channel's sum survives: after rounding to
 * nearest, the weights that lie closest to the middle between two integers are moved to the other side
 * until the channel's sum is right to half a step. Spikes come at non-negative rates (those taken back
 * included), so an error in the sum would act like a false bias; errors that cancel in the sum mostly cancel in the current too.
 */

export interface RoundedWeights {
  readonly rounded: Int8Array;
  /** Root mean square of the rounding error over root mean square of the weights. */
  readonly error: number;
}

/** `weight` is [outputs, fan-in], in steps; magnitudes end within +-max. */
export function roundKeepingSums(weight: Float32Array, outputs: number, max: number): RoundedWeights {
  const fanIn = weight.length / outputs;
  const rounded = new Int8Array(weight.length);
  let squaredError = 0;
  let squares = 0;
  for (let o = 0; o < outputs; o++) {
    const first = o * fanIn;
    let excess = 0;
    for (let i = first; i < first + fanIn; i++) {
      rounded[i] = Math.min(max, Math.max(-max, Math.round(weight[i])));
      excess += rounded[i] - weight[i];
    }
    moveClosest(weight, rounded, { first, fanIn, excess, max });
    for (let i = first; i < first + fanIn; i++) {
      squaredError += (rounded[i] - weight[i]) ** 2;
      squares += weight[i] ** 2;
    }
  }
  return { rounded, error: squares === 0 ? 0 : Math.sqrt(squaredError / squares) };
}

interface Channel { readonly first: number; readonly fanIn: number; readonly excess: number; readonly max: number }

/** Residuals are told apart to this share of a step; within one bin the earlier weight moves first. */
const BINS = 4096;

function moveClosest(weight: Float32Array, rounded: Int8Array, { first, fanIn, excess, max }: Channel): void {
  const moves = Math.min(fanIn, Math.round(Math.abs(excess)));
  if (moves === 0) return;
  const direction = excess > 0 ? -1 : 1;
  // how far a weight was rounded the wrong way, in bins; 0: not to be moved. Zero weights stay zero: a pruned synapse must not come back
  const binOf = (i: number): number => {
    const residual = (weight[i] - rounded[i]) * direction;
    return weight[i] === 0 || residual <= 0 || Math.abs(rounded[i] + direction) > max ? 0 : Math.min(BINS, Math.ceil(residual * 2 * BINS));
  };
  const histogram = new Int32Array(BINS + 1);
  for (let i = first; i < first + fanIn; i++) histogram[binOf(i)]++;
  let bin = BINS;
  let above = 0;
  while (bin > 1 && above + histogram[bin] < moves) above += histogram[bin--];
  let inBin = moves - above;
  for (let i = first; i < first + fanIn; i++) {
    const at = binOf(i);
    if (at === 0 || at < bin || (at === bin && inBin-- <= 0)) continue;
    rounded[i] += direction;
  }
}
