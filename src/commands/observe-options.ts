/** The options of `simulate` that look inside a run; `observed-outputs.ts` writes what they ask for. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseProbe, type Probe } from '../simulate/probes.js';

export interface ObserveFlags {
  readonly probe?: readonly Probe[];
  readonly probeOut?: string;
  readonly trace?: string;
}

/** `--probe LAYER:NEURONS`, once or more. */
export const probeOption = (): Option => new Option('--probe <layer:neurons>', 'record spikes, currents and potentials of these neurons in every step: all, or numbers (5), ranges (0-31) and boxes C/Y/X (3/all/0-7) with commas between them; may be repeated')
  .argParser((text: string, before: readonly Probe[] | undefined): readonly Probe[] => {
    const probe = parseProbe(text) ?? refuse('LAYER:NEURONS is wanted, for example conv1:0-31 or conv1:0/all/all.');
    return [...before ?? [], probe];
  });
export const probeOutOption = (): Option => new Option('--probe-out <folder>', 'of --probe: where the arrays (.npy) and probes.json go');

function refuse(sentence: string): never {
  throw new InvalidArgumentError(sentence);
}

/** Adds them as a group of their own on the help page. */
export const addObserveOptions = (command: Command): Command => command.optionsGroup('Looking inside:')
  .addOption(probeOption())
  .addOption(probeOutOption())
  .addOption(new Option('--trace <file>', 'write the counters of every step and core as a table (.csv, or .csv.gz)'));

/** Ends the command with a usage error where one of the two is of no use without the other. */
export function checkProbeFlags({ probe, probeOut }: ObserveFlags, command: Command): void {
  if (probe !== undefined && probeOut === undefined) command.error('error: --probe without --probe-out: the arrays have nowhere to go');
  if (probe === undefined && probeOut !== undefined) command.error('error: --probe-out without --probe: there is nothing to record');
}
