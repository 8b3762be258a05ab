/** The printed form of a mapping, the memory by projection, one line a core, then the load of the mesh, for --print-after and goldens. */
import { memoryByProjection, memoryText } from './memory-by-projection.js';
import type { Partitioned, Placed, Routed } from './mapping.js';

export function mappingText(mapping: Partitioned | Placed | Routed): string {
  const lines = mapping.cores.map(({ slice, use }, i) => {
    const range = ([from, to]: readonly [number, number]): string => `${from}..${to}`;
    const place = 'places' in mapping ? mapping.places[i] : undefined;
    const at = place === undefined ? '' : `  chip ${place.chip} router ${place.x},${place.y} port ${place.port}`;
    const { part } = slice;
    const of = part === undefined ? '' : `  part of ${mapping.network.projections[part.projection].id} from channels ${range(part.channels)} rows ${range(part.rows)} columns ${range(part.columns)}`;
    return `  core ${i}  ${slice.population}  channels ${range(slice.channels)} rows ${range(slice.rows)} columns ${range(slice.columns)}${of}`
      + `  neurons ${use.neurons}  in ${use.inAxons}  out ${use.outAxons}  memory ${use.synapticBits} bits${at}`;
  });
  const memory = memoryText(memoryByProjection(mapping));
  const head = `mapping on ${mapping.target.name}  cores ${mapping.cores.length}`;
  if (!('routes' in mapping)) return [head, ...memory, ...lines].join('\n');
  const hops = mapping.routes.reduce((sum, r) => sum + r.hopsX + r.hopsY, 0);
  return [`${head}  chips ${mapping.chipsUsed}  routes ${mapping.routes.length}  hops ${hops}`, ...memory, ...lines].join('\n');
}
