/**
 * How long the chip takes, router by router and cycle by cycle. In each chip step every core sends the
 * messages of its spikes at the times at which it has them ready (`traffic.ts`), over a mesh of routers
 * with finite buffers (`kernels/mesh-description.ts` has the rules), and works on what arrives in the
 * order of arrival; where a queue is full, messages wait in the mesh and at last in the cores that send
 * them. A step ends when every core is done and the mesh is empty; then comes the barrier.
 *
 *   step = max over cores of max(done generating, done processing) + barrier
 *
 * Hops take the profile's times, rounded to whole cycles of the routers' clock, at least one.
 */
import type { Kernels } from '../kernels/kernels.js';
import { prepareMesh } from '../kernels/mesh.js';
import type { MeshDescription } from '../kernels/mesh-description.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import type { Program } from '../program/program.js';
import type { Profile, Target } from '../target/schema.js';
import type { CountingPlan } from './counting-plan.js';
import { barrierNanoseconds, latencies, type Latencies } from './latencies.js';
import { bottleneckOf, chipSteps, type PipelineTotals, type StepTimes } from './pipeline.js';
import { createTraffic } from './traffic.js';

export interface CycleModel {
  /** Times the sample whose masks are in the kernels' memory; `onSteps` gets the same step by step. */
  readonly time: (onSteps?: (steps: StepTimes) => void) => PipelineTotals;
}

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
const inCycles = (ns: Latencies, clock: number): Latencies => Object.fromEntries(Object.entries(ns).map(([name, value]) => [name, value / clock])) as Latencies;

export interface CycleSource {
  readonly program: Program;
  readonly plan: CountingPlan;
  readonly profile: Profile;
  readonly router: KnownRouter;
  /** By core: masks of the sums that parts of a fan-in send. */
  readonly parts?: ReadonlyMap<number, SpikeBuffers> | undefined;
}

export function createCycle(source: CycleSource, kernels: Kernels, buffers: readonly SpikeBuffers[]): CycleModel {
  const { program, plan, profile, router, parts } = source;
  const ns = latencies(profile);
  const clock = router.clockNanoseconds;
  const mesh = prepareMesh(kernels, meshOf(program, router, ns));
  const traffic = createTraffic({ program, plan, times: inCycles(ns, clock), buffers, memory: kernels.memory, parts });
  const barrier = barrierNanoseconds(profile.latency.barrier, new Set(program.places.map((p) => `${p.x},${p.y}`)).size);
  const steps = chipSteps(program);
  const count = program.cores.length;
  return {
    time: (onSteps) => {
      const busy = new Float64Array(count);
      const bottleneck = { core: 0, link: 0, barrier: 0 };
      const parts = { core: 0, link: 0, travel: 0, barrier: steps * barrier };
      const each = { nanoseconds: new Float64Array(steps), bottlenecks: [] as (keyof typeof bottleneck)[], busy: new Float64Array(steps * count) };
      for (let s = 0; s < steps; s++) {
        const load = traffic(s);
        const { generated, processed } = mesh.run(load);
        const processing = new Float64Array(count);
        for (let m = 0; m < load.messages; m++) processing[load.to[m]] += load.work[m];
        let done = 0;
        let core = 0;
        for (let i = 0; i < count; i++) {
          const took = clock * Math.max(load.end[i], processing[i]);
          busy[i] += took;
          each.busy[s * count + i] = took;
          core = Math.max(core, took);
          done = Math.max(done, clock * generated[i], clock * processed[i]);
        }
        each.nanoseconds[s] = done + barrier;
        each.bottlenecks.push(bottleneckOf({ core, wait: done - core, travel: 0 }, barrier));
        parts.core += core;
        parts.link += Math.max(0, done - core);
        bottleneck[each.bottlenecks[s]]++;
      }
      onSteps?.(each);
      return { nanoseconds: parts.core + parts.link + parts.barrier, parts, bottleneck, cores: busy };
    },
  };
}
