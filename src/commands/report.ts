/** `spikeveil report RECORD...`: one page of HTML about a run, or about many runs and audits side by side. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { RecordFile, Records } from '../report/read-records.js';
import { toolVersion } from '../tool-version.js';
import { jsonOption } from './options.js';
import { say, sayJson } from './output.js';
import { checkOutput, writeOutputs } from './write-output.js';

interface ReportFlags { readonly out?: string; readonly json?: true }

export const reportCommand = (): Command => new Command('report')
  .description('Write one self-contained HTML page: about a run its layers, cores, energy and accuracy over time; about several runs and audits their accuracy, cost and leakage side by side.')
  .argument('<records...>', 'files that `spikeveil simulate --out` and `spikeveil audit` with --out wrote; NAME=FILE names a run')
  .option('-o, --out <file>', 'where to write the page (default: the first record with the ending .html)')
  .addOption(jsonOption())
  .addHelpText('after', '\nExamples:\n  $ spikeveil report run.json -o run.html\n  $ spikeveil report converted=a.json learned=b.json membership.json classes.json -o privacy.html')
  .action(async (words: readonly string[], flags: ReportFlags) => {
    const files = words.map(recordFile);
    const path = flags.out ?? `${files[0].path.replace(/\.json$/, '')}.html`;
    checkOutput(path);
    const { readRecords } = await import('../report/read-records.js');
    await writeOutputs([{ path, content: await pageOf(readRecords(files)) }]);
    if (flags.json === true) sayJson({ report: path });
    else say(`wrote ${path}`);
  });

/** `NAME=FILE`, unless a file has the whole word as its name. */
function recordFile(word: string): RecordFile {
  const at = word.indexOf('=');
  return at < 1 || existsSync(word) ? { name: null, path: word } : { name: word.slice(0, at), path: word.slice(at + 1) };
}

/** A run alone gets the page of a run. Loads the plotting library. */
async function pageOf({ runs, findings, notes, pictures, sparsity }: Records): Promise<string> {
  if (runs.length === 1 && findings.length === 0 && sparsity.length === 0) {
    const { renderReport } = await import('../report/html-report.js');
    return renderReport(runs[0].record);
  }
  const [{ compareVariants }, { renderComparison }] = await Promise.all([import('../report/comparison.js'), import('../report/comparison-page.js')]);
  return renderComparison(compareVariants(runs, findings), { tool: toolVersion(), notes: [...runs.map(runNote), ...notes], pictures, sparsity });
}

const runNote = ({ name, record: { model, compilation, data } }: Records['runs'][number]): string =>
  `${name ?? model.name}: ${compilation.target.title}, ${compilation.timesteps} time steps, ${data.samples} images of ${data.name}; thresholds: ${compilation.calibration}.`;
