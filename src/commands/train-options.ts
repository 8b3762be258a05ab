/** The options of `train`, and from them to the options of the trainer. */
import { Option, type Command } from 'commander';
import type { KernelChoice } from '../kernels/kernels.js';
import { integer, positive } from './options.js';

export interface TrainFlags {
  readonly data: string;
  readonly test?: string;
  readonly out: string;
  readonly program?: string;
  readonly target: string;
  readonly epochs: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly optimiser: 'adam' | 'sgd';
  readonly schedule: 'cosine' | 'constant';
  readonly timesteps?: number;
  readonly dp?: true;
  readonly epsilon?: number;
  readonly delta?: number;
  readonly expectedBatch?: number;
  readonly clip?: number;
  readonly noise?: number;
  readonly phase?: readonly string[];
  readonly views?: number;
  readonly shift?: number;
  readonly mirror?: true;
  readonly checkpoint?: string;
  readonly kernels: KernelChoice;
  readonly seed: number;
  readonly workers: number;
  readonly json?: true;
}

/** Options that say how to protect the examples; without `--dp` they are refused. */
const privacy = (): readonly Option[] => [
  new Option('--epsilon <e>', 'the budget').argParser(positive),
  new Option('--delta <d>', 'less than one over the number of examples').argParser(positive),
  new Option('--expected-batch <n>', 'examples of a step on average; public (default: 2048)').argParser(integer(1, 1e9)),
  new Option('--clip <c>', 'most norm of one example\'s gradient, over all parameters (default: 1)').argParser(positive),
  new Option('--noise <sigma>', 'noise multiplier; training stops when the budget is spent (default: as much as the epochs need)').argParser(positive),
  new Option('--phase <q,s,t>', 'an earlier run on the same data, as rate,noise,steps; counts towards the budget; can be given many times').argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]),
  new Option('--views <k>', 'views of each image, whose gradients are averaged before the clip (default: 1)').argParser(integer(1, 64)),
  new Option('--shift <pixels>', 'move each view by up to so many pixels (default: 0)').argParser(integer(0, 64)),
  new Option('--mirror', 'mirror half of the views'),
];

export function addTrainOptions(command: Command): Command {
  command
    .option('--test <spec>', 'labelled images for the accuracy of the program; asked once, after the last epoch')
    .addOption(new Option('--epochs <n>', 'passes over the examples; with --dp on average').argParser(integer(1, 1e5)).default(20))
    .addOption(new Option('--batch <n>', 'examples of a step, without --dp (default: 64)').argParser(integer(1, 65536)).conflicts(['dp', 'expectedBatch']))
    .addOption(new Option('--learning-rate <r>', 'default: 0.02; without --dp in units of each layer').argParser(positive))
    .addOption(new Option('--optimiser <name>', 'sgd has a momentum of 0.9 and wants a higher rate').choices(['adam', 'sgd']).default('adam'))
    .addOption(new Option('--schedule <course>', 'of the learning rate').choices(['cosine', 'constant']).default('cosine'))
    .addOption(new Option('--timesteps <t>', 'in place of those of the architecture').argParser(integer(1, 4096)))
    .option('--program <file>', 'write the program for --target too')
    .option('--checkpoint <file>', 'keep the state here, and go on from it')
    .addOption(new Option('--kernels <which>', 'WASM, or native ones if they are built (auto); the bytes are the same').choices(['auto', 'wasm', 'native']).default('auto'))
    .optionsGroup('Differential privacy:')
    .option('--dp', 'train privately: clipped gradients, noise, a certificate; the other options of this group need it');
  for (const option of privacy()) command.addOption(option);
  return command;
}

/** Ends the command with a usage error where options are missing or would do nothing. */
export function checkTrainFlags(flags: TrainFlags, command: Command): void {
  const given = (option: Option): boolean => command.getOptionValueSource(option.attributeName()) === 'cli';
  const idle = privacy().filter((o) => flags.dp !== true && given(o)).map((o) => o.long);
  if (idle.length > 0) command.error(`error: ${idle.join(', ')} without --dp: nothing would be protected`);
  if (flags.dp === true && (flags.epsilon === undefined || flags.delta === undefined)) command.error('error: --dp needs a budget: --epsilon and --delta');
  if ((flags.views ?? 1) > 1 && (flags.shift ?? 0) === 0 && flags.mirror !== true) command.error('error: --views without --shift or --mirror: all views would be the same');
}
