/** `spikeveil prune MODEL --sparsity S`: fewer weights, by magnitude; with `--data` what is left is trained again. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Command } from 'commander';
import type { LayerSparsity } from '../learn/prune.js';
import { formatCount, formatPercent, formatSi } from '../report/quantities.js';
import { addPruneOptions, checkPruneFlags, type PruneFlags } from './prune-options.js';
import type { PruneSource } from './prune-source.js';
import { notice, say, sayJson, status, warn } from './output.js';
import { pairs, table } from './table.js';
import { checkOutput, writeOutputs, type OutputFile } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil prune models/cnn_mnist/model.onnx --sparsity 0.8 -o sparse.onnx
  $ spikeveil compile sparse.onnx --card sparse.model.json
  $ spikeveil prune net.snn --sparsity 0.95 --rounds 4 --data mnist:DIR#train --rewind early.snn -o sparse.snn`;

export const pruneCommand = (): Command => addPruneOptions(new Command('prune')
  .description('Drop the weights of a network that matter least, by their magnitude. No image is read unless --data names some to train what is left.')
  .argument('<model>', 'an ONNX file, or a network that `spikeveil train` made (.snn)'))
  .addHelpText('after', EXAMPLES)
  .action(pruneFile);

/** Accuracy on the images of --test, of the network before and after; null: not asked. */
export interface PruneAccuracy { readonly before: number; readonly after: number; readonly samples: number; readonly name: string }

async function pruneFile(path: string, flags: PruneFlags, command: Command): Promise<void> {
  checkPruneFlags(path, flags, command);
  const card = flags.out.endsWith('.onnx') ? cardPath(flags.out) : null;
  for (const file of [flags.out, ...(card === null ? [] : [card])]) checkOutput(file);
  const [{ pruneSource }, { pruneAndTrain }, { sparsityOf, totalSparsity }, { Reporter }] = await Promise.all([import('./prune-source.js'), import('../learn/prune-and-train.js'), import('../learn/prune.js'), import('../diagnostics.js')]);
  const source = pruneSource(path, flags);
  const { trainee } = source;
  const { structure, scope, sparsity, rounds } = flags;
  let at = 0;
  const training = source.training === null ? null : { images: source.training.images, run: { ...source.training.run, onStep: (step: number, steps: number) => status(`round ${at + 1} of ${rounds}: step ${step} of ${steps}`) } };
  const { parameters } = await pruneAndTrain(trainee, trainee.parameters, { structure, scope, sparsity, rounds, rewind: source.rewind, training, onRound: (round) => { at = round; } });
  status('');
  const layers = sparsityOf(parameters, trainee.prunable.layers);
  const report = new Reporter();
  for (const { id, weights, kept } of layers) if (kept === 0) report.report('learn/layer-emptied', { kind: 'node', node: id }, { layer: id, weights });
  const written = source.write(parameters);
  const accuracy = source.accuracy === null ? null : await source.accuracy(parameters);
  const files: OutputFile[] = [{ path: flags.out, content: written.bytes }, ...(card === null || written.card === null ? [] : [{ path: card, content: `${JSON.stringify(written.card, null, 2)}\n` }])];
  await writeOutputs(files);
  warn([...source.warnings, ...report.warnings]);
  const found = { sparsity: totalSparsity(layers), layers, accuracy, sha256: createHash('sha256').update(written.bytes).digest('hex') };
  if (flags.json === true) sayJson({ model: source.name, asked: sparsity, structure, ...(structure === 'weight' ? { scope } : {}), rounds, ...found, training: source.record, out: files.map((f) => f.path) });
  else say(resultText(source, flags, { ...found, bytes: written.bytes.length }));
  for (const file of files.slice(1)) notice(`wrote ${file.path}: \`compile ${flags.out}${basename(file.path) === 'model.json' ? '' : ` --card ${file.path}`}\``);
}

/** `sparse.onnx` gets `sparse.model.json`; `model.onnx` gets `model.json`, which is found by itself. */
const cardPath = (out: string): string => out.replace(/([^\\/]+)\.onnx$/, (_, name: string) => (name === 'model' ? 'model.json' : `${name}.model.json`));

interface Found { readonly sparsity: number; readonly layers: readonly LayerSparsity[]; readonly accuracy: PruneAccuracy | null; readonly bytes: number }

function resultText(source: PruneSource, flags: PruneFlags, { sparsity, layers, accuracy, bytes }: Found): string {
  const [kept, all] = [layers.reduce((n, l) => n + l.kept, 0), layers.reduce((n, l) => n + l.weights, 0)];
  const what = { weight: flags.scope === 'global' ? 'the smallest weights of all layers' : 'the smallest weights of each layer', filter: 'the filters with the smallest norm, and the weights that read them', butterfly: 'the blocks outside a butterfly pattern' }[flags.structure];
  const percent = (share: number): string => formatPercent(share, 2);
  return [
    pairs([
      ['network', source.name],
      ['dropped', `${what}: ${formatCount(kept)} of ${formatCount(all)} weights are left, sparsity ${percent(sparsity)}${Math.abs(sparsity - flags.sparsity) < 0.005 ? '' : ` (${percent(flags.sparsity)} ${flags.structure === 'filter' ? 'of the filters' : ''} was asked for)`.replace('  ', ' ')}`],
      ['trained', source.training === null ? 'not at all: no image was read' : `${flags.rounds === 1 ? 'once' : `${flags.rounds} times`} for ${formatCount(flags.epochs)} epochs on ${source.training.name}${flags.rewind === undefined ? '' : `, each time from the weights of ${flags.rewind}`}`],
      ...source.lines,
      ['accuracy', accuracy === null ? 'not asked (--test)' : `${percent(accuracy.after)} of ${formatCount(accuracy.samples)} images of ${accuracy.name}, before pruning ${percent(accuracy.before)}`],
    ]),
    `\n${table([{ head: 'layer' }, { head: 'weights', align: 'right' }, { head: 'left', align: 'right' }, { head: 'sparsity', align: 'right' }], layers.map((l) => [l.id, formatCount(l.weights), formatCount(l.kept), percent(1 - l.kept / l.weights)]))}`,
    `\nwrote ${flags.out} (${formatSi(bytes, 'B')})`,
  ].join('\n');
}
