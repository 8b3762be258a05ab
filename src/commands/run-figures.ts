/**
 * The figures of a run: what `simulate` prints and what `simulate --json` gives. A pure function of
 * the trace, the labels, the energy report and the float network's answers. Accuracies are fractions
 * of 1 and carry the 95 % Wilson interval of their number of samples.
 */
import { OWN_KERNELS, type BackendIdentity } from '../backend/dense-backend.js';
import type { TrainingRecord } from '../learn/training-record.js';
import type { EnergyReport } from '../energy/energy-report.js';
import { wilsonInterval } from '../report/wilson-interval.js';
import type { Program } from '../program/program.js';
import type { Trace } from '../simulate/trace.js';

export interface RunFigures {
  readonly accuracy: number;
  /** 95 % Wilson score interval. */
  readonly accuracyInterval: readonly [number, number];
  /** Of the float network on the same images; null when the model is not at hand. */
  readonly annAccuracy: number | null;
  /** Who computed the float network's answers; null as above. */
  readonly annBackend: BackendIdentity | null;
  /** Share of images on which both networks name the same class; null as above. */
  readonly agreement: number | null;
  readonly samples: number;
  readonly timesteps: number;
  readonly timing: Trace['timing'];
  /** Of either sign. */
  readonly spikesPerInference: number;
  /** Spikes of -1 among them; 0 where no neuron is signed. */
  readonly retractionsPerInference: number;
  /** Synaptic operations. */
  readonly sopsPerInference: number;
  readonly energyPerInferenceJoules: number;
  /** Simulated time of one inference; null with functional timing. */
  readonly latencySeconds: number | null;
  /** With cycle timing: what pipeline timing gives for the same images, and that over the cycle model's; null otherwise. */
  readonly pipelineLatencySeconds: number | null;
  readonly pipelineOverCycle: number | null;
  readonly coresUsed: number;
  readonly chipsUsed: number;
  /** Time of the simulation itself on this machine. */
  readonly wallSeconds: number;
  /** Synaptic operations simulated in a second, all workers together. */
  readonly eventsPerSecond: number;
  readonly workers: number;
  /** Build of the kernels that simulated. */
  readonly kernels: string;
  readonly profile: string;
  /** Accuracy by class, of those that the images have; the name is the number where the program has no names. */
  readonly classes: readonly { readonly name: string; readonly samples: number; readonly accuracy: number }[];
  /** Of a network that was trained from scratch, with the certificate of private training. */
  readonly training?: TrainingRecord;
  /** One entry a time step: accuracy if the answer were read there. */
  readonly accuracyByStep: readonly number[];
}

export interface RunAnswers {
  readonly labels: Uint16Array;
  /** The float network's class of each image. */
  readonly ann: Uint16Array | null;
  /** Who computed them; the own kernels by default. */
  readonly annBackend?: BackendIdentity | undefined;
}

export function runFigures(program: Program, trace: Trace, energy: EnergyReport, answers: RunAnswers): RunFigures {
  const { samples, timesteps } = trace;
  const { labels, ann } = answers;
  const total = <T>(parts: readonly T[], pick: (part: T) => number): number => parts.reduce((sum, p) => sum + pick(p), 0);
  const accuracyByStep = Array.from({ length: timesteps }, (_, t) => share(samples, (s) => trace.predictions[s * timesteps + t] === labels[s]));
  const accuracy = accuracyByStep[timesteps - 1];
  const pipelined = trace.time?.pipelineSeconds ?? null;
  const events = total(trace.projections, (p) => p.synapticOps);
  return {
    accuracy,
    accuracyInterval: wilsonInterval(Math.round(accuracy * samples), samples),
    annAccuracy: ann === null ? null : share(samples, (s) => ann[s] === labels[s]),
    annBackend: ann === null ? null : answers.annBackend ?? OWN_KERNELS,
    agreement: ann === null ? null : share(samples, (s) => ann[s] === trace.predictions[s * timesteps + timesteps - 1]),
    samples,
    timesteps,
    timing: trace.timing,
    spikesPerInference: total(trace.populations, (p) => p.spikes) / samples,
    retractionsPerInference: total(trace.populations, (p) => p.retractions) / samples,
    sopsPerInference: events / samples,
    energyPerInferenceJoules: energy.perInference.totalJoules,
    latencySeconds: energy.latencySeconds,
    pipelineLatencySeconds: pipelined,
    pipelineOverCycle: pipelined === null || trace.time === null || trace.time.secondsPerInference === 0 ? null : pipelined / trace.time.secondsPerInference,
    coresUsed: program.coresUsed,
    chipsUsed: program.chipsUsed,
    wallSeconds: trace.wallSeconds,
    eventsPerSecond: trace.wallSeconds > 0 ? events / trace.wallSeconds : 0,
    workers: trace.workers, kernels: trace.kernels,
    profile: energy.profile.name,
    classes: byClass(program.classes, labels, (s) => trace.predictions[s * timesteps + timesteps - 1] === labels[s]),
    ...(program.provenance.training === undefined ? {} : { training: program.provenance.training }),
    accuracyByStep,
  };
}

function byClass(names: readonly string[], labels: Uint16Array, right: (sample: number) => boolean): RunFigures['classes'] {
  const hits = new Map<number, boolean[]>();
  labels.forEach((label, s) => {
    const of = hits.get(label);
    if (of === undefined) hits.set(label, [right(s)]);
    else of.push(right(s));
  });
  return [...hits].sort(([a], [b]) => a - b).map(([label, of]) => ({ name: names[label] ?? String(label), samples: of.length, accuracy: of.filter((hit) => hit).length / of.length }));
}

function share(count: number, holds: (index: number) => boolean): number {
  let hits = 0;
  for (let i = 0; i < count; i++) if (holds(i)) hits++;
  return hits / count;
}
