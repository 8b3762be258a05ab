/**
 * Which cores talk to which: for every projection, the pairs (source core, target core) between which
 * at least one synapse runs, and how many source neurons it concerns. Each spike of such a neuron is
 * one message.
 */
import type { Partitioned, Slice } from './mapping.js';
import { intersect, lengthOf, linksOf, reachingPixels, sourceReach } from './reach.js';

export interface Connection {
  readonly from: number;
  readonly to: number;
  /** Index of the projection. */
  readonly projection: number;
  /** Neurons of `from` with a synapse in `to`. */
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
      const reach = sourceReach(link, cores[to].slice);
      const pixels = new Map<string, number>(); // slices that differ in channels only share the count
      for (const from of coresOf.get(link.projection.source) ?? []) {
        const slice = cores[from].slice;
        const channels = lengthOf(intersect(reach.channels, slice.channels));
        if (channels === 0) continue;
        const neurons = channels * remembered(pixels, boxKey(slice), () => reachingPixels(reach, slice));
        if (neurons > 0) found.push({ from, to, projection, neurons });
      }
    }
  });
  return found;
}

const boxKey = ({ rows, columns }: Slice): string => `${rows[0]},${rows[1]},${columns[0]},${columns[1]}`;

function remembered(known: Map<string, number>, key: string, compute: () => number): number {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}
