/**
 * Simulated annealing of a placement: a core and a slot are drawn, and what stands in the two changes
 * places if that lowers the cost, or at a temperature that falls from stage to stage, with a chance that
 * shrinks with the rise (Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220,
 * 1983). Only the change of cost is ever computed, from the partners of the two. The effort is a number of
 * trials, never a time, so places depend on the seed alone.
 */
import { randomUint32, type RandomStream } from '../random.js';
import type { TrafficGraph } from './traffic-graph.js';

/** Slots that cores can stand in, with the distance between them: along x plus along y. */
export interface SlotMap {
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly width: number;
  readonly height: number;
  /** [width * width]: cost of a message from column a to column b. */
  readonly costX: Float64Array;
  /** [height * height]. */
  readonly costY: Float64Array;
}

const STAGES = 100;
/** The last stages accept no rise. */
const FROZEN_STAGES = 5;
/** Of the first stage, as a share of what a swap at random changes. */
const FIRST_TEMPERATURE = 0.1;
/** Swaps that this is measured on. */
const PROBES = 500;
/** From one stage to the next: to a thousandth in 100 stages. */
const COOLING = 0.933;

/** Messages times distance, each pair once. */
export function placementCost({ cores, start, partner, weight }: TrafficGraph, slots: SlotMap, slotOf: ArrayLike<number>): number {
  const { x, y, width, height, costX, costY } = slots;
  let cost = 0;
  for (let core = 0; core < cores; core++) {
    const ownX = x[slotOf[core]] * width;
    const ownY = y[slotOf[core]] * height;
    for (let i = start[core]; i < start[core + 1]; i++) {
      const at = slotOf[partner[i]];
      cost += weight[i] * (costX[ownX + x[at]] + costY[ownY + y[at]]);
    }
  }
  return cost / 2;
}

/** The best assignment of cores to slots that was met; never worse than the one it starts from. */
export function anneal(graph: TrafficGraph, slots: SlotMap, begin: Int32Array, { trials, stream }: { readonly trials: number; readonly stream: RandomStream }): Int32Array {
  const state = startState(graph, slots, begin);
  const draw = drawer(stream);
  let temperature = FIRST_TEMPERATURE * meanChange(graph, slots, state, draw);
  let change = 0;
  let best = { change: 0, slotOf: begin };
  for (let stage = 0; stage < STAGES; stage++) {
    if (stage >= STAGES - FROZEN_STAGES) temperature = 0;
    const count = Math.floor((stage + 1) * trials / STAGES) - Math.floor(stage * trials / STAGES);
    for (let trial = 0; trial < count; trial++) {
      const core = Math.floor(draw() * graph.cores);
      const slot = Math.floor(draw() * slots.x.length);
      if (slots.x[slot] === state.x[core] && slots.y[slot] === state.y[core]) continue;
      const rise = swapRise(graph, slots, state, { core, slot });
      if (rise > 0 && !(draw() < chance(rise, temperature))) continue;
      swap(slots, state, core, slot);
      change += rise;
    }
    if (change < best.change) best = { change, slotOf: state.slotOf.slice() };
    temperature *= COOLING;
  }
  return best.slotOf;
}

/** exp(-rise / temperature) as (1 - r / 16)^16: multiplications alone give the same bits on every machine. */
function chance(rise: number, temperature: number): number {
  if (rise >= 16 * temperature) return 0;
  const root = 1 - rise / (16 * temperature);
  return ((((root ** 2) ** 2) ** 2) ** 2);
}

interface State {
  /** Router of each core. */
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly slotOf: Int32Array;
  /** The core in a slot, or -1. */
  readonly coreIn: Int32Array;
}

function startState({ cores }: TrafficGraph, slots: SlotMap, begin: Int32Array): State {
  const coreIn = new Int32Array(slots.x.length).fill(-1);
  for (let core = 0; core < cores; core++) coreIn[begin[core]] = core;
  return { x: Int32Array.from(begin, (slot) => slots.x[slot]), y: Int32Array.from(begin, (slot) => slots.y[slot]), slotOf: begin.slice(), coreIn };
}

/** What the cost rises by when `core` moves to `slot` and what stands there moves to its place. */
function swapRise(graph: TrafficGraph, slots: SlotMap, state: State, { core, slot }: { readonly core: number; readonly slot: number }): number {
  const other = state.coreIn[slot];
  const rise = moveRise(graph, slots, state, { core, toX: slots.x[slot], toY: slots.y[slot], without: other });
  return other < 0 ? rise : rise + moveRise(graph, slots, state, { core: other, toX: state.x[core], toY: state.y[core], without: core });
}

interface Move { readonly core: number; readonly toX: number; readonly toY: number; readonly without: number }

/** The same for one core alone. The pair that swaps keeps its distance, so each leaves the other out. */
function moveRise({ start, partner, weight }: TrafficGraph, { width, height, costX, costY }: SlotMap, { x, y }: State, { core, toX, toY, without }: Move): number {
  const [oldX, newX] = [x[core] * width, toX * width];
  const [oldY, newY] = [y[core] * height, toY * height];
  let rise = 0;
  for (let i = start[core]; i < start[core + 1]; i++) {
    const other = partner[i];
    if (other === without) continue;
    rise += weight[i] * (costX[newX + x[other]] - costX[oldX + x[other]] + costY[newY + y[other]] - costY[oldY + y[other]]);
  }
  return rise;
}

function swap(slots: SlotMap, { x, y, slotOf, coreIn }: State, core: number, slot: number): void {
  const other = coreIn[slot];
  const here = slotOf[core];
  for (const [moved, to] of [[core, slot], [other, here]]) {
    coreIn[to] = moved;
    if (moved < 0) continue;
    slotOf[moved] = to;
    x[moved] = slots.x[to];
    y[moved] = slots.y[to];
  }
}

/** Mean size of the change by which a swap at random would move the cost. */
function meanChange(graph: TrafficGraph, slots: SlotMap, state: State, draw: () => number): number {
  let sum = 0;
  for (let i = 0; i < PROBES; i++) {
    sum += Math.abs(swapRise(graph, slots, state, { core: Math.floor(draw() * graph.cores), slot: Math.floor(draw() * slots.x.length) }));
  }
  return sum / PROBES;
}

/** Uniform numbers of [0, 1), one a call. */
function drawer(stream: RandomStream): () => number {
  const numbers = new Uint32Array(4096);
  let first = 0;
  let at = numbers.length;
  return () => {
    if (at === numbers.length) {
      randomUint32(stream, numbers, first);
      first += numbers.length;
      at = 0;
    }
    return numbers[at++] / 4294967296;
  };
}
