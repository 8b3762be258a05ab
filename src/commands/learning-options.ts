/** The options of `compile --encrypt`: how to learn, and on what to judge it. */
import { Option, type Command } from 'commander';
import type { KernelChoice } from '../kernels/kernels.js';
import { surrogateShapes, type SurrogateShape } from '../learn/learning-problem.js';
import { integer, kernelsOption, positive, share, weight } from './options.js';

export interface LearningFlags {
  readonly encrypt?: true;
  readonly learningImages: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly schedule: 'cosine' | 'constant';
  readonly optimiser: 'adam' | 'sgd';
  readonly surrogate: SurrogateShape;
  readonly surrogateWidth: number;
  readonly online?: true;
  readonly truncate?: number;
  readonly distillation: number;
  readonly temperature: number;
  readonly sparsity: number;
  readonly distance: number;
  readonly compare?: true;
  readonly checkpoint?: string;
  readonly kernels: KernelChoice;
  readonly data?: string;
  readonly limit: number;
}

/** All that says how to learn; without `--encrypt` they are refused. */
const settings = (): readonly Option[] => [
  new Option('--learning-images <n>', 'most images to learn from').argParser(integer(1, 1e6)).default(512),
  new Option('--epochs <n>', 'passes over the images').argParser(integer(1, 1e4)).default(3),
  new Option('--batch <n>', 'images of one step').argParser(integer(1, 4096)).default(32),
  new Option('--learning-rate <r>', 'in units of each layer').argParser(positive).default(0.003),
  new Option('--schedule <course>', 'of the learning rate').choices(['cosine', 'constant']).default('cosine'),
  new Option('--optimiser <name>', 'sgd has a momentum of 0.9 and wants a higher rate').choices(['adam', 'sgd']).default('adam'),
  new Option('--surrogate <shape>', 'stands for the derivative of a spike').choices(surrogateShapes).default('boxcar'),
  new Option('--surrogate-width <w>', 'its half width, in thresholds').argParser(positive).default(0.25),
  new Option('--online', 'no gradient from step to step (SLTT)'),
  new Option('--truncate <k>', 'cut the gradient through time into windows of k steps').argParser(integer(1, 4096)).conflicts('online'),
  new Option('--distillation <m>', 'weight of the ANN\'s scores at a temperature; the rest is cross-entropy with its answers').argParser(share).default(1),
  new Option('--temperature <t>', 'of that distillation').argParser(positive).default(2),
  new Option('--sparsity <w>', 'price of synaptic operations in the loss').argParser(weight).default(0),
  new Option('--distance <w>', 'reward for moving the weights away from the ANN\'s').argParser(weight).default(0),
  new Option('--compare', 'learn once more without --distance, to show what it costs'),
  new Option('--checkpoint <file>', 'keep the state here every 10 steps, and go on from it'),
  kernelsOption(),
  new Option('--data <spec>', 'labelled images (as for `simulate`) to state accuracies on; the program does not depend on them'),
  new Option('--limit <n>', 'of --data: so many images, equally many of each class').argParser(integer(1, 1e9)).default(1000),
];

/** Adds them as a group of their own on the help page. */
export function addLearningOptions(command: Command): Command {
  command.optionsGroup('Learning:').option('--encrypt', 'retrain through time on made-up images, the network as teacher (temporal encryption), and measure how readable the weights stay; the other options of this group need it');
  for (const option of settings()) command.addOption(option);
  return command;
}

/** Ends the command with a usage error where flags of learning are given and would do nothing. */
export function checkLearningFlags(flags: LearningFlags, command: Command): void {
  const given = (option: Option): boolean => command.getOptionValueSource(option.attributeName()) === 'cli';
  const idle = settings().filter((o) => flags.encrypt !== true && given(o)).map((o) => o.long);
  if (idle.length > 0) command.error(`error: ${idle.join(', ')} without --encrypt: nothing would be learned`);
  if (flags.compare === true && flags.distance === 0) command.error('error: --compare without --distance: there is nothing to compare with');
  if (flags.data === undefined && settings().some((o) => o.long === '--limit' && given(o))) command.error('error: --limit without --data: there is nothing to take a part of');
}
