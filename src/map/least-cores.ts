/**
 * A bound from below on the cores of a network: a core holds neurons of one population, and no cut makes
 * the needs of a population smaller than they are uncut. So each takes at least the largest, over the
 * resources, of its whole need divided by what a core has.
 */
import type { IntegerNetwork } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import { coreUse } from './core-use.js';
import { linksOf, type Link } from './reach.js';
import type { Grid } from './core-use.js';
import type { MapShape } from '../spiking/network.js';

/** Cores that no partition can do without. */
export function leastCores(network: IntegerNetwork, target: Target): number {
  // Lists that reach every compartment are never stored twice; an axon for all cores is the fewest there can be.
  const ideal: Target = { ...target, memory: { ...target.memory, sharedOffset: null }, capabilities: { ...target.capabilities, multicast: true } };
  const links = linksOf(network);
  return network.populations.reduce((sum, population) => {
    const ends = (side: 'source' | 'target', other: (link: Link) => MapShape) =>
      links.filter((l) => l.projection[side] === population.id).map((link) => ({ link, grid: uncut(other(link)) }));
    const use = coreUse({ population, target: ideal, incoming: ends('target', (l) => l.source), outgoing: ends('source', (l) => l.target) });
    const [channels, rows, columns] = population.shape;
    const whole = use({ population: population.id, channels: [0, channels], rows: [0, rows], columns: [0, columns] });
    const { core } = target;
    const needs = [[whole.neurons, core.neurons], [whole.inAxons, core.inAxons], [whole.outAxons, core.outAxons], [whole.synapticBits, core.synapticMemoryBits]] as const;
    return sum + needs.reduce((most, [used, limit]) => Math.max(most, limit === null ? 1 : Math.ceil(used / limit)), 1);
  }, 0);
}

const uncut = ([channels, rows, columns]: MapShape): Grid => ({ channels: [[0, channels]], rows: [[0, rows]], columns: [[0, columns]] });
