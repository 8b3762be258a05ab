/** `spikeveil compile NET.snn`: from a trained network to a program file. Options that would convert, calibrate or learn are refused. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { CompileTrainedSummary } from '../compile-trained.js';
import { Reporter } from '../diagnostics.js';
import { isPrivate, trainingLines, type TrainingRecord } from '../learn/training-record.js';
import { mappingLines } from '../report/mapping-lines.js';
import { formatCount, formatSi } from '../report/quantities.js';
import type { Program } from '../program/program.js';
import type { CompileFlags } from './compile-options.js';
import { notice, say, sayJson, status, warn } from './output.js';
import { readInput } from './read-input.js';
import { pairs, plural, table } from './table.js';
import { checkOutput, writeOutputs } from './write-output.js';

/** What makes sense for a network whose weights, thresholds and neurons are settled. */
const TAKEN: readonly string[] = ['out', 'target', 'reset', 'weightBits', 'placementEffort', 'printAfter', 'seed', 'workers', 'json'];
/** What would read data. */
const READS_DATA: readonly string[] = ['calibrate', 'rates'];

/** Whether a model file is a trained network, by its ending. */
export const isTrainedFile = (path: string): boolean => path.endsWith('.snn');

export async function compileTrainedToFile(model: string, flags: CompileFlags, command: Command): Promise<void> {
  const [{ readTrainedNetwork }, { compileTrained }, { loadTarget }] = await Promise.all([
    import('../learn/trained-network-file.js'), import('../compile-trained.js'), import('../target/load-target.js')]);
  const path = flags.out ?? `${basename(model).replace(/\.snn$/, '')}.spk`;
  checkOutput(path);
  const file = readInput(model);
  const trained = readTrainedNetwork(file, model);
  refuseOptions(trained.training, command);
  const { reset, weightBits, placementEffort, seed, printAfter, json } = flags;
  const print = json === true ? notice : say;
  const { program, bytes, summary } = await compileTrained(trained, model, {
    target: loadTarget(flags.target), sha256: createHash('sha256').update(file).digest('hex'), placementEffort, seed,
    ...(reset === undefined ? {} : { reset }), ...(weightBits === undefined ? {} : { weightBits }),
    observer: { onPass: (name, text) => { if (printAfter === name || printAfter === 'all') print(`--- after ${name}\n${text()}`); status(`compiling: ${name} is done`); } },
  });
  status('');
  await writeOutputs([{ path, content: bytes }]);
  warn(summary.warnings);
  if (json === true) sayJson({ ...summary, training: trained.training, program: path });
  else say(summaryText({ program, bytes, summary }, path));
}

function refuseOptions(training: TrainingRecord, command: Command): void {
  const given = command.options.filter((o) => command.getOptionValueSource(o.attributeName()) === 'cli');
  const report = new Reporter();
  for (const o of given) {
    if (READS_DATA.includes(o.attributeName()) && isPrivate(training)) report.report('learn/privacy-void', { kind: 'option', option: o.long ?? o.flags }, { option: o.long ?? o.flags });
  }
  report.finish();
  const idle = given.filter((o) => !TAKEN.includes(o.attributeName())).map((o) => o.long);
  if (idle.length > 0) command.error(`error: ${idle.join(', ')}: a trained network is compiled as it was trained`);
}

function summaryText({ program, bytes, summary }: { readonly program: Program; readonly bytes: Uint8Array; readonly summary: CompileTrainedSummary }, path: string): string {
  const { provenance: { modelName, calibration, training }, target, network } = program;
  return [
    pairs([
      ['model', `${modelName}, ${formatCount(summary.parameters)} parameters, trained from scratch`],
      ...(training === undefined ? [] : trainingLines(training)),
      ['target', `${target.name}: ${plural(summary.cores, 'core')} on ${plural(summary.chips, 'chip')}, lower bound ${formatCount(summary.mapping.leastCores)}`],
      ['network', `${formatCount(summary.neurons)} neurons, ${formatCount(summary.synapses)} synapses, ${network.timesteps} time steps`],
      ...mappingLines(summary.mapping),
      ['thresholds', calibration],
    ]),
    `\n${table([{ head: 'pass' }, { head: 'ms', align: 'right' }], summary.passes.map((p) => [p.name, p.milliseconds.toFixed(1)]))}`,
    `\nwrote ${path} (${formatSi(bytes.length, 'B')})`,
  ].join('\n');
}
