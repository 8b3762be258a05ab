/** The logarithm of a sum of exponentials, without overflow: the building block of confidences in logarithms. */

/** ln(sum of exp(values)), the one at `without` left out; -Infinity for none. */
export function logSumExp(values: ArrayLike<number>, without = -1): number {
  let most = -Infinity;
  for (let k = 0; k < values.length; k++) if (k !== without && values[k] > most) most = values[k];
  if (most === -Infinity) return -Infinity;
  let sum = 0;
  for (let k = 0; k < values.length; k++) if (k !== without) sum += Math.exp(values[k] - most);
  return most + Math.log(sum);
}
