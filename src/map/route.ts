/**
 * The routes of a placed program: for every pair of cores between which spikes run, the hops of the
 * dimension-order (XY) route: first along the row, then along the column.
 */
import { distance } from './board.js';
import { connectionsOf } from './connections.js';
import type { Placed, Routed } from './mapping.js';

/** Adds the routes, ordered by projection, target core, source core. */
export function route(placed: Placed): Routed {
  const { target, places } = placed;
  const routes = connectionsOf(placed).map(({ from, to, projection }) => ({ from, to, projection, ...distance(target, places[from], places[to]) }));
  return { ...placed, routes, chipsUsed: new Set(places.map((p) => p.chip)).size, coresUsed: placed.cores.length };
}
