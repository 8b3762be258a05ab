/**
 * From the synaptic memory in a program file to the weights of its projections, which the file does not
 * hold in any other form. Sizes are checked before anything is allocated; segments that store the same
 * weight must agree; and in the end the weights are packed again and must give the very bytes, tables
 * and sizes of the file, so that no bit of it is unused or differs from what a core would hold.
 */
import { fires } from '../spiking/network.js';
import { hasTwoCompartments } from '../map/core-use.js';
import { isPart, linkBits } from '../map/fan-in-parts.js';
import type { CoreSlice } from '../map/mapping.js';
import { lengthOf, linksOf, neuronsIn } from '../map/reach.js';
import type { Link } from '../map/reach.js';
import { resetSynapseBits } from '../map/synapse-format.js';
import { thresholdsOf, type IntegerNetwork, type IntegerPopulation } from '../quantise/integer-network.js';
import { largestSum } from '../quantise/normalised-weights.js';
import type { Target } from '../target/schema.js';
import { packMemory } from './core-image.js';
import type { PackedMemory } from './core-image.js';
import { bankKey, eachSegment, planBanks, segmentCode, segmentCount, segmentSizes } from './segment-banks.js';
import type { BankPlan } from './segment-banks.js';
import { readSegment } from './segment.js';
import type { SegmentCode } from './segment.js';
import { sameEntry } from './synapse-table.js';
import type { SynapseEntry } from './synapse-table.js';

/** A bank as the file holds it; nothing of it has been checked. */
export interface StoredBank {
  readonly projection: number;
  readonly channels: readonly [number, number];
  readonly bytes: Uint8Array;
  /** Of sparse segments: the bytes of each. */
  readonly lengths: Uint32Array;
}

/** The parts of a program file that hold synaptic memory. */
export interface StoredMemory {
  /** Per core. */
  readonly tables: readonly (readonly SynapseEntry[])[];
  readonly resets: readonly Uint8Array[];
  readonly sums: readonly Uint8Array[];
  readonly banks: readonly StoredBank[];
}

interface Mapped { readonly network: IntegerNetwork; readonly target: Target; readonly cores: readonly CoreSlice[] }

/** Weights of a whole network: twice an ImageNet VGG16. Pruned and unreachable ones take no room in a file, so that its length is no bound. */
const MOST_WEIGHTS = 2 ** 28;
/** Weights that a byte of stored segments may stand for, beyond those that any small network may have. */
const MOST_WEIGHTS_PER_BYTE = 1024;
const FREE_WEIGHTS = 2 ** 20;

/** Throws, with a sentence about what is wrong. */
type Refuse = (problem: string) => never;

/** The network with its weights; `network` has the right shapes and no weights. The first thing wrong with the memory goes to `refuse`. */
export function unpackMemory(mapped: Mapped, stored: StoredMemory, refuse: Refuse): IntegerNetwork {
  const network = fillWeights(mapped, stored, refuse);
  comparePacked({ ...mapped, network }, stored, refuse);
  proveBounds(network, refuse);
  return network;
}

function fillWeights({ network, target, cores }: Mapped, stored: StoredMemory, refuse: Refuse): IntegerNetwork {
  const links = linksOf(network);
  const counts = links.map(({ projection: { window: { kernel }, groups }, source, target: [outputs] }) => kernel[0] * kernel[1] * (source[0] / groups) * outputs);
  const bytes = stored.banks.reduce((sum, bank) => sum + bank.bytes.length + bank.lengths.length, 0);
  const total = counts.reduce((a, b) => a + b, 0);
  const most = Math.min(MOST_WEIGHTS, FREE_WEIGHTS + MOST_WEIGHTS_PER_BYTE * bytes);
  if (total > most) refuse(`its shapes ask for ${total} weights, ${bytes} bytes of synaptic memory hold at most ${most}`);
  const plans = planBanks(cores, links);
  if (plans.size !== stored.banks.length) refuse(`${stored.banks.length} banks of synaptic memory, its cores need ${plans.size}`);
  const sizes = new Map(stored.banks.map((bank) => [bankKey(bank.projection, bank.channels), bank]));
  const layouts = [...plans].map(([key, plan]) => {
    const bank = sizes.get(key) ?? refuse(`no synaptic memory for channels ${plan.channels.join(' to ')} of projection "${plan.link.projection.id}"`);
    const code = segmentCode(plan, stored.tables[plan.core], target) ?? refuse(`core ${plan.core} has no synapse format for projection "${plan.link.projection.id}"`);
    checkEntry(code, plan, target, refuse);
    return { plan, code, bank, ends: segmentEnds(plan, code, bank, refuse) };
  });
  const weights = counts.map((count) => ({ weight: new Int8Array(count), known: new Uint8Array(count) }));
  for (const layout of layouts) fillBank(layout, weights[layout.plan.projection], refuse);
  return { ...network, projections: network.projections.map((p, i) => ({ ...p, weight: weights[i].weight })) };
}

/** Sums are added up in as many bits as the bounds ask for, so a bound must hold for the weights that are there. */
function proveBounds(network: IntegerNetwork, refuse: Refuse): void {
  for (const { projection, source, target } of linksOf(network)) {
    const from = network.populations.find((p) => p.id === projection.source);
    const most = largestSum(projection.weight, { ...projection, signed: from?.neuron.model === 'signed-if' }, [source[0], target[0]]);
    if (most > projection.bound) refuse(`projection "${projection.id}" can sum to ${most} in a step, its bound says ${projection.bound}`);
  }
}

/** Widths that can be read at all. Whether they are the right ones shows when the weights are packed again. */
function checkEntry({ entry: { weightBits, indexBits, delayBits } }: SegmentCode, { core }: BankPlan, { memory }: Target, refuse: Refuse): void {
  const proper = weightBits <= 8 && indexBits <= Math.min(16, memory.indexBits) && (delayBits === 0 || delayBits === memory.delayBits);
  if (!proper) refuse(`core ${core} has a synapse format of ${weightBits} + ${delayBits} + ${indexBits} bits, which the target does not know`);
}

/** Where each segment of a bank ends. */
function segmentEnds(plan: BankPlan, code: SegmentCode, bank: StoredBank, refuse: Refuse): Float64Array {
  const count = segmentCount(plan);
  const name = `channels ${plan.channels.join(' to ')} of projection "${plan.link.projection.id}"`;
  if (bank.lengths.length !== (code.entry.sparse ? count : 0)) refuse(`${name}: ${bank.lengths.length} lengths for ${code.entry.sparse ? count : 'dense'} segments`);
  // an upper bound first: a dense segment takes a byte at least, unless all its weights are zero
  if (!code.entry.sparse && code.entry.weightBits > 0 && count > bank.bytes.length) refuse(`${name}: ${bank.bytes.length} bytes for ${count} segments`);
  const ends = new Float64Array(count);
  const sizes = segmentSizes(plan, code);
  let next = 0;
  let end = 0;
  eachSegment(plan, (_source, _tap, _first, width) => {
    end += code.entry.sparse ? bank.lengths[next] : sizes[width];
    ends[next++] = end;
  });
  if (end !== bank.bytes.length) refuse(`${name}: ${bank.bytes.length} bytes of segments, they ask for ${end}`);
  return ends;
}

interface BankLayout { readonly plan: BankPlan; readonly code: SegmentCode; readonly bank: StoredBank; readonly ends: Float64Array }
interface Filling { readonly weight: Int8Array; readonly known: Uint8Array }

function fillBank({ plan, code, bank: { bytes }, ends }: BankLayout, { weight, known }: Filling, refuse: Refuse): void {
  const row = new Int8Array(lengthOf(plan.channels));
  let next = 0;
  let start = 0;
  eachSegment(plan, (source, _tap, first, count) => {
    const weights = row.subarray(0, count);
    readSegment(bytes.subarray(start, ends[next]), weights, code);
    for (let i = 0; i < count; i++) {
      if (known[first + i] === 1 && weight[first + i] !== weights[i]) refuse(`two cores disagree on a weight of projection "${plan.link.projection.id}" from channel ${source}`);
      if (weights[i] === -128) refuse(`projection "${plan.link.projection.id}" has a weight of -128`);
      weight[first + i] = weights[i];
      known[first + i] = 1;
    }
    start = ends[next++];
  });
}

/** What the weights pack to is what the file holds, and as large as each core says. */
function comparePacked(mapped: Mapped, stored: StoredMemory, refuse: Refuse): void {
  const packed = packMemory(mapped);
  const links = linksOf(mapped.network);
  mapped.cores.forEach((core, i) => compareCore(core, { index: i, stored, packed }, { links, ...mapped }, refuse));
  for (const { projection, channels, bytes, lengths } of stored.banks) {
    const bank = packed.banks.get(bankKey(projection, channels))!;
    const same = Buffer.compare(bank.bytes, bytes) === 0 && lengths.every((length, i) => length === bank.starts[i + 1] - bank.starts[i]);
    if (!same) refuse(`the segments of channels ${channels.join(' to ')} of projection "${links[projection].projection.id}" are not what their weights pack to`);
  }
}

interface StoredCore { readonly index: number; readonly stored: StoredMemory; readonly packed: PackedMemory }

function compareCore({ slice, use }: CoreSlice, { index, stored, packed }: StoredCore, { links, network, target }: Mapped & { readonly links: readonly Link[] }, refuse: Refuse): void {
  const table = stored.tables[index];
  const wanted = packed.tables[index];
  if (table.length !== wanted.length || !table.every((entry, i) => sameEntry(entry, wanted[i]))) refuse(`core ${index} has other synapse formats than its weights ask for`);
  if (Buffer.compare(stored.resets[index], packed.resets[index]) !== 0) refuse(`core ${index} has reset synapses that do not take its thresholds away`);
  if (Buffer.compare(stored.sums[index], packed.sums[index]) !== 0) refuse(`core ${index} takes in sums with synapses of another weight than 1`);
  const population = network.populations.find((p) => p.id === slice.population)!;
  const bits = links.reduce((sum, link, projection) => sum + linkBits(slice, link, projection, target), resetBits(population, slice, target));
  if (bits !== use.synapticBits) refuse(`core ${index} claims ${use.synapticBits} bits of synaptic memory, its lists take ${bits}`);
  const { synapseFormats, thresholdProfiles } = target.core;
  if (synapseFormats !== null && table.length > synapseFormats) refuse(`core ${index} has ${table.length} synapse formats, a core of the target ${synapseFormats}`);
  const thresholds = fires(population.neuron) && !isPart(slice) ? new Set(thresholdsOf(population).subarray(...slice.channels)).size + (hasTwoCompartments(population) ? 1 : 0) : 0;
  if (thresholdProfiles !== null && thresholds > thresholdProfiles) refuse(`core ${index} has ${thresholds} thresholds, a core of the target ${thresholdProfiles}`);
}

const resetBits = (population: IntegerPopulation, slice: CoreSlice['slice'], target: Target): number => (hasTwoCompartments(population) && !isPart(slice) ? neuronsIn(slice) * resetSynapseBits(target) : 0);
