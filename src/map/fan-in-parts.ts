/**
 * Fan-ins that are split over cores. Cores of their own hold the synapses of a box of sources each; in the
 * step after spikes have reached them they send their sums, one graded spike for each neuron that was reached, to
 * the cores that hold the neurons. A sum of integers is the same in parts, so nothing about the network changes but
 * its time: its neurons run one chip step later, and with them all that follows.
 */
import type { WhyWhole } from '../diagnostics/map-messages.js';
import type { IntegerNetwork, IntegerPopulation } from '../quantise/integer-network.js';
import type { PopulationId } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import type { Slice } from './mapping.js';
import { neuronsIn, sourceReach, type Link } from './reach.js';
import { sumSynapseBits } from './synapse-format.js';
import { synapticBits } from './synaptic-memory.js';

/** True for cores that hold a part of a fan-in and no neurons. */
export const isPart = ({ part }: Slice): boolean => part !== undefined;

/** True where spikes of the link read their weights on the core of the slice. `projection`: the link's index. */
export function storesSynapses({ population, part }: Slice, link: Link, projection: number): boolean {
  if (link.projection.target !== population) return false;
  return part === undefined ? link.projection.inParts !== true : part.projection === projection;
}

/** True where the neurons of the slice take in sums of the link. */
export const takesSums = (slice: Slice, { projection }: Link): boolean => projection.target === slice.population && !isPart(slice) && projection.inParts === true;

/** Bits of synaptic memory that the core of a slice needs for a link. */
export function linkBits(slice: Slice, link: Link, projection: number, target: Target): number {
  if (takesSums(slice, link)) return neuronsIn(slice) * sumSynapseBits(target);
  return storesSynapses(slice, link, projection) ? synapticBits(link, slice, sourceReach(link, slice), target) : 0;
}

/** Null where the fan-in of the population can be split exactly. Only vectors: what a spike reaches there, it reaches whole. */
export function whyWhole({ id, shape }: IntegerPopulation, { projections }: IntegerNetwork, { capabilities: { gradedSpikes }, numbers }: Target): WhyWhole | null {
  if (gradedSpikes !== true) return gradedSpikes === null ? 'graded-spikes-unpublished' : 'no-graded-spikes';
  const { gradedBits = null } = numbers;
  if (gradedBits === null) return 'payload-unpublished';
  const incoming = projections.filter((p) => p.target === id);
  if (shape[1] * shape[2] > 1 || incoming.some((p) => p.groups > 1)) return 'map';
  return incoming.some((p) => p.bound > 2 ** (gradedBits - 1) - 1) ? 'payload-too-narrow' : null;
}

/** The same network with all sums into these populations made in parts: they and what follows run later, and shortcuts wait for it. */
export function sumInParts(network: IntegerNetwork, populations: ReadonlySet<PopulationId>): IntegerNetwork {
  const before = new Map(network.populations.map((p) => [p.id, p.depth]));
  const later = new Map<PopulationId, number>();
  for (const { id } of network.populations) { // in order of depth
    const sources = network.projections.filter((p) => p.target === id).map((p) => later.get(p.source) ?? 0);
    later.set(id, Math.max(0, ...sources) + (populations.has(id) ? 1 : 0));
  }
  const depth = (id: PopulationId): number => (before.get(id) as number) + (later.get(id) as number);
  return {
    ...network,
    populations: network.populations.map((p) => ({ ...p, depth: depth(p.id) })),
    projections: network.projections.map((p) => ({ ...p, delay: depth(p.target) - depth(p.source) - 1, ...(populations.has(p.target) ? { inParts: true as const } : {}) })),
  };
}
