/**
 * Synaptic memory layer by layer: for each projection the format of its lists and the bits that they take
 * over all cores, the synapses that take in sums where a fan-in is in parts, and the reset synapses of
 * two-compartment neurons. The bits add up to those of the cores.
 */
import { hasTwoCompartments } from './core-use.js';
import type { Partitioned } from './mapping.js';
import { isPart, linkBits, storesSynapses, takesSums } from './fan-in-parts.js';
import { linksOf, neuronsIn } from './reach.js';
import { listFormat, resetSynapseBits, SUM_WEIGHT, synapseFormat, weightBits } from './synapse-format.js';
import type { SynapseFormat } from './synapse-format.js';
import { sliceIndexBits } from './synaptic-memory.js';
import type { PopulationId } from '../spiking/network.js';

export interface ProjectionMemory {
  /** The population whose cores hold it. */
  readonly population: PopulationId;
  /** Null: the reset synapses of the population. */
  readonly projection: string | null;
  /** True: not its weights but the synapses by which neurons take in the sums that its parts make of them. */
  readonly sums?: true;
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

/** One entry a projection, in the network's order, and behind it one for the sums of its parts; then one a population with reset synapses. */
export function memoryByProjection({ network, target, cores }: Pick<Partitioned, 'network' | 'target' | 'cores'>): ProjectionMemory[] {
  const holding = (population: PopulationId) => cores.filter(({ slice }) => slice.population === population && !isPart(slice));
  const projections = linksOf(network).flatMap((link, projection): ProjectionMemory[] => {
    const { id, target: population } = link.projection;
    const own = cores.filter(({ slice }) => storesSynapses(slice, link, projection));
    const adding = cores.filter(({ slice }) => takesSums(slice, link));
    const { sparse, weightBits: width, delayBits } = listFormat(link, target);
    const sums = adding.length === 0 ? [] : [{
      population, projection: id, sums: true as const, format: 'dense' as const, sparse: false, weightBits: weightBits(SUM_WEIGHT), indexBits: 0, delayBits: 0,
      cores: adding.length, bits: adding.reduce((sum, { slice }) => sum + linkBits(slice, link, projection, target), 0),
    }];
    return [{
      population, projection: id, format: synapseFormat(link, target), sparse, weightBits: width, delayBits, cores: own.length,
      indexBits: own.reduce((most, { slice }) => Math.max(most, sliceIndexBits(link, slice.channels, target)), 0),
      bits: own.reduce((sum, { slice }) => sum + linkBits(slice, link, projection, target), 0),
    }, ...sums];
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
  return entries.map((m) => `  memory  ${m.population} <- ${m.projection ?? 'its resets'}${m.sums === true ? ', sums of its parts' : ''}  ${m.format}${m.sparse && m.format === 'shared' ? ', sparse segments' : ''}`
    + `  weight ${m.weightBits} index ${m.indexBits} delay ${m.delayBits}  ${m.bits} bits on ${m.cores} ${m.cores === 1 ? 'core' : 'cores'}`);
}
