/**
 * A bound from below on the cores of a network: a core holds neurons of one population, and no cut makes
 * the needs of a population smaller than they are uncut. So each takes at least the largest, over the
 * resources, of its whole need divided by what a core has. Sparse lists, whose indices a cut can narrow,
 * count with the narrowest. Where the fan-in is in parts, its cores and those of the neurons are bounded apart.
 */
import type { MapShape } from '../spiking/network.js';
import { spikeDelay, type IntegerNetwork, type IntegerPopulation } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import { coreUse, type Grid, type Neighbour, type Neighbourhood } from './core-use.js';
import type { CoreUse } from './mapping.js';
import { linksOf, type Link } from './reach.js';
import { indexBits, listFormat } from './synapse-format.js';

/** Cores that no partition can do without. */
export function leastCores(network: IntegerNetwork, target: Target): number {
  // Lists that reach every compartment are never stored twice; an axon for all cores is the fewest there can be.
  const ideal: Target = { ...target, memory: { ...target.memory, sharedOffset: null }, capabilities: { ...target.capabilities, multicast: true } };
  const links = linksOf(network).map(inOnePiece);
  return network.populations.reduce((sum, population) => {
    const incoming = links.filter((l) => l.projection.target === population.id);
    const outgoing = links.filter((l) => l.projection.source === population.id).map((link) => neighbour(link, link.target));
    const use = wholeUse({ population, target: ideal, incoming: incoming.map((link) => neighbour(link, link.source)), outgoing });
    const resets = wholeUse({ population, target: ideal, incoming: [], outgoing: [] }).synapticBits;
    const { core } = target;
    const neurons: Needs = [[use.neurons, core.neurons], [use.outAxons, core.outAxons]];
    const fanIn: Needs = [[use.inAxons, core.inAxons], [incoming.reduce((bits, link) => bits + leastBits(population, link, ideal) - resets, resets), core.synapticMemoryBits]];
    const split = network.projections.some((p) => p.target === population.id && p.inParts === true);
    return sum + (split ? coresFor(neurons) + coresFor(fanIn) : coresFor([...neurons, ...fanIn]));
  }, 0);
}

type Needs = readonly (readonly [used: number, limit: number | null])[];

const coresFor = (needs: Needs): number => needs.reduce((most, [used, limit]) => Math.max(most, limit === null ? 1 : Math.ceil(used / limit)), 1);

const neighbour = (link: Link, shape: MapShape): Neighbour => ({ link, projection: 0, grid: uncut(shape) });

function inOnePiece(link: Link): Link {
  const { inParts: _, ...projection } = link.projection;
  return { ...link, projection: { ...projection, delay: spikeDelay(link.projection) } };
}

/** Bits of one projection, resets included. A slice of fewer channels may take narrower indices, so sparse lists count the narrowest and no rounding. */
function leastBits(population: IntegerPopulation, link: Link, target: Target): number {
  const { sparse, weightBits, delayBits } = listFormat(link, target);
  const alone = (memory: Target['memory']): number => wholeUse({ population, target: { ...target, memory }, incoming: [neighbour(link, link.source)], outgoing: [] }).synapticBits;
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
