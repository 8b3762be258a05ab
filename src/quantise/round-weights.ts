/**
 * Rounds a filter bank to integers so that each output channel's sum survives: after rounding to
 * nearest, the weights that lie closest to the middle between two integers are moved to the other side
 * until the channel's sum is right to half a step. Spikes come at non-negative rates, so an error in the sum
 * would act like a false bias; errors that cancel in the sum mostly cancel in the current too.
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

function moveClosest(weight: Float32Array, rounded: Int8Array, { first, fanIn, excess, max }: Channel): void {
  const moves = Math.min(fanIn, Math.round(Math.abs(excess)));
  if (moves === 0) return;
  const direction = excess > 0 ? -1 : 1;
  // zero weights stay zero: a pruned synapse must not come back
  const candidates = Array.from({ length: fanIn }, (_, k) => first + k)
    .filter((i) => weight[i] !== 0 && Math.abs(rounded[i] + direction) <= max && (weight[i] - rounded[i]) * direction > 0);
  candidates.sort((a, b) => (weight[b] - rounded[b]) * direction - (weight[a] - rounded[a]) * direction || a - b);
  for (const i of candidates.slice(0, moves)) rounded[i] += direction;
}
