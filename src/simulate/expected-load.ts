/**
 * What an inference is expected to put on cores and links before anything is simulated: the counts of
 * the simulator, with the mean spikes of a population in place of each of its neurons'. Where it matters whether any
 * of many neurons spikes in a step, they spike independently of each other.
 */
import type { Routed } from '../map/mapping.js';
import { lengthOf } from '../map/reach.js';
import type { SpikeTraffic } from '../map/traffic-graph.js';
import { countersOf, meshCounters } from './counters.js';
import { planCounting, type Region, type RegionTable } from './counting-plan.js';
import type { CoreCounters, MeshCounters } from './trace.js';

export interface ExpectedLoad {
  /** Means of one inference; updates are not estimated. */
  readonly cores: readonly Pick<CoreCounters, 'spikes' | 'messagesOut' | 'messagesIn' | 'synapticOps'>[];
  readonly mesh: MeshCounters;
  /** The same messages with the cores in other places, which keep the order of the routes. */
  readonly elsewhere: (routed: Routed) => MeshCounters;
}

/** `traffic`: mean spikes of a neuron in one inference, by population; 1 where it is not known. */
export function expectedLoad(routed: Routed, traffic: SpikeTraffic): ExpectedLoad {
  const plan = planCounting(routed);
  const { populations, timesteps } = routed.network;
  const regions = Float64Array.from(plan.regions, (region) => {
    if (region.plane !== 'spikes') return 0;
    const spikes = neuronsOf(region) * (traffic.get(populations[region.population].id) ?? 1);
    return region.each === undefined ? spikes : region.each * timesteps * -Math.expm1(-spikes / timesteps);
  });
  const { cores, mesh } = countersOf(routed, plan, { samples: 1, regions, saturations: new Float64Array(populations.length) });
  return { cores, mesh, elsewhere: (other) => meshCounters(other, plan, { regions }) };
}

/** The region's value if each neuron counts one. */
function neuronsOf({ channels, rows, columns, table }: Region): number {
  if (table !== undefined) return tableSum(channels, { rows, columns, table });
  const sum = (weights: Int32Array): number => weights.reduce((a, b) => a + b, 0);
  return lengthOf(channels) * sum(rows) * sum(columns);
}

function tableSum(channels: Region['channels'], { rows, columns, table }: { readonly rows: Int32Array; readonly columns: Int32Array; readonly table: RegionTable }): number {
  const perPattern = Array.from({ length: table.weights.length / table.channels }, (_, i) => table.weights.subarray(i * table.channels + channels[0], i * table.channels + channels[1]).reduce((a, b) => a + b, 0));
  let total = 0;
  for (const row of rows) for (const column of columns) if (row >= 0 && column >= 0) total += perPattern[row * table.columnPatterns + column];
  return total;
}
