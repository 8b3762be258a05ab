/**
 * Spreads a network over more cores than it needs, so that no core has much more to do than the others: a
 * step lasts as long as its busiest core. The work of a population is its expected synaptic operations
 * and its neuron updates, each in the target's nanoseconds. A population of work W is cut into at least
 * W / w parts; w, the most that one part is allowed, is lowered by bisection for as long as the cores do.
 */
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { neuronCount, type PopulationId } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import { axisOf, axisReach, linksOf, type Link } from './reach.js';
import type { SpikeTraffic } from './traffic-graph.js';

export interface Spread {
  /** Most cores to use. */
  readonly cores: number;
  readonly traffic: SpikeTraffic;
}

/** The fewest parts that a population may be cut into; 1 where it has no entry. */
export type LeastParts = ReadonlyMap<PopulationId, number>;

/** Halvings of the interval in which w lies. */
const BISECTIONS = 16;

/**
 * The finest cut that keeps to `cores`, or null where even the coarsest needs more. `cut` gives the cores
 * of a partition with so many parts at least; both ends of the search are bounded by the work itself.
 */
export function spreadOver<T extends { readonly count: number }>(work: ReadonlyMap<PopulationId, number>, cores: number, cut: (least: LeastParts) => T): T | null {
  const total = [...work.values()].reduce((a, b) => a + b, 0);
  let best = cut(new Map());
  if (best.count > cores) return null;
  let low = total / cores;
  let high = Math.max(low, ...work.values());
  for (let i = 0; i < BISECTIONS && best.count < cores; i++) {
    const w = (low + high) / 2;
    const found = cut(new Map([...work].map(([id, all]) => [id, Math.max(1, Math.ceil(all / w))])));
    if (found.count <= cores) { high = w; best = found; } else low = w;
  }
  return best;
}

/** Expected nanoseconds of each population in one inference; an operation and an update count alike where the target publishes neither time. */
export function expectedWork(network: IntegerNetwork, target: Target, traffic: SpikeTraffic): ReadonlyMap<PopulationId, number> {
  const latency = target.profiles[0]?.latency;
  const operation = latency?.synapticOpShared.value ?? 1;
  const update = latency?.neuronActive.value ?? 1;
  const work = new Map(network.populations.map((p) => [p.id, p.neuron.model === 'relay' ? 0 : neuronCount(p.shape) * network.timesteps * update]));
  for (const link of linksOf(network)) {
    const { source, target: to } = link.projection;
    work.set(to, (work.get(to) ?? 0) + synapsesOf(link) * (traffic.get(source) ?? 1) * operation);
  }
  return work;
}

/** Pairs of a source neuron and a neuron that reads it; zero weights count. */
function synapsesOf(link: Link): number {
  const along = (side: 0 | 1): number => axisReach(axisOf(link, side), [0, link.target[1 + side]]).reduce((sum, cell) => sum + cell.count * cell.taps.length, 0);
  return along(0) * along(1) * (link.source[0] / link.projection.groups) * link.target[0];
}
