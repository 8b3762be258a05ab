/**
 * What a trained network says about its training: on which data, for how long, and, if it was private, the
 * certificate. The certificate travels with the weights into the program, since all that is made of them
 * without looking at the data again (rounding, mapping, pruning) is post-processing and keeps its epsilon.
 */

/** Equal runs of the mechanism. */
export interface CertifiedPhase {
  /** Probability that a record is in a step. */
  readonly rate: number;
  /** Standard deviation of the noise over the clipping norm. */
  readonly noise: number;
  readonly steps: number;
}

export interface Certificate {
  /** In words. */
  readonly mechanism: string;
  /** Every run of the mechanism on these data that the epsilon covers; the last one trained the network. */
  readonly phases: readonly CertifiedPhase[];
  readonly clip: number;
  readonly expectedBatch: number;
  readonly epsilon: number;
  readonly delta: number;
  /** When two data sets are neighbours. */
  readonly adjacency: string;
  /** Whose presence is hidden. */
  readonly unit: string;
  readonly accountant: string;
}

export interface TrainingRecord {
  /** Name of the data set. */
  readonly data: string;
  /** Of images and labels, by `datasetSha256`. */
  readonly dataSha256: string;
  readonly examples: number;
  readonly steps: number;
  /** Null where training was not private. */
  readonly certificate: Certificate | null;
}

/** Whether a certificate is there to be kept. */
export const isPrivate = ({ certificate }: TrainingRecord): boolean => certificate !== null;

export const MECHANISM = 'Poisson sampling, gradients clipped per example, Gaussian noise';
export const UNIT = 'one labelled image';

/** Numbers of a certificate as bounds: the last digit rounded up. */
const upward = (epsilon: number): string => (Math.ceil(epsilon * 1e4) / 1e4).toFixed(4);

/** The record as lines of a name and a value. */
export function trainingLines({ data, dataSha256, examples, steps, certificate }: TrainingRecord): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [['trained on', `${data}, ${examples.toLocaleString('en-US')} examples, SHA-256 ${dataSha256.slice(0, 12)}, ${steps.toLocaleString('en-US')} steps`]];
  if (certificate === null) return [...lines, ['privacy', 'no certificate: the training was not private, the weights may give examples away']];
  const { phases, clip, expectedBatch, epsilon, delta, adjacency, unit, accountant, mechanism } = certificate;
  const { rate, noise } = phases[phases.length - 1];
  return [
    ...lines,
    ['privacy', `epsilon ${upward(epsilon)} at delta ${delta}, for ${unit} (${adjacency})`],
    ['mechanism', `${mechanism}: rate ${Number(rate.toPrecision(5))} (expected batch ${expectedBatch}), noise ${noise}, clip ${clip}${phases.length > 1 ? `; after ${phases.length - 1} earlier phase${phases.length > 2 ? 's' : ''} on the same data` : ''}`],
    ['accountant', accountant],
  ];
}

/** What is wrong with a record that was read from a file, or null. Only the accountant can say whether its epsilon is right. */
export function recordProblem({ steps, examples, dataSha256, certificate }: TrainingRecord): string | null {
  const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 1;
  if (!isCount(steps) || !isCount(examples) || !/^[0-9a-f]{64}$/.test(dataSha256)) return 'the record of its training has a count that is not a whole number, or no hash';
  if (certificate === null) return null;
  const { phases, clip, epsilon, delta, expectedBatch } = certificate;
  const sound = (n: number): boolean => Number.isFinite(n) && n > 0;
  if (phases.length === 0 || !phases.every((p) => sound(p.rate) && p.rate <= 1 && sound(p.noise) && isCount(p.steps))) return 'its certificate has a phase that no mechanism runs';
  if (![clip, delta, expectedBatch].every(sound) || !(Number.isFinite(epsilon) && epsilon >= 0)) return 'its certificate has a number that is not finite or not above 0';
  const last = phases[phases.length - 1];
  if (last.steps !== steps) return `its certificate covers ${last.steps} steps of ${steps}`;
  if (delta * examples >= 1) return `the delta of its certificate, ${delta}, is 1/${examples} or more`;
  if (Math.abs(last.rate * examples - expectedBatch) > 1e-6 * expectedBatch) return 'the rate of its certificate is not the expected batch over the number of examples';
  return null;
}
