/** A run of a program as the record that `report` and `audit` read. */
import { buildRunRecord } from '../report/run-record.js';
import type { RunRecord } from '../report/run-schema.js';
import { toolVersion } from '../tool-version.js';
import { annAnswers } from './ann-answers.js';
import { sha256Of } from './compile-notes.js';
import { runFigures, type RunFigures } from './run-figures.js';
import { loadRun, runProgram, type ProgramRun, type RunFlags } from './run-program.js';

/** The record of a run that has been made. */
export function runRecord(path: string, { program, dataset, trace, energy }: Omit<ProgramRun, 'profile'>, { annAccuracy, annBackend, agreement }: RunFigures, seed: number): RunRecord {
  const programSha256 = sha256Of(path);
  return buildRunRecord({ program, trace, energy, dataset, annAccuracy, annBackend, agreement, seed, tool: toolVersion(), ...(programSha256 === null ? {} : { programSha256 }) });
}

/** Runs the program at `path` on the images of the flags, the ANN beside it. */
export async function recordRun(path: string, flags: RunFlags & { readonly ann?: string }): Promise<RunRecord> {
  const loaded = loadRun(path, flags);
  const ann = await annAnswers(loaded.program, loaded.dataset, { programPath: path, annPath: flags.ann, workers: flags.workers, backend: undefined });
  const run = await runProgram(loaded, { ...flags, raster: 0 });
  return runRecord(path, run, runFigures(run.program, run.trace, run.energy, { labels: run.dataset.labels, ann }), flags.seed);
}
