/** Runs a replay: counts what each layer did in each step, and writes the arrays of `--probe` as `simulate` does. */
import { join } from 'node:path';
import type { Program } from '../program/program.js';
import type { LayerRecord, StateRecord } from '../simulate/probe-recorder.js';
import { PROBE_INDEX, probeFiles, probeIndex, probeNumbers } from '../simulate/probe-files.js';
import { resolveProbes, type Probe, type ProbedLayer } from '../simulate/probes.js';
import { replay, type ReplayedLayer, type ReplayedStep, type Snapshot } from '../simulate/replay.js';
import type { ReplayRow } from './replay.js';
import { streamedOutputs } from './streamed-outputs.js';

export interface ReplayRequest {
  /** Chip steps to do. */
  readonly steps: number;
  readonly probe?: readonly Probe[];
  readonly probeOut?: string;
}

/** A row a layer and step, and what was written. Throws the messages of `resolveProbes` and `run/output-not-writable`. */
export async function replayed(program: Program, snapshot: Snapshot, { steps, probe = [], probeOut }: ReplayRequest): Promise<{ readonly rows: ReplayRow[]; readonly written: string[] }> {
  const probes = resolveProbes(program.network, probe);
  const outputs = streamedOutputs();
  try {
    if (probeOut !== undefined) outputs.folder(probeOut);
    const seen: ReplayedStep[] = [];
    const rows: ReplayRow[] = [];
    for (const step of replay(program.network, snapshot, steps)) {
      rows.push(...step.layers.map((layer) => rowOf(step.step, layer)));
      seen.push({ step: step.step, layers: step.layers.map((layer) => chosen(program, layer, probes)) });
    }
    if (probeOut === undefined) return { rows, written: [] };
    const records = probes.map((p) => recordOf(seen.flatMap((s) => s.layers.filter((l) => l.layer === program.network.populations[p.population].id))));
    const run = {
      samples: 1, seed: snapshot.seed, data: `replay of image ${snapshot.sample} from chip step ${snapshot.step}`,
      steps: probes.map(({ population }, i) => ({ first: Math.max(0, snapshot.step - program.network.populations[population].depth), count: records[i].spikes.length / probes[i].neurons.length })),
    };
    for (const file of probeFiles(program.network, probes, run)) {
      const out = outputs.open(join(probeOut, file.name));
      out.write(file.header);
      out.write(probeNumbers(file, records));
    }
    outputs.open(join(probeOut, PROBE_INDEX)).write(probeIndex(program, probes, run));
    await outputs.finish();
    return { rows, written: [probeOut] };
  } finally {
    outputs.discard();
  }
}

function rowOf(step: number, { layer, localStep, spikes, state, activeUpdates, saturations }: ReplayedLayer): ReplayRow {
  const count = (wanted: (spike: number) => boolean): number => spikes.reduce((n, s) => n + (wanted(s) ? 1 : 0), 0);
  return {
    step, layer, localStep, spikes: count((s) => s !== 0), retractions: count((s) => s < 0), activeUpdates, saturations,
    lowest: state === null ? null : state.v.reduce((a, b) => Math.min(a, b)), highest: state === null ? null : state.v.reduce((a, b) => Math.max(a, b)),
  };
}

/** The probed neurons alone. */
function chosen({ network }: Program, layer: ReplayedLayer, probes: readonly ProbedLayer[]): ReplayedLayer {
  const neurons = probes.find((p) => network.populations[p.population].id === layer.layer)?.neurons ?? new Uint32Array();
  const pick = (values: Int32Array): Int32Array => Int32Array.from(neurons, (n) => values[n]);
  return { ...layer, spikes: Int8Array.from(neurons, (n) => layer.spikes[n]), state: layer.state === null ? null : { current: pick(layer.state.current), u: layer.state.u === null ? null : pick(layer.state.u), v: pick(layer.state.v) } };
}

/** Steps one behind the other, as a probe of a whole run has them. */
function recordOf(steps: readonly ReplayedLayer[]): LayerRecord {
  const joined = (pick: (step: StateRecord) => Int32Array | null): Int32Array => Int32Array.from(steps.flatMap(({ state }) => (state === null ? [] : [...pick(state) ?? []])));
  return {
    spikes: Int8Array.from(steps.flatMap((s) => [...s.spikes])),
    state: steps.some((s) => s.state === null) ? null : { current: joined((s) => s.current), u: joined((s) => s.u), v: joined((s) => s.v) },
  };
}
