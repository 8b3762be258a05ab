/**
 * What `simulate` writes while the run goes on: the neurons of `--probe` into a folder of arrays, the
 * counters of `--trace` into a table, the state of `--snapshot`. Nothing of a run is kept in memory for them.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fail } from '../diagnostics.js';
import type { Dataset } from '../data/dataset.js';
import type { Program } from '../program/program.js';
import type { SimulationObserver } from '../simulate/observer.js';
import { PROBE_INDEX, probeFiles, probeIndex, probeNumbers, type ProbedRun } from '../simulate/probe-files.js';
import { chipSteps } from '../simulate/pipeline.js';
import { imageReader } from '../simulate/image-reader.js';
import { resolveProbes } from '../simulate/probes.js';
import { takeSnapshot } from '../simulate/replay.js';
import { printSnapshot } from '../simulate/snapshot-file.js';
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

export interface ObservedRun { readonly dataset: Dataset; readonly seed: number; readonly timing: TimingModel }

/**
 * Opens the files of the flags. Throws the messages of `resolveProbes`, `observe/no-such-step`,
 * `observe/no-such-sample` and `run/output-not-writable`.
 */
export function observedOutputs(program: Program, flags: ObserveFlags, run: ObservedRun): ObservedOutputs {
  const outputs = streamedOutputs();
  try {
    const probing = flags.probe === undefined ? {} : { probes: flags.probe, onProbes: probeWriter(program, flags, { run, outputs }) };
    const tracing = flags.trace === undefined ? {} : { onSteps: stepWriter(program, flags.trace, { run, outputs }) };
    const snapshot = flags.snapshot === undefined ? () => undefined : snapshotWriter(program, flags, { run, outputs });
    return {
      observer: { ...probing, ...tracing }, discard: outputs.discard,
      finish: async () => {
        snapshot();
        await outputs.finish();
        return [flags.probeOut, flags.trace, flags.snapshot].filter((path) => path !== undefined);
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
  const probed: ProbedRun = { samples: run.dataset.count, seed: run.seed, data: run.dataset.name, steps: layers.map(() => ({ first: 0, count: program.network.timesteps })) };
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

/** Checks the place now and takes the snapshot at the end. */
function snapshotWriter(program: Program, { snapshot = '', atStep = 0, sample = 0 }: ObserveFlags, { run, outputs }: Place): () => void {
  const { dataset, seed } = run;
  const steps = chipSteps(program);
  if (atStep >= steps) fail('observe/no-such-step', { kind: 'option', option: '--at-step' }, { step: atStep, steps });
  if (sample >= dataset.count) fail('observe/no-such-sample', { kind: 'option', option: '--sample' }, { sample, samples: dataset.count });
  const out = outputs.open(snapshot);
  const image = imageReader(dataset.images, program.network.imageShape, program.normalisation);
  return () => out.write(printSnapshot(program, takeSnapshot(program.network, { image: image(sample), seed, sample }, atStep)));
}
