/**
 * The file that an audit asks: an ONNX model, a trained network (.snn) or a program (.spk), read into one question and all that is
 * known of it: how bytes become its input, what it says of its training, and the network that references are made like.
 */
import { createHash } from 'node:crypto';
import { checkCertificate } from '../certify.js';
import type { Dataset } from '../data/dataset.js';
import { datasetSha256 } from '../data/dataset-hash.js';
import { fitDataset } from '../data/fit-dataset.js';
import { fail, Reporter, type Diagnostic } from '../diagnostics.js';
import type { Graph } from '../graph/graph.js';
import { readTrainedNetwork, type TrainedNetworkFile } from '../learn/trained-network-file.js';
import type { TrainingRecord } from '../learn/training-record.js';
import { importOnnx } from '../onnx/import-onnx.js';
import type { Normalisation, Program } from '../program/program.js';
import { readProgram } from '../program/read.js';
import { perChannel } from '../spiking/calibration-samples.js';
import { mapShape } from '../spiking/linear-paths.js';
import { classCount, imageShapeOf, type Subject } from '../audit/subject.js';
import { modelReading, notesPath, pathTo, readNotes, type ModelReading } from './compile-notes.js';
import { modelSource } from './model-source.js';
import { isTrainedFile } from './compile-trained-file.js';
import { readInput } from './read-input.js';

/** What the file was read as. */
export type AuditedFile =
  | { readonly kind: 'ann'; readonly graph: Graph }
  | { readonly kind: 'spiking'; readonly trained: TrainedNetworkFile }
  | { readonly kind: 'program'; readonly program: Program };

export interface AuditSubject {
  readonly file: AuditedFile;
  readonly subject: Subject;
  readonly name: string;
  /** Of the file. */
  readonly sha256: string;
  readonly normalisation: Normalisation;
  /** Of networks that were trained from scratch. */
  readonly training: TrainingRecord | null;
  readonly warnings: readonly Diagnostic[];
}

/** Reads the file by its ending; `reading` says how an ONNX model is read. Throws what its reader throws, and `learn/certificate-wrong`. */
export function loadAuditSubject(path: string, reading: ModelReading): AuditSubject {
  const bytes = readInput(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (isTrainedFile(path)) {
    const trained = readTrainedNetwork(bytes, path);
    const { architecture, network, training } = trained;
    checkCertificate(training, path);
    return { file: { kind: 'spiking', trained }, subject: { kind: 'spiking', network }, name: architecture.name, sha256, normalisation: architecture.normalisation, training, warnings: [] };
  }
  if (path.endsWith('.spk')) {
    const program = readProgram(bytes, path);
    const { provenance: { modelName, training = null }, normalisation } = program;
    if (training !== null) checkCertificate(training, path);
    return { file: { kind: 'program', program }, subject: { kind: 'program', program }, name: modelName, sha256, normalisation, training, warnings: [] };
  }
  const report = new Reporter();
  const source = modelSource(path, reading);
  const { graph } = importOnnx(path, { ...source.import, report });
  const input = graph.nodes.find((n) => n.kind === 'input');
  const normalisation = perChannel(source.normalisation ?? undefined, mapShape(input?.shape ?? []), report);
  report.finish();
  return { file: { kind: 'ann', graph }, subject: { kind: 'ann', graph }, name: source.import.card?.name ?? path.split(/[\\/]/).pop()!.replace(/\.onnx$/, ''), sha256, normalisation, training: null, warnings: report.warnings };
}

/** The data set in the subject's shape, its labels among its classes. Throws `run/data-...` for the option. */
export const fitToSubject = ({ subject }: AuditSubject, dataset: Dataset, option: string): Dataset =>
  fitDataset(dataset, { imageShape: imageShapeOf(subject), classes: classCount(subject) }, option);

/**
 * The training images as members: where as many are given as the network was trained on, they have to be those. Throws
 * `audit/data-changed`. `data` is in the subject's shape.
 */
export function checkTrainingData({ training }: AuditSubject, data: Dataset, option: string): void {
  if (training === null || data.count !== training.examples) return;
  const is = datasetSha256(data);
  if (is !== training.dataSha256) fail('audit/data-changed', { kind: 'option', option }, { was: training.dataSha256, is, examples: training.examples });
}

/** The file that a program was compiled from: the one named, or for a converted network the one in the notes beside the program. */
export function programSource(path: string, program: Program, named: string | undefined): { readonly path: string; readonly reading: ModelReading } {
  const notes = readNotes(path);
  const noted = typeof notes === 'string' ? null : notes;
  const source = named ?? (noted === null ? undefined : pathTo(notesPath(path), noted.model));
  if (source === undefined) return fail('audit/program-without-source', { kind: 'option', option: '--source' }, {});
  const found = createHash('sha256').update(readInput(source)).digest('hex');
  const wanted = program.provenance.modelSha256;
  if (found !== wanted) fail('audit/source-differs', { kind: 'file', path: source }, { wanted, found });
  const reading = noted === null ? {} : modelReading(noted);
  return { path: source, reading: reading.card === undefined ? reading : { ...reading, card: pathTo(notesPath(path), reading.card) } };
}
