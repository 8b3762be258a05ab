/** `spikeveil synthesise MODEL`: images made from the network alone, written as a set that `compile --images` takes. */
import { Command, Option } from 'commander';
import { describeBackend, OWN_KERNELS, type BackendIdentity } from '../backend/dense-backend.js';
import type { BackendChoice } from '../backend/open-backend.js';
import { Reporter } from '../diagnostics.js';
import { createKernels } from '../kernels/kernels.js';
import { lower } from '../lower/lower.js';
import { importOnnx } from '../onnx/import-onnx.js';
import { formatCount, formatSi } from '../report/quantities.js';
import { perChannel } from '../spiking/calibration-samples.js';
import { mapShape } from '../spiking/linear-paths.js';
import { contactSheet, MOST_ON_A_SHEET } from '../synthesise/contact-sheet.js';
import type { ImageSet } from '../synthesise/image-set.js';
import { recipeNames, type RecipeName } from '../synthesise/recipes.js';
import { synthesise } from '../synthesise/synthesise.js';
import { backendOption, chosenBackend } from './backend-option.js';
import { imageAnswers, type ImageAnswers } from './image-answers.js';
import type { ModelReading } from './compile-notes.js';
import { addReadingOptions } from './model-options.js';
import { modelSource, present } from './model-source.js';
import { integer, jsonOption, positive, seedOption, workersOption } from './options.js';
import { notice, progress, say, sayJson, warn } from './output.js';
import { pairs } from './table.js';
import { checkOutput, writeOutputs } from './write-output.js';

interface SynthesiseFlags extends ModelReading {
  readonly out: string;
  readonly recipe: RecipeName;
  readonly count: number;
  readonly steps?: number;
  readonly rate?: number;
  readonly seed: number;
  readonly backend: BackendChoice;
  readonly workers: number;
  readonly png?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ spikeveil synthesise models/resnet20_cifar10/model.onnx -o resnet20.images --png sheet.png
  $ spikeveil synthesise models/vgg_cifar10/model.onnx -o vgg.images --recipe batch-norm --count 256
  $ spikeveil compile models/vgg_cifar10/model.onnx --images vgg.images`;

export const synthesiseCommand = (): Command => addReadingOptions(new Command('synthesise')
  .description('Make images from a network alone, without any of its training data.')
  .argument('<model>', 'an ONNX file')
  .requiredOption('-o, --out <file>', 'the set to write (.images)')
  .addOption(new Option('--recipe <name>', 'impressions: data impressions, as PrivateSNN makes them; batch-norm: match the statistics in the file; mixed: both, and diverse; confident: drawn, then moved until the network is sure of a class; procedural: drawn, the network is not asked').choices(recipeNames).default('mixed'))
  .addOption(new Option('--count <n>', 'images').argParser(integer(1, 1e6)).default(1000))
  .addOption(new Option('--steps <n>', 'steps of Adam (default: 40 for mixed, 20 for confident, 100 for others; the paper took 2499 for impressions)').argParser(integer(1, 1e6)))
  .addOption(new Option('--rate <r>', 'step of Adam on pictures in [-1, 1] (default: the recipe\'s)').argParser(positive))
  .option('--png <file>', `write a contact sheet of the first ${MOST_ON_A_SHEET} images`))
  .addOption(backendOption())
  .addOption(seedOption())
  .addOption(workersOption())
  .addOption(jsonOption())
  .addHelpText('after', EXAMPLES)
  .action(synthesiseToFile);

async function synthesiseToFile(model: string, flags: SynthesiseFlags): Promise<void> {
  const { recipe, count, seed, workers, steps, rate, out, png } = flags;
  for (const path of [out, ...(png === undefined ? [] : [png])]) checkOutput(path);
  const backend = await chosenBackend(flags.backend);
  const report = new Reporter();
  const source = modelSource(model, flags);
  const imported = importOnnx(model, { ...source.import, report });
  const graph = lower(imported.graph, { report, kernels: createKernels() });
  const normalisation = perChannel(source.normalisation ?? undefined, mapShape(graph.nodes[0].shape), report);
  report.finish();
  warn(report.warnings);
  notice(`making ${formatCount(count)} images (recipe ${recipe})`);
  const bar = progress(`making images (${recipe})`);
  try {
    const { set, file } = await synthesise(graph, {
      recipe, count, seed, workers, backend, changes: present({ steps, rate }), normalisation,
      model: { sha256: imported.sha256, name: source.import.card?.name ?? model.split(/[\\/]/).pop() ?? model }, onProgress: bar.onDone,
    });
    bar.stop();
    const answers = await imageAnswers(graph, set, { workers, backend });
    await writeOutputs([{ path: out, content: file }, ...(png === undefined ? [] : [{ path: png, content: contactSheet(set) }])]);
    const madeBy = backend?.identity ?? OWN_KERNELS;
    if (flags.json === true) sayJson({ images: out, ...summary(set), ...answers, backend: madeBy });
    else say(summaryText(set, answers, madeBy));
    notice(`wrote ${out} (${formatSi(file.length, 'B')})${png === undefined ? '' : ` and ${png}`}`);
  } finally {
    bar.stop();
  }
}

const summary = ({ count, shape, classes, recipeName, settings, seed, modelName, modelSha256, sha256 }: ImageSet) => ({ count, shape, classes, recipe: recipeName, settings, seed, modelName, modelSha256, sha256 });

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function summaryText(set: ImageSet, answers: ImageAnswers, backend: BackendIdentity): string {
  return pairs([
    ['images', `${formatCount(set.count)} of ${set.shape.join(' x ')}, recipe ${set.recipeName}, seed ${set.seed}`],
    ['model', `${set.modelName}, SHA-256 ${set.modelSha256}`],
    ['set', `SHA-256 ${set.sha256}`],
    ...(answers.agreement === null ? [] : [['answered as asked', percent(answers.agreement)] as const]),
    ['confidence', `${percent(answers.confidence)} on average, ${answers.classesSeen} classes seen`],
    ['dense work', describeBackend(backend)],
    ['private data read', 'none'],
  ]);
}
