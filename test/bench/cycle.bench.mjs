// How fast a mesh is simulated cycle by cycle: alone, on the load that BookSim was measured with, and in
// the whole of cycle timing, where the spikes of a network are simulated, turned into messages and carried.
import { createKernels } from '../../dist/kernels/kernels.js';
import { prepareMesh } from '../../dist/kernels/mesh.js';
import { randomStream, substream, uniform } from '../../dist/random.js';
import { simulate } from '../../dist/simulate/simulate.js';
import { compileBytes, imagesFor } from './run-model.mjs';

const BAR = 6e5;
/** BookSim 2 at 28f4329: mesh 8 x 8, dor, 4 virtual channels of 16, packets of 1 flit, uniform. */
const BOOKSIM = { 0.05: { packets: 5.5e4, latency: 33.5 }, 0.2: { packets: 7.0e4, latency: 35.1 } };
const SIDE = 8;
const CORES = SIDE * SIDE;
/** Cycles of a router and its link, and from the last router to its core: BookSim's mean latency is 33.5 at 6.25 routers. */
const HOP = 5;

export function cases(options) {
  const cycles = options.quick ? 2000 : 30_000;
  return [
    ...[0.05, 0.2].map((rate) => ({
      measure: `mesh of 8 x 8 routers, cycle by cycle, uniform, injection ${rate}`,
      run: () => {
        const { packets, latency } = carried(rate, cycles);
        const peer = BOOKSIM[rate];
        return {
          value: packets, unit: 'packets/s', bar: { atLeast: BAR },
          note: `mean latency ${latency.toFixed(1)} cycles; BookSim at the same load, measured on another day: ${peer.packets.toExponential(1)} packets/s, ${peer.latency} cycles`,
          details: { latency },
        };
      },
    })),
    {
      measure: 'the same mesh, messages carried a core and cycle where 0.9 are offered',
      run: () => ({ value: saturated(options.quick ? 500 : 5000), unit: 'messages', bar: { atMost: 0.5 }, note: 'the links across the middle carry 0.5 at most' }),
    },
    ...['loihi1', 'loihi2'].map((target) => ({
      measure: `simulation, cycle timing, vgg_cifar10 on ${target}, one worker`,
      run: async () => {
        const program = await compileBytes('vgg_cifar10', { target, timesteps: options.quick ? 4 : 32 });
        const { images, shape } = imagesFor('vgg_cifar10', options, { full: false }).images;
        const data = { images, shape, count: options.quick ? 1 : 2 };
        await simulate(program, data, { timing: 'cycle', seed: 1, workers: 1, limit: 1 });
        const trace = await simulate(program, data, { timing: 'cycle', seed: 1, workers: 1 });
        const { secondsPerInference, pipelineSeconds } = trace.time;
        return {
          value: trace.mesh.messages / trace.wallSeconds, unit: 'messages/s', bar: { atLeast: BAR },
          note: `everything included: spikes, counters, pipeline timing beside it, which gives ${(pipelineSeconds / secondsPerInference).toFixed(3)} times the latency`,
          details: { messages: trace.mesh.messages, pipelineOverCycle: pipelineSeconds / secondsPerInference },
        };
      },
    })),
  ];
}

/** Each core offers a message with probability `rate` in each cycle, to any core. */
function uniformLoad(rate, cycles) {
  const ready = [];
  const to = [];
  const starts = [0];
  for (let core = 0; core < CORES; core++) {
    const dice = uniform(substream(randomStream(1), core), 2 * cycles);
    for (let t = 0; t < cycles; t++) {
      if (dice[2 * t] >= rate) continue;
      ready.push(t);
      to.push(Math.floor(dice[2 * t + 1] * CORES));
    }
    starts.push(ready.length);
  }
  return { messages: ready.length, starts: Int32Array.from(starts), ready: Float64Array.from(ready), to: Int32Array.from(to), work: new Float64Array(ready.length), end: new Float64Array(CORES) };
}

const mesh = {
  width: SIDE, height: SIDE, networks: 1, virtualChannels: 4, bufferFlits: 16, receiveFlits: 16, coresPerRouter: 1, localCycles: HOP, stall: false,
  cores: Array.from({ length: CORES }, (_, i) => ({ x: i % SIDE, y: Math.floor(i / SIDE), port: 0 })), link: () => ({ hop: HOP, hold: 1 }),
};

/** The best of three runs, the code compiled before. */
function carried(rate, cycles) {
  const prepared = prepareMesh(createKernels(), mesh);
  const load = uniformLoad(rate, cycles);
  prepared.run(load);
  let best = Infinity;
  let latency = 0;
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    latency = prepared.run(load).waits / load.messages;
    best = Math.min(best, (performance.now() - began) / 1000);
  }
  return { packets: load.messages / best, latency };
}

function saturated(cycles) {
  const load = uniformLoad(0.9, cycles);
  const { arrival } = prepareMesh(createKernels(), mesh).run(load);
  return load.messages / CORES / arrival.reduce((last, a) => Math.max(last, a), 0);
}
