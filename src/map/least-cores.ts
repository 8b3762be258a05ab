/**
 * A bound from below on the cores of a network: a core holds neurons of one population, and no cut makes
 * the needs of a population smaller than they are uncut. So each takes at least the largest, over the
 * resources, of its whole need divided by what a core has. Sparse lists, whose indices a cut can narrow,
 * count with the narrowest.
 */
import type { MapShape } from '../spiking/network.js';
import type { IntegerNetwork, IntegerPopulation } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import { coreUse, type Grid, type Neighbourhood } from './core-use.js';
import type { CoreUse } from './mapping.js';
import { linksOf, type Link } from './reach.js';
import { indexBits, listFormat } from './synapse-format.js';

/** Cores that no partition can do without. */
export function leastCores(network: IntegerNetwork, target: Target): number {
  // Lists that reach every compartment are never stored twice; an axon for all cores is the fewest there can be.
  const ideal: Target = { ...target, memory: { ...target.memory, sharedOffset: null }, capabilities: { ...target.capabilities, multicast: true } };
  const links = linksOf(network);
  return network.populations.reduce((sum, population) => {
    const incoming = links.filter((l) => l.projection.target === population.id);
    const outgoing = links.filter((l) => l.projection.source === population.id).map((link) => ({ link, grid: uncut(link.target) }));
    const use = wholeUse({ population, target: ideal, incoming: incoming.map((link) => ({ link, grid: uncut(link.source) })), outgoing });
    const resets = wholeUse({ population, target: ideal, incoming: [], outgoing: [] }).synapticBits;
    const { core } = target;
    const needs = [
      [use.neurons, core.neurons], [use.inAxons, core.inAxons], [use.outAxons, core.outAxons],
      [incoming.reduce((bits, link) => bits + leastBits(population, link, ideal) - resets, resets), core.synapticMemoryBits],
    ] as const;
    return sum + needs.reduce((most, [used, limit]) => Math.max(most, limit === null ? 1 : Math.ceil(used / limit)), 1);
  }, 0);
}

/** Bits of one projection, resets included. A slice of fewer channels may take narrower indices, so sparse lists count the narrowest and no rounding. */
function leastBits(population: IntegerPopulation, link: Link, target: Target): number {
  const { sparse, weightBits, delayBits } = listFormat(link, target);
  const alone = (memory: Target['memory']): number => wholeUse({ population, target: { ...target, memory }, incoming: [{ link, grid: uncut(link.source) }], outgoing: [] }).synapticBits;
  if (!sparse) return alone(target.memory);
  const widths = (channels: number): number => weightBits + delayBits + (indexBits(channels, target.memory) ?? 0);
  const resets = wholeUse({ population, target, incoming: [], outgoing: [] }).synapticBits;
  const unrounded = { ...target.memory, wordBits: 1, blockOverheadBits: 0 };
  const bare = wholeUse({ population, target: { ...target, memory: unrounded }, incoming: [], outgoing: [] }).synapticBits;
  return resets + Math.floor((alone(unrounded) - bare) * widths(1) / widths(link.target[0] / link.projection.groups));
}

/** What the population would need on a core without limits. */
function wholeUse(near: Neighbourhood): CoreUse {
  const { id, shape: [channels, rows, columns] } = near.population;
  return coreUse(near)({ population: id, channels: [0, channels], rows: [0, rows], columns: [0, columns] });
}

const uncut = ([channels, rows, columns]: MapShape): Grid => ({ channels: [[0, channels]], rows: [[0, rows]], columns: [[0, columns]] });
