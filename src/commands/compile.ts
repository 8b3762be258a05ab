/** `spikeveil compile MODEL`: from an ONNX file to a program file, with what it takes on the chip. */
import { basename, dirname } from 'node:path';
import { Command, Option } from 'commander';
import { describeBackend } from '../backend/dense-backend.js';
import type { CompileResult } from '../compile.js';
import { fail } from '../diagnostics.js';
import type { PassObserver } from '../pipeline.js';
import { mappingLines } from '../report/mapping-lines.js';
import { formatCount, formatSi } from '../report/quantities.js';
import { backendOption, chosenBackend } from './backend-option.js';
import { modelReading, NOTES_FORMAT, notesPath, pathFrom, printNotes, type CompileNotes } from './compile-notes.js';
import type { CompileFlags } from './compile-options.js';
import { addLearningOptions, checkLearningFlags } from './learning-options.js';
import { addReadingOptions, codeOption, resetOption, targetOption, timestepsOption } from './model-options.js';
import type { LearningProgress } from './learning-progress.js';
import { integer, jsonOption, seedOption, share, weight, workersOption } from './options.js';
import { notice, progress, say, sayJson, status, warn } from './output.js';
import { pairs, plural, table } from './table.js';
import { checkOutput, writeOutputs } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil compile models/vgg_cifar10/model.onnx -o vgg.spk --timesteps 64
  $ spikeveil compile net.onnx --layout NCHW --scale 255 --mean 0.5 --std 0.25
  $ spikeveil compile models/cnn_mnist/model.onnx --print-after partition`;

export const compileCommand = (): Command => addLearningOptions(addReadingOptions(new Command('compile')
  .description('Compile a pretrained network into a spike program. None of its training data is needed.')
  .argument('<model>', 'an ONNX file, or a network that `spikeveil train` made (.snn)')
  .option('-o, --out <file>', 'the program file to write (default: the name of the model, ending in .spk)')
  .addOption(targetOption())
  .addOption(timestepsOption())
  .addOption(resetOption())
  .addOption(new Option('--neuron <model>', 'without leak or with').choices(['if', 'lif']).default('if'))
  .addOption(new Option('--current-decay <d>', 'the synaptic current lasts: a step keeps (4095 - d) / 4096 of it; a converted network loses accuracy with it').argParser(integer(0, 4095)))
  .addOption(new Option('--refractory <steps>', 'steps from a spike to the next possible one, with --reset hard; a converted network loses accuracy with it').argParser(integer(1, 4096)))
  .addOption(new Option('--spikes <kind>', 'signed: a neuron can take a spike back, which keeps accuracy at few steps (not every chip)').choices(['binary', 'signed']).default('binary'))
  .addOption(new Option('--retract <share>', 'with --spikes signed: take one back below minus this share of the threshold (default: 0)').argParser(share))
  .addOption(codeOption())
  .addOption(new Option('--weight-bits <n>', 'bits of a weight, sign included (default: all the target has)').argParser(integer(2, 8)))
  .option('--round-weights', 'of a quantised model: round the weights anew, with a threshold for every channel')
  .option('--images <file>', 'choose thresholds on a set of images that `spikeveil synthesise` made from this model')
  .addOption(new Option('--calibrate <spec>', 'choose thresholds on these images instead of on none; the program then depends on your data').conflicts('images')))
  .addOption(new Option('--search <n>', 'try n candidates of thresholds and corrections on images made from the network, and take the one that answers most like it').argParser(integer(1, 1000)).conflicts('calibrate'))
  .option('--rates <run>', 'place cores for the spikes that an earlier program of this model had, out of the file of `simulate --out`; the places then depend on its data')
  .addOption(new Option('--cores <n>', 'share out the work over up to n cores, so that a step is shorter (default: as few cores as hold the network)').argParser(integer(1, 1e6)))
  .addOption(new Option('--placement-effort <n>', 'trials of the search for short ways on the mesh, as a multiple of the default; 0: none').argParser(weight).default(1))
  .option('--proof', 'compare every stage with the model on the same images, layer by layer, and print the largest errors')
  .option('--print-after <pass>', 'print what left this pass, or "all"')
  .addOption(backendOption())
  .addOption(seedOption())
  .addOption(workersOption())
  .addOption(jsonOption()))
  .addHelpText('after', EXAMPLES)
  .action(compileToFile);

async function compileToFile(model: string, flags: CompileFlags, command: Command): Promise<void> {
  const { compileTrainedToFile, isTrainedFile } = await import('./compile-trained-file.js');
  if (isTrainedFile(model)) return compileTrainedToFile(model, flags, command);
  checkLearningFlags(flags, command);
  const path = flags.out ?? defaultOutput(model);
  if (flags.retract !== undefined && flags.spikes !== 'signed') command.error('error: --retract without --spikes signed: no spike would be taken back');
  for (const output of [path, flags.checkpoint ?? path]) checkOutput(output);
  const result = await compileShowing(model, flags);
  checkPass(result, flags.printAfter);
  await writeOutputs([{ path, content: result.bytes }, { path: notesPath(path), content: printNotes(notesOf(result, { model, path, flags })) }]);
  warn(result.summary.warnings);
  if (flags.json === true) sayJson({ ...result.summary, program: path });
  else {
    const { search, learning, proof } = result.summary;
    const [{ searchLines }, { learningSummary }, { proofText }] = await Promise.all([import('../spiking/search.js'), import('./learning-summary.js'), import('./proof-text.js')]);
    say(summaryText(result, path, [...(search === undefined ? [] : [`\n${pairs(searchLines(search))}`]), ...(learning === undefined ? [] : [`\n${learningSummary(learning)}`]), ...(proof === undefined ? [] : [`\n${proofText(proof)}`])]));
  }
}

/** Compiles, and shows on stderr how far it is. */
async function compileShowing(model: string, flags: CompileFlags): Promise<CompileResult> {
  const [{ compileModel }, { compileOptions }, { learningProgress }] = await Promise.all([import('../compile.js'), import('./compile-options.js'), import('./learning-progress.js')]);
  const [learning, measuring] = [learningProgress(), progress('measuring')];
  const { learn, ...options } = compileOptions(model, flags);
  const shown = learn === undefined ? {} : { learn: { ...learn, onStep: learning.onStep, onMeasured: measuring.onDone } };
  try {
    return await compileModel(model, { ...options, ...shown, backend: await chosenBackend(flags.backend), observer: printer(flags, learning) });
  } finally {
    learning.stop();
    measuring.stop();
    status('');
  }
}

/** `models/vgg_cifar10/model.onnx` gives `vgg_cifar10.spk`: a file called "model" is named by its folder. */
function defaultOutput(model: string): string {
  const name = basename(model).replace(/\.onnx$/, '');
  const folder = basename(dirname(model));
  return `${name === 'model' && folder !== '.' && folder !== '' ? folder : name}.spk`;
}

/** Shows how far the compiler is, and prints the representation that leaves the asked pass: on stdout, or on stderr where stdout is for JSON. */
function printer({ printAfter, json }: CompileFlags, learning: LearningProgress): PassObserver {
  const print = json === true ? notice : say;
  const started = performance.now();
  return {
    onPass: (name, text) => {
      status('');
      if (name === 'learn') learning.begin('comparing');
      if (printAfter === name || printAfter === 'all') print(`--- after ${name}\n${text()}`);
      status(`compiling, ${((performance.now() - started) / 1000).toFixed(1)} s: ${name} is done`);
    },
  };
}

function checkPass({ summary }: CompileResult, name: string | undefined): void {
  const known = summary.passes.map((p) => p.name);
  if (name !== undefined && name !== 'all' && !known.includes(name)) fail('run/unknown-pass', { kind: 'option', option: '--print-after' }, { name, known });
}

function notesOf({ program, summary }: CompileResult, made: { readonly model: string; readonly path: string; readonly flags: CompileFlags }): CompileNotes {
  const at = notesPath(made.path);
  const { card, ...reading } = modelReading(made.flags);
  const { passes: _, ...figures } = summary; // times differ from run to run
  return {
    format: NOTES_FORMAT, model: pathFrom(at, made.model), modelSha256: program.provenance.modelSha256,
    ...reading, ...(card === undefined ? {} : { card: pathFrom(at, card) }), summary: figures,
  };
}

function summaryText({ program, bytes, summary }: CompileResult, path: string, learning: readonly string[]): string {
  return [
    pairs([
      ['model', `${program.provenance.modelName}, ${formatCount(summary.parameters)} parameters`],
      ['target', `${program.target.name}: ${plural(summary.cores, 'core')} on ${plural(summary.chips, 'chip')}, lower bound ${formatCount(summary.mapping.leastCores)}`],
      ['network', `${formatCount(summary.neurons)} neurons, ${formatCount(summary.synapses)} synapses, ${program.network.timesteps} time steps`],
      ...mappingLines(summary.mapping),
      ...(summary.wholeWeights === undefined ? [] : [['quantised weights', `${summary.wholeWeights.kept} of ${plural(summary.wholeWeights.filters, 'filter')} stored as the whole numbers of the file`] as const]),
      ['thresholds', program.provenance.calibration],
      ['dense work', describeBackend(summary.backend)],
      ['private data read', `${program.provenance.privateData ? 'yes' : 'none'}${(summary.learning?.data ?? null) === null ? '' : '; --data was read for the accuracies below only, no bit of the program depends on it'}`],
    ]),
    ...learning,
    `\n${table([{ head: 'pass' }, { head: 'ms', align: 'right' }], summary.passes.map((p) => [p.name, p.milliseconds.toFixed(1)]))}`,
    `\nwrote ${path} (${formatSi(bytes.length, 'B')})`,
  ].join('\n');
}
