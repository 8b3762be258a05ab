/**
 * Runs a program on virtual cores: samples in fixed chunks over worker threads, integers only, and the
 * counts of everything that energy and latency are made of. The result does not depend on the number
 * of workers.
 */
import { fail } from '../diagnostics.js';
import { kernelBuild, type KernelChoice } from '../kernels/kernels.js';
import { runJobs } from '../kernels/worker-pool.js';
import type { Program } from '../program/program.js';
import { neuronCount } from '../spiking/network.js';
import type { Profile, Target } from '../target/schema.js';
import { planCounting, type CountingPlan } from './counting-plan.js';
import { countersOf } from './counters.js';
import { unpublishedLatencies } from './latencies.js';
import { routerOf, type KnownRouter } from './routers.js';
import type { SimulationObserver } from './observer.js';
import { inOrder } from './observer.js';
import { chipSteps } from './pipeline.js';
import { resolveProbes } from './probes.js';
import { addTime, emptyTime } from './simulate-task.js';
import type { ChunkResult, SimulationInit, SimulationJob } from './simulate-task.js';
import type { TimingModel, TimingTrace, Trace } from './trace.js';

/** Samples to run: `count` images of `shape`, bytes or floats that are already normalised, in C, H, W order. */
export interface SimulationData {
  readonly images: Uint8Array | Float32Array;
  readonly count: number;
  readonly shape: readonly [number, number, number];
}

export interface SimulationOptions {
  readonly timing: TimingModel;
  /** Name of the latency profile of pipeline and cycle timing; the target's first where it is not given. */
  readonly profile?: string;
  /** Seed of the Poisson code. */
  readonly seed: number;
  readonly workers: number;
  /** Native kernels where they are built (auto, the default), or WASM; the results are the same. */
  readonly kernels?: KernelChoice;
  /** Only the first so many samples. */
  readonly limit?: number;
  /** Sample whose spikes are kept for a raster plot. */
  readonly raster?: number;
  /** Looks inside: probes, and counters by step and core. */
  readonly observer?: SimulationObserver;
  /** Called as samples are finished. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Samples of one job: small enough to share out a short run, large enough to hide the hand-over. */
const CHUNK = 4;

/**
 * Simulates every sample for T steps a population. Throws `run/data-shape`, `run/no-cycle`, `run/no-native-kernels`, `report/unknown-profile`
 * and the messages of `resolveProbes` where data or options do not fit the program.
 */
export async function simulate(program: Program, data: SimulationData, options: SimulationOptions): Promise<Trace> {
  const samples = Math.min(data.count, options.limit ?? data.count);
  const profile = options.timing !== 'functional' ? latencyProfile(program.target, options.profile) : null;
  check(program, data, { ...options, samples });
  const router = options.timing === 'cycle' ? cycleRouter(program.target) : undefined;
  const kernels = kernelBuild(options.kernels ?? 'auto') ?? fail('run/no-native-kernels', { kind: 'option', option: '--kernels' }, {});
  const { observer = {} } = options;
  const began = performance.now();
  const plan = planCounting(program);
  const init: SimulationInit = {
    program, plan, images: shared(data.images, samples * neuronCount(data.shape)), seed: options.seed, kernels, profile, ...(router === undefined ? {} : { router }), raster: options.raster ?? null,
    probes: resolveProbes(program.network, observer.probes ?? []), steps: observer.onSteps !== undefined,
  };
  const jobs: SimulationJob[] = [];
  for (let first = 0; first < samples; first += CHUNK) jobs.push({ first, count: Math.min(CHUNK, samples - first) });
  const chunks = await runJobs<SimulationInit, SimulationJob, ChunkResult>(new URL('./simulate-task.js', import.meta.url), init, jobs, {
    workers: options.workers,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    keep: inOrder(observer),
    onDone: (done) => options.onProgress?.(Math.min(done * CHUNK, samples), samples),
  });
  return traceOf(program, chunks, {
    plan, timing: options.timing, profile, samples, wallSeconds: (performance.now() - began) / 1000,
    workers: Math.max(1, Math.min(options.workers, jobs.length)), kernels,
  });
}

interface RunFacts {
  readonly plan: CountingPlan;
  readonly timing: TimingModel;
  readonly profile: Profile | null;
  readonly samples: number;
  readonly wallSeconds: number;
  readonly workers: number;
  readonly kernels: string;
}

function traceOf(program: Program, chunks: readonly ChunkResult[], run: RunFacts): Trace {
  const { network } = program;
  const { plan } = run;
  const classes = neuronCount(network.populations.find((p) => p.id === network.output)!.shape);
  const predictions = new Uint16Array(run.samples * network.timesteps);
  const scores = new Int32Array(run.samples * classes);
  const regions = new Float64Array(plan.regions.length);
  const saturations = new Float64Array(network.populations.length);
  let done = 0;
  for (const chunk of chunks) {
    predictions.set(chunk.predictions, done * network.timesteps);
    scores.set(chunk.scores, done * classes);
    done += chunk.scores.length / classes;
    chunk.regions.forEach((n, i) => { regions[i] += n; });
    chunk.saturations.forEach((n, i) => { saturations[i] += n; });
  }
  return {
    timing: run.timing, samples: run.samples, timesteps: network.timesteps, stepsPerInference: chipSteps(program), predictions, scores,
    ...countersOf(program, plan, { samples: run.samples, regions, saturations }),
    time: run.profile === null ? null : timeOf(program, chunks, { profile: run.profile, samples: run.samples }),
    raster: chunks.find((c) => c.raster !== null)?.raster ?? null,
    wallSeconds: run.wallSeconds, workers: run.workers, kernels: run.kernels,
  };
}

function timeOf(program: Program, chunks: readonly ChunkResult[], { profile, samples }: { readonly profile: Profile; readonly samples: number }): TimingTrace {
  const total = chunks.reduce((sum, c) => (c.time === null ? sum : addTime(sum, c.time)), emptyTime(program.cores.length));
  const mean = (nanoseconds: number): number => (samples === 0 ? 0 : nanoseconds * 1e-9 / samples);
  const { core, link, travel, barrier } = total.parts;
  const pipelined = chunks.map((c) => c.pipeline).filter((p) => p !== null);
  return {
    profile: profile.name, secondsPerInference: mean(total.nanoseconds), pipelineSeconds: pipelined.length === 0 ? null : mean(pipelined.reduce((sum, p) => sum + p.nanoseconds, 0)), stepsPerInference: chipSteps(program),
    parts: { core: mean(core), link: mean(link), travel: mean(travel), barrier: mean(barrier) },
    bottleneck: total.bottleneck, coreSeconds: Array.from(total.cores, (n) => n * 1e-9), unpublished: unpublishedLatencies(program, profile),
  };
}

/** A copy that worker threads can share, of the first `length` numbers. */
function shared(images: Uint8Array | Float32Array, length: number): Uint8Array | Float32Array {
  const buffer = new SharedArrayBuffer(length * images.BYTES_PER_ELEMENT);
  const copy = images instanceof Float32Array ? new Float32Array(buffer) : new Uint8Array(buffer);
  copy.set(images.subarray(0, length));
  return copy;
}

function latencyProfile(target: Target, name: string | undefined): Profile {
  const found = name === undefined ? target.profiles[0] : target.profiles.find((p) => p.name === name);
  return found ?? fail('report/unknown-profile', { kind: 'option', option: '--profile' }, { name: name ?? '', target: target.name, known: target.profiles.map((p) => p.name) });
}

/** The routers of a target that cycle timing can run on. */
function cycleRouter(target: Target): KnownRouter {
  const router = routerOf(target);
  if ('missing' in router) fail('run/no-cycle', { kind: 'option', option: '--timing' }, { target: target.name, reason: `nothing is known of its routers' ${router.missing.join(', ')}` });
  if (target.capabilities.multicast === true) fail('run/no-cycle', { kind: 'option', option: '--timing' }, { target: target.name, reason: 'its messages go to several cores at once, which the mesh does not model' });
  return router;
}

function check(program: Program, data: SimulationData, run: { readonly samples: number; readonly raster?: number }): void {
  const wanted = program.network.imageShape;
  if (data.shape.some((n, i) => n !== wanted[i])) fail('run/data-shape', { kind: 'nowhere' }, { data: data.shape, program: wanted });
  if (data.images.length < data.count * neuronCount(data.shape)) throw new RangeError(`internal: ${data.images.length} numbers for ${data.count} images of ${neuronCount(data.shape)}`);
  if (run.raster !== undefined && !(run.raster >= 0 && run.raster < run.samples)) throw new RangeError(`raster of sample ${run.raster}: only ${run.samples} samples are simulated`);
}
