/**
 * The work of one simulation thread: packs the program once, then runs chunks of samples and adds up
 * their counts. A chunk's result depends on its samples only, never on the thread or its other chunks.
 */
import { createKernels } from '../kernels/kernels.js';
import type { Kernels } from '../kernels/kernels.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import type { MaskSums } from '../kernels/spiking-count.js';
import { prepareMaskSums } from '../kernels/spiking-count.js';
import type { Program } from '../program/program.js';
import { neuronCount } from '../spiking/network.js';
import type { Profile } from '../target/schema.js';
import { planCounting } from './counting-plan.js';
import type { CountingPlan } from './counting-plan.js';
import { createCycle } from './cycle.js';
import { imageReader } from './image-reader.js';
import type { Observed, SampleRecord } from './observer.js';
import { reservePartMasks } from './part-masks.js';
import type { PipelineTotals, StepTimes } from './pipeline.js';
import { createPipeline } from './pipeline.js';
import { createProbeRecorder } from './probe-recorder.js';
import type { ProbedLayer } from './probes.js';
import { readRaster } from './raster.js';
import type { KnownRouter } from './routers.js';
import { createSampleEngine } from './sample-engine.js';
import { createStepCounters } from './step-counters.js';
import type { SampleSteps } from './step-counters.js';
import type { Raster } from './trace.js';

export interface SimulationInit {
  readonly program: Program;
  /** The program's counting plan where it is at hand. */
  readonly plan?: CountingPlan;
  /** Bytes, or floats that are already normalised; over a SharedArrayBuffer. */
  readonly images: Uint8Array | Float32Array;
  readonly seed: number;
  /** Build of the kernels, as `kernelBuild` names it. */
  readonly kernels: string;
  /** Timing with this profile; null: functional. */
  readonly profile: Profile | null;
  /** Cycle timing beside pipeline timing, with these routers. */
  readonly router?: KnownRouter;
  /** Sample whose spikes are kept, or null. */
  readonly raster: number | null;
  /** Layers whose neurons are recorded. */
  readonly probes?: readonly ProbedLayer[];
  /** Whether the counters of each step are kept. */
  readonly steps?: boolean;
}

export interface SimulationJob { readonly first: number; readonly count: number }

export interface ChunkResult extends Observed {
  /** [count, T] */
  readonly predictions: Uint16Array;
  /** [count, classes] */
  readonly scores: Int32Array;
  /** Sums over the chunk's samples and steps, per region of the counting plan. */
  readonly regions: Float64Array;
  readonly saturations: Float64Array;
  /** By the finest model that ran. */
  readonly time: PipelineTotals | null;
  /** With cycle timing: by pipeline timing. */
  readonly pipeline: PipelineTotals | null;
  readonly raster: Raster | null;
}

export function start(init: SimulationInit): (job: SimulationJob) => ChunkResult {
  const { network, normalisation } = init.program;
  const kernels = createKernels(init.kernels);
  const engine = createSampleEngine(network, kernels, init.seed);
  const plan = init.plan ?? planCounting(init.program);
  const count = countRegions(kernels, plan, engine.buffers);
  const parts = init.profile === null ? null : reservePartMasks(kernels, init.program, plan);
  const pipeline = init.profile === null ? null : createPipeline({ program: init.program, plan, profile: init.profile, buffers: engine.buffers, kernels, parts: parts?.buffers });
  const cycle = init.profile === null || init.router === undefined ? null
    : createCycle({ program: init.program, plan, profile: init.profile, router: init.router, parts: parts?.buffers }, kernels, engine.buffers);
  const stepCounters = init.steps === true ? createStepCounters(init.program, plan) : null;
  const record = init.probes === undefined || init.probes.length === 0 ? null : createProbeRecorder(network, init.probes, { engine, memory: kernels.memory });
  const read = imageReader(init.images, network.imageShape, normalisation);
  const classes = neuronCount(network.populations.find((p) => p.id === network.output)!.shape);
  return (job) => {
    const result = {
      predictions: new Uint16Array(job.count * network.timesteps), scores: new Int32Array(job.count * classes),
      regions: new Float64Array(plan.regions.length), saturations: new Float64Array(network.populations.length),
    };
    let time = pipeline === null ? null : emptyTime(init.program.cores.length);
    let cycles = cycle === null ? null : emptyTime(init.program.cores.length);
    let raster: Raster | null = null;
    const records: SampleRecord[] = [];
    const steps: SampleSteps[] = [];
    for (let i = 0; i < job.count; i++) {
      const sample = job.first + i;
      const answer = engine.run(read(sample), sample);
      result.predictions.set(answer.predictions, i * network.timesteps);
      result.scores.set(answer.scores, i * classes);
      answer.saturations.forEach((n, p) => { result.saturations[p] += n; });
      const counts = count();
      parts?.fill(counts);
      addTotals(result.regions, counts, network.timesteps);
      let stepTimes: StepTimes | null = null;
      const keep = (each: StepTimes): void => { stepTimes = each; };
      if (pipeline !== null && time !== null) time = addTime(time, pipeline.time(counts, keep));
      if (cycle !== null && cycles !== null) cycles = addTime(cycles, cycle.time(keep));
      if (stepCounters !== null) steps.push({ sample, counters: stepCounters(counts), time: stepTimes });
      if (record !== null) records.push({ sample, layers: record() });
      if (sample === init.raster) raster = readRaster(kernels.memory, engine.buffers, sample);
    }
    return { ...result, time: cycles ?? time, pipeline: cycles === null ? null : time, raster, records, steps };
  };
}

function countRegions(kernels: Kernels, plan: CountingPlan, buffers: readonly SpikeBuffers[]): () => Int32Array {
  const groups = buffers.flatMap((own, population) => (['spikes', 'retractions', 'active'] as const).map((plane): MaskSums => ({
    buffers: own, plane,
    sums: plan.regions.flatMap((sum, row) => (sum.population === population && sum.plane === plane ? [{ sum, row }] : [])),
  })));
  const sums = prepareMaskSums(kernels, groups, plan.regions.length);
  const steps = buffers[0]?.steps ?? 0;
  return () => {
    const counts = sums();
    plan.regions.forEach(({ each }, region) => {
      if (each === undefined) return;
      for (let i = region * steps; i < (region + 1) * steps; i++) counts[i] = counts[i] === 0 ? 0 : each;
    });
    return counts;
  };
}

function addTotals(totals: Float64Array, counts: Int32Array, steps: number): void {
  for (let region = 0; region < totals.length; region++) {
    let sum = 0;
    for (let t = 0; t < steps; t++) sum += counts[region * steps + t];
    totals[region] += sum;
  }
}

export const emptyTime = (cores: number): PipelineTotals => ({ nanoseconds: 0, parts: { core: 0, link: 0, travel: 0, barrier: 0 }, bottleneck: { core: 0, link: 0, barrier: 0 }, cores: new Float64Array(cores) });

export function addTime(a: PipelineTotals, b: PipelineTotals): PipelineTotals {
  return {
    nanoseconds: a.nanoseconds + b.nanoseconds,
    parts: { core: a.parts.core + b.parts.core, link: a.parts.link + b.parts.link, travel: a.parts.travel + b.parts.travel, barrier: a.parts.barrier + b.parts.barrier },
    bottleneck: { core: a.bottleneck.core + b.bottleneck.core, link: a.bottleneck.link + b.bottleneck.link, barrier: a.bottleneck.barrier + b.bottleneck.barrier },
    cores: a.cores.map((n, i) => n + b.cores[i]),
  };
}
