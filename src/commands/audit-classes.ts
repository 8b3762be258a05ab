/** `spikeveil audit classes SUBJECT...`: draws images of every class out of networks and says what they are worth. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type { ClassAudit, NamedSubject, RealImages } from '../audit/classes/audit-classes.js';
import type { LabelledPictures } from '../audit/classes/judge.js';
import type { ClassesRecord } from '../audit/records/classes.js';
import type { Dataset } from '../data/dataset.js';
import { fail } from '../diagnostics.js';
import { toolVersion } from '../tool-version.js';
import { modelReading } from './compile-notes.js';
import { addClassesOptions, type ClassesFlags } from './classes-options.js';
import { notice, say, sayJson, status, warn } from './output.js';
import { checkOutput, writeOutputs, type OutputFile } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil audit classes models/cnn_mnist/model.onnx --data mnist:DIR --members mnist:DIR#train
  $ spikeveil audit classes ann=model.onnx converted=c.spk learned=l.spk --data mnist:DIR --checkpoint found -o leakage`;

export const classesCommand = (): Command => addClassesOptions(new Command('classes')
  .description('Attack networks for what they give away about their classes: an adaptive suite draws images out of them, and networks that never saw them judge.')
  .argument('<subject...>', 'ONNX models, programs (.spk) and trained networks (.snn), as FILE or NAME=FILE'))
  .addHelpText('after', EXAMPLES)
  .action(auditToFiles);

async function auditToFiles(words: readonly string[], flags: ClassesFlags): Promise<void> {
  const [{ auditedSubjects }, { auditClasses }, { suite }] = await Promise.all([import('./audited-subjects.js'), import('../audit/classes/audit-classes.js'), import('../audit/classes/suite.js')]);
  const began = [performance.now(), processorSeconds()];
  if (flags.out !== undefined) checkOutput(join(existsSync(flags.out) ? flags.out : dirname(flags.out), 'record.json'));
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
    const cost = { wallSeconds: (performance.now() - began[0]) / 1000, processorSeconds: processorSeconds() - began[1], workers, subjects: subjects.length };
    await finish(audit, subjects, { flags, real, cost });
  } finally {
    status('');
  }
}

interface Ending {
  readonly flags: ClassesFlags;
  readonly real: RealImages;
  readonly cost: NonNullable<ClassesRecord['cost']>;
}

async function finish(audit: ClassAudit, subjects: readonly NamedSubject[], { flags, real, cost }: Ending): Promise<void> {
  const [{ classesRecord }, { contactSheet }] = await Promise.all([import('../audit/records/classes.js'), import('../synthesise/contact-sheet.js')]);
  const { seed, seeds, perClass, steps, restarts, draws, queries, distilQueries, evaluatorEpochs, exceeds, out } = flags;
  const records = audit.subjects.map((audited, i) => classesRecord(audit, audited, {
    tool: toolVersion(), subject: { name: audited.name, kind: subjects[i].subject.kind, sha256: subjects[i].sha256 }, cost,
    sheet: out === undefined ? null : { file: `${fileName(audited.name)}.png`, columns: audited.sheet.columns, rows: [...audited.sheet.rows] },
    settings: {
      seed, seeds, evaluatorEpochs, limit: exceeds, effort: { perClass, steps, restarts, draws, distilQueries, evolutionQueries: queries },
      data: { name: real.dataName, sha256: real.dataSha256 }, members: real.members === null ? null : { name: real.members.name, sha256: real.members.sha256 },
    },
  }));
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    const files = records.flatMap((record, i): OutputFile[] => {
      const { rows, columns, shape, bytes } = audit.subjects[i].sheet;
      return [
        { path: join(out, `${fileName(record.subject.name)}.json`), content: `${JSON.stringify(record)}\n` },
        { path: join(out, `${fileName(record.subject.name)}.png`), content: contactSheet({ count: rows.length * columns, shape, bytes: Uint8Array.from(bytes) }, columns) },
      ];
    });
    await writeOutputs(files);
    for (const { path } of files) notice(`wrote ${path}`);
  }
  if (flags.json === true) sayJson(records.length === 1 ? records[0] : records);
  else say((await import('./classes-text.js')).classesText(records));
}

const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._+-]/g, '-');

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

const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

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
