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
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import type { Program } from '../program/program.js';
import type { Profile } from '../target/schema.js';
import type { CountingPlan } from './counting-plan.js';
import { barrierNanoseconds, latencies } from './latencies.js';
import { bottleneckOf, chipSteps, type PipelineTotals, type StepTimes } from './pipeline.js';
import { inCycles, meshOf, type KnownRouter } from './routers.js';
import { createTraffic } from './traffic.js';

export interface CycleModel {
  /** Times the sample whose masks are in the kernels' memory; `onSteps` gets the same step by step. */
  readonly time: (onSteps?: (steps: StepTimes) => void) => PipelineTotals;
}

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
