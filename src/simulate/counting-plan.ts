/**
 * What has to be counted to know every event of a sample, worked out once per program. A `Region` is a
 * weighted sum over the spikes (or active neurons) of one population: a range of channels, and a
 * weight for each row and column. Windows are separable, so "spikes of core A that core B takes in"
 * and "weights that they read there" are such sums, and no synapse is ever visited one by one.
 */
import { isPart } from '../map/fan-in-parts.js';
import type { CoreSlice, Slice } from '../map/mapping.js';
import type { AxisReach, Link, Range } from '../map/reach.js';
import { intersect, lengthOf, linksOf, sourceReach } from '../map/reach.js';
import type { Program } from '../program/program.js';
import type { ChannelTable } from '../kernels/spiking-count.js';
import { skipsZeros } from '../map/synapse-format.js';
import { storedByTap } from '../map/weight-census.js';
import { isSigned } from '../spiking/network.js';
import { flowsOf, type Flow } from './message-flows.js';

/** spikes: the population's spikes of either sign; retractions: those of -1; active: its neurons with a constant current or an arriving spike. */
export type Plane = 'spikes' | 'retractions' | 'active';

/** Sum over channels in range, rows y and columns x of rows[y] * columns[x] * (bit of neuron c, y, x). */
export interface Region {
  /** Index of the population. */
  readonly population: number;
  readonly plane: Plane;
  readonly channels: Range;
  /** One weight a row of the population's map; zero outside [rowRange). */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly rowRange: Range;
  readonly columnRange: Range;
  /** Where it is given, a step counts this where the sum is not zero, and nothing where it is. */
  readonly each?: number;
  /** Where it is given, a bit counts by its channel, and `rows` and `columns` number the patterns of the table, -1 where nothing counts. */
  readonly table?: RegionTable;
}

/** Weights [row pattern][column pattern][channel]. */
export interface RegionTable extends ChannelTable {
  /** Equal for equal tables of one program. */
  readonly key: string;
}

/** `times` the value of region number `region`. */
export interface Term { readonly region: number; readonly times: number }

/** What arrives over one route of the program. */
export interface RouteTerms {
  /** Region: one for each spike or sum that the target core takes in. */
  readonly messages: number;
  /** Chip step of local step 0. */
  readonly depth: number;
  /** The messages are sums of a part of a fan-in: each reads one weight. */
  readonly sums: boolean;
  readonly synapticOps: readonly Term[];
}

export interface CountingPlan {
  readonly regions: readonly Region[];
  /** Per core: regions of its spikes, of those that take one back (null where there are none) and of its active neurons; of a part of a fan-in the sums that it sends. */
  readonly cores: readonly { readonly spikes: number; readonly retractions: number | null; readonly active: number; /** Chip step of local step 0. */ readonly depth: number }[];
  /** Per route of the program: the region of its messages, and its synaptic operations. */
  readonly routes: readonly RouteTerms[];
  /** Messages that leave cores, sorted by the way they take. */
  readonly flows: readonly Flow[];
}

type PlannedProgram = Pick<Program, 'network' | 'cores' | 'routes' | 'target'>;

/** Regions that are asked for twice are counted once. */
export function planCounting(program: PlannedProgram): CountingPlan {
  const regions: Region[] = [];
  const known = new Map<string, number>();
  const add = (region: Region): number => {
    const key = [region.population, region.plane, ...region.channels, region.each, region.rows.join(), region.columns.join(), region.table?.key].join(';');
    const found = known.get(key) ?? regions.push(region) - 1;
    known.set(key, found);
    return found;
  };
  const tables = tablesOf();
  const index = new Map(program.network.populations.map((p, i) => [p.id, i]));
  const links = linksOf(program.network);
  const { populations } = program.network;
  const cores = program.cores.map((core) => {
    if (core.slice.part !== undefined) {
      const sums = add(sumsRegion(links, core.slice, { index, neurons: lengthOf(core.slice.channels) }));
      return { spikes: sums, retractions: null, active: sums, depth: populations[index.get(core.slice.population)!].depth - 1 };
    }
    const population = index.get(core.slice.population)!;
    const own = (plane: Plane): number => add(ownRegion(program, population, core, plane));
    return { spikes: own('spikes'), retractions: isSigned(populations[population]) ? own('retractions') : null, active: own('active'), depth: populations[population].depth };
  });
  const routes = program.routes.map((route): RouteTerms => {
    const link = links[route.projection];
    const from = program.cores[route.from].slice;
    const to = program.cores[route.to].slice;
    if (isPart(from)) {
      const messages = add(sumsRegion(links, from, { index, neurons: lengthOf(intersect(from.channels, to.channels)) }));
      return { messages, depth: cores[route.from].depth, sums: true, synapticOps: [{ region: messages, times: 1 }] };
    }
    const ends = { from, to, population: index.get(from.population)! };
    return { ...(skipsZeros(link, program.target) ? sparseTerms(link, ends, add, tables) : routeTerms(link, ends, add)), depth: cores[route.from].depth, sums: false };
  });
  const flows = flowsOf(program, {
    depth: (core) => cores[core].depth,
    route: (i) => routes[i].messages,
    box: ({ channels, rows, columns }, from) => add({ population: index.get(from.population)!, plane: 'spikes', channels, rows, columns, rowRange: from.rows, columnRange: from.columns }),
  });
  return { regions, cores, routes, flows };
}

function ownRegion({ network }: PlannedProgram, population: number, { slice }: CoreSlice, plane: Plane): Region {
  const [, height, width] = network.populations[population].shape;
  return {
    population, plane, channels: slice.channels, rowRange: slice.rows, columnRange: slice.columns,
    rows: new Int32Array(height).fill(1, ...slice.rows), columns: new Int32Array(width).fill(1, ...slice.columns),
  };
}

/** The sums that a part of a fan-in sends for `neurons` of its neurons: one each in every step in which a spike reaches it, since in a vector it reaches all. */
function sumsRegion(links: readonly Link[], slice: Slice, { index, neurons }: { readonly index: ReadonlyMap<string, number>; readonly neurons: number }): Region {
  const { part } = slice;
  if (part === undefined) throw new Error('internal: only a part of a fan-in sends sums');
  const link = links[part.projection];
  const reach = sourceReach(link, slice);
  return {
    population: index.get(link.projection.source)!, plane: 'spikes', channels: reach.channels, rowRange: part.rows, columnRange: part.columns, each: neurons,
    rows: axisWeights(reach.rows, link.source[1], part.rows, false), columns: axisWeights(reach.columns, link.source[2], part.columns, false),
  };
}

/** What a route of spikes counts. */
type SpikeTerms = Pick<RouteTerms, 'messages' | 'synapticOps'>;

interface Ends { readonly from: Slice; readonly to: Slice; readonly population: number }

function routeTerms(link: Link, { from, to, population }: Ends, add: (region: Region) => number): SpikeTerms {
  const reach = sourceReach(link, to);
  const plain = { population, plane: 'spikes' as const, rowRange: from.rows, columnRange: from.columns };
  const taps = { ...plain, rows: axisWeights(reach.rows, link.source[1], from.rows, true), columns: axisWeights(reach.columns, link.source[2], from.columns, true) };
  const ones = { ...plain, rows: axisWeights(reach.rows, link.source[1], from.rows, false), columns: axisWeights(reach.columns, link.source[2], from.columns, false) };
  return {
    messages: add({ ...ones, channels: intersect(reach.channels, from.channels) }),
    synapticOps: fanOut(link, intersect(reach.channels, from.channels), to.channels).map(({ channels, targets }) => ({ region: add({ ...taps, channels }), times: targets })),
  };
}

/** Where zeros are not stored, what a spike reads depends on its channel and on the taps that its place reaches. */
function sparseTerms(link: Link, { from, to, population }: Ends, add: (region: Region) => number, tables: Tables): SpikeTerms {
  const reach = sourceReach(link, to);
  const channels = intersect(reach.channels, from.channels);
  const plain = { population, plane: 'spikes' as const, rowRange: from.rows, columnRange: from.columns, channels };
  const ones = { rows: axisWeights(reach.rows, link.source[1], from.rows, false), columns: axisWeights(reach.columns, link.source[2], from.columns, false) };
  const [rows, columns] = [axisPatterns(reach.rows, link.source[1], from.rows), axisPatterns(reach.columns, link.source[2], from.columns)];
  const table = tables(link, to.channels, [rows.patterns, columns.patterns]);
  return { messages: add({ ...plain, ...ones }), synapticOps: [{ region: add({ ...plain, rows: rows.of, columns: columns.of, table }), times: 1 }] };
}

interface AxisPatterns {
  /** Per source position: index of its set of taps, -1 where it reaches nothing. */
  readonly of: Int32Array;
  readonly patterns: readonly (readonly number[])[];
}

function axisPatterns(reach: AxisReach, length: number, within: Range): AxisPatterns {
  const of = new Int32Array(length).fill(-1);
  const known = new Map<string, { index: number; taps: readonly number[] }>();
  for (const { first, count, taps } of reach) {
    const key = taps.join();
    const pattern = known.get(key) ?? { index: known.size, taps };
    known.set(key, pattern);
    for (let i = Math.max(first, within[0]); i < Math.min(first + count, within[1]); i++) of[i] = pattern.index;
  }
  return { of, patterns: [...known.values()].map((p) => p.taps) };
}

type Tables = (link: Link, to: Range, patterns: readonly [rows: AxisPatterns['patterns'], columns: AxisPatterns['patterns']]) => RegionTable;

/** Tables of stored weights, each made once. */
function tablesOf(): Tables {
  const known = new Map<string, RegionTable>();
  return (link, to, [rows, columns]) => {
    const key = `${link.projection.id} ${to.join()} ${JSON.stringify([rows, columns])}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const channels = link.source[0];
    const stored = storedByTap(link, to);
    const weights = new Int32Array(rows.length * columns.length * channels);
    rows.forEach((rowTaps, r) => columns.forEach((columnTaps, k) => {
      const at = (r * columns.length + k) * channels;
      for (const ky of rowTaps) {
        for (const kx of columnTaps) {
          const tap = ky * link.projection.window.kernel[1] + kx;
          for (let c = 0; c < channels; c++) weights[at + c] += stored[tap * channels + c];
        }
      }
    }));
    const table = { key, columnPatterns: columns.length, channels, weights };
    known.set(key, table);
    return table;
  };
}

/** Per source position: how many taps reach the range (or 1 where any does); zero outside `within`. */
function axisWeights(reach: AxisReach, length: number, within: Range, count: boolean): Int32Array {
  const weights = new Int32Array(length);
  for (const cell of reach) {
    for (let i = cell.first; i < cell.first + cell.count; i++) if (i >= within[0] && i < within[1]) weights[i] = count ? cell.taps.length : 1;
  }
  return weights;
}

/** Ranges of source channels with the number of target channels in `to` that each of them feeds. */
function fanOut(link: Link, from: Range, to: Range): { readonly channels: Range; readonly targets: number }[] {
  const sources = link.source[0] / link.projection.groups;
  const outputs = link.target[0] / link.projection.groups;
  const found: { channels: Range; targets: number }[] = [];
  for (let group = Math.floor(to[0] / outputs); group * outputs < to[1]; group++) {
    const channels = intersect(from, [group * sources, (group + 1) * sources]);
    const targets = lengthOf(intersect(to, [group * outputs, (group + 1) * outputs]));
    if (lengthOf(channels) === 0) continue;
    const last = found[found.length - 1];
    if (last !== undefined && last.targets === targets && last.channels[1] === channels[0]) last.channels = [last.channels[0], channels[1]];
    else found.push({ channels, targets });
  }
  return found;
}
