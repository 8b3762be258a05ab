/** `spikeveil train ARCH`: trains a spiking network from scratch, differentially private with `--dp`, and says what the program gets right. */
import { Command, Option } from 'commander';
import type { PrivatePlan } from '../certify.js';
import { formatCount, formatPercent, formatSi } from '../report/quantities.js';
import type { NetworkProgress, TrainedResult, TrainNetworkOptions } from '../train.js';
import { targetOption } from './model-options.js';
import { jsonOption, seedOption, workersOption } from './options.js';
import { notice, progress, say, sayJson, status, warn } from './output.js';
import { pairs, plural } from './table.js';
import { addTrainOptions, checkTrainFlags, type TrainFlags } from './train-options.js';
import { checkOutput, writeOutputs } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil train models/architectures/private-small.json --data mnist:DIR#train --test mnist:DIR --dp --epsilon 3 --delta 1e-5 -o digits.snn
  $ spikeveil compile digits.snn --target loihi2
  $ spikeveil train models/architectures/mnist-small.json --data mnist:DIR#train --test mnist:DIR --epochs 5 -o open.snn`;

export const trainCommand = (): Command => addTrainOptions(new Command('train')
  .description('Train a spiking network from scratch on labelled images; with --dp no single image shows in the result by more than epsilon.')
  .argument('<architecture>', 'a JSON file; models/architectures has some')
  .addOption(new Option('--data <spec>', 'the images and labels to learn, for example mnist:DIR#train').makeOptionMandatory())
  .addOption(new Option('-o, --out <file>', 'the trained network to write (.snn), for `compile`').makeOptionMandatory())
  .addOption(targetOption())
  .addOption(seedOption())
  .addOption(workersOption())
  .addOption(jsonOption()))
  .addHelpText('after', EXAMPLES)
  .action(trainToFile);

async function trainToFile(path: string, flags: TrainFlags, command: Command): Promise<void> {
  checkTrainFlags(flags, command);
  for (const file of [flags.out, flags.program, flags.checkpoint]) if (file !== undefined) checkOutput(file);
  const [{ trainNetwork }, { readArchitecture }, { loadDataset }, { loadTarget }, { readInput }, { trainingLines }] = await Promise.all([
    import('../train.js'), import('../learn/read-architecture.js'), import('../data/load-dataset.js'), import('../target/load-target.js'), import('./read-input.js'), import('../learn/training-record.js')]);
  const whole = readArchitecture(Buffer.from(readInput(path)).toString('utf8'), path);
  const architecture = flags.timesteps === undefined ? whole : { ...whole, timesteps: flags.timesteps };
  const target = loadTarget(flags.target);
  const data = loadDataset(flags.data, '--data');
  const test = flags.test === undefined ? undefined : loadDataset(flags.test, '--test');
  const shown = trainingProgress();
  const testing = progress('asking the program');
  try {
    const result = await trainNetwork(architecture, data, {
      ...await trainOptions(flags), target, ...(test === undefined ? {} : { test }),
      onPlan: (plan) => notice(planText(plan)), onStep: shown, onTested: testing.onDone,
    });
    await writeOutputs([{ path: flags.out, content: result.bytes }, ...(flags.program === undefined ? [] : [{ path: flags.program, content: result.programBytes }])]);
    warn(result.summary.warnings);
    if (flags.json === true) sayJson(trainAnswer(result, flags));
    else say(resultText(result, flags, trainingLines(result.trained.training)));
  } finally {
    testing.stop();
    status('');
  }
}

/** Flags to options, with the defaults of each mode. */
async function trainOptions(flags: TrainFlags): Promise<Omit<TrainNetworkOptions, 'target'>> {
  const [{ ADAM }, { readPhases }, { Reporter }] = await Promise.all([import('../learn/optimiser.js'), import('./privacy-options.js'), import('../diagnostics.js')]);
  const { epochs, seed, workers, kernels, dp, learningRate, checkpoint, noise, phase = [] } = flags;
  const report = new Reporter();
  const spent = readPhases(phase, report);
  report.finish();
  return {
    epochs, seed, workers, kernels,
    batch: dp === true ? flags.expectedBatch ?? 2048 : flags.batch ?? 64,
    rate: learningRate ?? 0.02,
    optimiser: flags.optimiser === 'adam' ? ADAM : { kind: 'sgd', momentum: 0.9 },
    schedule: flags.schedule === 'cosine' ? { kind: 'cosine', floor: 0.02 } : { kind: 'constant' },
    ...(checkpoint === undefined ? {} : { checkpoint: { path: checkpoint, everySteps: 10 } }),
    ...(dp === true ? { privacy: {
      epsilon: flags.epsilon!, delta: flags.delta!, spent, clip: flags.clip ?? 1, ...(noise === undefined ? {} : { noise }),
      augmentation: { views: flags.views ?? 1, shift: flags.shift ?? 0, mirror: flags.mirror === true },
    } } : {}),
  };
}

function planText({ rate, noise, steps, asked, budget, examples }: PrivatePlan): string {
  const ended = steps < asked ? ` (of ${formatCount(asked)}: then the budget is spent)` : '';
  return `private training: ${plural(steps, 'step')}${ended} at rate ${Number(rate.toPrecision(5))} over ${formatCount(examples)} examples, noise ${noise}, budget epsilon ${budget.epsilon} at delta ${budget.delta}`;
}

/** A line at the end of each epoch and of the run; on a terminal a passing one in between. */
function trainingProgress(): (p: NetworkProgress) => void {
  const began = performance.now();
  let epochs = 0;
  let first = 0;
  return (p) => {
    if (first === 0) first = p.step - 1;
    const left = ((performance.now() - began) / 1000 / (p.step - first)) * (p.steps - p.step);
    const last = p.step === p.steps;
    const passing = p.epoch === epochs && !last;
    const line = [
      last && p.asked !== undefined ? `budget spent after ${Number(((p.epochs * p.step) / p.asked).toPrecision(2))} of ${plural(p.epochs, 'epoch')}` : `epoch ${p.epoch + (passing ? 1 : 0)}/${p.epochs}`,
      `step ${formatCount(p.step)}/${formatCount(p.steps)}`,
      ...(p.epsilon === undefined ? [] : [`epsilon ${(Math.ceil(p.epsilon * 1e3) / 1e3).toFixed(3)}`]), ...(p.loss === undefined ? [] : [`loss ${p.loss.toPrecision(3)}`]),
      `rate ${Number(p.rate.toPrecision(2))}`, ...(last ? [] : [`${formatSi(left, 's')} left`]),
    ].join('  ');
    if (passing) return status(line);
    status('');
    notice(line);
    epochs = p.epoch;
  };
}

function trainAnswer({ trained, plan, tested, kernels, summary }: TrainedResult, flags: TrainFlags): object {
  const { passes: _, warnings: __, mapping: ___, ...figures } = summary;
  return { architecture: trained.architecture.name, timesteps: trained.architecture.timesteps, ...trained.training, ...(plan === null ? {} : { asked: plan.asked }), tested, target: flags.target, kernels, seed: flags.seed, ...figures, out: flags.out };
}

function resultText({ trained, tested, summary, bytes }: TrainedResult, flags: TrainFlags, training: readonly (readonly [string, string])[]): string {
  const { architecture } = trained;
  return [
    pairs([
      ['network', `${architecture.name}, ${formatCount(summary.parameters)} parameters, ${formatCount(summary.neurons)} neurons, ${architecture.timesteps} time steps`],
      ...training,
      ['accuracy', tested === null ? 'not asked (--test)' : `${formatPercent(tested.accuracy, 2)} of ${formatCount(tested.samples)} images of ${tested.name} (95 % interval ${(100 * tested.interval[0]).toFixed(2)} to ${(100 * tested.interval[1]).toFixed(2)}), by the program for ${flags.target} after the last epoch`],
      ['program', `${plural(summary.cores, 'core')} of ${flags.target}`],
    ]),
    `\nwrote ${flags.out} (${formatSi(bytes.length, 'B')})${flags.program === undefined ? '' : ` and ${flags.program}`}`,
  ].join('\n');
}
