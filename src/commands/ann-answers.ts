/**
 * What the float network says about the same images: the yardstick beside the accuracy of a program.
 * The model is found through the notes of the program, or named by the user; its SHA-256 must be the
 * one the program carries. Without it there is no yardstick, and a notice says why.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import type { Dataset } from '../data/dataset.js';
import { fail, Reporter } from '../diagnostics.js';
import { predict } from '../graph/evaluate-parallel.js';
import { importOnnx } from '../onnx/import-onnx.js';
import { normalisedImages } from '../program/normalised-images.js';
import type { Program } from '../program/program.js';
import { modelReading, notesPath, pathTo, readNotes, sha256Of, type CompileNotes, type ModelReading } from './compile-notes.js';
import { modelSource } from './model-source.js';
import { checkNormalisation } from './normalisation-check.js';
import { notice, progress, warn } from './output.js';

export interface AnnRequest {
  readonly programPath: string;
  /** The model file that the user names; otherwise the one in the notes. */
  readonly annPath: string | undefined;
  readonly workers: number;
  readonly backend: DenseBackend | undefined;
}

/** The float network's class of each image, or null when the model is not at hand. Throws `run/ann-differs` for a named model that is another one. */
export async function annAnswers(program: Program, dataset: Dataset, request: AnnRequest): Promise<Uint16Array | null> {
  if (program.provenance.training !== undefined && request.annPath === undefined) return null; // trained as a spiking network: there is no ANN
  const model = findModel(program, request);
  if (typeof model === 'string') {
    notice(`no comparison with the ANN: ${model} (name the model with --ann)`);
    return null;
  }
  const { graph } = importOnnx(model.path, { ...modelSource(model.path, model.reading).import, report: new Reporter() });
  const bar = progress('asking the ANN');
  try {
    const answers = await predict(graph, normalisedImages(program.normalisation, dataset), dataset.count, { workers: request.workers, backend: request.backend, onDone: bar.onDone });
    const accuracy = answers.filter((answer, i) => answer === dataset.labels[i]).length / dataset.count;
    const found = await checkNormalisation({ graph, normalisation: program.normalisation, dataset, workers: request.workers }, accuracy);
    if (found !== null) warn([found]);
    return answers;
  } finally {
    bar.stop();
  }
}

interface Model { readonly path: string; readonly reading: ModelReading }

/** The model file and how to read it, or why it is not at hand. */
function findModel(program: Program, { programPath, annPath }: AnnRequest): Model | string {
  const notes = readNotes(programPath);
  const wanted = program.provenance.modelSha256;
  if (annPath !== undefined) {
    const found = sha256Of(annPath) ?? fail('run/unreadable', { kind: 'file', path: annPath }, { reason: 'it does not exist or is no file' });
    if (found !== wanted) fail('run/ann-differs', { kind: 'file', path: annPath }, { found, wanted });
    return { path: annPath, reading: typeof notes === 'string' ? {} : readingOf(notes, programPath) };
  }
  if (typeof notes === 'string') return notes;
  const path = pathTo(notesPath(programPath), notes.model);
  const found = sha256Of(path);
  if (found === null) return `${path} is not there`;
  return found === wanted ? { path, reading: readingOf(notes, programPath) } : `${path} has changed since the program was compiled`;
}

/** As the notes say, the card's path as this process reaches it. */
function readingOf(notes: CompileNotes, programPath: string): ModelReading {
  const reading = modelReading(notes);
  return reading.card === undefined ? reading : { ...reading, card: pathTo(notesPath(programPath), reading.card) };
}
