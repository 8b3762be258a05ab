/**
 * What learning through time did, measured on images that it did not see: answers of the integer
 * network before and after, at half, the same and twice the time steps, and of the learned weights read
 * back as a plain ReLU network. On made-up images there are only answers like the ANN's; on labelled
 * ones there is accuracy too.
 */
import { predict } from '../graph/evaluate-parallel.js';
import type { Graph } from '../graph/graph.js';
import { readBackGraph } from '../learn/distance.js';
import { readability, type LearningRecord, type Readability } from '../learn/learn-from-teacher.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { integerAnswers } from '../simulate/answers.js';
import type { SpikingNetwork } from '../spiking/network.js';
import { formatPercent } from './quantities.js';

/** One of the networks that are compared; before learning, after, and after learning without the reward for moving weights. */
export type StageName = 'converted' | 'learned' | 'learned without distance';

/** Images that learning did not see. */
export interface JudgingImages {
  /** In words. */
  readonly name: string;
  readonly count: number;
  /** [count, C, H, W], normalised. */
  readonly images: Float32Array;
  /** Class of each image, or null where nobody knows. */
  readonly labels: Uint16Array | null;
}

/** Fractions of 1. */
export interface Rates {
  /** Share of images with the ANN's answer. */
  readonly agreement: number;
  /** Null without labels. */
  readonly accuracy: number | null;
}

export interface StageAnswers {
  readonly network: StageName;
  /** At each of the time steps of the table. */
  readonly spiking: readonly Rates[];
  /** Its weights read as a plain ReLU network. */
  readonly readBack: Rates;
}

/** The answers of all networks to one set of images. */
export interface AnswersTable {
  readonly images: string;
  readonly count: number;
  /** T / 2, T and 2 T. */
  readonly timesteps: readonly number[];
  readonly annAccuracy: number | null;
  readonly stages: readonly StageAnswers[];
}

/** All that is said about learning; every rate is on images that it did not see. */
export interface LearningReport extends LearningRecord, Readability {
  /** On made-up images. */
  readonly heldOut: AnswersTable;
  /** On the user's labelled images, which nothing but this table has read. */
  readonly data: AnswersTable | null;
  /** The second run, without the reward for distance. */
  readonly withoutDistance: LearningRecord | null;
}

export interface StageNetworks {
  readonly name: StageName;
  readonly spiking: SpikingNetwork;
  readonly integers: IntegerNetwork;
}

export interface MeasureOptions {
  readonly ann: Graph;
  /** Seed of the Poisson code. */
  readonly seed: number;
  readonly workers: number;
  readonly signal?: AbortSignal;
  readonly onDone?: (done: number, total: number) => void;
}

/** T / 2, T and 2 T, as far as they are whole steps. */
export const otherTimesteps = (timesteps: number): number[] => [...new Set([Math.floor(timesteps / 2), timesteps, 2 * timesteps])].filter((t) => t > 0);

/** Runs all networks on all images; the float ones on the own kernels. */
export async function answersTable({ name, count, images, labels }: JudgingImages, networks: readonly StageNetworks[], options: MeasureOptions): Promise<AnswersTable> {
  const { ann, seed, workers, signal, onDone } = options;
  const pool = { workers, ...(signal === undefined ? {} : { signal }) };
  const timesteps = otherTimesteps(networks[0].integers.timesteps);
  const steps = timesteps[timesteps.length - 1];
  const teacher = await predict(ann, images, count, pool);
  const share = (answer: (i: number) => number, truth: Uint16Array): number => Array.from(truth, (t, i) => answer(i) === t).filter(Boolean).length / count;
  const rates = (answer: (i: number) => number): Rates => ({ agreement: share(answer, teacher), accuracy: labels === null ? null : share(answer, labels) });
  const stages: StageAnswers[] = [];
  for (const [k, { name: network, spiking, integers }] of networks.entries()) {
    const answers = await integerAnswers(integers, images, count, { ...pool, seed, timesteps: steps, onDone: (done) => onDone?.(k * count + done, networks.length * count) });
    const read = await predict(readBackGraph(spiking), images, count, pool);
    stages.push({ network, spiking: timesteps.map((t) => rates((i) => answers[i * steps + t - 1])), readBack: rates((i) => read[i]) });
  }
  return { images: name, count, timesteps, annAccuracy: labels === null ? null : share((i) => teacher[i], labels), stages };
}

/** Puts the parts together. Readability is judged on labelled images where there are any: on made-up ones a network often seems less readable than it is. */
export function learningReport(record: LearningRecord, tables: Pick<LearningReport, 'heldOut' | 'data' | 'withoutDistance'>): LearningReport {
  const { stages } = tables.data ?? tables.heldOut;
  const learned = stages.find((s) => s.network === 'learned');
  if (learned === undefined) throw new Error('internal: no learned network in the table');
  const images = tables.data === null ? 'made-up images that were not learned from' : `the images of ${tables.data.images}`;
  return { ...record, ...tables, ...readability(record.distances, { agreement: learned.readBack.agreement, images }) };
}

/** The report as plain lines, for `--print-after`. */
export function learningReportText(report: LearningReport): string {
  const rate = (r: Rates): string => `${formatPercent(r.agreement)}${r.accuracy === null ? '' : ` (accuracy ${formatPercent(r.accuracy)})`}`;
  const lines = [report.heldOut, ...(report.data === null ? [] : [report.data])].flatMap(({ images, timesteps, annAccuracy, stages }) => [
    `same answer as the ANN${annAccuracy === null ? '' : ` (accuracy ${formatPercent(annAccuracy)})`} on ${images}`,
    ...stages.map((s) => `  ${s.network}  ${s.spiking.map((r, i) => `T = ${timesteps[i]} ${rate(r)}`).join(', ')}, read back ${rate(s.readBack)}`),
  ]);
  return [...lines, report.verdict].join('\n');
}
