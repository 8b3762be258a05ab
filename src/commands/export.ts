/** `spikeveil export PROGRAM --format sana-fe -o DIR --data SPEC`: a program for one image, in the files of another tool. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { formatCount } from '../report/quantities.js';
import { dataOption, integer, jsonOption, profileOption, seedOption } from './options.js';
import { say, sayJson } from './output.js';
import { pairs } from './table.js';
import { checkOutput, writeOutputs } from './write-output.js';

interface ExportFlags {
  readonly format: 'sana-fe';
  readonly out: string;
  readonly data: string;
  readonly image: number;
  readonly profile?: string;
  readonly seed: number;
  readonly force?: true;
  readonly json?: true;
}

export const exportCommand = (): Command => new Command('export')
  .description('Write a mapped program for one image as the architecture and network files of SANA-FE, so that its energy and time can be checked with another tool.')
  .argument('<program>', 'a program file (.spk)')
  .addOption(new Option('--format <name>', 'the tool to write for').choices(['sana-fe']).default('sana-fe'))
  .requiredOption('-o, --out <folder>', 'folder for architecture.yaml and network.yaml; it is made where it is missing')
  .addOption(dataOption())
  .addOption(new Option('--image <n>', 'which image of the data, counted from 0: its currents or spikes are part of the network').argParser(integer(0, 1e9)).default(0))
  .addOption(profileOption())
  .addOption(seedOption())
  .option('--force', 'write more than 5,000,000 synapses')
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil export small.spk --format sana-fe -o sana-fe --data idx:IMAGES,LABELS --image 3')
  .action(async (path: string, flags: ExportFlags) => {
    const written = await writeExport(path, flags);
    if (flags.json === true) return sayJson(written);
    say(pairs([
      ['image', String(flags.image)],
      ['profile', written.profile],
      ['steps to run', formatCount(written.steps)],
      ['synapses', formatCount(written.synapses)],
      ['helpers', `${formatCount(written.helpers.synapses)} synapses that set the potentials at the beginning: ${formatCount(written.helpers.operations)} synaptic operations and ${formatCount(written.helpers.messages)} messages more than the program has`],
      ['wrote', written.files.join(', ')],
    ]));
  });

async function writeExport(path: string, flags: ExportFlags) {
  const files = ['architecture.yaml', 'network.yaml'].map((name) => join(flags.out, name));
  const [{ loadExport }, { checkSize, explicitNetwork }, { architectureYaml }, { networkYaml }] = await Promise.all([
    import('./load-export.js'), import('../interop/explicit-network.js'), import('../interop/sana-fe-architecture.js'), import('../interop/sana-fe-network.js'),
  ]);
  const { program, profile, stimulus } = loadExport(path, flags);
  const network = explicitNetwork(program, stimulus);
  if (flags.force !== true) checkSize(network);
  makeFolder(flags.out);
  files.forEach(checkOutput);
  await writeOutputs([
    { path: files[0], content: architectureYaml(program, profile, network) },
    { path: files[1], content: networkYaml(program, network) },
  ]);
  return { files, profile: profile.name, steps: network.steps, synapses: network.synapses, helpers: network.helpers };
}

/** What stands in the way is said by the check of the files that come into it. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
  }
}
