/**
 * The times of a profile as the timing models use them: unpublished ones count as 0 and are named, and
 * the barrier depends on the routers in use.
 */
import { linksOf, type Link } from '../map/reach.js';
import { synapseFormat } from '../map/synapse-format.js';
import type { Program } from '../program/program.js';
import { isSigned } from '../spiking/network.js';
import type { Profile } from '../target/schema.js';

/** Latencies of the profile that are not published and that this program would use. */
export function unpublishedLatencies(program: Program, profile: Profile): string[] {
  const used = new Set<string>(['neuronInactive', 'neuronActive', 'spike', 'axonOut', 'axonIn']);
  if (program.network.populations.some(isSigned)) for (const name of SIGNED_LATENCIES) used.add(name);
  if (program.network.projections.some((p) => p.inParts === true)) for (const name of ['gradedMessage', 'gradedSynapticOp', 'synapticOpDense']) used.add(name);
  for (const link of linksOf(program.network)) used.add(formatLatency(link, program));
  for (const r of program.routes) {
    if (r.hopsX > 0) used.add('hopX');
    if (r.hopsY > 0) used.add('hopY');
    if (r.chipCrossings > 0) used.add('chipCrossing');
    if (r.hopsX + r.hopsY === 0) used.add('withinTile');
  }
  const barrier = profile.latency.barrier.some((entry) => entry.nanoseconds === null) ? ['barrier'] : [];
  const known = new Map(Object.entries(profile.latency).flatMap(([name, c]) => (typeof c === 'object' && 'value' in c ? [[name, c.value] as const] : [])));
  return [...[...new Set([...known.keys(), ...SIGNED_LATENCIES])].filter((name) => used.has(name) && (known.get(name) ?? null) === null), ...barrier];
}

/** False where nobody publishes how long anything takes: a time made of such constants would be zero. */
export const publishesLatency = ({ latency }: Profile): boolean =>
  Object.values(latency).some((c) => typeof c === 'object' && 'value' in c && c.value !== null) || latency.barrier.some((entry) => (entry.nanoseconds ?? 0) > 0);

/** Only signed neurons and fan-ins in parts need these, and a profile may leave them out. */
const SIGNED_LATENCIES = ['gradedMessage', 'gradedSynapticOp', 'secondState'] as const;

const FORMAT_LATENCIES = { dense: 'synapticOpDense', sparse: 'synapticOpSparse', shared: 'synapticOpShared' } as const;
export const formatLatency = (link: Link, { target }: Program): (typeof FORMAT_LATENCIES)[keyof typeof FORMAT_LATENCIES] => FORMAT_LATENCIES[synapseFormat(link, target)];

/** Barrier of a step, nanoseconds: linear between the profile's entries, constant beyond them. */
export function barrierNanoseconds(table: Profile['latency']['barrier'], tiles: number): number {
  const entries = [...table].sort((a, b) => a.tiles - b.tiles);
  const above = entries.findIndex((e) => e.tiles >= tiles);
  const last = entries.length - 1;
  const [low, high] = [entries[above < 0 ? last : Math.max(0, above - 1)], entries[above < 0 ? last : above]];
  const [from, to] = [low.nanoseconds ?? 0, high.nanoseconds ?? 0]; // unpublished: counts as 0
  return low.tiles === high.tiles ? from : from + (to - from) * (tiles - low.tiles) / (high.tiles - low.tiles);
}

export type Latencies = ReturnType<typeof latencies>;

/** The profile's latencies, unpublished ones as 0. */
export function latencies({ latency }: Profile) {
  const value = (c: { readonly value: number | null } | undefined): number => c?.value ?? 0;
  return {
    synapticOpDense: value(latency.synapticOpDense), synapticOpSparse: value(latency.synapticOpSparse), synapticOpShared: value(latency.synapticOpShared),
    neuronInactive: value(latency.neuronInactive), neuronActive: value(latency.neuronActive), spike: value(latency.spike),
    axonOut: value(latency.axonOut), axonIn: value(latency.axonIn),
    hopX: value(latency.hopX), hopY: value(latency.hopY), withinTile: value(latency.withinTile), chipCrossing: value(latency.chipCrossing),
    gradedMessage: value(latency.gradedMessage), gradedSynapticOp: value(latency.gradedSynapticOp), secondState: value(latency.secondState),
  };
}
