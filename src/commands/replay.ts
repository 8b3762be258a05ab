/** `spikeveil replay SNAPSHOT PROGRAM`: goes on from a snapshot of `simulate --snapshot`, step by step, on the reference evaluator. */
import { Command, Option } from 'commander';
import { formatCount } from '../report/quantities.js';
import { checkProbeFlags, probeOption, probeOutOption, type ObserveFlags } from './observe-options.js';
import { integer, jsonOption } from './options.js';
import { notice, say, sayJson } from './output.js';
import { readInput } from './read-input.js';
import { table } from './table.js';

interface ReplayFlags extends Pick<ObserveFlags, 'probe' | 'probeOut'> { readonly steps: number; readonly json?: true }

export const replayCommand = (): Command => new Command('replay')
  .description('Go on from a snapshot, chip step by chip step, on the reference evaluator: the same spikes and potentials as the run it was taken from.')
  .argument('<file>', 'the snapshot that `spikeveil simulate --snapshot` wrote')
  .argument('<program>', 'the program that was simulated (.spk)')
  .addOption(new Option('--steps <k>', 'chip steps to do, at most to the end of the inference').argParser(integer(1, 1e6)).default(1))
  .addOption(probeOption())
  .addOption(probeOutOption())
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil replay step12.snapshot vgg.spk --steps 3 --probe relu_1:0-31 --probe-out probes')
  .action(async (path: string, programPath: string, flags: ReplayFlags, command: Command) => {
    checkProbeFlags(flags, command);
    const [{ readProgram }, { readSnapshot }, { chipSteps }, { replayed }] = await Promise.all([import('../program/read.js'), import('../simulate/snapshot-file.js'), import('../simulate/pipeline.js'), import('./replayed.js')]);
    const program = readProgram(readInput(programPath), programPath);
    const snapshot = readSnapshot(readInput(path), path, program);
    const steps = Math.min(flags.steps, chipSteps(program) - snapshot.step);
    const { rows, written } = await replayed(program, snapshot, { ...flags, steps });
    const figures = { program: program.provenance.modelName, sample: snapshot.sample, seed: snapshot.seed, stepsPerInference: chipSteps(program), steps: rows };
    if (flags.json === true) sayJson(figures);
    else say(replayText(figures));
    for (const file of written) notice(`wrote ${file}`);
  });

/** One layer in one step. */
export interface ReplayRow {
  readonly step: number;
  readonly layer: string;
  readonly localStep: number;
  readonly spikes: number;
  /** Spikes of -1 among them. */
  readonly retractions: number;
  readonly activeUpdates: number;
  readonly saturations: number;
  /** Smallest and largest v, state units; null for relays. */
  readonly lowest: number | null;
  readonly highest: number | null;
}

export interface ReplayFigures {
  readonly program: string;
  readonly sample: number;
  readonly seed: number;
  readonly stepsPerInference: number;
  readonly steps: readonly ReplayRow[];
}

/** Longest name that leaves room for the numbers in 80 columns. */
const MOST_LETTERS = 20;

/** A line for each layer and step. */
export function replayText({ program, sample, stepsPerInference, steps }: ReplayFigures): string {
  const right = 'right' as const;
  const short = (name: string): string => (name.length > MOST_LETTERS ? `...${name.slice(3 - MOST_LETTERS)}` : name);
  const number = (value: number | null): string => (value === null ? '-' : formatCount(value));
  return [
    `program ${program}, image ${sample}; an inference has ${stepsPerInference} chip steps\n`,
    table([{ head: 'step', align: right }, { head: 'layer' }, { head: 'local', align: right }, { head: 'spikes', align: right }, { head: 'active', align: right }, { head: 'clipped', align: right }, { head: 'lowest v', align: right }, { head: 'highest v', align: right }],
      steps.map((r) => [String(r.step), short(r.layer), String(r.localStep), formatCount(r.spikes), formatCount(r.activeUpdates), formatCount(r.saturations), number(r.lowest), number(r.highest)])),
  ].join('\n');
}
