// Cycle timing: its messages beside unrolled synapses, its steps beside those worked out by hand and
// beside pipeline timing, and what it refuses.
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { createKernels } from '../../src/kernels/kernels.js';
import type { CorePlace } from '../../src/map/mapping.js';
import type { Program } from '../../src/program/program.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { planCounting } from '../../src/simulate/counting-plan.js';
import { meshOf, routerOf, type KnownRouter } from '../../src/simulate/routers.js';
import { latencies } from '../../src/simulate/latencies.js';
import { readRaster } from '../../src/simulate/raster.js';
import { createSampleEngine } from '../../src/simulate/sample-engine.js';
import { simulate } from '../../src/simulate/simulate.js';
import { start } from '../../src/simulate/simulate-task.js';
import { createTraffic } from '../../src/simulate/traffic.js';
import { isSigned, populationId } from '../../src/spiking/network.js';
import type { Target } from '../../src/target/schema.js';
import { buildProgram, eachSynapse, coreOfNeurons, readTarget } from './build-program.js';
import { dice, randomImage, randomNetwork } from './random-network.js';

const loihi1 = readTarget('loihi1');
const profile = loihi1.profiles[1];
const times = latencies(profile);
/** A port of its own for each core. */
const place = (core: number): CorePlace => ({ chip: 0, x: core * 3 % 8, y: (core >> 3) % 4, port: core >> 5 });

describe('the messages of a step', () => {
  it.each([2, 5])('are those of every synapse, in the order and at the times of the neurons (network %i)', (seed) => {
    const { network, image } = randomNetwork(seed);
    const program = buildProgram(network, { parts: [2, 2, 2], target: loihi1, place });
    const kernels = createKernels();
    const engine = createSampleEngine(network, kernels, 5);
    engine.run(image, 0);
    const traffic = createTraffic({ program, plan: planCounting(program), times, buffers: engine.buffers, memory: kernels.memory });
    const raster = readRaster(kernels.memory, engine.buffers, 0);
    const expected = new Map<string, number>();
    const fan = fanOut(program);
    raster.neuron.forEach((neuron, i) => {
      const p = network.populations[raster.population[i]];
      if ('reset' in p.neuron && p.neuron.reset === 'soft-two-compartment') {
        const core = coreOf(program, p.id, neuron);
        const key = `${raster.step[i] + p.depth} ${core} ${core} ${(times.axonIn + times.synapticOpDense).toFixed(6)}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      for (const [projection, to, synapses] of fan(p.id, neuron)) {
        const key = `${raster.step[i] + p.depth} ${coreOf(program, p.id, neuron)} ${to} ${(times.axonIn + synapses * operation(program, projection)).toFixed(6)}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
    });
    const found = new Map<string, number>();
    const steps = network.timesteps + Math.max(...network.populations.map((p) => p.depth));
    for (let s = 0; s < steps; s++) {
      const load = traffic(s);
      for (let core = 0; core < program.cores.length; core++) {
        let before = 0;
        for (let m = load.starts[core]; m < load.starts[core + 1]; m++) {
          expect(load.ready[m]).toBeGreaterThanOrEqual(before + times.axonOut - 1e-9);
          before = load.ready[m];
          const key = `${s} ${core} ${load.to[m]} ${load.work[m].toFixed(6)}`;
          found.set(key, (found.get(key) ?? 0) + 1);
        }
        expect(load.end[core]).toBeGreaterThanOrEqual(before - 1e-9);
      }
    }
    expect([...found].sort()).toEqual([...expected].sort());
  });
});

const coreOf = (program: Program, population: string, neuron: number): number => coreOfNeurons(program.network, program.cores, population)[neuron];

/** For a neuron: projection, core and synapses there. */
function fanOut(program: Program): (population: string, neuron: number) => (readonly [number, number, number])[] {
  const known = program.network.projections.map((projection) => {
    const owner = coreOfNeurons(program.network, program.cores, projection.target);
    const counts = new Map<string, number>();
    eachSynapse(program.network, projection, (source, target) => {
      const key = `${source} ${owner[target]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    });
    return counts;
  });
  return (population, neuron) => program.network.projections.flatMap((projection, i) => (projection.source !== population ? []
    : program.cores.flatMap((_, core) => { const n = known[i].get(`${neuron} ${core}`); return n === undefined ? [] : [[i, core, n] as const]; })));
}

/** Where a projection is stored: by the rule that a list is shared where two pixels use the same weights. */
function operation({ network }: Program, index: number): number {
  const { source, target, pool } = network.projections[index];
  const shape = network.populations.find((p) => p.id === target)!.shape;
  const graded = isSigned(network.populations.find((p) => p.id === source)!) ? times.gradedSynapticOp : 0;
  return graded + (shape[1] * shape[2] > 1 || pool[0] * pool[1] > 1 ? times.synapticOpShared : times.synapticOpDense);
}

describe('cycle timing', () => {
  it('counts what the others count, with any number of workers', async () => {
    const d = dice(3);
    const { network } = randomNetwork(12);
    const program = buildProgram(network, { parts: [2, 2, 2], target: loihi1, place });
    const data = { images: joined(3, () => randomImage(network.imageShape, d)), count: 3, shape: network.imageShape };
    const run = (timing: 'functional' | 'pipeline' | 'cycle', workers = 1) => simulate(program, data, { timing, profile: profile.name, seed: 1, workers });
    const [functional, pipeline, cycle] = [await run('functional'), await run('pipeline'), await run('cycle')];
    for (const trace of [pipeline, cycle]) {
      expect(trace.mesh).toEqual(functional.mesh);
      expect(trace.cores).toEqual(functional.cores);
      expect(trace.predictions).toEqual(functional.predictions);
    }
    expect(functional.time).toBeNull();
    expect(cycle.time!.pipelineSeconds).toBe(pipeline.time!.secondsPerInference);
    expect(pipeline.time!.pipelineSeconds).toBeNull();
    const { parts, secondsPerInference } = cycle.time!;
    expect(parts.core + parts.link + parts.travel + parts.barrier).toBeCloseTo(secondsPerInference, 12);
    expect(cycle.mesh.messages).toBeGreaterThan(100);
    expect({ ...(await run('cycle', 2)).time }).toEqual({ ...cycle.time });
  });

  it.each([6, 9, 11, 12])('agrees with pipeline timing where messages are few (network %i)', (seed) => {
    // Two cores of one layer send to two of the next, a handful of messages in each of a few steps.
    const { network, image } = randomNetwork(seed);
    const quiet = { ...network, populations: network.populations.map((p) => ({ ...p, threshold: p.neuron.model === 'relay' ? p.threshold : p.threshold * 10, ...(p.thresholds === undefined ? {} : { thresholds: p.thresholds.map((t) => t * 10) }) })) };
    const program = buildProgram(quiet, { parts: [1, 2, 1], target: loihi1, place });
    const router = routerOf(loihi1) as KnownRouter;
    for (const own of loihi1.profiles) {
      const { time, pipeline, regions } = start({ program, images: image, seed: 5, kernels: 'wasm-simd128', profile: own, router, raster: null })({ first: 0, count: 1 });
      expect(planCounting(program).flows.reduce((sum, f) => sum + regions[f.messages], 0)).toBeGreaterThan(0);
      expect(pipeline!.nanoseconds / time!.nanoseconds).toBeGreaterThan(0.98);
      expect(pipeline!.nanoseconds / time!.nanoseconds).toBeLessThan(1.02);
    }
  });

  it('is met by pipeline timing within 10 % where queues fill and hold each other up', () => {
    const router = routerOf(loihi1) as KnownRouter;
    const program = buildProgram(crowd, { parts: [2, 2, 2], target: loihi1, place });
    for (const own of loihi1.profiles) {
      const { time, pipeline } = start({ program, images: new Float32Array(1), seed: 5, kernels: 'wasm-simd128', profile: own, router, raster: null })({ first: 0, count: 1 });
      expect(time!.nanoseconds).toBeGreaterThan(1.1 * time!.parts.core); // much of it is waits
      expect(pipeline!.nanoseconds / time!.nanoseconds).toBeGreaterThan(0.9);
      expect(pipeline!.nanoseconds / time!.nanoseconds).toBeLessThan(1.1);
    }
  });

  it('takes the hops of a lone message to the cycle', () => {
    const { network, image } = randomNetwork(4);
    const program = buildProgram(network, { parts: [1, 1, 1], target: loihi1, place });
    const router = routerOf(loihi1) as KnownRouter;
    const mesh = meshOf(program, router, times);
    expect(mesh.link(0, 0, 'x', 1)).toEqual({ hop: 4, hold: 1 });
    expect(mesh.link(0, 0, 'y', 1)).toEqual({ hop: 7, hold: 1 });
    expect(meshOf(program, { ...router, chipLinkCycles: 20 }, { ...times, chipCrossing: 100 }).link(7, 0, 'x', 1)).toEqual({ hop: 104, hold: 20 });
    const task = start({ program, images: image, seed: 5, kernels: 'wasm-simd128', profile, router, raster: null })({ first: 0, count: 1 });
    expect(task.time!.nanoseconds).toBeGreaterThan(0.9 * task.pipeline!.nanoseconds);
  });

  it.each<[string, (t: Target) => Target, string]>([
    ['of which nothing is known', (t) => ({ ...t, router: undefined }) as unknown as Target, "nothing is known of its routers' clockNanoseconds, networks, virtualChannels, bufferFlits, receiveFlits, linkCycles"],
    ['whose buffers are not published', (t) => ({ ...t, router: { ...t.router!, bufferFlits: null } }), "nothing is known of its routers' bufferFlits"],
    ['that send one message to several cores', (t) => ({ ...t, capabilities: { ...t.capabilities, multicast: true } }), 'its messages go to several cores at once, which the mesh does not model'],
  ])('refuses routers %s', async (_, change, reason) => {
    const { network, image } = randomNetwork(4);
    const program = buildProgram(network, { parts: [1, 1, 1], target: change(loihi1), place });
    const refused = await simulate(program, { images: image, count: 1, shape: network.imageShape }, { timing: 'cycle', seed: 1, workers: 1 }).then(() => null, (e: unknown) => e);
    expect(refused).toBeInstanceOf(CompileError);
    expect((refused as CompileError).message).toBe(`error[run/no-cycle] for --timing: cycle timing cannot run on loihi1: ${reason}\n  hint: take --timing pipeline, or a target whose "router" block is complete (\`spikeveil targets NAME\`)`);
  });
});

/** Two layers of which the first spikes everywhere in every second step: each message is long work. */
const crowd: IntegerNetwork = (() => {
  const shape = [16, 12, 12] as const;
  const population = (id: string, depth: number, bias: number) => ({
    id: populationId(id), shape, neuron: { model: 'if', reset: 'soft' } as const, decay: 0, threshold: 99, initial: 0, thresholdExponent: new Uint8Array(16),
    bias: new Int32Array(16).fill(bias), limit: 8388607, depth, scale: new Float64Array(16).fill(1),
  });
  return {
    imageShape: [1, 1, 1], timesteps: 4, output: populationId('out'), input: { code: 'bias', layers: [], format: { mantissaMax: 4095, exponentMax: 7 } },
    populations: [population('in', 0, 50), population('out', 1, 0)],
    projections: [{
      id: 'p', source: populationId('in'), target: populationId('out'), weight: new Int8Array(16 * 16 * 9).fill(1), shift: 0, groups: 1, pool: [1, 1], delay: 0, bound: 16 * 9, weightError: 0,
      window: { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] },
    }],
  };
})();

function joined(count: number, make: () => Float32Array): Float32Array {
  const all = Array.from({ length: count }, make);
  const out = new Float32Array(count * all[0].length);
  all.forEach((one, i) => out.set(one, i * one.length));
  return out;
}
