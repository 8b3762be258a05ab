/**
 * Gives every core a place on the board so that the expected traffic, messages times router hops, is
 * small. Two orders to begin with, the winding line (neighbouring layers are neighbours on the mesh) and
 * the linear one; the better of them is annealed. `linearPlacement` and `randomPlacement` are what a result
 * is compared with. Same seed, same places.
 */
import { permutation, randomStream, substream } from '../random.js';
import type { Target } from '../target/schema.js';
import { anneal, placementCost, type SlotMap } from './anneal.js';
import { coresPerChip, linearSlots, slots } from './board.js';
import type { CorePlace, Partitioned, Placed } from './mapping.js';
import { trafficGraph, type SpikeTraffic, type TrafficGraph } from './traffic-graph.js';

export interface PlaceOptions {
  readonly seed: number;
  readonly traffic?: SpikeTraffic;
  /** Trials of the search as a multiple of its default; 0 keeps the better beginning. */
  readonly effort?: number;
}

/** Trials for each core, and visits of a partner in all: the fewer count. A second or two. */
const TRIALS_PER_CORE = 1000;
const MOST_VISITS = 1e9;
/** Hops that a chip border counts for in the search where the target does not say. Its real cost is unpublished and surely above one hop. */
const BORDER_HOPS = 4;

export function place(partitioned: Partitioned, { seed, traffic = new Map(), effort = 1 }: PlaceOptions): Placed {
  const graph = trafficGraph(partitioned, traffic);
  const board = slots(partitioned.target, chipsFor(partitioned));
  const map = slotMap(board, partitioned.target);
  const order = new Map(board.map((p, slot) => [key(p), slot]));
  const begins = [
    Int32Array.from(partitioned.cores, (_, i) => i),
    Int32Array.from(linearPlacement(partitioned).places, (p) => order.get(key(p)) as number),
  ];
  const [winding, linear] = begins.map((slotOf) => placementCost(graph, map, slotOf));
  const found = anneal(graph, map, begins[linear < winding ? 1 : 0], { trials: trialsFor(graph, effort), stream: substream(randomStream(seed), 'place') });
  return { ...partitioned, places: Array.from(found, (slot) => board[slot]) };
}

/** Cores in their order along the routers row by row, chip after chip. */
export function linearPlacement(partitioned: Partitioned): Placed {
  return { ...partitioned, places: linearSlots(partitioned.target, chipsFor(partitioned)).slice(0, partitioned.cores.length) };
}

/** Cores anywhere on as many chips as they need. */
export function randomPlacement(partitioned: Partitioned, seed: number): Placed {
  const board = linearSlots(partitioned.target, chipsFor(partitioned));
  const order = permutation(substream(randomStream(seed), 'random placement'), board.length);
  return { ...partitioned, places: partitioned.cores.map((_, i) => board[order[i]]) };
}

const chipsFor = ({ target, cores }: Partitioned): number => Math.max(1, Math.ceil(cores.length / coresPerChip(target)));
const key = ({ x, y, port }: CorePlace): string => `${x},${y},${port}`;

function trialsFor({ cores, partner }: TrafficGraph, effort: number): number {
  const visitsPerTrial = Math.max(1, 2 * partner.length / Math.max(1, cores));
  return Math.floor(effort * Math.min(TRIALS_PER_CORE * cores, MOST_VISITS / visitsPerTrial));
}

function slotMap(board: readonly CorePlace[], { mesh, board: { borderHops = BORDER_HOPS } }: Target): SlotMap {
  const most = (pick: (p: CorePlace) => number): number => board.reduce((a, p) => Math.max(a, pick(p)), 0) + 1;
  const [width, height] = [most((p) => p.x), most((p) => p.y)];
  const costs = (length: number, chip: number): Float64Array => Float64Array.from({ length: length * length }, (_, i) => {
    const [a, b] = [Math.floor(i / length), i % length];
    return Math.abs(a - b) + borderHops * Math.abs(Math.floor(a / chip) - Math.floor(b / chip));
  });
  return { x: Int32Array.from(board, (p) => p.x), y: Int32Array.from(board, (p) => p.y), width, height, costX: costs(width, mesh.width), costY: costs(height, mesh.height) };
}
