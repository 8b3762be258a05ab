/**
 * What one slice needs of each resource of its core, given how its neighbours are cut. A population
 * axon names up to `axonChannels` channels of one source pixel inside one source slice; without shared lists an axon
 * names one neuron. Every pair (source axon, core it reaches) is one input axon there and one output
 * axon here. Answers for one axis are kept, since a cut uses the same few ranges again and again.
 */
import type { Target } from '../target/schema.js';
import type { IntegerPopulation } from '../quantise/integer-network.js';
import { fires } from '../spiking/network.js';
import type { CoreUse, Slice } from './mapping.js';
import { axisOf, axisReach, channelReach, countPositions, intersect, lengthOf, neuronsIn, sourceReach } from './reach.js';
import type { AxisReach, Link, Range } from './reach.js';
import { isShared, resetSynapseBits, skipsZeros, sumSynapseBits } from './synapse-format.js';
import { synapticBits } from './synaptic-memory.js';

/** A population cut into boxes: every combination of one range of each. */
export interface Grid {
  readonly channels: readonly Range[];
  readonly rows: readonly Range[];
  readonly columns: readonly Range[];
}

/** How the fan-in of one projection is cut: every combination of these neurons of the target, a vector, and these sources. */
export interface PartGrid {
  readonly neurons: readonly Range[];
  readonly sources: Grid;
}

/** A link with its index among the network's projections, how the population at its other end is cut (null: not cut yet), and its parts where its sums are made in parts. */
export interface Neighbour {
  readonly link: Link;
  readonly projection: number;
  readonly grid: Grid | null;
  readonly parts?: PartGrid | undefined;
}

/** A population with its links and how the populations at their other ends are cut. */
export interface Neighbourhood {
  readonly population: IntegerPopulation;
  readonly target: Target;
  readonly incoming: readonly Neighbour[];
  readonly outgoing: readonly Neighbour[];
}

/** True where the soft reset is built from a second compartment. */
export const hasTwoCompartments = ({ neuron }: Pick<IntegerPopulation, 'neuron'>): boolean => fires(neuron) && neuron.reset === 'soft-two-compartment';

/** A function that gives the use of any slice of the population. */
export function coreUse(around: Neighbourhood): (slice: Slice) => CoreUse {
  const { population, target } = around;
  const incoming = around.incoming.map((from) => (from.link.projection.inParts === true ? sumsUse(from, target) : incomingUse(from.link, from.grid, target)));
  const outgoing = around.outgoing.flatMap(({ link, grid, parts }) => {
    if (link.projection.inParts === true) return parts === undefined ? [] : [outgoingToParts(link, parts, target)];
    return grid === null ? [] : [outgoingUse(link, grid, target)];
  });
  const two = hasTwoCompartments(population);
  const resetBits = two ? resetSynapseBits(target) : 0;
  return (slice) => {
    const count = neuronsIn(slice);
    let inAxons = two ? count : 0;
    let outAxons = two ? count : 0;
    let bits = count * resetBits;
    for (const use of incoming) {
      const found = use(slice);
      inAxons += found.axons;
      bits += found.bits;
    }
    for (const use of outgoing) outAxons += use(slice);
    return { neurons: two ? 2 * count : count, inAxons, outAxons, synapticBits: bits };
  };
}

/** The use of a core that holds a part of the fan-in of a link whose source is cut as `grid`. */
export function partUse({ link, grid }: Neighbour, slice: Slice, target: Target): CoreUse {
  const reach = sourceReach(link, slice);
  const positions = (axis: AxisReach): number => axis.reduce((sum, cell) => sum + cell.count, 0);
  const axons = axonsPerPixel(reach.channels, grid?.channels ?? [[0, link.source[0]]], isShared(link, target), target);
  const neurons = neuronsIn(slice);
  return { neurons, inAxons: positions(reach.rows) * positions(reach.columns) * axons, outAxons: neurons, synapticBits: synapticBits(link, slice, reach, target) };
}

/** An input axon for each sum that a neuron gets, all pointing to one synapse of it. */
function sumsUse({ parts }: Neighbour, target: Target): (slice: Slice) => { axons: number; bits: number } {
  const sums = parts === undefined ? 1 : parts.sources.channels.length * parts.sources.rows.length * parts.sources.columns.length;
  return (slice) => ({ axons: neuronsIn(slice) * sums, bits: neuronsIn(slice) * sumSynapseBits(target) });
}

/** As `outgoingUse`, to the cores that hold the parts of a fan-in: each has its own box of sources. */
function outgoingToParts(link: Link, { neurons, sources }: PartGrid, target: Target): (slice: Slice) => number {
  const shared = isShared(link, target);
  const [rows, columns] = [axisReach(axisOf(link, 0), [0, 1]), axisReach(axisOf(link, 1), [0, 1])];
  const { multicast } = target.capabilities;
  const cuts: readonly Range[] = multicast === true ? [[0, link.source[0]]] : sources.channels;
  const copies = multicast === true ? 1 : neurons.length;
  return (slice) => copies * countPositions(rows, slice.rows) * countPositions(columns, slice.columns) * axonsPerPixel(slice.channels, cuts, shared, target);
}

function incomingUse(link: Link, grid: Grid | null, target: Target): (slice: Slice) => { axons: number; bits: number } {
  const shared = isShared(link, target);
  const sparse = skipsZeros(link, target);
  const rows = memoRange((range) => axisFacts(axisReach(axisOf(link, 0), range), range));
  const columns = memoRange((range) => axisFacts(axisReach(axisOf(link, 1), range), range));
  const perPixel = memoRange((range) => axonsPerPixel(channelReach(link, range), grid?.channels ?? [[0, link.source[0]]], shared, target));
  const known = new Map<string, number>();
  const perGroup = link.target[0] / link.projection.groups;
  return (slice) => {
    const row = rows(slice.rows);
    const column = columns(slice.columns);
    // The bits depend on the shape of the slice and of its reach, not on where it lies; where zeros are left out, on its channels.
    const phase = sparse ? slice.channels[0] : link.projection.groups === 1 ? 0 : slice.channels[0] % perGroup;
    const key = `${lengthOf(slice.channels)}+${phase};${row.shape};${column.shape}`;
    let bits = known.get(key);
    if (bits === undefined) {
      bits = synapticBits(link, slice, { rows: row.reach, columns: column.reach, channels: channelReach(link, slice.channels) }, target);
      known.set(key, bits);
    }
    return { axons: row.positions * column.positions * perPixel(slice.channels), bits };
  };
}

function outgoingUse(link: Link, grid: Grid, target: Target): (slice: Slice) => number {
  const shared = isShared(link, target);
  // With multicast an axon serves all cores it reaches, so the map counts as one box.
  const { channels, rows, columns }: Grid = target.capabilities.multicast
    ? { channels: [[0, link.target[0]]], rows: [[0, link.target[1]]], columns: [[0, link.target[2]]] } : grid;
  const total = (reaches: readonly AxisReach[]) => memoRange((range) => reaches.reduce((sum, reach) => sum + countPositions(reach, range), 0));
  const rowTotal = total(rows.map((range) => axisReach(axisOf(link, 0), range)));
  const columnTotal = total(columns.map((range) => axisReach(axisOf(link, 1), range)));
  const channelTotal = memoRange((range) => channels.reduce((sum, c) => sum + axonsPerPixel(channelReach(link, c), [range], shared, target), 0));
  return (slice) => rowTotal(slice.rows) * columnTotal(slice.columns) * channelTotal(slice.channels);
}

/** Axons of one source pixel for the channels `reach`, when the source is cut into `cuts`. */
function axonsPerPixel(reach: Range, cuts: readonly Range[], shared: boolean, target: Target): number {
  if (!shared) return cuts.reduce((sum, cut) => sum + lengthOf(intersect(cut, reach)), 0);
  return cuts.reduce((sum, cut) => sum + Math.ceil(lengthOf(intersect(cut, reach)) / target.memory.axonChannels), 0);
}

interface AxisFacts {
  readonly reach: AxisReach;
  readonly positions: number;
  /** Equal for ranges of equal length whose reach looks the same from inside. */
  readonly shape: string;
}

function axisFacts(reach: AxisReach, range: Range): AxisFacts {
  const positions = reach.reduce((sum, cell) => sum + cell.count, 0);
  const shape = reach.map((cell) => `${cell.count}:${cell.taps.join()}@${cell.targets[0] - range[0]}`).join(' ');
  return { reach, positions, shape: `${lengthOf(range)} ${shape}` };
}

function memoRange<T>(compute: (range: Range) => T): (range: Range) => T {
  const known = new Map<number, T>();
  return (range) => {
    const key = range[0] * 0x400_0000 + range[1];
    let found = known.get(key);
    if (found === undefined) { found = compute(range); known.set(key, found); }
    return found;
  };
}
