/**
 * The traffic between cores as the placement sees it: an undirected graph whose edge (a, b) weighs the
 * messages that run between the two cores in one inference, in either direction and of all projections.
 * Stored by rows (CSR) in typed arrays, because the search reads nothing else.
 */
import type { PopulationId } from '../spiking/network.js';
import { connectionsOf } from './connections.js';
import { isPart } from './fan-in-parts.js';
import type { Partitioned } from './mapping.js';

/** Mean spikes of one neuron in one inference, by population; 1 where it is not known. */
export type SpikeTraffic = ReadonlyMap<PopulationId, number>;

/** Partners of core i stand in [start[i], start[i + 1]), ascending; weight is messages per inference. */
export interface TrafficGraph {
  readonly cores: number;
  readonly start: Int32Array;
  readonly partner: Int32Array;
  readonly weight: Float64Array;
}

export function trafficGraph(partitioned: Partitioned, traffic: SpikeTraffic): TrafficGraph {
  const { network, cores: { length: cores } } = partitioned;
  const pairs = new Map<number, number>();
  for (const { from, to, projection, neurons } of connectionsOf(partitioned)) {
    if (from === to) continue;
    // with thousands of sources, some spike reaches a part in nearly every step
    const messages = neurons * (isPart(partitioned.cores[from].slice) ? network.timesteps : traffic.get(network.projections[projection].source) ?? 1);
    for (const key of [from * cores + to, to * cores + from]) pairs.set(key, (pairs.get(key) ?? 0) + messages);
  }
  const keys = Float64Array.from(pairs.keys()).sort();
  const start = new Int32Array(cores + 1);
  for (const key of keys) start[Math.floor(key / cores) + 1]++;
  for (let i = 0; i < cores; i++) start[i + 1] += start[i];
  return { cores, start, partner: Int32Array.from(keys, (key) => key % cores), weight: Float64Array.from(keys, (key) => pairs.get(key) as number) };
}
