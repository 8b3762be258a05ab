/**
 * What `simulate` and `energy` share: read the program and the data, check that they belong together,
 * simulate with a progress bar, and price the trace.
 */
import type { Dataset } from '../data/dataset.js';
import { fitDataset } from '../data/fit-dataset.js';
import { loadDataset } from '../data/load-dataset.js';
import { subset } from '../data/subset.js';
import { chooseProfile, energyReport, type EnergyReport } from '../energy/energy-report.js';
import type { KernelChoice } from '../kernels/kernels.js';
import type { Program } from '../program/program.js';
import { readProgram } from '../program/read.js';
import type { SimulationObserver } from '../simulate/observer.js';
import { publishesLatency } from '../simulate/latencies.js';
import { simulate } from '../simulate/simulate.js';
import type { TimingModel, Trace } from '../simulate/trace.js';
import { notice, progress } from './output.js';
import { readInput } from './read-input.js';

export interface RunFlags {
  readonly data: string;
  readonly limit?: number;
  readonly timing: TimingModel;
  readonly profile?: string;
  readonly seed: number;
  readonly workers: number;
  readonly kernels?: KernelChoice;
  /** Image whose spikes are kept. */
  readonly raster?: number;
}

/** How to run: the flags, and who looks inside. */
export interface RunRequest extends RunFlags { readonly observer?: SimulationObserver }

/** A program with the images it will run. */
export interface LoadedRun {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly profile: string;
}

export interface ProgramRun extends LoadedRun {
  readonly trace: Trace;
  readonly energy: EnergyReport;
}

/** Reads the program file and the data of the spec. Throws a CompileError where they do not belong together. */
export function loadRun(path: string, flags: RunFlags): LoadedRun {
  const program = readProgram(readInput(path), path);
  const profile = chooseProfile(program.target, flags.profile).name;
  const whole = fitToProgram(program, loadDataset(flags.data));
  const dataset = flags.limit === undefined ? whole : subset(whole, { limit: flags.limit });
  if (dataset !== whole) notice(`${dataset.count} of ${whole.count} images, spread over the classes`);
  return { program, dataset, profile };
}

/** Simulates and prices. */
export async function runProgram({ program, dataset, profile }: LoadedRun, flags: RunRequest): Promise<ProgramRun> {
  const timing = publishesLatency(chooseProfile(program.target, profile)) ? flags.timing : 'functional';
  if (timing !== flags.timing) notice(`no latency of ${program.target.name} is published (profile ${profile}): timing is functional, and static power is not counted`);
  const bar = progress('simulating');
  try {
    const trace = await simulate(program, dataset, {
      ...(flags.kernels === undefined ? {} : { kernels: flags.kernels }),
      timing, profile, seed: flags.seed, workers: flags.workers, onProgress: bar.onDone,
      ...(flags.observer === undefined ? {} : { observer: flags.observer }),
      ...(flags.raster === undefined ? {} : { raster: Math.min(flags.raster, dataset.count - 1) }),
    });
    return { program, dataset, profile, trace, energy: energyReport(program, trace, { profile }) };
  } finally {
    bar.stop();
  }
}

/** The data set in the program's shape, its labels among the classes. */
export function fitToProgram({ network: { imageShape, populations, output } }: Program, dataset: Dataset): Dataset {
  return fitDataset(dataset, { imageShape, classes: populations.find((p) => p.id === output)?.shape[0] ?? 0 });
}
