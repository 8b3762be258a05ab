/**
 * The links of the mesh that messages use. A message from core A to core B runs along A's row of
 * routers first, then along B's column (dimension-order routing); cores at one router use no link. A
 * message to several cores uses each link of their paths once.
 */
import type { CorePlace, Routed } from '../map/mapping.js';
import type { Flow } from './message-flows.js';

/** A one-way link between neighbouring routers, in board coordinates. */
export interface MeshLink {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** True where it joins two chips. */
  readonly crossesChips: boolean;
}

export interface MeshUse {
  /** In the order in which the flows first use them. */
  readonly links: readonly MeshLink[];
  /** Per flow of the counting plan: indices of its links. */
  readonly flows: readonly (readonly number[])[];
}

/** More routers than a board has in a row. */
const BOARD_SIDE = 2 ** 20;

export function meshUse({ routes, places, target }: Pick<Routed, 'routes' | 'places' | 'target'>, flows: readonly Pick<Flow, 'routes'>[]): MeshUse {
  const links: MeshLink[] = [];
  const known = new Map<number, number>();
  const linkBetween = (from: readonly [number, number], to: readonly [number, number]): number => {
    const direction = 3 * (to[1] - from[1]) + to[0] - from[0] + 4; // of neighbours: 1, 3, 5, 7
    const key = (from[1] * BOARD_SIDE + from[0]) * 8 + direction;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const crossesChips = Math.floor(from[0] / target.mesh.width) !== Math.floor(to[0] / target.mesh.width)
      || Math.floor(from[1] / target.mesh.height) !== Math.floor(to[1] / target.mesh.height);
    const found = links.push({ from, to, crossesChips }) - 1;
    known.set(key, found);
    return found;
  };
  const pathTo = (route: number): number[] => {
    const passed = stations(places[routes[route].from], places[routes[route].to]);
    return passed.slice(1).map((at, i) => linkBetween(passed[i], at));
  };
  return { links, flows: flows.map((flow) => (flow.routes.length === 1 ? pathTo(flow.routes[0]) : [...new Set(flow.routes.flatMap(pathTo))])) };
}

/** Routers that a message passes, both ends included. */
function stations(from: CorePlace, to: CorePlace): (readonly [number, number])[] {
  const passed: (readonly [number, number])[] = [[from.x, from.y]];
  for (let x = from.x; x !== to.x;) { x += Math.sign(to.x - x); passed.push([x, from.y]); }
  for (let y = from.y; y !== to.y;) { y += Math.sign(to.y - y); passed.push([to.x, y]); }
  return passed;
}
