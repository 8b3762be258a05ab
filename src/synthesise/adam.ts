/**
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015) on a flat array of
 * numbers. Each number is stepped by its own gradients alone, so images that are optimised side by side
 * do not know of each other.
 */

export interface AdamSettings {
  /** How far a number moves in one step at most, about. */
  readonly rate: number;
  /** Decay of the mean of gradients, default 0.9. */
  readonly decay?: number;
  /** Decay of the mean of squared gradients, default 0.999. */
  readonly squareDecay?: number;
}

const EPSILON = 1e-8;

/** Returns the function that moves `values` one step down `gradient`, in place. */
export function createAdam(length: number, { rate, decay = 0.9, squareDecay = 0.999 }: AdamSettings): (values: Float32Array, gradient: Float32Array) => void {
  const mean = new Float32Array(length);
  const square = new Float32Array(length);
  let steps = 0;
  return (values, gradient) => {
    steps++;
    const size = rate / (1 - decay ** steps);
    const squareScale = 1 / (1 - squareDecay ** steps);
    for (let i = 0; i < length; i++) {
      const g = gradient[i];
      mean[i] = decay * mean[i] + (1 - decay) * g;
      square[i] = squareDecay * square[i] + (1 - squareDecay) * g * g;
      values[i] -= (size * mean[i]) / (Math.sqrt(square[i] * squareScale) + EPSILON);
    }
  };
}
