/** The subjects of an audit that stand side by side: files as `NAME=FILE` or by their file's name, ready to be attacked. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { NamedSubject } from '../audit/classes/audit-classes.js';
import { Reporter } from '../diagnostics.js';
import { createKernels } from '../kernels/kernels.js';
import { readTrainedNetwork } from '../learn/trained-network-file.js';
import { lower } from '../lower/lower.js';
import { importOnnx } from '../onnx/import-onnx.js';
import { readProgram } from '../program/read.js';
import { perChannel } from '../spiking/calibration-samples.js';
import { mapShape } from '../spiking/linear-paths.js';
import { pictureShape, type PictureNormalisation } from '../synthesise/picture.js';
import { classCount, imageShapeOf, type Subject } from '../audit/subject.js';
import { isTrainedFile } from './compile-trained-file.js';
import type { ModelReading } from './compile-notes.js';
import { modelSource } from './model-source.js';
import { readInput } from './read-input.js';

/** Reads each by its ending: `.snn`, `.spk`, otherwise ONNX, which `reading` says how to read. Throws what their readers throw. */
export const auditedSubjects = (words: readonly string[], reading: ModelReading): NamedSubject[] => words.map((word) => {
  const [, given, path] = /^([A-Za-z0-9._ +-]+)=(.+)$/.exec(word) ?? [undefined, undefined, word];
  const name = given ?? nameOf(path);
  const bytes = readInput(path);
  const { subject, normalisation, plain } = readSubject(path, bytes, reading);
  return { name, subject, sha256: createHash('sha256').update(bytes).digest('hex'), canvas: { shape: pictureShape(imageShapeOf(subject), normalisation.mean.length), normalisation }, plain };
});

/** Of the file, or of the folder of a `model.onnx`. */
const nameOf = (path: string): string => basename(path.replace(/[\\/]model\.onnx$/, '')).replace(/\.(onnx|spk|snn)$/, '');

interface Read {
  readonly subject: Subject;
  readonly normalisation: PictureNormalisation;
  readonly plain: boolean;
}

function readSubject(path: string, bytes: Uint8Array, reading: ModelReading): Read {
  if (isTrainedFile(path)) {
    const { architecture, network } = readTrainedNetwork(bytes, path);
    return { subject: { kind: 'spiking', network }, normalisation: architecture.normalisation, plain: false };
  }
  if (path.endsWith('.spk')) {
    const program = readProgram(bytes, path);
    const { training, calibration } = program.provenance;
    return { subject: { kind: 'program', program }, normalisation: program.normalisation, plain: training === undefined && !calibration.includes('learned through time') };
  }
  const report = new Reporter();
  const source = modelSource(path, reading);
  const graph = lower(importOnnx(path, { ...source.import, report }).graph, { report, kernels: createKernels() });
  const normalisation = perChannel(source.normalisation ?? undefined, mapShape(graph.nodes[0].shape), report);
  report.finish();
  return { subject: { kind: 'ann', graph }, normalisation, plain: false };
}

/** [C, H, W] of the pictures, and how many classes. */
export const endsOf = ({ subject, canvas }: NamedSubject): { readonly imageShape: readonly [number, number, number]; readonly classes: number } => ({ imageShape: [canvas.shape[0], canvas.shape[1], canvas.shape[2]], classes: classCount(subject) });
