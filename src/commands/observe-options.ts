/** The options of `simulate` that look inside a run; `observed-outputs.ts` writes what they ask for. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseProbe, type Probe } from '../simulate/probes.js';
import { integer } from './options.js';

export interface ObserveFlags {
  readonly probe?: readonly Probe[];
  readonly probeOut?: string;
  readonly trace?: string;
  readonly snapshot?: string;
  /** Chip step before which it is taken. */
  readonly atStep?: number;
  /** Image of the run that it is of. */
  readonly sample?: number;
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
  .addOption(new Option('--trace <file>', 'write the counters of every step and core as a table (.csv, or .csv.gz)'))
  .addOption(new Option('--snapshot <file>', 'write the whole state before a chip step for `spikeveil replay`'))
  .addOption(new Option('--at-step <s>', 'of --snapshot: the chip step').argParser(integer(0, 1e6)))
  .addOption(new Option('--sample <n>', 'of --snapshot: the image, counted from 0 in this run (default: 0)').argParser(integer(0, 1e9)));

/** Ends the command with a usage error where one of the two is of no use without the other. */
export function checkProbeFlags({ probe, probeOut }: ObserveFlags, command: Command): void {
  if (probe !== undefined && probeOut === undefined) command.error('error: --probe without --probe-out: the arrays have nowhere to go');
  if (probe === undefined && probeOut !== undefined) command.error('error: --probe-out without --probe: there is nothing to record');
}

/** The same for `--snapshot`. */
export function checkSnapshotFlags({ snapshot, atStep, sample }: ObserveFlags, command: Command): void {
  if (snapshot !== undefined && atStep === undefined) command.error('error: --snapshot without --at-step: the step that it is taken before is wanted');
  const idle = [atStep === undefined ? [] : ['--at-step'], sample === undefined ? [] : ['--sample']].flat();
  if (snapshot === undefined && idle.length > 0) command.error(`error: ${idle.join(', ')} without --snapshot: there is nothing to take`);
}
