/**
 * The synaptic memory of one core, bit for bit: its lists one behind the other, projection by
 * projection and source channel by source channel (where the sums of a projection come from parts of the fan-in,
 * a synapse of weight 1 a neuron), then the reset synapses of two-compartment neurons, one a neuron. Beside it stand the format table and where each list begins, which is what the input
 * axons of the core point to.
 */
import { hasTwoCompartments } from '../map/core-use.js';
import { isPart, storesSynapses, takesSums } from '../map/fan-in-parts.js';
import type { CoreSlice } from '../map/mapping.js';
import { linksOf, neuronsIn, sourceReach } from '../map/reach.js';
import type { Link } from '../map/reach.js';
import { SUM_WEIGHT } from '../map/synapse-format.js';
import { storedLists } from '../map/synaptic-memory.js';
import type { StoredList } from '../map/synaptic-memory.js';
import type { IntegerNetwork, IntegerPopulation } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import { bankKey, packBank, planBanks, segmentCode } from './segment-banks.js';
import type { SegmentBank } from './segment-banks.js';
import { segmentBytes, writeSegment } from './segment.js';
import type { SegmentCode } from './segment.js';
import { resetWeight, synapseTable } from './synapse-table.js';
import type { SynapseEntry } from './synapse-table.js';

/** A synaptic memory in parts: what the file of a program holds. */
export interface PackedMemory {
  /** Per core. */
  readonly tables: readonly (readonly SynapseEntry[])[];
  /** Per core: the reset synapses, one for each entry of its table that has no projection. */
  readonly resets: readonly Uint8Array[];
  /** Per core: the synapse that takes in a sum, one for each projection whose sums arrive there. */
  readonly sums: readonly Uint8Array[];
  readonly banks: ReadonlyMap<string, SegmentBank>;
}

export interface PlacedList extends StoredList {
  readonly projection: number;
  readonly source: number;
  /** Bytes of the image at which its segments begin, row by row. */
  readonly segments: readonly number[];
}

export interface CoreImage {
  readonly table: readonly SynapseEntry[];
  readonly bytes: Uint8Array;
  readonly lists: readonly PlacedList[];
}

type Mapped = { readonly network: IntegerNetwork; readonly target: Target; readonly cores: readonly CoreSlice[] };

/** Packs the synaptic memory of all cores. */
export function packMemory({ network, target, cores }: Mapped): PackedMemory {
  const links = linksOf(network);
  const populations = new Map(network.populations.map((p) => [p.id, p]));
  const tables = cores.map(({ slice }) => synapseTable(slice, populations.get(slice.population)!, links, target));
  const banks = [...planBanks(cores, links)].map(([key, plan]) => [key, packBank(plan, segmentCode(plan, tables[plan.core], target)!)] as const);
  return {
    tables, banks: new Map(banks),
    resets: cores.map(({ slice }, i) => (isPart(slice) ? new Uint8Array() : packResets(populations.get(slice.population)!, tables[i], target))),
    sums: cores.map(({ slice }, i) => packSynapses(SUM_WEIGHT, links.flatMap((link, projection) => (takesSums(slice, link) ? entryCodes(tables[i], target, projection) : [])))),
  };
}

/** One synapse of each size, in the order of the table. */
function packResets(population: IntegerPopulation, table: readonly SynapseEntry[], target: Target): Uint8Array {
  if (!hasTwoCompartments(population)) return new Uint8Array();
  return packSynapses(resetWeight(population, target).weight, resetCodes(table, target));
}

/** A synapse of one weight in each of the formats, one behind the other. */
function packSynapses(weight: number, codes: readonly SegmentCode[]): Uint8Array {
  const weights = Int8Array.of(weight);
  const bytes = new Uint8Array(codes.reduce((sum, code) => sum + segmentBytes(1, code), 0));
  let at = 0;
  for (const code of codes) at = writeSegment(bytes, at, weights, code);
  return bytes;
}

const entryCodes = (table: readonly SynapseEntry[], { memory }: Target, projection: number | null): SegmentCode[] =>
  table.flatMap((entry, i) => (entry.projection === projection ? [{ memory, entry, place: i + 1, delay: 0 }] : []));

const resetCodes = (table: readonly SynapseEntry[], target: Target): SegmentCode[] => entryCodes(table, target, null);

/** The memory of core `index`. `memory` is that of the whole program. */
export function coreImage({ network, target, cores }: Mapped, memory: PackedMemory, index: number): CoreImage {
  const { slice } = cores[index];
  const pieces: Uint8Array[] = [];
  const lists: PlacedList[] = [];
  let end = 0;
  const add = (piece: Uint8Array): number => { pieces.push(piece); end += piece.length; return end - piece.length; };
  const table = memory.tables[index];
  let summed = 0;
  linksOf(network).forEach((link, projection) => {
    if (takesSums(slice, link)) {
      const first = summed;
      summed += entryCodes(table, target, projection).reduce((size, code) => size + segmentBytes(1, code), 0);
      for (let i = neuronsIn(slice); i > 0; i--) add(memory.sums[index].subarray(first, summed));
      return;
    }
    if (!storesSynapses(slice, link, projection)) return;
    const reach = sourceReach(link, slice);
    const bank = memory.banks.get(bankKey(projection, slice.channels))!;
    const stored = storedLists(link, slice, reach, target);
    for (const [source, segmentOf] of segmentsBySource(bank, link)) {
      if (source < reach.channels[0] || source >= reach.channels[1]) continue; // another part's
      for (const list of stored) {
        const segments = list.rows.flatMap((ky) => list.columns.map((kx) => add(segmentOf(ky, kx))));
        lists.push({ ...list, projection, source, segments });
      }
    }
  });
  const population = network.populations.find((p) => p.id === slice.population)!;
  for (const piece of resetPieces(population, { slice, table, resets: memory.resets[index] }, target)) add(piece);
  const bytes = new Uint8Array(end);
  let at = 0;
  for (const piece of pieces) { bytes.set(piece, at); at += piece.length; }
  return { table, bytes, lists };
}

/** Each source channel of a bank with a function that gives its segment for a row and a column of the filter. */
function* segmentsBySource({ plan, bytes, starts }: SegmentBank, link: Link): Generator<[number, (ky: number, kx: number) => Uint8Array]> {
  const place = new Map(plan.taps.map((tap, i) => [tap, i]));
  const width = link.projection.window.kernel[1];
  const sources = (starts.length - 1) / Math.max(1, plan.taps.length);
  const group = link.source[0] / link.projection.groups;
  const first = Math.floor(plan.channels[0] / (link.target[0] / link.projection.groups)) * group;
  for (let i = 0; i < sources; i++) {
    yield [first + i, (ky, kx) => {
      const at = i * plan.taps.length + place.get(ky * width + kx)!;
      return bytes.subarray(starts[at], starts[at + 1]);
    }];
  }
}

interface CoreResets { readonly slice: CoreSlice['slice']; readonly table: readonly SynapseEntry[]; readonly resets: Uint8Array }

/** The reset synapse of every neuron, in the order of compartments: row, column, channel. */
function resetPieces(population: IntegerPopulation, { slice, table, resets }: CoreResets, target: Target): Uint8Array[] {
  if (!hasTwoCompartments(population) || isPart(slice)) return [];
  const codes = resetCodes(table, target);
  const { shift } = resetWeight(population, target);
  const pixels = neuronsIn(slice) / (slice.channels[1] - slice.channels[0]);
  const size = resets.length / codes.length;
  const pixel = Array.from(population.thresholdExponent.subarray(...slice.channels), (exponent) => {
    const at = codes.findIndex((code) => (code.entry as SynapseEntry).shift === shift + exponent);
    return resets.subarray(at * size, (at + 1) * size);
  });
  return Array.from({ length: pixels }, () => pixel).flat();
}
