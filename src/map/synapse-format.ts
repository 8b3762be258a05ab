/**
 * The three ways in which a chip of the Loihi kind stores synapses, and the choice between them.
 *
 *   dense    a list for each source neuron; no index, zeros are stored
 *   sparse   a list for each source neuron; an index beside each weight, zeros are left out
 *   shared   one list serves all source pixels at which the same weights apply; its segments are
 *            dense or sparse
 *
 * The widths of a weight and of an index come from the chip's code tables. Sparse segments are chosen
 * for a projection where they take fewer bits over all of its segments.
 */
import { spikeDelay } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import type { Link } from './reach.js';
import { weightCensus } from './weight-census.js';

export type SynapseFormat = 'sparse' | 'dense' | 'shared';

/** How the synapses of one projection are stored in every core. */
export interface ListFormat {
  /** A list serves many source pixels, and one population axon names up to `axonChannels` channels of a pixel. */
  readonly shared: boolean;
  /** An index per weight, zeros left out. */
  readonly sparse: boolean;
  /** Bits of a weight, two's complement. */
  readonly weightBits: number;
  readonly delayBits: number;
}

/** Widths that a synapse format can name (nengo-loihi, block.py): of a weight and of an index. */
export const WEIGHT_CODES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8];
export const INDEX_CODES: readonly number[] = [0, 6, 7, 8, 9, 10, 11, 12];

/** Bits of weights up to +-largest, sign included. */
export const weightBits = (largest: number): number => smallestCode(WEIGHT_CODES, largest === 0 ? 0 : Math.ceil(Math.log2(largest + 1)) + 1) ?? 8;

/** Bits of an index among `channels` target channels; null where the chip's indices do not reach so far. */
export function indexBits(channels: number, { indexBits: most }: Target['memory']): number | null {
  const needed = Math.ceil(Math.log2(channels));
  if (most === 0 || needed > most) return null;
  const code = smallestCode(INDEX_CODES, Math.max(1, needed));
  return code === undefined || code > most ? most : code;
}

const smallestCode = (codes: readonly number[], needed: number): number | undefined => codes.find((bits) => bits >= needed);

/** A projection is shared where the chip can and where two source pixels use the same weights. */
export function isShared(link: Link, target: Target): boolean {
  const { pool } = link.projection;
  const repeats = link.target[1] * link.target[2] > 1 || pool[0] * pool[1] > 1;
  return target.capabilities.sharedConvolution === true && repeats;
}

/** Cutting asks again and again. */
const known = new WeakMap<Link, { readonly target: Target; readonly format: ListFormat }>();

/** The chosen format; it depends on shapes and weights, never on how populations are cut. */
export function listFormat(link: Link, target: Target): ListFormat {
  const found = known.get(link);
  if (found?.target === target) return found.format;
  const format = chooseFormat(link, target);
  known.set(link, { target, format });
  return format;
}

function chooseFormat(link: Link, target: Target): ListFormat {
  const { largest, segments } = weightCensus(link);
  const widths = { weightBits: weightBits(largest), delayBits: delayBits(spikeDelay(link.projection), target) };
  const bits = widths.weightBits + widths.delayBits;
  const outputs = segments.length - 1;
  const index = indexBits(outputs, target.memory);
  let [dense, sparse] = [0, 0];
  segments.forEach((count, stored) => {
    if (count === 0) return;
    dense += count * runBits(outputs, bits, target.memory);
    sparse += count * runBits(stored, bits + (index ?? 0), target.memory);
  });
  return { shared: isShared(link, target), sparse: index !== null && sparse < dense, ...widths };
}

/** What a synaptic operation of the projection is priced as. */
export function synapseFormat(link: Link, target: Target): SynapseFormat {
  const { shared, sparse } = listFormat(link, target);
  if (shared) return 'shared';
  return sparse ? 'sparse' : 'dense';
}

/** True where a spike reads the stored weights only, so that zeros cost no operation. */
export const skipsZeros = (link: Link, target: Target): boolean => listFormat(link, target).sparse;

/** A delayed projection carries its delay in every synapse. */
export const delayBits = (delay: number, target: Target): number => (delay > 0 ? target.memory.delayBits : 0);

/** Bits of a segment of `count` stored weights of `bits` each, block headers and the rounding to whole words included. */
export function runBits(count: number, bits: number, memory: Target['memory']): number {
  const { wordBits, blockSynapses, blockOverheadBits } = memory;
  const block = (n: number): number => Math.ceil((n * bits + blockOverheadBits) / wordBits) * wordBits;
  const full = Math.floor(count / blockSynapses);
  const rest = count - full * blockSynapses;
  return full * (full > 0 ? block(blockSynapses) : 0) + (rest > 0 ? block(rest) : 0);
}

/** The synapse of weight 1 by which a neuron takes in the sums of its fan-in's parts: dense, one a neuron and projection. */
export const SUM_WEIGHT = 1;
export const sumSynapseBits = (target: Target): number => runBits(1, weightBits(SUM_WEIGHT), target.memory);

/** Synapses that hold the reset of two-compartment neurons: one a neuron, dense, as wide as the target's weights. */
export const resetSynapseBits = (target: Target): number => runBits(1, weightBits(target.numbers.weightMax), target.memory);
