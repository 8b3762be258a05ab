/**
 * `spikeveil audit PROGRAM`: "how private is this program?", as far as what is at hand permits. The file itself
 * says whose data it was made from and what is proven; images give its accuracy and cost; members and others
 * an attack on membership. What is not at hand is not measured, and the answer says what would measure it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import type { MembershipRecord } from '../audit/records/membership.js';
import type { Program } from '../program/program.js';
import type { RunRecord } from '../report/run-schema.js';
import type { MeasuredClasses } from './run-classes.js';
import { integer, jsonOption, limitOption, seedOption, workersOption } from './options.js';
import { notice, say, sayJson } from './output.js';
import { checkOutput, writeOutputs, type OutputFile } from './write-output.js';

export interface ProgramAuditFlags {
  readonly data?: string;
  readonly limit?: number;
  readonly ann?: string;
  readonly members?: string;
  readonly nonMembers?: string;
  readonly references: number;
  readonly keep?: string;
  readonly classes?: true;
  readonly out?: string;
  readonly seed: number;
  readonly workers: number;
  readonly json?: true;
}

/** What was measured of a program; null: not. */
export interface ProgramAnswer {
  readonly program: Program;
  readonly sha256: string;
  readonly run: RunRecord | null;
  readonly membership: MembershipRecord | null;
  readonly classes: MeasuredClasses | null;
}

export const programCommand = (): Command => new Command('program')
  .description('All that can be said of how private a program is: what it was made from, what is proven, what attacks find, beside its accuracy and cost.')
  .argument('<program>', 'a program file (.spk)')
  .option('--data <spec>', 'labelled images: accuracy, energy and latency are measured on them')
  .addOption(limitOption())
  .option('--ann <model>', 'the ONNX file it was compiled from (default: the one compile noted)')
  .option('--members <spec>', 'images that the network learned; with --non-members: membership is attacked')
  .option('--non-members <spec>', 'images that it did not learn, from the same distribution')
  .addOption(new Option('--references <n>', 'networks to train for the stronger attacks on membership').argParser(integer(0, 256)).default(0))
  .option('--keep <folder>', 'keep the references in this folder, and go on from what is there')
  .option('--classes', 'attack what it gives away about its classes too, in short form, with --data for the networks that judge; minutes')
  .option('-o, --out <folder>', 'write the records and one page about them into this folder')
  .addOption(seedOption()).addOption(workersOption()).addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil audit net.spk --data mnist:DIR --members mnist:DIR#train:0-9999 --non-members mnist:DIR#train:10000-19999 -o audit')
  .action(auditProgram);

async function auditProgram(path: string, flags: ProgramAuditFlags, command: Command): Promise<void> {
  if ((flags.members === undefined) !== (flags.nonMembers === undefined)) command.error('error: --members and --non-members belong together');
  if (flags.references % 2 === 1) command.error('error: an even number of --references is wanted: they come in pairs that learn complementary halves');
  if (flags.references > 0 && flags.members === undefined) command.error('error: --references without --members: nothing is attacked');
  if (flags.classes === true && flags.data === undefined) command.error('error: --classes without --data: the networks that judge learn from real images');
  if (flags.out !== undefined) checkOutput(join(existsSync(flags.out) ? flags.out : dirname(flags.out), 'audit.html'));
  const [{ readProgram }, { readInput }, { sha256Of }, { checkCertificate }] = await Promise.all([import('../program/read.js'), import('./read-input.js'), import('./compile-notes.js'), import('../certify.js')]);
  const program = readProgram(readInput(path), path);
  const { training } = program.provenance;
  if (training !== undefined) checkCertificate(training, path);
  const answer: ProgramAnswer = {
    program, sha256: sha256Of(path) ?? '',
    run: flags.data === undefined ? null : await runOf(path, { ...flags, data: flags.data }),
    membership: flags.members === undefined || flags.nonMembers === undefined ? null : await membershipOf(path, { ...flags, members: flags.members, nonMembers: flags.nonMembers }),
    classes: flags.data === undefined || flags.classes !== true ? null : await classesOf(path, { ...flags, data: flags.data }),
  };
  const files = flags.out === undefined ? [] : await answerFiles(answer, flags.out);
  if (files.length > 0) {
    mkdirSync(flags.out!, { recursive: true });
    await writeOutputs(files);
  }
  const { programAnswerText, programAnswerJson } = await import('./audit-program-text.js');
  if (flags.json === true) sayJson(programAnswerJson(answer));
  else say(programAnswerText(answer));
  for (const file of files) notice(`wrote ${file.path}`);
}

async function runOf(path: string, flags: ProgramAuditFlags & { readonly data: string }): Promise<RunRecord> {
  const { recordRun } = await import('./record-run.js');
  return recordRun(path, { ...flags, timing: 'pipeline' });
}

async function membershipOf(path: string, { members, nonMembers, references, keep, seed, workers, ann }: ProgramAuditFlags & { readonly members: string; readonly nonMembers: string }): Promise<MembershipRecord> {
  const { measureMembership } = await import('./run-membership.js');
  const { record } = await measureMembership(path, {
    members, nonMembers, references, optimiser: 'adam', schedule: 'cosine', poissonSeeds: 8, seed, workers, ...(keep === undefined ? {} : { keep }), ...(ann === undefined ? {} : { source: ann }),
  });
  return record;
}

/** Fewer images, steps and queries than `audit classes` takes by itself. */
const SHORT = { perClass: 1, seeds: 3, steps: 40, restarts: 1, draws: 2, queries: 150, distilQueries: 800, evaluators: 3, evaluatorEpochs: 6, exceeds: 0.1 } as const;

async function classesOf(path: string, { data, members, seed, workers, out }: ProgramAuditFlags & { readonly data: string }): Promise<MeasuredClasses> {
  const { measureClasses } = await import('./run-classes.js');
  const [measured] = await measureClasses([path], { ...SHORT, data, ...(members === undefined ? {} : { members }), ...(out === undefined ? {} : { out }), seed, workers });
  return measured;
}

/** The records, the drawing and the page. */
async function answerFiles({ run, membership, classes, program, sha256 }: ProgramAnswer, folder: string): Promise<OutputFile[]> {
  const [{ compareVariants, programVariant }, { renderComparison }, { auditFindings }, { printRunRecord }, { toolVersion }] = await Promise.all([
    import('../report/comparison.js'), import('../report/comparison-page.js'), import('../report/audit-findings.js'), import('../report/read-run.js'), import('../tool-version.js')]);
  const audits = [...(membership === null ? [] : [{ file: 'membership.json', record: membership }]), ...(classes === null ? [] : [{ file: 'classes.json', record: classes.record }])];
  const found = audits.map(({ record }) => auditFindings(record, ''));
  const findings = found.flatMap((f) => f.findings);
  const variants = run === null ? [programVariant(program, sha256, findings)] : compareVariants([{ name: null, record: run }], findings);
  const pictures = classes === null ? [] : found.flatMap(({ picture }) => (picture === undefined ? [] : [{ caption: picture.caption, png: classes.sheet }]));
  const at = (file: string): string => join(folder, file);
  return [
    ...(run === null ? [] : [{ path: at('run.json'), content: printRunRecord(run) }]),
    ...audits.map(({ file, record }) => ({ path: at(file), content: `${JSON.stringify(record)}\n` })),
    ...(classes === null ? [] : [{ path: at(sheetFileOf(classes)), content: classes.sheet }]),
    { path: at('audit.html'), content: await renderComparison(variants, { tool: toolVersion(), notes: found.flatMap((f) => f.notes), pictures }) },
  ];
}

/** Where the record says that its drawing lies. */
const sheetFileOf = ({ record: { sheet } }: MeasuredClasses): string => sheet?.file ?? 'classes.png';
