/** What is known of a target's routers, and the mesh of routers that a program's cores span. */
import type { MeshDescription } from '../kernels/mesh-description.js';
import type { Program } from '../program/program.js';
import type { Target } from '../target/schema.js';
import type { Latencies } from './latencies.js';

type Router = Exclude<Target['router'], undefined>;
/** A router of which everything is known. */
export type KnownRouter = { readonly [K in 'clockNanoseconds' | 'networks' | 'virtualChannels' | 'bufferFlits' | 'receiveFlits' | 'linkCycles']: number } & Pick<Router, 'chipLinkCycles'>;

const NEEDED = ['clockNanoseconds', 'networks', 'virtualChannels', 'bufferFlits', 'receiveFlits', 'linkCycles'] as const;

/** The router of a target, or what cycle timing lacks to run on it. */
export function routerOf({ router }: Pick<Target, 'router'>): KnownRouter | { readonly missing: readonly string[] } {
  const missing = NEEDED.filter((name) => (router?.[name] ?? null) === null);
  return missing.length > 0 ? { missing } : router as KnownRouter;
}

/** Cycles of a time, whole and at least one. */
const wholeCycles = (nanoseconds: number, clock: number): number => Math.max(1, Math.round(nanoseconds / clock));

/** The routers that a program's cores span, from the board's first; times as the mesh takes them. */
export function meshOf({ places, target }: Pick<Program, 'places' | 'target'>, router: KnownRouter, ns: Latencies): MeshDescription {
  const clock = router.clockNanoseconds;
  const border = (at: number, step: number, size: number): boolean => Math.floor(at / size) !== Math.floor((at + step) / size);
  return {
    width: places.reduce((most, p) => Math.max(most, p.x), 0) + 1, height: places.reduce((most, p) => Math.max(most, p.y), 0) + 1,
    networks: router.networks, virtualChannels: router.virtualChannels, bufferFlits: router.bufferFlits, receiveFlits: router.receiveFlits,
    coresPerRouter: target.mesh.coresPerRouter, cores: places, localCycles: wholeCycles(ns.withinTile, clock), stall: true,
    link: (x, y, along, step) => {
      const crosses = along === 'x' ? border(x, step, target.mesh.width) : border(y, step, target.mesh.height);
      return {
        hop: wholeCycles((along === 'x' ? ns.hopX : ns.hopY) + (crosses ? ns.chipCrossing : 0), clock),
        hold: crosses ? router.chipLinkCycles ?? router.linkCycles : router.linkCycles,
      };
    },
  };
}

/** A profile's times in cycles. */
export const inCycles = (ns: Latencies, clock: number): Latencies => Object.fromEntries(Object.entries(ns).map(([name, value]) => [name, value / clock])) as Latencies;

/** Whether each core has a port of a router for itself, as placement gives it; a program from elsewhere may not. */
export const haveOwnPorts = ({ places, target }: Pick<Program, 'places' | 'target'>): boolean =>
  places.every((p) => p.x >= 0 && p.y >= 0 && p.port >= 0 && p.port < target.mesh.coresPerRouter) && new Set(places.map((p) => `${p.x},${p.y},${p.port}`)).size === places.length;
