/** The options of `audit classes`: how hard to attack, who judges, and where what was found is kept. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AttackId } from '../audit/classes/suite.js';
import type { ModelReading } from './compile-notes.js';
import { addReadingOptions } from './model-options.js';
import { integer, jsonOption, seedOption, share, workersOption } from './options.js';

export interface ClassesFlags extends ModelReading {
  readonly data: string;
  readonly members?: string;
  readonly attacks?: readonly AttackId[];
  readonly perClass: number;
  readonly seeds: number;
  readonly steps: number;
  readonly restarts: number;
  readonly draws: number;
  readonly queries: number;
  readonly distilQueries: number;
  readonly evaluators: number;
  readonly evaluatorEpochs: number;
  readonly exceeds: number;
  readonly checkpoint?: string;
  readonly out?: string;
  readonly seed: number;
  readonly workers: number;
  readonly json?: true;
}

const LETTERS: readonly AttackId[] = ['A', 'B', 'C', 'D', 'E', 'G'];

const letters = (text: string): readonly AttackId[] => {
  const found = text.split(',');
  const known = LETTERS.filter((l) => found.includes(l));
  if (known.length !== found.length) throw new InvalidArgumentError(`Letters of the suite with commas between them are wanted: ${LETTERS.join(',')}.`);
  return known;
};

const odd = (text: string): number => {
  const value = integer(3, 99)(text);
  if (value % 2 === 0) throw new InvalidArgumentError('An odd number is wanted: more than half of them decide.');
  return value;
};

export function addClassesOptions(command: Command): Command {
  command
    .addOption(new Option('--data <spec>', 'real images that no subject was trained on, for the evaluators: mnist:DIR, idx:IMAGES,LABELS and the others').makeOptionMandatory())
    .option('--members <spec>', 'images that the subjects were trained on: says whether single ones show')
    .option('-o, --out <folder>', 'write a record (JSON) and a contact sheet (PNG) for each subject')
    .option('--checkpoint <folder>', 'keep what was found here, and go on from it')
    .addOption(new Option('--exceeds <y>', 'the leakage, from 0 (floor) to 1 (ceiling), above which an attack is named').argParser(share).default(0.1))
    .addOption(seedOption()).addOption(workersOption()).addOption(jsonOption());
  command.optionsGroup('Attacks:');
  for (const option of [
    new Option('--attacks <letters>', 'these only, for example A,B (default: all of the suite)').argParser(letters),
    new Option('--seeds <n>', 'times that each attack is made, for the intervals').argParser(integer(1, 100)).default(3),
    new Option('--per-class <n>', 'images drawn of each class').argParser(integer(1, 1000)).default(4),
    new Option('--steps <n>', 'of a gradient attack; twice as many where a step goes through a plain graph').argParser(integer(1, 1e5)).default(50),
    new Option('--restarts <n>', 'of a gradient attack').argParser(integer(1, 100)).default(2),
    new Option('--draws <n>', 'Poisson draws whose gradients are averaged').argParser(integer(1, 100)).default(2),
    new Option('--queries <n>', 'of evolution, an image').argParser(integer(1, 1e6)).default(400),
    new Option('--distil-queries <n>', 'images whose answers teach the student').argParser(integer(10, 1e6)).default(1500),
  ]) command.addOption(option);
  command.optionsGroup('Evaluators:');
  command.addOption(new Option('--evaluators <n>', 'networks that judge by majority').argParser(odd).default(3));
  command.addOption(new Option('--evaluator-epochs <n>', 'passes over their images').argParser(integer(1, 1e4)).default(8));
  command.optionsGroup('Reading an ONNX model:');
  return addReadingOptions(command);
}
