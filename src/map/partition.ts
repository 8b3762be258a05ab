/**
 * Cuts each population into boxes that fit a core, with as few cores as it can. Axons depend on how
 * both ends of a projection are cut, so populations are cut from the output backwards (the cores that
 * a spike must reach are then known) and the whole is repeated with what was learnt until nothing
 * changes; a few rounds do. Where a single neuron has too large a fan-in and the target can send sums, its layer
 * is cut once more with its fan-in in parts. Each slice's use is counted exactly at the end.
 */
import type { Reporter } from '../diagnostics.js';
import type { CoreResource } from '../diagnostics/map-messages.js';
import type { PopulationId } from '../spiking/network.js';
import { spikeDelay, thresholdsOf, type IntegerNetwork, type IntegerPopulation } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import type { CoreSlice, CoreUse, Partitioned, Slice } from './mapping.js';
import { coresPerChip } from './board.js';
import { coreUse, hasTwoCompartments } from './core-use.js';
import type { Grid, Neighbour, Neighbourhood, PartGrid } from './core-use.js';
import { sumInParts, whyWhole } from './fan-in-parts.js';
import { linksOf, neuronsIn } from './reach.js';
import type { Link } from './reach.js';
import { expectedWork, spreadOver, type LeastParts, type Spread } from './spread.js';
import { chooseParts, partCores, type PartLimits } from './split-fan-in.js';
import { gridOf, tilings } from './tilings.js';

const ROUNDS = 8;

/**
 * Slices of all populations, with the network as it runs in them. With `spread` they are cut finer, for as long as
 * there are cores (the parts of a fan-in are not). Everything that does not fit is reported at once; throws then.
 */
export function partition(network: IntegerNetwork, target: Target, report: Reporter, spread?: Spread): Partitioned {
  const found = cutIntoCores(network, target, report, spread);
  checkBoard(found, report);
  report.finish();
  return found;
}

/** As `partition`, whether or not the board has so many cores: `checkBoard` says that. */
export function cutIntoCores(network: IntegerNetwork, target: Target, report: Reporter, spread?: Spread): Partitioned {
  checkDelays(network, target, report);
  report.finish();
  const whole = settle(network, target, new Map());
  const split = network.populations.filter((p) => exceedsFanIn(around(p, whole), whole.grids.get(p.id) as Grid) && whyWhole(p, network, target) === null);
  const running = split.length === 0 ? network : sumInParts(network, new Set(split.map((p) => p.id)));
  if (split.length > 0) checkDelays(running, target, report);
  const fewest = split.length === 0 ? whole : settle(running, target, new Map());
  const finer = spread === undefined ? fewest : spreadOver(expectedWork(running, target, spread.traffic), spread.cores, (least) => settle(running, target, least));
  const cuts = finer ?? fewest;
  const cores = running.populations.flatMap((population) => coresOf(population, cuts, report));
  report.finish();
  if (spread !== undefined && finer === null) report.report('map/too-few-cores', { kind: 'option', option: '--cores' }, { asked: spread.cores, needed: fewest.count });
  report.finish();
  return { network: running, target, cores };
}

type Grids = ReadonlyMap<PopulationId, Grid>;
/** By the index of their projection. */
type Parts = ReadonlyMap<number, PartGrid>;

/** How everything is cut. */
interface Cuts {
  readonly network: IntegerNetwork;
  readonly target: Target;
  readonly links: readonly Link[];
  readonly grids: Grids;
  readonly parts: Parts;
  /** Cores. */
  readonly count: number;
}

/** Cuts all populations again and again until the cuts of the neighbours no longer change any. */
function settle(network: IntegerNetwork, target: Target, least: LeastParts): Cuts {
  let cuts: Cuts = { network, target, links: linksOf(network), grids: new Map(), parts: new Map(), count: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const next = cutAll(cuts, least);
    const settled = same([...cuts.grids], [...next.grids]) && same([...cuts.parts], [...next.parts]);
    cuts = next;
    if (settled) break;
  }
  return cuts;
}

const boxesOf = ({ channels, rows, columns }: Grid): number => channels.length * rows.length * columns.length;

function cutAll(before: Cuts, least: LeastParts): Cuts {
  const grids = new Map(before.grids);
  const parts = new Map(before.parts);
  const cuts = { ...before, grids, parts };
  for (const population of before.network.populations.toReversed()) {
    const { incoming } = around(population, cuts);
    for (const from of incoming) {
      if (from.link.projection.inParts === true) parts.set(from.projection, chooseParts(from, before.target, partLimits(from, before.target)));
    }
    const inParts = incoming.some((from) => from.link.projection.inParts === true); // then its work is not done where its neurons are
    grids.set(population.id, chooseGrid(around(population, cuts), inParts ? 1 : least.get(population.id) ?? 1));
  }
  const count = [...grids.values()].reduce((sum, grid) => sum + boxesOf(grid), 0) + [...parts.values()].reduce((sum, { neurons, sources }) => sum + neurons.length * boxesOf(sources), 0);
  return { ...cuts, count };
}

function around(population: IntegerPopulation, { target, links, grids, parts }: Cuts): Neighbourhood {
  const neighbours = links.map((link, projection) => ({ link, projection, parts: parts.get(projection) }));
  return {
    population,
    target,
    incoming: neighbours.filter(({ link }) => link.projection.target === population.id).map((n) => ({ ...n, grid: grids.get(n.link.projection.source) ?? null })),
    outgoing: neighbours.filter(({ link }) => link.projection.source === population.id).map((n) => ({ ...n, grid: grids.get(n.link.projection.target) ?? null })),
  };
}

/**
 * The tiling with the fewest cores that fits, of those with at least so many; among equals the one with the
 * fewest axons. Where none fits, the coarsest, so that the layers around it are judged as if it did.
 */
function chooseGrid(near: Neighbourhood, least: number): Grid {
  const { population, target } = near;
  const use = coreUse(near);
  const most = compartments(near);
  const perNeuron = hasTwoCompartments(population) ? 2 : 1;
  let best: { grid: Grid; axons: number; count: number } | null = null;
  const candidates = tilings(population.shape, Math.floor(most / perNeuron));
  const finest = candidates.at(-1)?.count ?? 1;
  for (const tiling of candidates) {
    if (tiling.count < Math.min(least, finest)) continue;
    if (best !== null && tiling.count > best.count) break;
    const axons = axonsIfFits(gridOf(population.shape, tiling), { population, target, use, most });
    if (axons !== null && (best === null || axons < best.axons)) best = { grid: gridOf(population.shape, tiling), axons, count: tiling.count };
  }
  return best?.grid ?? gridOf(population.shape, candidates.at(0) ?? { parts: [1, 1, 1], count: 1 });
}

interface Fit {
  readonly population: IntegerPopulation;
  readonly target: Target;
  readonly use: (slice: Slice) => CoreUse;
  readonly most: number;
}

/** All axons of all slices, or null when a slice does not fit. Slices far from the border need most, so the middle goes first. */
function axonsIfFits(grid: Grid, { population, target, use, most }: Fit): number | null {
  const middle = <T>(list: readonly T[]): T => list[list.length >> 1];
  const first = use({ population: population.id, channels: middle(grid.channels), rows: middle(grid.rows), columns: middle(grid.columns) });
  if (overrun(first, target, most) !== null) return null;
  let axons = 0;
  for (const slice of boxes(population, grid)) {
    const found = use(slice);
    if (overrun(found, target, most) !== null) return null;
    axons += found.inAxons + found.outAxons;
  }
  return axons;
}

function* boxes({ id }: IntegerPopulation, grid: Grid): Generator<Slice> {
  for (const channels of grid.channels) for (const rows of grid.rows) for (const columns of grid.columns) yield { population: id, channels, rows, columns };
}

interface Overrun { readonly resource: CoreResource; readonly used: number; readonly allowed: number }

/** The first resource that a use exceeds. */
function overrun(use: CoreUse, { core }: Target, most: number): Overrun | null {
  if (use.neurons > most) return { resource: 'compartments', used: use.neurons, allowed: most };
  if (core.inAxons !== null && use.inAxons > core.inAxons) return { resource: 'input axons', used: use.inAxons, allowed: core.inAxons };
  if (core.synapticMemoryBits !== null && use.synapticBits > core.synapticMemoryBits) return { resource: 'bits of synaptic memory', used: use.synapticBits, allowed: core.synapticMemoryBits };
  if (core.outAxons !== null && use.outAxons > core.outAxons) return { resource: 'output axons', used: use.outAxons, allowed: core.outAxons };
  return null;
}

/** Compartments that a core offers, given the delay buffer that the longest arriving delay needs. */
function compartments({ incoming, target }: Neighbourhood): number {
  return bufferedCompartments(Math.max(0, ...incoming.map(({ link: { projection } }) => (projection.inParts === true ? 0 : projection.delay))), target);
}

function bufferedCompartments(delay: number, { core }: Target): number {
  const buffer = Math.max(8, 2 ** Math.ceil(Math.log2(delay + 1)));
  return Math.min(core.neurons ?? Infinity, core.delaySlots === null ? Infinity : Math.floor(core.delaySlots / buffer));
}

function partLimits({ link }: Neighbour, target: Target): PartLimits {
  const most = bufferedCompartments(spikeDelay(link.projection), target);
  return { most, fits: (use) => overrun(use, target, most) === null };
}

/** What the fan-in of one neuron takes, which several cores can share. */
const FAN_IN: readonly CoreResource[] = ['input axons', 'bits of synaptic memory'];

/** True where the population does not fit because of what arrives at a single neuron. */
function exceedsFanIn(near: Neighbourhood, grid: Grid): boolean {
  const { population, target } = near;
  const use = coreUse(near);
  const most = compartments(near);
  if (axonsIfFits(grid, { population, target, use, most }) !== null) return false;
  const [c, y, x] = population.shape;
  const pixel = { rows: [y >> 1, (y >> 1) + 1], columns: [x >> 1, (x >> 1) + 1] } as const;
  return Array.from({ length: c }, (_, i) => i).some((i) => {
    const found = overrun(use({ population: population.id, channels: [i, i + 1], ...pixel }), target, most);
    return found !== null && FAN_IN.includes(found.resource);
  });
}

/** The slices with their exact use, and the parts of the fan-in; at most one diagnostic for the layer. */
function coresOf(population: IntegerPopulation, cuts: Cuts, report: Reporter): CoreSlice[] {
  const near = around(population, cuts);
  const { target } = cuts;
  const use = coreUse(near);
  const most = compartments(near);
  const slices = [...boxes(population, cuts.grids.get(population.id) as Grid)].map((slice): CoreSlice => ({ slice, use: use(slice) }));
  const parts = near.incoming.flatMap((from) => (from.parts === undefined ? [] : partCores(from, from.parts, target).map((core) => ({ core, over: overrun(core.use, target, partLimits(from, target).most) }))));
  const two = hasTwoCompartments(population);
  const profiles = new Set(thresholdsOf(population)).size;
  const [c, y, x] = population.shape.map((length) => length >> 1);
  const one: Slice = { population: population.id, channels: [c, c + 1], rows: [y, y + 1], columns: [x, x + 1] };
  const worst = [...slices.map((core) => ({ core, over: overrun(core.use, target, most) })), ...parts].find((s) => s.over !== null);
  const over = overrunOfProfiles(near.incoming.length + (two ? profiles : 0), profiles + (two ? 1 : 0), target)
    ?? (worst === undefined ? null : overrun(use(one), target, most));
  const where = { kind: 'node', node: population.id } as const;
  const chip = { target: target.name, whole: parts.length > 0 ? null : whyWhole(population, cuts.network, target) };
  if (over !== null) report.report('map/layer-does-not-fit', where, { ...chip, neurons: 1, ...over });
  else if (worst !== undefined) report.report('map/layer-does-not-fit', where, { ...chip, neurons: neuronsIn(worst.core.slice), ...worst.over as Overrun });
  return [...slices, ...parts.map((p) => p.core)];
}

function overrunOfProfiles(formats: number, thresholds: number, { core }: Target): Overrun | null {
  if (core.synapseFormats !== null && formats > core.synapseFormats) return { resource: 'synapse formats', used: formats, allowed: core.synapseFormats };
  if (core.thresholdProfiles !== null && thresholds > core.thresholdProfiles) return { resource: 'threshold profiles', used: thresholds, allowed: core.thresholdProfiles };
  return null;
}

/** Reports every projection that waits longer than the target can. */
export function checkDelays({ projections }: { readonly projections: readonly { readonly id: string; readonly delay: number; readonly inParts?: true }[] }, target: Target, report: Reporter): void {
  const allowed = target.numbers.delayMax;
  for (const projection of projections) {
    const { id } = projection;
    const delay = spikeDelay(projection);
    if (delay > allowed) report.report('map/delay-too-long', { kind: 'node', node: id }, { target: target.name, delay, allowed });
  }
}

/** Reports a board with fewer cores than the network needs. */
export function checkBoard({ network, target, cores }: Partitioned, report: Reporter): void {
  const { chips } = target.board;
  if (chips === null || cores.length <= chips * coresPerChip(target)) return;
  const counts = new Map<string, number>();
  for (const { slice } of cores) counts.set(slice.population, (counts.get(slice.population) ?? 0) + 1);
  const largest = [...counts].map(([layer, count]) => ({ layer, cores: count })).sort((a, b) => b.cores - a.cores).slice(0, 3);
  report.report('map/board-too-small', { kind: 'nowhere' }, {
    target: target.name, cores: cores.length, available: chips * coresPerChip(target), chips, largest, twoCompartments: network.populations.some(hasTwoCompartments),
  });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
