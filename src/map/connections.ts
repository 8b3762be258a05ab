/**
 * Which cores talk to which: for every projection, the pairs (source core, target core) between which
 * at least one synapse runs, and how many source neurons it concerns. Each spike of such a neuron is
 * one message. Cores that hold a part of a fan-in hear the sources and speak to the cores of the neurons.
 */
import { isPart, storesSynapses, takesSums } from './fan-in-parts.js';
import type { Partitioned, Slice } from './mapping.js';
import { intersect, lengthOf, linksOf, reachingPixels, sourceReach } from './reach.js';

export interface Connection {
  readonly from: number;
  readonly to: number;
  /** Index of the projection. */
  readonly projection: number;
  /** Neurons of `from` with a synapse in `to`; of a part: those that it sends sums for. */
  readonly neurons: number;
}

/** All connections, ordered by projection, then target core, then source core. */
export function connectionsOf({ network, cores }: Pick<Partitioned, 'network' | 'cores'>): Connection[] {
  const coresOf = new Map<string, number[]>();
  cores.forEach(({ slice }, i) => {
    const list = coresOf.get(slice.population);
    if (list === undefined) coresOf.set(slice.population, [i]);
    else list.push(i);
  });
  const found: Connection[] = [];
  linksOf(network).forEach((link, projection) => {
    for (const to of coresOf.get(link.projection.target) ?? []) {
      const target = cores[to].slice;
      if (takesSums(target, link)) found.push(...sums(cores, to, projection, coresOf.get(target.population) ?? []));
      if (!storesSynapses(target, link, projection)) continue;
      const reach = sourceReach(link, target);
      const pixels = new Map<string, number>(); // slices that differ in channels only share the count
      for (const from of coresOf.get(link.projection.source) ?? []) {
        const slice = cores[from].slice;
        if (isPart(slice)) continue;
        const channels = lengthOf(intersect(reach.channels, slice.channels));
        if (channels === 0) continue;
        const neurons = channels * remembered(pixels, boxKey(slice), () => reachingPixels(reach, slice));
        if (neurons > 0) found.push({ from, to, projection, neurons });
      }
    }
  });
  return found;
}

/** From the parts of a projection, among the cores of its target, to a core that holds neurons. */
function sums(cores: Partitioned['cores'], to: number, projection: number, among: readonly number[]): Connection[] {
  return among.flatMap((from): Connection[] => {
    const { part, channels } = cores[from].slice;
    const neurons = lengthOf(intersect(channels, cores[to].slice.channels));
    return part?.projection === projection && neurons > 0 ? [{ from, to, projection, neurons }] : [];
  });
}

const boxKey = ({ rows, columns }: Slice): string => `${rows[0]},${rows[1]},${columns[0]},${columns[1]}`;

function remembered(known: Map<string, number>, key: string, compute: () => number): number {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}
