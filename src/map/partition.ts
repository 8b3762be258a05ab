/**
 * Cuts each population into boxes that fit a core, with as few cores as it can. Axons depend on how
 * both ends of a projection are cut, so populations are cut from the output backwards (the cores that
 * a spike must reach are then known) and the whole is repeated with what was learnt until nothing
 * changes; a few rounds do. Each slice's use is counted exactly at the end.
 */
import type { Reporter } from '../diagnostics.js';
import type { CoreResource } from '../diagnostics/map-messages.js';
import type { PopulationId } from '../spiking/network.js';
import type { IntegerNetwork, IntegerPopulation } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';
import type { CoreSlice, CoreUse, Partitioned, Slice } from './mapping.js';
import { coresPerChip } from './board.js';
import { coreUse, hasTwoCompartments } from './core-use.js';
import type { Grid, Neighbourhood } from './core-use.js';
import { linksOf, neuronsIn } from './reach.js';
import type { Link } from './reach.js';
import { expectedWork, spreadOver, type LeastParts, type Spread } from './spread.js';
import { gridOf, tilings } from './tilings.js';

const ROUNDS = 8;

/**
 * Slices of all populations. With `spread` they are cut finer, for as long as there are cores. Everything that
 * does not fit is reported at once; throws then.
 */
export function partition(network: IntegerNetwork, target: Target, report: Reporter, spread?: Spread): Partitioned {
  checkDelays(network, target, report);
  report.finish();
  const links = linksOf(network);
  const cut = (least: LeastParts): Cut => settledCut({ network, target, links, least });
  const fewest = cut(new Map());
  const finer = spread === undefined ? fewest : spreadOver(expectedWork(network, target, spread.traffic), spread.cores, cut);
  const { grids } = finer ?? fewest;
  const cores = network.populations.flatMap((population) => slicesOf(population, around(population, { target, links, grids }), grids.get(population.id) as Grid, report));
  report.finish();
  if (spread !== undefined && finer === null) report.report('map/too-few-cores', { kind: 'option', option: '--cores' }, { asked: spread.cores, needed: fewest.count });
  checkBoard(network, target, cores, report);
  report.finish();
  return { network, target, cores };
}

type Grids = ReadonlyMap<PopulationId, Grid>;

interface Cut { readonly grids: Grids; readonly count: number }

interface CutRequest {
  readonly network: IntegerNetwork;
  readonly target: Target;
  readonly links: readonly Link[];
  readonly least: LeastParts;
}

/** Cuts all populations again and again until the cuts of the neighbours no longer change any. */
function settledCut(request: CutRequest): Cut {
  let grids: Grids = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    const next = cutAll(request, grids);
    const settled = request.network.populations.every((p) => sameGrid(grids.get(p.id), next.get(p.id)));
    grids = next;
    if (settled) break;
  }
  return { grids, count: [...grids.values()].reduce((sum, grid) => sum + partsOf(grid), 0) };
}

const partsOf = ({ channels, rows, columns }: Grid): number => channels.length * rows.length * columns.length;

function cutAll({ network, target, links, least }: CutRequest, before: Grids): Grids {
  const grids = new Map(before);
  for (const population of network.populations.toReversed()) {
    grids.set(population.id, chooseGrid(around(population, { target, links, grids }), least.get(population.id) ?? 1));
  }
  return grids;
}

function around(population: IntegerPopulation, { target, links, grids }: { target: Target; links: readonly Link[]; grids: Grids }): Neighbourhood {
  return {
    population,
    target,
    incoming: links.filter((l) => l.projection.target === population.id).map((link) => ({ link, grid: grids.get(link.projection.source) ?? null })),
    outgoing: links.filter((l) => l.projection.source === population.id).map((link) => ({ link, grid: grids.get(link.projection.target) ?? null })),
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
function compartments({ incoming, target: { core } }: Neighbourhood): number {
  const delay = Math.max(0, ...incoming.map(({ link }) => link.projection.delay));
  const buffer = Math.max(8, 2 ** Math.ceil(Math.log2(delay + 1)));
  return Math.min(core.neurons ?? Infinity, core.delaySlots === null ? Infinity : Math.floor(core.delaySlots / buffer));
}

/** The slices with their exact use; at most one diagnostic for the layer. */
function slicesOf(population: IntegerPopulation, near: Neighbourhood, grid: Grid, report: Reporter): CoreSlice[] {
  const use = coreUse(near);
  const most = compartments(near);
  const slices = [...boxes(population, grid)].map((slice): CoreSlice => ({ slice, use: use(slice) }));
  const two = hasTwoCompartments(population);
  const profiles = new Set(population.thresholdExponent).size;
  const [c, y, x] = population.shape.map((length) => length >> 1);
  const one: Slice = { population: population.id, channels: [c, c + 1], rows: [y, y + 1], columns: [x, x + 1] };
  const worst = slices.find((s) => overrun(s.use, near.target, most) !== null);
  const over = overrunOfProfiles(near.incoming.length + (two ? profiles : 0), profiles + (two ? 1 : 0), near.target)
    ?? (worst === undefined ? null : overrun(use(one), near.target, most));
  const where = { kind: 'node', node: population.id } as const;
  const chip = { target: near.target.name, gradedSpikes: near.target.capabilities.gradedSpikes };
  if (over !== null) report.report('map/layer-does-not-fit', where, { ...chip, neurons: 1, ...over });
  else if (worst !== undefined) {
    report.report('map/layer-does-not-fit', where, { ...chip, neurons: neuronsIn(worst.slice), ...overrun(worst.use, near.target, most) as Overrun });
  }
  return slices;
}

function overrunOfProfiles(formats: number, thresholds: number, { core }: Target): Overrun | null {
  if (core.synapseFormats !== null && formats > core.synapseFormats) return { resource: 'synapse formats', used: formats, allowed: core.synapseFormats };
  if (core.thresholdProfiles !== null && thresholds > core.thresholdProfiles) return { resource: 'threshold profiles', used: thresholds, allowed: core.thresholdProfiles };
  return null;
}

/** Reports every projection that waits longer than the target can. */
export function checkDelays({ projections }: { readonly projections: readonly { readonly id: string; readonly delay: number }[] }, target: Target, report: Reporter): void {
  const allowed = target.numbers.delayMax;
  for (const { id, delay } of projections) {
    if (delay > allowed) report.report('map/delay-too-long', { kind: 'node', node: id }, { target: target.name, delay, allowed });
  }
}

function checkBoard(network: IntegerNetwork, target: Target, cores: readonly CoreSlice[], report: Reporter): void {
  const { chips } = target.board;
  if (chips === null || cores.length <= chips * coresPerChip(target)) return;
  const counts = new Map<string, number>();
  for (const { slice } of cores) counts.set(slice.population, (counts.get(slice.population) ?? 0) + 1);
  const largest = [...counts].map(([layer, count]) => ({ layer, cores: count })).sort((a, b) => b.cores - a.cores).slice(0, 3);
  report.report('map/board-too-small', { kind: 'nowhere' }, {
    target: target.name, cores: cores.length, available: chips * coresPerChip(target), chips, largest, twoCompartments: network.populations.some(hasTwoCompartments),
  });
}

function sameGrid(a: Grid | undefined, b: Grid | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
