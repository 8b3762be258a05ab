/**
 * What `simulate` writes while the run goes on: the neurons of `--probe` into a folder of arrays, the
 * counters of `--trace` into a table. Nothing of a run is kept in memory for them.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Program } from '../program/program.js';
import type { SimulationObserver } from '../simulate/observer.js';
import { PROBE_INDEX, probeFiles, probeIndex, probeNumbers, type ProbedRun } from '../simulate/probe-files.js';
import { resolveProbes } from '../simulate/probes.js';
import { stepTableHead, stepTableRows } from '../simulate/step-counters.js';
import type { TimingModel } from '../simulate/trace.js';
import type { ObserveFlags } from './observe-options.js';
import { streamedOutputs } from './streamed-outputs.js';

/** What a run hands to its observer, on its way to the files. */
export interface ObservedOutputs {
  readonly observer: SimulationObserver;
  /** Gives the files their names; returns what was written. */
  readonly finish: () => Promise<string[]>;
  /** Removes what is half-done. */
  readonly discard: () => void;
}

export interface ObservedRun extends Pick<ProbedRun, 'samples' | 'seed' | 'data'> { readonly timing: TimingModel }

/** Opens the files of the flags. Throws the messages of `resolveProbes` and `run/output-not-writable`. */
export function observedOutputs(program: Program, flags: ObserveFlags, run: ObservedRun): ObservedOutputs {
  const outputs = streamedOutputs();
  try {
    const probing = flags.probe === undefined ? {} : { probes: flags.probe, onProbes: probeWriter(program, flags, { run, outputs }) };
    const tracing = flags.trace === undefined ? {} : { onSteps: stepWriter(program, flags.trace, { run, outputs }) };
    return {
      observer: { ...probing, ...tracing }, discard: outputs.discard,
      finish: async () => {
        await outputs.finish();
        return [flags.probeOut, flags.trace].filter((path) => path !== undefined);
      },
    };
  } catch (error) {
    outputs.discard();
    throw error;
  }
}

interface Place { readonly run: ObservedRun; readonly outputs: ReturnType<typeof streamedOutputs> }

function probeWriter(program: Program, { probe = [], probeOut = '.' }: ObserveFlags, { run, outputs }: Place): NonNullable<SimulationObserver['onProbes']> {
  const layers = resolveProbes(program.network, probe);
  const probed: ProbedRun = { ...run, steps: layers.map(() => ({ first: 0, count: program.network.timesteps })) };
  outputs.folder(probeOut);
  const files = probeFiles(program.network, layers, probed).map((file) => ({ file, out: outputs.open(join(probeOut, file.name)) }));
  for (const { file, out } of files) out.write(file.header);
  outputs.open(join(probeOut, PROBE_INDEX)).write(probeIndex(program, layers, probed));
  return (record) => { for (const { file, out } of files) out.write(probeNumbers(file, record.layers)); };
}

/** Text, or a gzip file of one member a sample, which every reader takes for one file. */
function stepWriter(program: Program, path: string, { run, outputs }: Place): NonNullable<SimulationObserver['onSteps']> {
  const out = outputs.open(path);
  const write = (text: string): void => out.write(path.endsWith('.gz') ? gzipSync(text) : text);
  write(stepTableHead(run.timing !== 'functional'));
  return (steps) => write(stepTableRows(program, steps));
}
