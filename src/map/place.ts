/**
 * Gives every core a place on the board. Cores are first laid along a winding line in the order of
 * the network, so that neighbouring layers are neighbours on the mesh. Then a bounded search moves each
 * core towards the weighted median of its partners, by swapping it with a core (or an empty place)
 * there whenever that lowers the expected traffic: messages times hops. Same seed, same places.
 */
import type { PopulationId } from '../spiking/network.js';
import { permutation, randomStream, substream } from '../random.js';
import { coresPerChip, slots } from './board.js';
import { connectionsOf } from './connections.js';
import type { CorePlace, Partitioned, Placed } from './mapping.js';

export interface PlaceOptions {
  readonly seed: number;
  /** Mean spikes of one neuron in one inference, by population; 1 where it is not known. */
  readonly traffic?: ReadonlyMap<PopulationId, number>;
}

const PASSES = 12;
/** Neighbour visits in all: bounds the search to about two seconds. */
const BUDGET = 8e7;
/** Hops that a chip border counts for in the search; its real cost is unpublished and surely above one hop. */
const BORDER = 4;

export function place(partitioned: Partitioned, options: PlaceOptions): Placed {
  const { target, cores } = partitioned;
  const chips = Math.max(1, Math.ceil(cores.length / coresPerChip(target)));
  const board = slots(target, chips);
  const search = startSearch(partitioned, board, options);
  let budget = BUDGET;
  for (let pass = 0; pass < PASSES && budget > 0; pass++) {
    const before = budget;
    let moved = 0;
    for (const core of permutation(substream(randomStream(options.seed), pass), cores.length)) {
      if (budget <= 0) break;
      const outcome = improve(search, core);
      budget -= outcome.visits;
      if (outcome.moved) moved++;
    }
    if (moved === 0 || before === budget) break;
  }
  return { ...partitioned, places: Array.from(search.slotOf, (slot) => board[slot]) };
}

/** The state of the search. Arrays are by core or by slot; partners of core i stand in [start[i], start[i + 1]). */
interface Search {
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly chipX: Int32Array;
  readonly chipY: Int32Array;
  readonly start: Int32Array;
  readonly partner: Int32Array;
  readonly weight: Float64Array;
  readonly slotOf: Int32Array;
  /** The core in a slot, or -1. */
  readonly coreIn: Int32Array;
  /** The slots of the router at a board position. */
  readonly router: ReadonlyMap<number, readonly number[]>;
}

const POSITION = 65536;

function startSearch(partitioned: Partitioned, board: readonly CorePlace[], { traffic }: PlaceOptions): Search {
  const { target, cores, network } = partitioned;
  const pairs = new Map<number, number>();
  for (const { from, to, projection, neurons } of connectionsOf(partitioned)) {
    if (from === to) continue;
    const messages = neurons * (traffic?.get(network.projections[projection].source) ?? 1);
    for (const [a, b] of [[from, to], [to, from]]) pairs.set(a * cores.length + b, (pairs.get(a * cores.length + b) ?? 0) + messages);
  }
  const keys = Float64Array.from(pairs.keys()).sort();
  const start = new Int32Array(cores.length + 1);
  for (const key of keys) start[Math.floor(key / cores.length) + 1]++;
  for (let i = 0; i < cores.length; i++) start[i + 1] += start[i];
  const coreIn = new Int32Array(board.length).fill(-1);
  for (let i = 0; i < cores.length; i++) coreIn[i] = i;
  const router = new Map<number, number[]>();
  board.forEach((p, slot) => {
    const key = p.y * POSITION + p.x;
    router.set(key, [...router.get(key) ?? [], slot]);
  });
  return {
    x: Int32Array.from(board, (p) => p.x), y: Int32Array.from(board, (p) => p.y),
    chipX: Int32Array.from(board, (p) => Math.floor(p.x / target.mesh.width)), chipY: Int32Array.from(board, (p) => Math.floor(p.y / target.mesh.height)),
    start, partner: Int32Array.from(keys, (key) => key % cores.length), weight: Float64Array.from(keys, (key) => pairs.get(key) as number),
    slotOf: Int32Array.from(cores, (_, i) => i), coreIn, router,
  };
}

/** Tries the slots around the median of the core's partners and takes the best swap that lowers the cost. */
function improve(search: Search, core: number): { visits: number; moved: boolean } {
  const { start, slotOf, coreIn, router } = search;
  const degree = start[core + 1] - start[core];
  if (degree === 0) return { visits: 0, moved: false };
  const here = slotOf[core];
  const cx = weightedMedian(search, core, search.x);
  const cy = weightedMedian(search, core, search.y);
  let visits = 2 * degree;
  let best = -1;
  let gain = 1e-9;
  const now = costAt(search, core, here, -1);
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      let emptySeen = false;
      for (const slot of router.get((cy + dy) * POSITION + cx + dx) ?? []) {
        const other = coreIn[slot];
        if (slot === here || (other < 0 && emptySeen)) continue;
        emptySeen ||= other < 0;
        visits += degree;
        let saved = now - costAt(search, core, slot, other);
        if (other >= 0) {
          visits += 2 * (start[other + 1] - start[other]);
          saved += costAt(search, other, slot, -1) - costAt(search, other, here, core);
        }
        if (saved > gain) { gain = saved; best = slot; }
      }
    }
  }
  if (best < 0) return { visits, moved: false };
  const other = coreIn[best];
  coreIn[best] = core;
  slotOf[core] = best;
  coreIn[here] = other;
  if (other >= 0) slotOf[other] = here;
  return { visits, moved: true };
}

/** Traffic times distance of `core` if it stood in `slot`, with `swapped` (a core or -1) in the place that it leaves. */
function costAt({ x, y, chipX, chipY, start, partner, weight, slotOf }: Search, core: number, slot: number, swapped: number): number {
  const sx = x[slot];
  const sy = y[slot];
  const cx = chipX[slot];
  const cy = chipY[slot];
  let cost = 0;
  for (let i = start[core]; i < start[core + 1]; i++) {
    const at = partner[i] === swapped ? slotOf[core] : slotOf[partner[i]];
    cost += weight[i] * (Math.abs(sx - x[at]) + Math.abs(sy - y[at]) + BORDER * (Math.abs(cx - chipX[at]) + Math.abs(cy - chipY[at])));
  }
  return cost;
}

function weightedMedian({ start, partner, weight, slotOf }: Search, core: number, coordinate: Int32Array): number {
  const sums = new Map<number, number>();
  let total = 0;
  for (let i = start[core]; i < start[core + 1]; i++) {
    const at = coordinate[slotOf[partner[i]]];
    sums.set(at, (sums.get(at) ?? 0) + weight[i]);
    total += weight[i];
  }
  let below = 0;
  for (const at of [...sums.keys()].sort((a, b) => a - b)) {
    below += sums.get(at) as number;
    if (2 * below >= total) return at;
  }
  throw new Error('internal: a core without partners has no median');
}
