/** `spikeveil audit membership SUBJECT`: how well attacks tell the images that a network learned from others. */
import { Command } from 'commander';
import type { MembershipAudit } from '../audit/membership/audit-membership.js';
import type { MembershipRecord } from '../audit/records/membership.js';
import { addMembershipOptions, checkMembershipFlags, type MembershipFlags } from './membership-options.js';
import { notice, say, sayJson, warn } from './output.js';
import { checkOutput, writeOutputs, type OutputFile } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil train models/architectures/fashion-100k.json --data fashion-mnist:DIR#train:0-9999 -o part.snn
  $ spikeveil audit membership part.snn --members fashion-mnist:DIR#train:0-9999 --non-members fashion-mnist:DIR#train:10000-19999 --keep references
  $ spikeveil audit membership model.onnx --members cifar10:train.bin:0-999 --non-members cifar10:test.bin --references 0`;

export const membershipCommand = (): Command => addMembershipOptions(new Command('membership')
  .description('Attack a network by membership inference: can its answers tell the images that it learned from others? Thresholds, LiRA and RMIA, with intervals.')
  .argument('<subject>', 'a trained network (.snn), a program (.spk) or an ONNX model'))
  .addHelpText('after', EXAMPLES)
  .action(auditFile);

async function auditFile(path: string, flags: MembershipFlags, command: Command): Promise<void> {
  checkMembershipFlags(flags, command);
  for (const file of [flags.out, flags.plot]) if (file !== undefined) checkOutput(file);
  const { measureMembership } = await import('./run-membership.js');
  const { audit, record } = await measureMembership(path, flags);
  await finish(audit, record, flags);
}

async function finish(audit: MembershipAudit, record: MembershipRecord, flags: MembershipFlags): Promise<void> {
  const files: OutputFile[] = flags.out === undefined ? [] : [{ path: flags.out, content: `${JSON.stringify(record)}\n` }];
  if (flags.plot !== undefined) {
    const [{ rocPlot }, { standaloneSvg }] = await Promise.all([import('../report/roc-plot.js'), import('../report/ratio-plot.js')]);
    files.push({ path: flags.plot, content: await standaloneSvg(rocPlot(record)) });
  }
  if (files.length > 0) await writeOutputs(files);
  warn(audit.warnings);
  if (flags.json === true) sayJson(record);
  else say((await import('./membership-text.js')).membershipText(record));
  for (const { path } of files) notice(`wrote ${path}`);
}
