/** The subjects of an audit that stand side by side: files as `NAME=FILE` or by their file's name, ready to be attacked. */
import { basename } from 'node:path';
import type { NamedSubject } from '../audit/classes/audit-classes.js';
import { classCount, imageShapeOf, withoutSoftmax, type Subject } from '../audit/subject.js';
import { Reporter, type Diagnostic } from '../diagnostics.js';
import { createKernels } from '../kernels/kernels.js';
import { lower } from '../lower/lower.js';
import { pictureShape } from '../synthesise/picture.js';
import { loadAuditSubject, type AuditedFile } from './audit-subject.js';
import type { ModelReading } from './compile-notes.js';

/** Reads each by its ending: `.snn`, `.spk`, otherwise ONNX, which `reading` says how to read. Throws what their readers throw. */
export const auditedSubjects = (words: readonly string[], reading: ModelReading, warn: (warnings: readonly Diagnostic[]) => void): NamedSubject[] => words.map((word) => {
  const [, given, path] = /^([A-Za-z0-9._ +-]+)=(.+)$/.exec(word) ?? [undefined, undefined, word];
  const { file, subject: asked, sha256, normalisation, warnings } = loadAuditSubject(path, reading);
  warn(warnings);
  const subject = attackable(asked);
  return { name: given ?? nameOf(path), subject, sha256, canvas: { shape: pictureShape(imageShapeOf(subject), normalisation.mean.length), normalisation }, plain: isPlain(file) };
});

/** Of the file, or of the folder of a `model.onnx`. */
const nameOf = (path: string): string => basename(path.replace(/[\\/]model\.onnx$/, '')).replace(/\.(onnx|spk|snn)$/, '');

/** A float network is lowered: gradients and training know lowered networks only. */
function attackable(subject: Subject): Subject {
  if (subject.kind !== 'ann') return subject;
  const report = new Reporter();
  const graph = lower(withoutSoftmax(subject.graph), { report, kernels: createKernels() });
  report.finish();
  return { kind: 'ann', graph };
}

/** A program that was converted from an ANN and not learned through time since. */
const isPlain = (file: AuditedFile): boolean => file.kind === 'program' && file.program.provenance.training === undefined && !file.program.provenance.calibration.includes('learned through time');

/** [C, H, W] of the pictures, and how many classes. */
export const endsOf = ({ subject, canvas }: NamedSubject): { readonly imageShape: readonly [number, number, number]; readonly classes: number } => ({ imageShape: [canvas.shape[0], canvas.shape[1], canvas.shape[2]], classes: classCount(subject) });
