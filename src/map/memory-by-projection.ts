/**
 * Synaptic memory layer by layer: for each projection the format of its lists and the bits that they take
 * over all cores, and the reset synapses of two-compartment neurons. The bits add up to those of the cores.
 */
import { hasTwoCompartments } from './core-use.js';
import type { Partitioned } from './mapping.js';
import { linksOf, neuronsIn, sourceReach } from './reach.js';
import { listFormat, resetSynapseBits, synapseFormat, weightBits } from './synapse-format.js';
import type { SynapseFormat } from './synapse-format.js';
import { sliceIndexBits, synapticBits } from './synaptic-memory.js';
import type { PopulationId } from '../spiking/network.js';

export interface ProjectionMemory {
  /** The population whose cores hold it. */
  readonly population: PopulationId;
  /** Null: the reset synapses of the population. */
  readonly projection: string | null;
  readonly format: SynapseFormat;
  /** Zeros are left out of its segments and an index stands beside each weight. */
  readonly sparse: boolean;
  readonly weightBits: number;
  /** The widest over its cores. */
  readonly indexBits: number;
  readonly delayBits: number;
  readonly cores: number;
  /** Over all cores, block headers and the rounding to words included. */
  readonly bits: number;
}

/** One entry a projection, in the network's order, then one a population with reset synapses. */
export function memoryByProjection({ network, target, cores }: Pick<Partitioned, 'network' | 'target' | 'cores'>): ProjectionMemory[] {
  const holding = (population: PopulationId) => cores.filter(({ slice }) => slice.population === population);
  const projections = linksOf(network).map((link): ProjectionMemory => {
    const { id, target: population } = link.projection;
    const own = holding(population);
    const { sparse, weightBits: width, delayBits } = listFormat(link, target);
    return {
      population, projection: id, format: synapseFormat(link, target), sparse, weightBits: width, delayBits, cores: own.length,
      indexBits: own.reduce((most, { slice }) => Math.max(most, sliceIndexBits(link, slice.channels, target)), 0),
      bits: own.reduce((sum, { slice }) => sum + synapticBits(link, slice, sourceReach(link, slice), target), 0),
    };
  });
  const resets = network.populations.filter(hasTwoCompartments).map(({ id }): ProjectionMemory => {
    const own = holding(id);
    return {
      population: id, projection: null, format: 'dense', sparse: false, weightBits: weightBits(target.numbers.weightMax), indexBits: 0, delayBits: 0,
      cores: own.length, bits: own.reduce((sum, { slice }) => sum + neuronsIn(slice) * resetSynapseBits(target), 0),
    };
  });
  return [...projections, ...resets];
}

/** One line an entry, for the printed form of a mapping. */
export function memoryText(entries: readonly ProjectionMemory[]): string[] {
  return entries.map((m) => `  memory  ${m.population} <- ${m.projection ?? 'its resets'}  ${m.format}${m.sparse && m.format === 'shared' ? ', sparse segments' : ''}`
    + `  weight ${m.weightBits} index ${m.indexBits} delay ${m.delayBits}  ${m.bits} bits on ${m.cores} ${m.cores === 1 ? 'core' : 'cores'}`);
}
