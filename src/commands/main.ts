/**
 * The command line as a whole: hands the words to the verb and returns the exit code.
 */
import { Command } from 'commander';
import { EXIT, exitCode } from './exit-code.js';
import { toolVersion } from '../tool-version.js';

const EXAMPLES = `
Examples:
  $ spikeveil compile models/vgg_cifar10/model.onnx -o vgg.spk --target loihi2
  $ spikeveil simulate vgg.spk --data cifar10:models/samples/cifar10-1000.bin.gz
  $ spikeveil targets

Exit codes: 0 done, 1 the input is at fault, 2 the command was not understood,
70 a bug in Spikeveil, 130 interrupted.`;

/** Runs one command line (without the program's own name) and returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    await (await commandLine(words)).parseAsync([...words], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return exitCode(error, words.includes('--json'));
  }
}

/** Each verb is loaded when asked for, and the libraries it works with when it starts to work: help and refusals come at once. */
const VERBS: Readonly<Record<string, () => Promise<Command>>> = {
  synthesise: async () => (await import('./synthesise.js')).synthesiseCommand(),
  compile: async () => (await import('./compile.js')).compileCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
  prune: async () => (await import('./prune.js')).pruneCommand(),
  fit: async () => (await import('./fit.js')).fitCommand(),
  simulate: async () => (await import('./simulate.js')).simulateCommand(),
  energy: async () => (await import('./energy.js')).energyCommand(),
  export: async () => (await import('./export.js')).exportCommand(),
  replay: async () => (await import('./replay.js')).replayCommand(),
  report: async () => (await import('./report.js')).reportCommand(),
  privacy: async () => (await import('./privacy.js')).privacyCommand(),
  audit: async () => (await import('./audit.js')).auditCommand(),
  targets: async () => (await import('./targets.js')).targetsCommand(),
};

async function commandLine(words: readonly string[]): Promise<Command> {
  const root = new Command('spikeveil')
    .description('Compiles a pretrained network (ONNX) into a private spiking network and a program for neuromorphic cores, simulates it and says what one inference costs.')
    .version(toolVersion())
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .configureHelp({ helpWidth: 80 });
  const asked = words[0] === '--version' || Object.hasOwn(VERBS, words[0] ?? '');
  for (const [name, load] of Object.entries(VERBS)) {
    if (words[0] === name || !asked) root.addCommand((await load()).copyInheritedSettings(root));
  }
  for (const command of [root, ...root.commands, ...root.commands.flatMap((c) => c.commands)]) {
    command.helpCommand(false).configureHelp({ helpWidth: 80 }).exitOverride().showHelpAfterError(`(\`${path(command)} --help\` lists what can be written)`);
  }
  return root;
}

/** `spikeveil privacy epsilon`: the words that lead to a command. */
const path = (command: Command): string => (command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`);
