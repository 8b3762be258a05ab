/** How many cores a chip has, in all and at each router: some routers have fewer than the others. */
import type { Chip, Target } from './schema.js';

/** Cores at router (x, y) of a chip; x and y count from the chip's own corner. */
export const coresAt = ({ coresPerRouter, missing = [] }: Target['mesh'], x: number, y: number): number =>
  coresPerRouter - (missing.find((m) => m.x === x && m.y === y)?.cores ?? 0);

/** Cores of one chip that hold neurons; null where nobody says. */
export function chipCores({ mesh, coresPerChip, layerCores, network }: Pick<Chip, 'mesh' | 'coresPerChip' | 'layerCores' | 'network'>): number | null {
  if (typeof coresPerChip === 'number') return coresPerChip;
  if (mesh !== undefined) return mesh.width * mesh.height * mesh.coresPerRouter - (mesh.missing ?? []).reduce((sum, m) => sum + m.cores, 0);
  if (layerCores !== undefined) return layerCores.cores.length;
  return network === undefined ? null : 1;
}
