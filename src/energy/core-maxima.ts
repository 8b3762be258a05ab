/**
 * Totals beside the core that has most of them. A chip steps as fast as its slowest core, so a count
 * that is spread unevenly costs more time, and with it static energy, than its total shows.
 */
import type { Program } from '../program/program.js';
import type { CoreCounters, Trace } from '../simulate/trace.js';

export interface CoreMaximum {
  readonly key: 'synaptic-ops' | 'active-updates' | 'inactive-updates' | 'spikes' | 'messages-out' | 'messages-in' | 'busy-seconds';
  readonly name: string;
  /** Of all cores, per inference. */
  readonly total: number;
  /** Of the core with the most, per inference. */
  readonly most: number;
  /** Index of that core in the program; the first of several. */
  readonly core: number;
  /** most / (total / cores): 1 where all cores have as much. */
  readonly imbalance: number;
}

const COUNTED = [
  ['synaptic-ops', 'synaptic operations', (c) => c.synapticOps],
  ['active-updates', 'neuron updates, active', (c) => c.activeUpdates],
  ['inactive-updates', 'neuron updates, inactive', (c) => c.inactiveUpdates],
  ['spikes', 'spikes', (c) => c.spikes],
  ['messages-out', 'messages out', (c) => c.messagesOut],
  ['messages-in', 'messages in', (c) => c.messagesIn],
] as const satisfies readonly (readonly [CoreMaximum['key'], string, (counters: CoreCounters) => number])[];

/** One entry a count that is not zero everywhere. Neurons are counted, not compartments. */
export function coreMaxima(program: Program, trace: Trace): readonly CoreMaximum[] {
  const { cores, samples, time } = trace;
  const counted = COUNTED.map(([key, name, pick]) => maximum({ key, name }, cores.map((c) => pick(c) / samples)));
  const busy = time === null ? [] : [maximum({ key: 'busy-seconds', name: 'busy time, seconds' }, time.coreSeconds.map((s) => s / samples))];
  return program.cores.length === 0 ? [] : [...counted, ...busy].filter((m) => m.total > 0);
}

function maximum(names: Pick<CoreMaximum, 'key' | 'name'>, values: readonly number[]): CoreMaximum {
  let core = 0;
  values.forEach((value, i) => { if (value > values[core]) core = i; });
  const total = values.reduce((sum, value) => sum + value, 0);
  return { ...names, total, most: values[core] ?? 0, core, imbalance: total === 0 ? 1 : values[core] * values.length / total };
}
