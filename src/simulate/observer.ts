/**
 * Who looks inside a simulation: probes and step counters come from the worker threads chunk by chunk,
 * in whatever order these finish, and are handed on sample by sample in the order of the samples, so that
 * what is written of them has the same bytes for any number of workers. Nothing is kept once it is handed on.
 */
import type { Probe } from './probes.js';
import type { LayerRecord } from './probe-recorder.js';
import type { SampleSteps } from './step-counters.js';

/** What the probes saw of one sample. */
export interface SampleRecord {
  /** Place of the sample in the run. */
  readonly sample: number;
  /** Per probed layer, in the order of `resolveProbes`. */
  readonly layers: readonly LayerRecord[];
}

export interface SimulationObserver {
  readonly probes?: readonly Probe[];
  /** Called once a sample, in their order, with what the probes saw. */
  readonly onProbes?: (record: SampleRecord) => void;
  /** Called once a sample, in their order, with its counters by step and core. */
  readonly onSteps?: (steps: SampleSteps) => void;
}

/** What a chunk of samples carries for the observer; empty where nothing is asked for. */
export interface Observed {
  readonly records: readonly SampleRecord[];
  readonly steps: readonly SampleSteps[];
}

/** Takes chunks in any order and hands their samples on in order; returns the chunk without them. */
export function inOrder<Chunk extends Observed>(observer: SimulationObserver): (chunk: Chunk, index: number) => Chunk {
  const waiting = new Map<number, Observed>();
  let next = 0;
  return (chunk, index) => {
    waiting.set(index, { records: chunk.records, steps: chunk.steps });
    for (let ready = waiting.get(next); ready !== undefined; ready = waiting.get(next)) {
      waiting.delete(next);
      next++;
      for (const record of ready.records) observer.onProbes?.(record);
      for (const steps of ready.steps) observer.onSteps?.(steps);
    }
    return { ...chunk, records: [], steps: [] };
  };
}
