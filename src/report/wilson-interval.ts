/** The 95 % interval of a measured share: how far the true accuracy can lie from that of the sample. */

const Z = 1.959963984540054;

/** Wilson's score interval for `successes` of `trials`, as fractions of 1. [0, 1] for no trials. */
export function wilsonInterval(successes: number, trials: number): readonly [low: number, high: number] {
  if (trials === 0) return [0, 1];
  const p = successes / trials;
  const z2 = Z * Z;
  const centre = (p + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Z / (1 + z2 / trials)) * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials * trials));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
