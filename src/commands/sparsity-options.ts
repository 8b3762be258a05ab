/** The options of `audit sparsity`. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { PruneScope, PruneStructure } from '../learn/prune.js';
import type { ModelReading } from './compile-notes.js';
import { addReadingOptions, targetOption } from './model-options.js';
import { integer, jsonOption, positive, seedOption, workersOption } from './options.js';
import { scopeOption, structureOption } from './prune-options.js';

export interface SparsityFlags extends ModelReading {
  readonly data: string;
  readonly test: string;
  readonly sparsities: readonly number[];
  readonly seeds: number;
  readonly structure: PruneStructure;
  readonly scope: PruneScope;
  readonly course: 'iterative' | 'one-shot';
  /** False: `--no-rewind`. */
  readonly rewind: number | false;
  readonly keep?: string;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate?: number;
  readonly optimiser: 'adam' | 'sgd';
  readonly schedule: 'cosine' | 'constant';
  readonly target: string;
  readonly chipImages: number;
  readonly timesteps?: number;
  readonly out?: string;
  readonly plot?: string;
  readonly seed: number;
  readonly workers: number;
  readonly json?: true;
}

const MOST_LEVELS = 32;

const rising = (text: string): readonly number[] => {
  const values = text.split(',').map((t) => (t.trim() === '' ? NaN : Number(t)));
  if (values.length > MOST_LEVELS || !values.every((v, i) => v > (values[i - 1] ?? 0) && v < 1)) throw new InvalidArgumentError(`Up to ${MOST_LEVELS} rising shares above 0 and below 1 with commas between them are wanted, for example 0.5,0.8,0.95; the dense network is always among those compared.`);
  return values;
};

const evenSeeds = (text: string): number => {
  const value = integer(6, 64)(text);
  if (value % 2 === 1) throw new InvalidArgumentError('An even number is wanted: seeds come in pairs that learn complementary halves.');
  return value;
};

export function addSparsityOptions(command: Command): Command {
  command
    .addOption(new Option('--data <spec>', 'labelled images: each network learns a random half of them, the other half are its non-members').makeOptionMandatory())
    .addOption(new Option('--test <spec>', 'labelled images that no network learns: accuracies are matched on them').makeOptionMandatory())
    .addOption(new Option('--sparsities <list>', 'shares of the weights to drop, or of the filters, rising').argParser(rising).default([0.5, 0.8, 0.9, 0.95], '0.5,0.8,0.9,0.95'))
    .addOption(new Option('--seeds <n>', 'networks at each sparsity; the others of its make are the references of the attack on one').argParser(evenSeeds).default(6))
    .option('--keep <folder>', 'keep the networks in this folder, and go on from what is there')
    .option('--out <file>', 'write the record (JSON)')
    .option('--plot <file>', 'write the attack against accuracy (SVG)')
    .addOption(seedOption()).addOption(workersOption()).addOption(jsonOption());
  command.optionsGroup('Pruning:');
  for (const option of [
    structureOption(), scopeOption(),
    new Option('--course <how>', 'iterative: from one sparsity to the next; one-shot: from the dense network each time').choices(['iterative', 'one-shot']).default('iterative'),
    new Option('--rewind <epoch>', 'before each training the weights that stay go back to those of the dense network after so many epochs').argParser(integer(0, 1e5)).default(1),
    new Option('--no-rewind', 'they go on from where they are'),
  ]) command.addOption(option);
  command.optionsGroup('Training, of each network:');
  for (const option of [
    new Option('--epochs <n>', 'passes over its images; dense networks learn for those before the rewind point as well').argParser(integer(1, 1e5)).default(20),
    new Option('--batch <n>', 'images of a step').argParser(integer(1, 65536)).default(64),
    new Option('--learning-rate <r>', 'as for `train`; absolute for an ONNX model (default: 0.02, or 0.001)').argParser(positive),
    new Option('--optimiser <name>', 'sgd has a momentum of 0.9').choices(['adam', 'sgd']).default('adam'),
    new Option('--schedule <course>', 'of the learning rate').choices(['cosine', 'constant']).default('cosine'),
  ]) command.addOption(option);
  command.optionsGroup('On the chip:');
  for (const option of [
    new Option('--chip-images <n>', 'compile dense and pruned networks and run so many test images: memory, operations, energy, accuracy; 0: not').argParser(integer(0, 1e6)).default(50),
    targetOption(),
    new Option('--timesteps <t>', 'of an ONNX model; a .snn file has its own (default: 32)').argParser(integer(1, 4096)),
  ]) command.addOption(option);
  command.optionsGroup('Reading an ONNX model:');
  return addReadingOptions(command);
}

/** Ends the command with a usage error where options would do nothing. */
export function checkSparsityFlags(path: string, flags: SparsityFlags, command: Command): void {
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  if (flags.structure !== 'weight' && given('scope')) command.error(`error: --scope with --structure ${flags.structure}: filters and blocks are chosen in each layer by itself`);
  if (path.endsWith('.snn') && given('timesteps')) command.error('error: --timesteps with a .snn file: its architecture says how many');
  const idle = ['target', 'timesteps'].filter((name) => flags.chipImages === 0 && given(name)).map((name) => `--${name}`);
  if (idle.length > 0) command.error(`error: ${idle.join(', ')} with --chip-images 0: nothing is compiled`);
}
