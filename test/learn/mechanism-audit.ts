// A white-box audit of a mechanism: a planted canary, many runs with and without it, scores fixed in
// advance, and the lower bound on epsilon that their best separation proves. One scenario has a
// crowd whose gradients point away from the canary's, one has the canary alone.
import { epsilonFromRates } from '../../src/audit/bounds/epsilon-from-attack.js';
import { privateMechanism, type Mechanism, type MechanismSettings } from '../../src/learn/private-mechanism.js';
import { seededBits } from '../../src/learn/random-bits.js';
import { randomStream, substream } from '../../src/random.js';

/** Parameters of the audited sum: two layers of two. */
export const SIZE = 4;
export const STEPS = 10;
export const RATE = 0.1;
export const NOISE = 0.7;
export const CLIP = 1.5;
export const DELTA = 0.05;

export interface Audited {
  /** Others beside the canary. */
  readonly crowd: number;
  /** How a step is made of the three parts; the faulty ones differ here too. */
  readonly step: (mechanism: Mechanism, gradientsOf: (record: number) => readonly Float32Array[]) => Float64Array | null;
  readonly mechanism: (settings: MechanismSettings, run: number) => Mechanism;
}

/** One step as `trainPrivately` makes it. */
export function soundStep(mechanism: Mechanism, gradientsOf: (record: number) => readonly Float32Array[]): Float64Array {
  const sum = new Float64Array(SIZE);
  for (const record of mechanism.sample()) mechanism.add(sum, summed(gradientsOf(record)));
  return mechanism.release(sum);
}

/** Time steps of a gradient, summed. */
export const summed = (parts: readonly Float32Array[]): Float32Array => Float32Array.from({ length: SIZE }, (_, i) => parts.reduce((sum, p) => sum + p[i], 0));

export const soundMechanism = (settings: MechanismSettings, run: number): Mechanism => privateMechanism(settings, seededBits(substream(randomStream(11), run)));

/** Four time steps; the canary points against all others and is far too long, as they are. */
const TIME = 4;
const along = (sign: number): readonly Float32Array[] => Array.from({ length: TIME }, () => Float32Array.of(sign * 10, 0, 0, 0));
const [CANARY, OTHERS] = [along(-1), along(1)];

/** What an auditor who sees all releases computes; all in units of the clip. Larger: the canary was in. */
type Score = (releases: readonly (Float64Array | null)[], expectedBatch: number) => number;
const aligned = (r: Float64Array | null, batch: number): number => (r === null ? 0 : (-r[0] * batch) / CLIP);
const scores: readonly Score[] = [
  (all, batch) => Math.max(...all.map((r) => aligned(r, batch))),
  (all, batch) => all.reduce((sum, r) => sum + Math.log(1 - RATE + RATE * Math.exp((2 * aligned(r, batch) - 1) / (2 * NOISE * NOISE))), 0),
  (all, batch) => Math.max(...all.map((r) => (r === null ? 0 : (Math.abs(r[0] - r[1]) * batch) / CLIP))),
  (all, batch) => Math.max(...all.map((r, t) => (t === 0 || r === null ? 0 : Math.abs(aligned(r, batch) - aligned(all[t - 1], batch))))),
  (all) => all.filter((r) => r !== null).length,
];

const [TRIAL, TEST] = [300, 1000];

/** The largest lower bound on epsilon over the scores, at significance 0.01 for all of them together. */
export function auditedEpsilon({ crowd, step, mechanism }: Audited): number {
  const runs = (withCanary: boolean, count: number, first: number): number[][] => Array.from({ length: count }, (_, k) => {
    const examples = crowd + (withCanary ? 1 : 0);
    const expectedBatch = RATE * (crowd + 1); // public: the same for both neighbours
    const made = mechanism({ examples, rate: RATE, noise: NOISE, clip: CLIP, expectedBatch }, first + k);
    const releases = Array.from({ length: STEPS }, () => step(made, (record) => (record < crowd ? OTHERS : CANARY)));
    return scores.map((score) => score(releases, expectedBatch));
  });
  const [inTrial, outTrial] = [runs(true, TRIAL, 0), runs(false, TRIAL, 1e6)];
  const [inTest, outTest] = [runs(true, TEST, 2e6), runs(false, TEST, 3e6)];
  return Math.max(...scores.map((_, s) => {
    const column = (table: readonly number[][]): number[] => table.map((row) => row[s]);
    const threshold = bestThreshold(column(inTrial), column(outTrial));
    const above = (values: readonly number[]): number => values.filter((v) => v > threshold).length;
    return epsilonFromRates({ truePositives: above(column(inTest)), members: TEST, falsePositives: above(column(outTest)), nonMembers: TEST }, DELTA, 0.01 / scores.length);
  }));
}

/** The threshold that proves most on the trial runs. */
function bestThreshold(members: readonly number[], nonMembers: readonly number[]): number {
  let [best, at] = [-1, Infinity];
  for (const threshold of [...members, ...nonMembers]) {
    const above = (values: readonly number[]): number => values.filter((v) => v > threshold).length;
    const bound = epsilonFromRates({ truePositives: above(members), members: members.length, falsePositives: above(nonMembers), nonMembers: nonMembers.length }, DELTA, 0.05);
    if (bound > best) [best, at] = [bound, threshold];
  }
  return at;
}
