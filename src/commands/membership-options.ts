/** The options of `audit membership`. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { integer, jsonOption, positive, seedOption, workersOption } from './options.js';
import type { ModelReading } from './compile-notes.js';
import { addReadingOptions } from './model-options.js';

export interface MembershipFlags extends ModelReading {
  readonly members: string;
  readonly nonMembers: string;
  readonly references: number;
  readonly keep?: string;
  readonly source?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly optimiser: 'adam' | 'sgd';
  readonly schedule: 'cosine' | 'constant';
  readonly poissonSeeds: number;
  readonly delta?: number;
  readonly out?: string;
  readonly plot?: string;
  readonly seed: number;
  readonly workers: number;
  readonly json?: true;
}

const even = (text: string): number => {
  const value = integer(0, 256)(text);
  if (value % 2 === 1) throw new InvalidArgumentError('An even number is wanted: references come in pairs that learn complementary halves.');
  return value;
};

/** How references learn; without any they are refused. */
const learning = (): readonly Option[] => [
  new Option('--keep <folder>', 'keep the references in this folder, and go on from what is there'),
  new Option('--source <file>', 'what a program was compiled from, the .snn or .onnx file (default: what compile noted)'),
  new Option('--epochs <n>', 'passes of a reference over its images (default: as many as the network\'s record says, or 20)').argParser(integer(1, 1e5)),
  new Option('--batch <n>', 'images of a step (default: 64, or the certificate\'s)').argParser(integer(1, 65536)),
  new Option('--learning-rate <r>', 'as for `train`; absolute for a float network (default: 0.02, or 0.001)').argParser(positive),
  new Option('--optimiser <name>', 'sgd has a momentum of 0.9').choices(['adam', 'sgd']).default('adam'),
  new Option('--schedule <course>', 'of the learning rate').choices(['cosine', 'constant']).default('cosine'),
];

export function addMembershipOptions(command: Command): Command {
  command
    .addOption(new Option('--members <spec>', 'images that the network learned, or a part of them: mnist:DIR#train:0-9999, or :@FILE with their numbers').makeOptionMandatory())
    .addOption(new Option('--non-members <spec>', 'images that it did not learn, from the same distribution').makeOptionMandatory())
    .addOption(new Option('--references <n>', 'networks to train for the attacks that need them; 0: attacks without').argParser(even).default(4))
    .addOption(new Option('--poisson-seeds <n>', 'runs of a program with Poisson input that are averaged').argParser(integer(1, 1024)).default(8))
    .addOption(new Option('--delta <d>', 'of the bound on epsilon (default: the certificate\'s, or 1e-5)').argParser(positive))
    .option('--out <file>', 'write the record (JSON)')
    .option('--plot <file>', 'write the curves (SVG)')
    .addOption(seedOption()).addOption(workersOption()).addOption(jsonOption());
  command.optionsGroup('References:');
  for (const option of learning()) command.addOption(option);
  command.optionsGroup('Reading an ONNX model:');
  return addReadingOptions(command);
}

/** Ends the command with a usage error where options would do nothing. */
export function checkMembershipFlags(flags: MembershipFlags, command: Command): void {
  const idle = learning().filter((o) => flags.references === 0 && command.getOptionValueSource(o.attributeName()) === 'cli').map((o) => o.long);
  if (idle.length > 0) command.error(`error: ${idle.join(', ')} with --references 0: nothing is trained`);
  if (flags.delta !== undefined && flags.delta >= 1) command.error('error: --delta is below 1');
}
