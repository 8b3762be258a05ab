/** What `prune` prunes: an ONNX model or a trained spiking network, read into one form, and the way back to a file of the same kind. */
import { checkCertificate } from '../certify.js';
import { datasetSha256 } from '../data/dataset-hash.js';
import type { Dataset } from '../data/dataset.js';
import { fitDataset } from '../data/fit-dataset.js';
import { loadDataset } from '../data/load-dataset.js';
import { fail, Reporter, type Diagnostic } from '../diagnostics.js';
import { scoresOf, type Subject } from '../audit/subject.js';
import { ADAM } from '../learn/optimiser.js';
import type { LabelledImages } from '../learn/private-task.js';
import type { LearnedNetwork, Trainee, TraineeRun } from '../learn/trainee.js';
import { writeTrainedNetwork, type TrainedNetworkFile } from '../learn/trained-network-file.js';
import { trainingLines, type TrainingRecord } from '../learn/training-record.js';
import type { ModelCard } from '../onnx/model-card.js';
import { writeOnnx } from '../onnx/write-onnx.js';
import { normalisedImages } from '../program/normalised-images.js';
import type { Normalisation } from '../program/program.js';
import { quantise } from '../quantise/quantise.js';
import { loadTarget } from '../target/load-target.js';
import { toolVersion } from '../tool-version.js';
import { loadAuditSubject, type AuditSubject } from './audit-subject.js';
import { modelReading } from './compile-notes.js';
import { modelSource } from './model-source.js';
import type { PruneAccuracy } from './prune.js';
import type { PruneFlags } from './prune-options.js';
import { endsOf, traineeOf } from './trainee-source.js';

export interface PruneSource {
  readonly name: string;
  readonly trainee: Trainee;
  readonly rewind: Float32Array | null;
  readonly training: { readonly images: LabelledImages; readonly name: string; readonly run: TraineeRun } | null;
  /** The record that goes into the file; null for an ONNX model. */
  readonly record: TrainingRecord | null;
  /** What the text says of training and certificate. */
  readonly lines: readonly (readonly [string, string])[];
  readonly write: (parameters: Float32Array) => { readonly bytes: Uint8Array; readonly card: ModelCard | null };
  readonly accuracy: ((parameters: Float32Array) => Promise<PruneAccuracy>) | null;
  readonly warnings: readonly Diagnostic[];
}

/** Throws what the readers throw, `learn/pruning-voids-certificate`, `learn/pruned-on-other-data` and `learn/rewind-differs`. */
export function pruneSource(path: string, flags: PruneFlags): PruneSource {
  const read = loadAuditSubject(path, modelReading(flags));
  const { file, name, normalisation, training: before } = read;
  if (before !== null) checkCertificate(before, path);
  const certificate = before?.certificate ?? null;
  if (certificate !== null && flags.data !== undefined) fail('learn/pruning-voids-certificate', { kind: 'option', option: '--data' }, { epsilon: certificate.epsilon, delta: certificate.delta });
  const trainee = traineeOf(read, path);
  const ends = endsOf(trainee);
  const data = flags.data === undefined ? null : fitDataset(loadDataset(flags.data), ends);
  const test = flags.test === undefined ? null : fitDataset(loadDataset(flags.test, '--test'), ends, '--test');
  const run = runOf(trainee, flags);
  const record = before === null || data === null ? before : retrained(before, data, run, flags.rounds);
  return {
    name, trainee, record, warnings: read.warnings,
    rewind: flags.rewind === undefined ? null : rewindPoint(flags.rewind, trainee, flags),
    training: data === null ? null : { images: { count: data.count, images: normalisedImages(normalisation, data), labels: data.labels }, name: data.name, run },
    lines: record === null ? [] : trainingLines(record),
    write: (parameters) => written(trainee.networkOf(parameters), { read, path, flags, record, trained: file.kind === 'spiking' ? file.trained : null }),
    accuracy: test === null ? null : async (parameters) => ({ name: test.name, samples: test.count, before: await accuracyOf(trainee.networkOf(trainee.parameters), test, { normalisation, flags }), after: await accuracyOf(trainee.networkOf(parameters), test, { normalisation, flags }) }),
  };
}

function runOf({ kind }: Trainee, { epochs, batch, learningRate, optimiser, schedule, seed, workers }: PruneFlags): TraineeRun {
  return {
    epochs, batch, seed, workers, rate: learningRate ?? (kind === 'ann' ? 0.0005 : 0.01),
    optimiser: optimiser === 'adam' ? ADAM : { kind: 'sgd', momentum: 0.9 }, schedule: schedule === 'cosine' ? { kind: 'cosine', floor: 0.02 } : { kind: 'constant' },
  };
}

/** The record with the steps that pruning adds. */
function retrained(before: TrainingRecord, data: Dataset, { epochs, batch }: TraineeRun, rounds: number): TrainingRecord {
  const is = datasetSha256(data);
  if (is !== before.dataSha256) fail('learn/pruned-on-other-data', { kind: 'option', option: '--data' }, { was: before.dataSha256, is, examples: before.examples });
  return { ...before, steps: before.steps + rounds * epochs * Math.ceil(data.count / Math.min(batch, data.count)) };
}

function rewindPoint(path: string, trainee: Trainee, flags: PruneFlags): Float32Array {
  const earlier = traineeOf(loadAuditSubject(path, modelReading(flags)), path);
  const shapeOf = ({ kind, prunable: { layers } }: Trainee): string => `${kind === 'ann' ? 'a float network' : 'a spiking network'} with layers of ${layers.map((l) => `${l.filters} x ${l.perFilter}`).join(', ')}`;
  const [is, wanted] = [shapeOf(earlier), shapeOf(trainee)];
  if (is !== wanted || earlier.parameters.length !== trainee.parameters.length) fail('learn/rewind-differs', { kind: 'file', path }, { problem: `it is ${is}, not ${wanted}` });
  return earlier.parameters;
}

interface WriteSource {
  readonly read: AuditSubject;
  readonly path: string;
  readonly flags: PruneFlags;
  readonly record: TrainingRecord | null;
  readonly trained: TrainedNetworkFile | null;
}

function written(network: LearnedNetwork, { read, path, flags, record, trained }: WriteSource): { readonly bytes: Uint8Array; readonly card: ModelCard | null } {
  switch (network.kind) {
    case 'ann': {
      const { graph } = network;
      const { import: { card }, normalisation } = modelSource(path, modelReading(flags));
      const { shape } = graph.nodes[0];
      const classes = graph.nodes.find((n) => n.id === graph.outputs[0])!.shape.reduce((a, b) => a * b, 1);
      const { scale, mean, std } = read.normalisation;
      return {
        bytes: writeOnnx(graph, `spikeveil ${toolVersion()}`),
        card: normalisation === null ? null : {
          name: read.name, ...(card?.dataset === undefined ? {} : { dataset: card.dataset }),
          input: { layout: 'NCHW', shape: ['N', ...shape], scale, mean: [...mean], std: [...std] }, classes, ...(card?.classNames === undefined ? {} : { classNames: card.classNames }), ...(card?.licence === undefined ? {} : { licence: card.licence }),
        },
      };
    }
    case 'spiking': {
      if (trained === null || record === null) throw new Error('internal: a spiking network without its file');
      return { bytes: writeTrainedNetwork({ ...trained, network: network.network, training: record }), card: null };
    }
  }
}

/** Of a spiking network: by its integers on the target, as `train --test` asks. */
async function accuracyOf(network: LearnedNetwork, test: Dataset, { normalisation, flags: { workers, seed, target } }: { readonly normalisation: Normalisation; readonly flags: PruneFlags }): Promise<number> {
  const subject: Subject = network.kind === 'ann' ? network : { kind: 'program', program: { network: quantise(network.network, loadTarget(target), new Reporter()) } };
  const scores = await scoresOf(subject, normalisedImages(normalisation, test), test.count, { workers, seeds: [seed] });
  const classes = scores.length / test.count;
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity)) === test.labels[i]) right++;
  }
  return right / test.count;
}
