/** The options of `prune`. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { PruneScope, PruneStructure } from '../learn/prune.js';
import type { ModelReading } from './compile-notes.js';
import { addReadingOptions, targetOption } from './model-options.js';
import { integer, jsonOption, positive, seedOption, workersOption } from './options.js';

export interface PruneFlags extends ModelReading {
  readonly out: string;
  readonly sparsity: number;
  readonly structure: PruneStructure;
  readonly scope: PruneScope;
  readonly rounds: number;
  readonly rewind?: string;
  readonly data?: string;
  readonly test?: string;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate?: number;
  readonly optimiser: 'adam' | 'sgd';
  readonly schedule: 'cosine' | 'constant';
  readonly target: string;
  readonly seed: number;
  readonly workers: number;
  readonly json?: true;
}

/** From 0 to below 1. */
export const sparsity = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 1)) throw new InvalidArgumentError('A number from 0 to below 1 is wanted.');
  return value;
};

export const structureOption = (): Option => new Option('--structure <kind>', 'what goes: single weights, whole filters with the weights that read them, or the blocks outside a butterfly pattern').choices(['weight', 'filter', 'butterfly']).default('weight');
export const scopeOption = (): Option => new Option('--scope <which>', 'of single weights: all layers compete, or each loses the same share').choices(['global', 'layer']).default('global');

/** How what is left learns; without `--data` they are refused. */
const learning = (): readonly Option[] => [
  new Option('--rounds <n>', 'prune and train so many times, each round the same share of what is left').argParser(integer(1, 1000)).default(1),
  new Option('--rewind <file>', 'before each training the weights that stay go back to those of this earlier state of the network (default: they go on)'),
  new Option('--epochs <n>', 'passes over the images after each round').argParser(integer(1, 1e5)).default(10),
  new Option('--batch <n>', 'images of a step').argParser(integer(1, 65536)).default(64),
  new Option('--learning-rate <r>', 'as for `train`; absolute for an ONNX model (default: 0.01, or 0.0005)').argParser(positive),
  new Option('--optimiser <name>', 'sgd has a momentum of 0.9').choices(['adam', 'sgd']).default('adam'),
  new Option('--schedule <course>', 'of the learning rate, anew in each round').choices(['cosine', 'constant']).default('cosine'),
];

export function addPruneOptions(command: Command): Command {
  command
    .addOption(new Option('--sparsity <s>', 'share of the weights to drop, or of the filters, 0 to below 1').argParser(sparsity).makeOptionMandatory())
    .addOption(new Option('-o, --out <file>', 'the pruned network, of the kind of the model').makeOptionMandatory())
    .addOption(structureOption()).addOption(scopeOption())
    .option('--test <spec>', 'labelled images for the accuracy before and after; nothing is chosen on them')
    .addOption(targetOption())
    .addOption(seedOption()).addOption(workersOption()).addOption(jsonOption());
  command.optionsGroup('Training what is left:').option('--data <spec>', 'train on these images after pruning (default: no image is read)');
  for (const option of learning()) command.addOption(option);
  command.optionsGroup('Reading an ONNX model:');
  return addReadingOptions(command);
}

/** Ends the command with a usage error where options would do nothing. */
export function checkPruneFlags(path: string, flags: PruneFlags, command: Command): void {
  const given = (o: Option): boolean => command.getOptionValueSource(o.attributeName()) === 'cli';
  const idle = learning().filter((o) => flags.data === undefined && given(o)).map((o) => o.long);
  if (idle.length > 0) command.error(`error: ${idle.join(', ')} without --data: nothing is trained`);
  if (flags.structure !== 'weight' && given(scopeOption())) command.error('error: --scope with --structure ' + flags.structure + ': filters and blocks are chosen in each layer by itself');
  const ending = path.endsWith('.snn') ? '.snn' : '.onnx';
  if (!flags.out.endsWith(ending)) command.error(`error: --out ${flags.out}: the pruned network is of the kind of the model, so its name ends in ${ending}`);
}
