/** `spikeveil audit classes SUBJECT...`: draws images of every class out of networks and says what they are worth. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { addClassesOptions, type ClassesFlags } from './classes-options.js';
import { notice, say, sayJson } from './output.js';
import { checkOutput, writeOutputs } from './write-output.js';

const EXAMPLES = `
Examples:
  $ spikeveil audit classes models/cnn_mnist/model.onnx --data mnist:DIR --members mnist:DIR#train
  $ spikeveil audit classes ann=model.onnx converted=c.spk learned=l.spk --data mnist:DIR --checkpoint found -o leakage`;

export const classesCommand = (): Command => addClassesOptions(new Command('classes')
  .description('Attack networks for what they give away about their classes: an adaptive suite draws images out of them, and networks that never saw them judge.')
  .argument('<subject...>', 'ONNX models, programs (.spk) and trained networks (.snn), as FILE or NAME=FILE'))
  .addHelpText('after', EXAMPLES)
  .action(auditToFiles);

async function auditToFiles(words: readonly string[], flags: ClassesFlags): Promise<void> {
  const { out } = flags;
  if (out !== undefined) checkOutput(join(existsSync(out) ? out : dirname(out), 'record.json'));
  const { measureClasses, sheetFile } = await import('./run-classes.js');
  const measured = await measureClasses(words, flags);
  const records = measured.map((m) => m.record);
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    const files = measured.flatMap(({ record, sheet }) => [
      { path: join(out, sheetFile(record.subject.name).replace(/png$/, 'json')), content: `${JSON.stringify(record)}\n` },
      { path: join(out, sheetFile(record.subject.name)), content: sheet },
    ]);
    await writeOutputs(files);
    for (const { path } of files) notice(`wrote ${path}`);
  }
  if (flags.json === true) sayJson(records.length === 1 ? records[0] : records);
  else say((await import('./classes-text.js')).classesText(records));
}
