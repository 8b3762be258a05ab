/** Measures what networks give away about their classes: reads subjects and images, makes the attacks, fills records and contact sheets. */
import type { ClassAudit, NamedSubject, RealImages } from '../audit/classes/audit-classes.js';
import type { LabelledPictures } from '../audit/classes/judge.js';
import type { ClassesRecord } from '../audit/records/classes.js';
import type { Dataset } from '../data/dataset.js';
import { fail } from '../diagnostics.js';
import { toolVersion } from '../tool-version.js';
import { startCost } from './audit-cost.js';
import type { ClassesFlags } from './classes-options.js';
import { modelReading } from './compile-notes.js';
import { notice, status, warn } from './output.js';

export interface MeasuredClasses {
  readonly record: ClassesRecord;
  /** PNG: one image a class, a row an attack. */
  readonly sheet: Uint8Array;
}

/** Attacks the subjects side by side. Throws a CompileError for whatever files and images are at fault for. */
export async function measureClasses(words: readonly string[], flags: ClassesFlags): Promise<MeasuredClasses[]> {
  const [{ auditedSubjects }, { auditClasses }, { suite }] = await Promise.all([import('./audited-subjects.js'), import('../audit/classes/audit-classes.js'), import('../audit/classes/suite.js')]);
  const cost = startCost(flags.workers);
  const subjects = auditedSubjects(words, modelReading({ ...flags }), warn);
  const real = await realImages(subjects, flags);
  const { perClass, steps, restarts, draws, queries, distilQueries, attacks, seeds, seed, evaluators, evaluatorEpochs, exceeds, workers, checkpoint } = flags;
  const effort = { perClass, steps, restarts, draws, distilQueries, evolutionQueries: queries };
  const shown = shownProgress();
  try {
    const audit = await auditClasses(subjects, real, {
      effort, seeds, seed, evaluators, evaluatorEpochs, limit: exceeds, workers, ...shown,
      ...(attacks === undefined ? {} : { attacks: suite.filter((a) => attacks.includes(a.id)) }), ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    status('');
    warn(audit.warnings);
    const spent = { ...cost(), subjects: subjects.length };
    return await recordsOf(audit, subjects, { flags, real, cost: spent });
  } finally {
    status('');
  }
}

interface Ending {
  readonly flags: ClassesFlags;
  readonly real: RealImages;
  readonly cost: NonNullable<ClassesRecord['cost']>;
}

async function recordsOf(audit: ClassAudit, subjects: readonly NamedSubject[], { flags, real, cost }: Ending): Promise<MeasuredClasses[]> {
  const [{ classesRecord }, { contactSheet }] = await Promise.all([import('../audit/records/classes.js'), import('../synthesise/contact-sheet.js')]);
  const { seed, seeds, perClass, steps, restarts, draws, queries, distilQueries, evaluatorEpochs, exceeds, out } = flags;
  const records = audit.subjects.map((audited, i) => classesRecord(audit, audited, {
    tool: toolVersion(), subject: { name: audited.name, kind: subjects[i].subject.kind, sha256: subjects[i].sha256 }, cost,
    sheet: out === undefined ? null : { file: sheetFile(audited.name), columns: audited.sheet.columns, rows: [...audited.sheet.rows] },
    settings: {
      seed, seeds, evaluatorEpochs, limit: exceeds, effort: { perClass, steps, restarts, draws, distilQueries, evolutionQueries: queries },
      data: { name: real.dataName, sha256: real.dataSha256 }, members: real.members === null ? null : { name: real.members.name, sha256: real.members.sha256 },
    },
  }));
  return records.map((record, i) => {
    const { rows, columns, shape, bytes } = audit.subjects[i].sheet;
    return { record, sheet: contactSheet({ count: rows.length * columns, shape, bytes: Uint8Array.from(bytes) }, columns) };
  });
}

/** The name of a subject's contact sheet. */
export const sheetFile = (name: string): string => `${name.replace(/[^A-Za-z0-9._+-]/g, '-')}.png`;

async function realImages(subjects: readonly NamedSubject[], flags: ClassesFlags): Promise<RealImages> {
  const [{ loadDataset }, { fitDataset }, { datasetSha256 }, { endsOf }] = await Promise.all([
    import('../data/load-dataset.js'), import('../data/fit-dataset.js'), import('../data/dataset-hash.js'), import('./audited-subjects.js')]);
  const fitted = (spec: string, option: string): Dataset & { readonly pictures: LabelledPictures } => {
    const found = fitDataset(loadDataset(spec, option), endsOf(subjects[0]), option);
    if (found.images instanceof Float32Array) return fail('audit/data-not-bytes', { kind: 'option', option }, {});
    return { ...found, pictures: { bytes: found.images, labels: found.labels } };
  };
  const data = fitted(flags.data, '--data');
  const members = flags.members === undefined ? null : fitted(flags.members, '--members');
  return {
    data: data.pictures, dataName: data.name, dataSha256: datasetSha256(data),
    members: members === null ? null : { ...members.pictures, name: members.name, sha256: datasetSha256(members) },
  };
}

/** A passing line on a terminal; otherwise a line at each tenth of the jobs. */
function shownProgress(): { readonly onProgress: (what: string, done: number, total: number) => void; readonly onJob: (done: number, total: number) => void } {
  const began = performance.now();
  let tenth = -1;
  let jobs = '';
  return {
    onProgress: (what, done, total) => {
      const left = done === 0 ? '' : `, about ${Math.max(1, Math.ceil((((performance.now() - began) / 60_000) * (total - done)) / done))} min left`;
      status(`${what}${jobs}: ${((100 * done) / total).toFixed(0)} %${left}`);
    },
    onJob: (done, total) => {
      jobs = ` (${done} of ${total} attacks done)`;
      const now = Math.floor((10 * done) / total);
      if (now === tenth || process.stderr.isTTY) return;
      tenth = now;
      notice(`${done} of ${total} attacks done`);
    },
  };
}
