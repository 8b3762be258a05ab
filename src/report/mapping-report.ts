/**
 * How well a network sits on its chips: how full the cores are, how many there are beside the fewest
 * there could be, and what spikes put on the mesh beside a linear and a random placement of the same
 * cores. Spikes are means of a population, estimated or measured; hops are links of the mesh, chip
 * borders counted like any other.
 */
import { coresPerChip } from '../map/board.js';
import { leastCores } from '../map/least-cores.js';
import type { CoreUse, Routed } from '../map/mapping.js';
import { linearPlacement, randomPlacement } from '../map/place.js';
import { route } from '../map/route.js';
import type { SpikeTraffic } from '../map/traffic-graph.js';
import { expectedLoad } from '../simulate/expected-load.js';
import type { MeshCounters } from '../simulate/trace.js';

/** Shares of what a core has, over the cores in use; null where there is no limit. */
export interface Utilisation {
  readonly mean: number;
  readonly most: number;
}

export type UsedResource = 'compartments' | 'inAxons' | 'outAxons' | 'memory';

export interface MappingReport {
  readonly cores: number;
  /** No partition of this network has fewer. */
  readonly leastCores: number;
  readonly chips: number;
  /** Share of the cores of the chips in use. */
  readonly coresInUse: number;
  readonly utilisation: Readonly<Record<UsedResource, Utilisation | null>>;
  /** Where the spikes come from; "even": one of every neuron. */
  readonly rates: 'estimated' | 'measured' | 'even';
  /** Of one inference. */
  readonly messages: number;
  readonly chipCrossings: number;
  /** Messages times hops. */
  readonly hops: number;
  /** The same with the cores in order along the routers, row by row and chip after chip. */
  readonly linearHops: number;
  /** The same with the cores anywhere on as many chips: mean of four draws. */
  readonly randomHops: number;
  /** Board coordinates [x, y] of the routers at its ends. */
  readonly heaviestLink: { readonly messages: number; readonly from: readonly number[]; readonly to: readonly number[] } | null;
  /** The core with the most synaptic operations; null where there are none. */
  readonly heaviestCore: { readonly core: number; readonly layer: string; readonly synapticOps: number } | null;
}

export interface MappingSpikes {
  readonly traffic: SpikeTraffic;
  readonly rates: MappingReport['rates'];
}

const RANDOM_PLACEMENTS = 4;

export function mappingReport(routed: Routed, { traffic, rates }: MappingSpikes): MappingReport {
  const { target, cores, chipsUsed } = routed;
  const load = expectedLoad(routed, traffic);
  const hops = ({ hopsX, hopsY }: MeshCounters): number => hopsX + hopsY;
  const random = Array.from({ length: RANDOM_PLACEMENTS }, (_, seed) => hops(load.elsewhere(route(randomPlacement(routed, seed)))));
  const heaviest = load.cores.reduce((most, c, i) => (c.synapticOps > (load.cores[most]?.synapticOps ?? 0) ? i : most), 0);
  return {
    cores: cores.length, leastCores: leastCores(routed.network, target), chips: chipsUsed, coresInUse: cores.length / (chipsUsed * coresPerChip(target)),
    utilisation: {
      compartments: utilisation(routed, (use) => use.neurons, target.core.neurons), inAxons: utilisation(routed, (use) => use.inAxons, target.core.inAxons),
      outAxons: utilisation(routed, (use) => use.outAxons, target.core.outAxons), memory: utilisation(routed, (use) => use.synapticBits, target.core.synapticMemoryBits),
    },
    rates, messages: load.mesh.messages, chipCrossings: load.mesh.chipCrossings,
    hops: hops(load.mesh), linearHops: hops(load.elsewhere(route(linearPlacement(routed)))), randomHops: random.reduce((a, b) => a + b, 0) / RANDOM_PLACEMENTS,
    heaviestLink: load.mesh.heaviestLink,
    heaviestCore: (load.cores[heaviest]?.synapticOps ?? 0) === 0 ? null : { core: heaviest, layer: cores[heaviest].slice.population, synapticOps: load.cores[heaviest].synapticOps },
  };
}

function utilisation({ cores }: Routed, pick: (use: CoreUse) => number, limit: number | null): Utilisation | null {
  if (limit === null) return null;
  const used = cores.map(({ use }) => pick(use) / limit);
  return { mean: used.reduce((a, b) => a + b, 0) / Math.max(1, used.length), most: used.reduce((a, b) => Math.max(a, b), 0) };
}
