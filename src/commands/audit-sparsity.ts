/** `spikeveil audit sparsity MODEL`: whether pruned networks give away less about their members than dense ones that are as right. */
import { Command } from 'commander';
import { notice, say, sayJson, warn } from './output.js';
import { addSparsityOptions, checkSparsityFlags, type SparsityFlags } from './sparsity-options.js';
import { checkOutput, writeOutputs, type OutputFile } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil audit sparsity models/cnn_fashion/model.onnx --data fashion-mnist:DIR#train:0-3999 --test fashion-mnist:DIR --keep swept --out sparsity.json
  $ spikeveil audit sparsity net.snn --data mnist:DIR#train:0-3999 --test mnist:DIR --sparsities 0.5,0.9 --structure filter`;

export const sparsityCommand = (): Command => addSparsityOptions(new Command('sparsity')
  .description('Train networks of the model\'s architecture dense and pruned, over seeds, attack their members, and compare at equal accuracy: is sparser more private, or only less right?')
  .argument('<model>', 'an ONNX file or a trained network (.snn): its architecture; its weights are not used'))
  .addHelpText('after', EXAMPLES)
  .action(auditToFile);

async function auditToFile(path: string, flags: SparsityFlags, command: Command): Promise<void> {
  checkSparsityFlags(path, flags, command);
  for (const file of [flags.out, flags.plot]) if (file !== undefined) checkOutput(file);
  const { measureSparsity } = await import('./run-sparsity.js');
  const { audit, record } = await measureSparsity(path, flags);
  const files: OutputFile[] = flags.out === undefined ? [] : [{ path: flags.out, content: `${JSON.stringify(record)}\n` }];
  if (flags.plot !== undefined) {
    const [{ sparsityPlot }, { standaloneSvg }] = await Promise.all([import('../report/sparsity-plot.js'), import('../report/ratio-plot.js')]);
    files.push({ path: flags.plot, content: await standaloneSvg(sparsityPlot(record, PLOT_WIDTH)) });
  }
  if (files.length > 0) await writeOutputs(files);
  warn(audit.warnings);
  if (flags.json === true) sayJson(record);
  else say((await import('./sparsity-text.js')).sparsityText(record));
  for (const file of files) notice(`wrote ${file.path}`);
}

const PLOT_WIDTH = 640;
