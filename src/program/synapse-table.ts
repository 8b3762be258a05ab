/**
 * The synapse formats of one core: an entry for each projection whose weights or sums arrive there, then one for each size
 * of reset synapse where the soft reset is built from two compartments. A block of synapses names its
 * entry in its header, counted from 1.
 */
import { hasTwoCompartments } from '../map/core-use.js';
import { isPart, storesSynapses, takesSums } from '../map/fan-in-parts.js';
import type { Slice } from '../map/mapping.js';
import type { Link } from '../map/reach.js';
import { listFormat, SUM_WEIGHT, weightBits } from '../map/synapse-format.js';
import { sliceIndexBits } from '../map/synaptic-memory.js';
import type { IntegerPopulation } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';

export interface SynapseEntry {
  /** Index of the projection, or null: reset synapses. */
  readonly projection: number | null;
  /** An index beside each weight, zeros left out. */
  readonly sparse: boolean;
  readonly weightBits: number;
  readonly indexBits: number;
  readonly delayBits: number;
  /** Tags belong to learning rules; nothing here learns on the chip. */
  readonly tagBits: 0;
  /** A weight counts weight << shift state units. 0 in parts of a fan-in, whose sums are shifted where they arrive. */
  readonly shift: number;
}

/** The formats of the core that holds `slice` of `population`; `links` are all links of the network. */
export function synapseTable(slice: Slice, population: IntegerPopulation, links: readonly Link[], target: Target): SynapseEntry[] {
  const arriving = links.flatMap((link, projection): SynapseEntry[] => {
    if (takesSums(slice, link)) return [{ projection, sparse: false, weightBits: weightBits(SUM_WEIGHT), indexBits: 0, delayBits: 0, tagBits: 0, shift: link.projection.shift }];
    if (!storesSynapses(slice, link, projection)) return [];
    const { sparse, weightBits: weight, delayBits } = listFormat(link, target);
    return [{ projection, sparse, weightBits: weight, indexBits: sliceIndexBits(link, slice.channels, target), delayBits, tagBits: 0, shift: isPart(slice) ? 0 : link.projection.shift }];
  });
  return [...arriving, ...(isPart(slice) ? [] : resetEntries(slice, population, target))];
}

function resetEntries({ channels }: Slice, population: IntegerPopulation, target: Target): SynapseEntry[] {
  if (!hasTwoCompartments(population)) return [];
  const exponents = [...new Set(population.thresholdExponent.subarray(...channels))].sort((a, b) => a - b);
  const { shift } = resetWeight(population, target);
  return exponents.map((exponent) => ({
    projection: null, sparse: false, weightBits: weightBits(target.numbers.weightMax), indexBits: 0, delayBits: 0, tagBits: 0, shift: shift + exponent,
  }));
}

/** The inhibitory weight that takes a channel's threshold away again: weight << (shift + the channel's threshold exponent). */
export function resetWeight({ threshold }: IntegerPopulation, { numbers }: Target): { readonly weight: number; readonly shift: number } {
  let weight = threshold;
  let shift = 0;
  while (weight > numbers.weightMax) {
    weight = Math.floor(weight / 2); // exact for a threshold that quantisation chose
    shift++;
  }
  return { weight: -weight, shift };
}

export const sameEntry = (a: SynapseEntry, b: SynapseEntry): boolean => a.projection === b.projection && a.sparse === b.sparse && a.weightBits === b.weightBits
  && a.indexBits === b.indexBits && a.delayBits === b.delayBits && a.shift === b.shift;
