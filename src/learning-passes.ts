/**
 * The passes of the compiler that only `--encrypt` has: the images that learning is judged on are set
 * aside, the converted network learns from others, and when the program is emitted its integers are
 * asked, beside those from before, what they answer.
 */
import type { DenseBackend } from './backend/dense-backend.js';
import type { Dataset } from './data/dataset.js';
import { fitDataset } from './data/fit-dataset.js';
import { Reporter } from './diagnostics.js';
import type { CoreNode, Graph } from './graph/graph.js';
import { heldOutSamples } from './learn/held-out.js';
import { learnFromTeacher, learningText, type LearnedNetwork } from './learn/learn-from-teacher.js';
import type { TrainOptions } from './learn/train.js';
import type { Pipeline } from './pipeline.js';
import { normalisedImages } from './program/normalised-images.js';
import type { IntegerNetwork } from './quantise/integer-network.js';
import { quantise } from './quantise/quantise.js';
import { roundedNetwork } from './quantise/rounded-network.js';
import { answersTable, learningReport, type AnswersTable, type JudgingImages, type LearningReport, type StageNetworks } from './report/learning-report.js';
import { calibrationSamples, type SamplesRequest } from './spiking/calibration-samples.js';
import { neuronCount, type SpikingNetwork } from './spiking/network.js';
import { verifySpikingNetwork } from './spiking/verify-network.js';
import type { Target } from './target/schema.js';

export interface LearnOptions extends Omit<TrainOptions, 'seed' | 'round'> {
  /** Made-up images to learn from, at most. */
  readonly images: number;
  /** Learns once more without `distance`, for the report. Its checkpoint has `.without-distance` behind its name. */
  readonly compare?: boolean;
  /** Labelled images for the report's accuracies. The program does not depend on them. */
  readonly data?: Dataset;
  /** Called while the report is measured. */
  readonly onMeasured?: (done: number, total: number) => void;
}

export interface LessonSource {
  readonly converted: SpikingNetwork;
  readonly ann: Graph<CoreNode>;
  readonly target: Target;
  readonly seed: number;
  /** Does the dense work of the float network in place of the own kernels. */
  readonly backend: DenseBackend | undefined;
  /** The images to learn from. */
  readonly request: SamplesRequest;
}

export interface Lesson extends LessonSource {
  readonly learned: LearnedNetwork;
  readonly unpushed: LearnedNetwork | null;
  readonly heldOut: JudgingImages;
  readonly data: JudgingImages | null;
}

/** The passes of learning: what is judged on first, so that wrong data are refused before the long work. */
export async function learnInPasses(pipeline: Pipeline, { images: _, compare, data, onMeasured: __, ...training }: LearnOptions, source: LessonSource): Promise<Lesson> {
  const { converted, ann, target, seed, backend, request } = source;
  const judged = await pipeline.step('held-out', {
    run: (report) => {
      const made = heldOutSamples({ ...request, seed: request.seed + 2 }, request.count ?? 0, report);
      return { heldOut: { name: made.recipe, count: made.count, images: made.images, labels: null }, data: data === undefined ? null : labelled(data, source) };
    },
  });
  const run = (name: string, changes: Partial<TrainOptions>): Promise<LearnedNetwork> => pipeline.step(name, {
    run: (report) => learnFromTeacher(converted, { ...training, ...changes, teacher: ann, samples: calibrationSamples(request, report), seed, backend, round: (n) => roundedNetwork(n, target) }),
    verify: (l) => verifySpikingNetwork(l.network), text: (l) => learningText(l.record),
  });
  const learned = await run('learn', {});
  const { checkpoint } = training;
  const again = checkpoint === undefined ? {} : { checkpoint: { ...checkpoint, path: `${checkpoint.path}.without-distance` } };
  return { ...source, ...judged, learned, unpushed: compare === true ? await run('learn-without-distance', { ...again, distance: 0 }) : null };
}

function labelled(dataset: Dataset, { converted, request }: LessonSource): JudgingImages {
  const classes = neuronCount(converted.populations[converted.populations.length - 1].shape);
  const fitted = fitDataset(dataset, { imageShape: converted.imageShape, classes });
  return { name: dataset.name, count: dataset.count, images: normalisedImages(request.normalisation, fitted), labels: dataset.labels };
}

/** A loss of so many answers is more than a few images that lay on the border. */
const LOST = 0.02;

/** Asks the networks before and after learning, the emitted integers being the latter. */
export async function measureLearning({ converted, learned, unpushed, emitted, ann, target, seed, heldOut, data }: Lesson & { readonly emitted: IntegerNetwork }, { workers, signal, onMeasured }: LearnOptions, report: Reporter): Promise<LearningReport> {
  const integersOf = (network: SpikingNetwork): IntegerNetwork => quantise(network, target, new Reporter());
  const networks: readonly StageNetworks[] = [
    { name: 'converted', spiking: converted, integers: integersOf(converted) },
    { name: 'learned', spiking: learned.network, integers: emitted },
    ...(unpushed === null ? [] : [{ name: 'learned without distance', spiking: unpushed.network, integers: integersOf(unpushed.network) } as const]),
  ];
  const all = networks.length * (heldOut.count + (data?.count ?? 0));
  const table = (images: JudgingImages, before: number): Promise<AnswersTable> => answersTable(images, networks, {
    ann, seed, workers, ...(signal === undefined ? {} : { signal }), onDone: (done) => onMeasured?.(before + done, all),
  });
  const made = await table(heldOut, 0);
  const [before, after] = made.stages.map((s) => s.spiking[made.timesteps.indexOf(converted.timesteps)].agreement);
  if (after < before - LOST) report.report('learn/lost-agreement', { kind: 'nowhere' }, { timesteps: converted.timesteps, before, after });
  return learningReport(learned.record, {
    heldOut: made, data: data === null ? null : await table(data, networks.length * heldOut.count), withoutDistance: unpushed?.record ?? null,
  });
}
