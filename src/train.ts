/**
 * Training from scratch, from an architecture and labelled images to a trained network and the accuracy of
 * the program that it becomes. With a privacy budget the plan comes first (noise and steps from the accountant),
 * then learning that knows only the noise, then the certificate. The test images are asked once, at the end: no
 * epoch and no setting is chosen on them.
 */
import { createHash } from 'node:crypto';
import { certificateOf, epsilonAfter, planPrivateRun, type PrivacyBudget, type PrivatePlan } from './certify.js';
import { compileTrained, type CompileTrainedSummary } from './compile-trained.js';
import type { Dataset } from './data/dataset.js';
import { fitDataset } from './data/fit-dataset.js';
import { datasetSha256 } from './data/dataset-hash.js';
import type { KernelChoice } from './kernels/kernels.js';
import type { Architecture } from './learn/architecture-schema.js';
import { NO_VIEWS, type ViewOptions } from './learn/augment.js';
import { buildNetwork } from './learn/build-network.js';
import type { OptimiserOptions, Schedule } from './learn/optimiser.js';
import type { ParameterKind } from './learn/parameters.js';
import { train, type TrainingProgress } from './learn/train.js';
import { trainPrivately, type PrivateOptions } from './learn/train-privately.js';
import type { TrainedNetworkFile } from './learn/trained-network-file.js';
import { writeTrainedNetwork } from './learn/trained-network-file.js';
import type { TrainingRecord } from './learn/training-record.js';
import { normalisedImages } from './program/normalised-images.js';
import type { Program } from './program/program.js';
import { wilsonInterval } from './report/wilson-interval.js';
import { integerAnswers } from './simulate/answers.js';
import type { SpikingNetwork } from './spiking/network.js';
import type { Target } from './target/schema.js';

export interface TrainNetworkOptions {
  readonly epochs: number;
  /** Images of a step; in private training the expected number, which is public. */
  readonly batch: number;
  readonly rate: number;
  readonly optimiser: OptimiserOptions;
  readonly schedule: Schedule;
  readonly seed: number;
  readonly workers: number;
  readonly kernels?: KernelChoice;
  /** Differentially private training; left out: plain. */
  readonly privacy?: PrivacyBudget & { readonly clip: number; readonly noise?: number; readonly augmentation?: ViewOptions };
  /** The chip whose program the accuracy is that of. */
  readonly target: Target;
  readonly test?: Dataset;
  readonly checkpoint?: PrivateOptions['checkpoint'];
  /** Batches and noise of a test; the cryptographic generator by default. */
  readonly bits?: PrivateOptions['bits'];
  readonly onPlan?: (plan: PrivatePlan) => void;
  readonly onStep?: (progress: NetworkProgress) => void;
  readonly onTested?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** In private training without anything that was seen in a batch. */
export interface NetworkProgress {
  readonly step: number;
  readonly steps: number;
  readonly rate: number;
  readonly images: number;
  /** Epochs done, of so many. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps asked for, where the budget pays for fewer. */
  readonly asked?: number;
  /** Spent so far: in private training, at the end of an epoch. */
  readonly epsilon?: number;
  /** Of the batch: in plain training alone. */
  readonly loss?: number;
}

export interface TestedProgram {
  readonly name: string;
  readonly samples: number;
  readonly correct: number;
  readonly accuracy: number;
  /** 95 % Wilson interval. */
  readonly interval: readonly [number, number];
}

export interface TrainedResult {
  readonly trained: TrainedNetworkFile;
  /** Of the trained network's file. */
  readonly bytes: Uint8Array;
  readonly program: Program;
  readonly programBytes: Uint8Array;
  readonly summary: CompileTrainedSummary;
  readonly plan: PrivatePlan | null;
  readonly tested: TestedProgram | null;
  /** Name of the kernels that ran. */
  readonly kernels: string;
}

/** Trains, compiles for the target and asks the program about the test images. Throws a CompileError for whatever the input is at fault for. */
export async function trainNetwork(architecture: Architecture, data: Dataset, options: TrainNetworkOptions): Promise<TrainedResult> {
  const { seed, privacy } = options;
  const untrained = buildNetwork(architecture, seed);
  const ends = { imageShape: architecture.image, classes: untrained.populations[untrained.populations.length - 1].shape[0] };
  const fitted = fitDataset(data, ends);
  const test = options.test === undefined ? null : fitDataset(options.test, ends);
  const source: Source = { architecture, untrained, data: fitted, sha256: datasetSha256(fitted) };
  const { network, steps, kernels, plan } = privacy === undefined ? await plainly(source, options) : await privately(source, options, privacy);
  const training: TrainingRecord = {
    data: data.name, dataSha256: source.sha256, examples: data.count, steps,
    certificate: plan === null || privacy === undefined ? null : certificateOf(plan, { clip: privacy.clip, expectedBatch: options.batch }),
  };
  const trained: TrainedNetworkFile = { architecture, seed, training, network };
  const bytes = writeTrainedNetwork(trained);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { program, bytes: programBytes, summary } = await compileTrained(trained, architecture.name, { target: options.target, sha256, seed });
  return { trained, bytes, program, programBytes, summary, plan, kernels, tested: test === null ? null : await ask(program, test, options) };
}

interface Source {
  readonly architecture: Architecture;
  readonly untrained: SpikingNetwork;
  readonly data: Dataset;
  readonly sha256: string;
}

interface Learned {
  readonly network: SpikingNetwork;
  readonly steps: number;
  readonly kernels: string;
  readonly plan: PrivatePlan | null;
}

const learnable = ({ trainThresholds = false }: Architecture): readonly ParameterKind[] => ['weight', 'host', 'bias', ...(trainThresholds ? ['threshold' as const] : [])];

async function privately({ architecture, untrained, data, sha256 }: Source, options: TrainNetworkOptions, privacy: NonNullable<TrainNetworkOptions['privacy']>): Promise<Learned> {
  const { batch, epochs, rate, optimiser, schedule, seed, workers, kernels, bits, checkpoint, signal } = options;
  const { clip, augmentation = NO_VIEWS } = privacy;
  const plan = planPrivateRun(privacy, { examples: data.count, expectedBatch: batch, steps: Math.max(1, Math.round((epochs * data.count) / batch)), ...(privacy.noise === undefined ? {} : { noise: privacy.noise }) });
  options.onPlan?.(plan);
  const { mean, std } = architecture.normalisation;
  const learned = await trainPrivately(untrained, { count: data.count, images: normalisedImages(architecture.normalisation, data), labels: data.labels }, {
    mechanism: { examples: data.count, rate: plan.rate, noise: plan.noise, clip, expectedBatch: batch },
    steps: plan.steps, seed, workers, rate, optimiser, schedule, surrogate: architecture.surrogate, learn: learnable(architecture), data: sha256,
    augmentation, background: mean.map((m, c) => -m / std[c]),
    ...(kernels === undefined ? {} : { kernels }), ...(bits === undefined ? {} : { bits }), ...(checkpoint === undefined ? {} : { checkpoint }), ...(signal === undefined ? {} : { signal }),
    onStep: (p) => {
      const [before, epoch] = [p.step - 1, p.step].map((s) => (s === plan.asked ? epochs : Math.floor(s * plan.rate + 1e-9)));
      const ends = epoch > before || p.step === p.steps;
      options.onStep?.({ ...p, epoch, epochs, ...(plan.steps < plan.asked ? { asked: plan.asked } : {}), ...(ends ? { epsilon: epsilonAfter(plan, p.step) } : {}) });
    },
  });
  return { ...learned, plan };
}

async function plainly({ architecture, untrained, data }: Source, options: TrainNetworkOptions): Promise<Learned> {
  const { batch, epochs, rate, optimiser, schedule, seed, workers, kernels, checkpoint, signal } = options;
  const classes = untrained.populations[untrained.populations.length - 1].shape[0];
  const targets = new Float32Array(data.count * classes);
  data.labels.forEach((label, i) => { targets[i * classes + label] = 1; });
  const perEpoch = Math.ceil(data.count / batch);
  const learned = await train(untrained, { count: data.count, images: normalisedImages(architecture.normalisation, data), targets, teacher: targets }, {
    epochs, batch, rate, optimiser, schedule, seed, workers, surrogate: architecture.surrogate, loss: { distillation: 0, temperature: 1 }, learn: learnable(architecture),
    ...(kernels === undefined ? {} : { kernels }), ...(checkpoint === undefined ? {} : { checkpoint }), ...(signal === undefined ? {} : { signal }),
    onStep: (p: TrainingProgress) => options.onStep?.({ step: p.step, steps: p.steps, rate: p.rate, images: p.images, epoch: Math.floor(p.step / perEpoch), epochs, loss: p.loss }),
  });
  return { ...learned, plan: null };
}

/** What the emitted program answers after its last step. */
async function ask(program: Program, test: Dataset, { seed, workers, signal, onTested }: TrainNetworkOptions): Promise<TestedProgram> {
  const { timesteps } = program.network;
  const answers = await integerAnswers(program.network, normalisedImages(program.normalisation, test), test.count, {
    seed, workers, ...(signal === undefined ? {} : { signal }), ...(onTested === undefined ? {} : { onDone: onTested }),
  });
  let correct = 0;
  for (let i = 0; i < test.count; i++) if (answers[(i + 1) * timesteps - 1] === test.labels[i]) correct++;
  return { name: test.name, samples: test.count, correct, accuracy: correct / test.count, interval: wilsonInterval(correct, test.count) };
}
