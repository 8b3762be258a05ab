/** `spikeveil report RUN`: one page of HTML from the file that `simulate --out` wrote. */
import { Command } from 'commander';
import { jsonOption } from './options.js';
import { say, sayJson } from './output.js';
import { checkOutput, writeOutputs } from './write-output.js';

interface ReportFlags { readonly out?: string; readonly json?: true }

export const reportCommand = (): Command => new Command('report')
  .description('Write one self-contained HTML page about a run: layers, cores, energy, accuracy over time.')
  .argument('<run>', 'the file that `spikeveil simulate --out` wrote')
  .option('-o, --out <file>', 'where to write the page (default: RUN with the ending .html)')
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil report run.json -o run.html')
  .action(async (run: string, flags: ReportFlags) => {
    const path = flags.out ?? `${run.replace(/\.json$/, '')}.html`;
    checkOutput(path);
    const { readRunRecord } = await import('../report/read-run.js');
    const record = readRunRecord(run);
    const { renderReport } = await import('../report/html-report.js'); // loads the plotting library
    await writeOutputs([{ path, content: await renderReport(record) }]);
    if (flags.json === true) sayJson({ report: path });
    else say(`wrote ${path}`);
  });
