/**
 * The addresses of a board. The routers of all chips form one mesh: chip k sits in column k mod C and
 * row floor(k / C) of the board, and router coordinates count over the whole board. There are two orders of
 * the core addresses. In the winding one neighbours in the list are neighbours on the mesh: chips in a
 * winding line, within a chip bands of four router rows, within a band winding columns. The linear one is
 * the plainest: chip after chip, its routers row by row, the cores of a router one after the other.
 */
import { chipCores, coresAt } from '../target/chip-cores.js';
import type { Target } from '../target/schema.js';
import type { CorePlace } from './mapping.js';

/** Cores of one chip. */
export const coresPerChip = (target: Target): number => chipCores(target) as number; // a target to compile for has a mesh

/** The addresses of the first `chips` chips in linear order. */
export function linearSlots(target: Target, chips: number): CorePlace[] {
  const { width, height } = target.mesh;
  return Array.from({ length: chips * width * height }, (_, router) => {
    const [chip, x, y] = [Math.floor(router / (width * height)), router % width, Math.floor(router / width) % height];
    return Array.from({ length: coresAt(target.mesh, x, y) }, (_core, port): CorePlace => ({ chip, ...boardPosition(target, chip, x, y), port }));
  }).flat();
}

/** The addresses of the first `chips` chips of the winding line. */
export function slots(target: Target, chips: number): CorePlace[] {
  const places: CorePlace[] = [];
  for (const chip of windingChips(chips, target.board.columns)) {
    for (const [x, y] of windingRouters(target.mesh.width, target.mesh.height)) {
      for (let port = 0; port < coresAt(target.mesh, x, y); port++) places.push({ chip, ...boardPosition(target, chip, x, y), port });
    }
  }
  return places;
}

/** Board coordinates of router (x, y) of a chip. */
function boardPosition({ board, mesh }: Target, chip: number, x: number, y: number): { x: number; y: number } {
  return { x: (chip % board.columns) * mesh.width + x, y: Math.floor(chip / board.columns) * mesh.height + y };
}

/** The chip that a board position lies on. */
export function chipAt({ board, mesh }: Target, x: number, y: number): number {
  return Math.floor(y / mesh.height) * board.columns + Math.floor(x / mesh.width);
}

/** Hops of the XY route between two places. */
export interface Distance { readonly hopsX: number; readonly hopsY: number; readonly chipCrossings: number }

export function distance({ mesh }: Target, a: CorePlace, b: CorePlace): Distance {
  const chips = (p: number, q: number, size: number): number => Math.abs(Math.floor(p / size) - Math.floor(q / size));
  return { hopsX: Math.abs(a.x - b.x), hopsY: Math.abs(a.y - b.y), chipCrossings: chips(a.x, b.x, mesh.width) + chips(a.y, b.y, mesh.height) };
}

/** The first `chips` chips, row by row to and fro. */
function windingChips(chips: number, columns: number): number[] {
  const rows = Array.from({ length: Math.ceil(chips / columns) }, (_, row) => Array.from({ length: Math.min(columns, chips - row * columns) }, (_, column) => row * columns + column));
  return rows.flatMap((row, i) => (i % 2 === 0 ? row : row.reverse()));
}

function* windingRouters(width: number, height: number): Generator<readonly [number, number]> {
  const BAND = 4;
  for (let top = 0, band = 0; top < height; top += BAND, band++) {
    const rows = Math.min(BAND, height - top);
    for (let i = 0; i < width; i++) {
      const x = band % 2 === 0 ? i : width - 1 - i;
      for (let j = 0; j < rows; j++) yield [x, top + (i % 2 === 0 ? j : rows - 1 - j)];
    }
  }
}
