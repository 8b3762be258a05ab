/**
 * The links of the mesh that messages use. A message from core A to core B runs along A's row of
 * routers first, then along B's column (dimension-order routing); cores at one router use no link.
 */
import type { CorePlace } from '../map/mapping.js';
import type { Program } from '../program/program.js';

/** A one-way link between neighbouring routers, in board coordinates. */
export interface MeshLink {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** True where it joins two chips. */
  readonly crossesChips: boolean;
}

export interface MeshUse {
  /** In the order in which the routes first use them. */
  readonly links: readonly MeshLink[];
  /** Per route of the program: indices of its links. */
  readonly routes: readonly (readonly number[])[];
}

export function meshUse({ routes, places, target }: Pick<Program, 'routes' | 'places' | 'target'>): MeshUse {
  const links: MeshLink[] = [];
  const known = new Map<string, number>();
  const linkBetween = (from: readonly [number, number], to: readonly [number, number]): number => {
    const key = `${from.join()} ${to.join()}`;
    const crossesChips = Math.floor(from[0] / target.mesh.width) !== Math.floor(to[0] / target.mesh.width)
      || Math.floor(from[1] / target.mesh.height) !== Math.floor(to[1] / target.mesh.height);
    const found = known.get(key) ?? links.push({ from, to, crossesChips }) - 1;
    known.set(key, found);
    return found;
  };
  const paths = routes.map((route) => stations(places[route.from], places[route.to]).map((at, i, all) => (i === 0 ? -1 : linkBetween(all[i - 1], at))).slice(1));
  return { links, routes: paths };
}

/** Routers that a message passes, both ends included. */
function stations(from: CorePlace, to: CorePlace): (readonly [number, number])[] {
  const passed: (readonly [number, number])[] = [[from.x, from.y]];
  for (let x = from.x; x !== to.x;) { x += Math.sign(to.x - x); passed.push([x, from.y]); }
  for (let y = from.y; y !== to.y;) { y += Math.sign(to.y - y); passed.push([to.x, y]); }
  return passed;
}
