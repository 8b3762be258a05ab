/**
 * The counters of one sample by chip step and core: the same counts that the counters of a trace are
 * sums of, so that every column adds up to its total exactly. Population p does its local step t in chip
 * step depth + t, and the parts of its fan-in theirs in the chip step before; a spike is sent and processed at its target in the step that emitted it.
 */
import { neuronsIn } from '../map/reach.js';
import type { Program } from '../program/program.js';
import type { CountingPlan } from './counting-plan.js';
import type { StepTimes } from './pipeline.js';
import { chipSteps } from './pipeline.js';

/** What is counted, in the order of the table's columns. */
export const STEP_COUNTERS = ['spikes', 'retractions', 'activeUpdates', 'inactiveUpdates', 'messagesIn', 'messagesOut', 'synapticOps'] as const;
export type StepCounter = (typeof STEP_COUNTERS)[number];

/** One sample; every counter is [chip step][core of the program]. For their meaning see `CoreCounters` and `PopulationCounters`. */
export interface SampleSteps {
  /** Place of the sample in the run. */
  readonly sample: number;
  readonly counters: Readonly<Record<StepCounter, Float64Array>>;
  /** Simulated time; null with functional timing. */
  readonly time: StepTimes | null;
}

/** Prepares the counters; the returned function sorts one sample's counts of the plan's regions, [region][T]. */
export function createStepCounters(program: Program, plan: CountingPlan): (counts: Int32Array) => SampleSteps['counters'] {
  const T = program.network.timesteps;
  const width = program.cores.length;
  const populations = new Map(program.network.populations.map((p) => [p.id, p]));
  const updates = program.cores.map(({ slice }) => (populations.get(slice.population)!.neuron.model === 'relay' ? 0 : neuronsIn(slice)));
  return (counts) => {
    const empty = (): Float64Array => new Float64Array(chipSteps(program) * width);
    const out = { spikes: empty(), retractions: empty(), activeUpdates: empty(), inactiveUpdates: empty(), messagesIn: empty(), messagesOut: empty(), synapticOps: empty() };
    plan.cores.forEach(({ spikes, retractions, active, depth }, core) => {
      for (let t = 0; t < T; t++) {
        const at = (depth + t) * width + core;
        out.spikes[at] = counts[spikes * T + t];
        if (retractions !== null) out.retractions[at] = counts[retractions * T + t];
        out.activeUpdates[at] = counts[active * T + t];
        out.inactiveUpdates[at] = updates[core] - out.activeUpdates[at];
      }
    });
    program.routes.forEach(({ to }, route) => {
      const { messages, synapticOps, depth } = plan.routes[route];
      for (let t = 0; t < T; t++) {
        const at = (depth + t) * width + to;
        out.messagesIn[at] += counts[messages * T + t];
        for (const { region, times } of synapticOps) out.synapticOps[at] += times * counts[region * T + t];
      }
    });
    for (const { from, messages, depth } of plan.flows) {
      for (let t = 0; t < T; t++) out.messagesOut[(depth + t) * width + from] += counts[messages * T + t];
    }
    return out;
  };
}

const COLUMNS: Readonly<Record<StepCounter, string>> = {
  spikes: 'spikes', retractions: 'retractions', activeUpdates: 'active_updates', inactiveUpdates: 'inactive_updates',
  messagesIn: 'messages_in', messagesOut: 'messages_out', synapticOps: 'synaptic_ops',
};

/** The first line of the table as CSV; `timed` where there is a time. */
export const stepTableHead = (timed: boolean): string =>
  `${['sample', 'step', 'core', 'layer', ...STEP_COUNTERS.map((c) => COLUMNS[c]), ...(timed ? ['busy_ns', 'step_ns', 'bottleneck'] : [])].join(',')}\n`;

/** One sample as lines of the table: a line for every chip step and core, in that order. */
export function stepTableRows(program: Pick<Program, 'cores'>, { sample, counters, time }: SampleSteps): string {
  const layers = program.cores.map(({ slice }) => quoted(slice.population));
  const steps = counters.spikes.length / layers.length;
  let text = '';
  for (let step = 0; step < steps; step++) {
    const last = time === null ? '' : `,${time.nanoseconds[step]},${time.bottlenecks[step]}`;
    for (let core = 0; core < layers.length; core++) {
      const at = step * layers.length + core;
      text += `${sample},${step},${core},${layers[core]}`;
      for (const counter of STEP_COUNTERS) text += `,${counters[counter][at]}`;
      text += time === null ? '\n' : `,${time.busy[at]}${last}\n`;
    }
  }
  return text;
}

/** As CSV wants it (RFC 4180). */
const quoted = (name: string): string => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
