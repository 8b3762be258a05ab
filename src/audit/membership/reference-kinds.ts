/**
 * How a reference network is made: of the subject's own architecture, from new random weights, on the half of the pool that
 * was drawn for it, and brought to the subject's form: a program's references are trained as spiking networks and
 * rounded to the same chip's integers, since an attacker who has the program can do the same.
 */
import { createHash } from 'node:crypto';
import { Reporter } from '../../diagnostics.js';
import { applyParameters } from '../../learn/apply.js';
import type { Architecture } from '../../learn/architecture-schema.js';
import { buildNetwork } from '../../learn/build-network.js';
import type { OptimiserOptions, Schedule } from '../../learn/optimiser.js';
import { readParameters, type ParameterKind } from '../../learn/parameters.js';
import type { LabelledImages } from '../../learn/private-task.js';
import { seededBits } from '../../learn/random-bits.js';
import { trainPrivately } from '../../learn/train-privately.js';
import { train } from '../../learn/train.js';
import type { Certificate } from '../../learn/training-record.js';
import type { Program } from '../../program/program.js';
import { quantise } from '../../quantise/quantise.js';
import { randomStream } from '../../random.js';
import type { Neuron, SpikingNetwork } from '../../spiking/network.js';
import type { Subject } from '../subject.js';

/** How long and how a reference learns. */
export interface ReferenceTraining {
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly optimiser: OptimiserOptions;
  readonly schedule: Schedule;
}

export interface ReferenceRun {
  readonly seed: number;
  readonly workers: number;
  readonly checkpoint?: { readonly path: string; readonly everySteps: number };
  readonly signal?: AbortSignal;
  readonly onStep?: (step: number, steps: number) => void;
}

export interface ReferenceKind {
  /** In words. */
  readonly description: string;
  /** All that decides the parameters of a reference besides images and seed, for the manifest. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The parameters of a network that learned these images. */
  readonly train: (images: LabelledImages, run: ReferenceRun) => Promise<Float32Array>;
  /** The subject that these parameters are. */
  readonly subjectOf: (parameters: Float32Array) => Subject;
}

export interface SpikingSource {
  readonly architecture: Architecture;
  /** Of the subject: its references learn by the same mechanism, with noise from their seeds. Null: plain training. */
  readonly certificate: Certificate | null;
}

const learnable = ({ trainThresholds = false }: Architecture): readonly ParameterKind[] => ['weight', 'host', 'bias', ...(trainThresholds ? ['threshold' as const] : [])];

/** References of a spiking network that was trained from scratch. */
export function spikingReferences({ architecture, certificate }: SpikingSource, training: ReferenceTraining): ReferenceKind {
  return {
    description: `spiking networks of architecture ${architecture.name}${certificate === null ? '' : ', trained privately by the mechanism of the certificate'}`,
    settings: { architecture: hashOf(architecture), training, mechanism: mechanismOf(certificate) },
    train: (images, run) => (certificate === null ? plainly(architecture, images, { training, run }) : privately(architecture, images, { training, run, certificate })),
    subjectOf: (parameters) => ({ kind: 'spiking', network: applyParameters(buildNetwork(architecture, 0), parameters) }),
  };
}

/** References of a program that was compiled from such a network: the same, rounded for the program's chip. */
export function programReferences(source: SpikingSource, training: ReferenceTraining, program: Program): ReferenceKind {
  const spiking = spikingReferences(source, training);
  return {
    ...spiking, description: `${spiking.description}, rounded to the integers of ${program.target.name}`,
    subjectOf: (parameters) => {
      const { network } = spiking.subjectOf(parameters) as Extract<Subject, { kind: 'spiking' }>;
      return { kind: 'program', program: { network: quantise(withNeuronsOf(network, program), program.target, new Reporter()) } };
    },
  };
}

/** A reset that was built from two compartments stays one. */
function withNeuronsOf(network: SpikingNetwork, { network: { populations } }: Program): SpikingNetwork {
  const reset = (neuron: Neuron, wanted: Neuron | undefined): Neuron =>
    ((neuron.model === 'if' || neuron.model === 'lif') && wanted !== undefined && 'reset' in wanted ? { ...neuron, reset: wanted.reset } : neuron);
  return { ...network, populations: network.populations.map((p) => ({ ...p, neuron: reset(p.neuron, populations.find((q) => q.id === p.id)?.neuron) })) };
}

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Noise and clip; rate and steps follow from the training. */
const mechanismOf = (certificate: Certificate | null): object | null =>
  (certificate === null ? null : { noise: certificate.phases[certificate.phases.length - 1].noise, clip: certificate.clip });

interface Task {
  readonly training: ReferenceTraining;
  readonly run: ReferenceRun;
}

async function plainly(architecture: Architecture, { count, images, labels }: LabelledImages, { training, run }: Task): Promise<Float32Array> {
  const { seed, workers, checkpoint, signal, onStep } = run;
  const untrained = buildNetwork(architecture, seed);
  const classes = untrained.populations[untrained.populations.length - 1].shape[0];
  const targets = new Float32Array(count * classes);
  labels.forEach((label, i) => { targets[i * classes + label] = 1; });
  const { network } = await train(untrained, { count, images, targets, teacher: targets }, {
    ...training, seed, workers, surrogate: architecture.surrogate, loss: { distillation: 0, temperature: 1 }, learn: learnable(architecture),
    ...(checkpoint === undefined ? {} : { checkpoint }), ...(signal === undefined ? {} : { signal }), onStep: (p) => onStep?.(p.step, p.steps),
  });
  return readParameters(network);
}

/** As `trainPrivately`, but the noise is that of a seed: a reference protects nobody, and the audit has to repeat. */
async function privately(architecture: Architecture, images: LabelledImages, { training, run, certificate }: Task & { readonly certificate: Certificate }): Promise<Float32Array> {
  const { seed, workers, signal, onStep } = run;
  const { epochs, batch, rate, optimiser, schedule } = training;
  const expectedBatch = Math.min(batch, images.count);
  const { noise } = certificate.phases[certificate.phases.length - 1];
  const { network } = await trainPrivately(buildNetwork(architecture, seed), images, {
    mechanism: { examples: images.count, rate: expectedBatch / images.count, noise, clip: certificate.clip, expectedBatch },
    steps: Math.max(1, Math.round((epochs * images.count) / expectedBatch)), seed, workers, rate, optimiser, schedule, surrogate: architecture.surrogate,
    learn: learnable(architecture), data: '', bits: seededBits(randomStream(seed)), ...(signal === undefined ? {} : { signal }), onStep: (p) => onStep?.(p.step, p.steps),
  });
  return readParameters(network);
}
