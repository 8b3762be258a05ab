// The mesh kernel beside its reference, and both beside what can be worked out by hand.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKernels } from '../../src/kernels/kernels.js';
import { prepareMesh } from '../../src/kernels/mesh.js';
import type { MeshDescription, MeshLoad } from '../../src/kernels/mesh-description.js';
import { referenceMesh } from '../../src/kernels/reference-mesh.js';
import { dice } from '../simulate/random-network.js';
import { randomLoad, randomMesh } from './random-mesh.js';

const run = (mesh: MeshDescription, load: MeshLoad) => prepareMesh(createKernels(), mesh).run(load);

const grid = (width: number, height: number, change: Partial<MeshDescription> = {}): MeshDescription => ({
  width, height, networks: 1, virtualChannels: 1, bufferFlits: 8, receiveFlits: 8, coresPerRouter: 1,
  cores: Array.from({ length: width * height }, (_, i) => ({ x: i % width, y: Math.floor(i / width), port: 0 })),
  link: (_x, _y, along) => ({ hop: along === 'x' ? 4 : 7, hold: 1 }), localCycles: 2, stall: true, ...change,
});

/** Messages [from, to, ready, work], ascending in from and ready. */
function loadOf(cores: number, messages: readonly (readonly [number, number, number, number])[]): MeshLoad {
  const end = new Float64Array(cores);
  for (const [from, , ready] of messages) end[from] = ready;
  return {
    messages: messages.length, starts: Int32Array.from({ length: cores + 1 }, (_, i) => messages.filter((m) => m[0] < i).length), end,
    to: Int32Array.from(messages, (m) => m[1]), ready: Float64Array.from(messages, (m) => m[2]), work: Float64Array.from(messages, (m) => m[3]),
  };
}

describe('the mesh kernel', () => {
  it('brings every message at the cycle of the reference, on random meshes and loads', () => {
    const kernels = createKernels();
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const { mesh, load } = randomMesh(seed);
      const mark = kernels.memory.mark();
      const found = prepareMesh(kernels, mesh).run(load);
      const wanted = referenceMesh(mesh, load);
      expect([...found.arrival]).toEqual([...wanted.arrival]);
      expect([...found.processed]).toEqual([...wanted.processed]);
      expect([...found.generated]).toEqual([...wanted.generated]);
      expect(found.waits).toBeCloseTo(wanted.waits, 6);
      expect(wanted.arrival.every((a, i) => a >= load.ready[i])).toBe(true);
      kernels.memory.release(mark);
    }), { numRuns: 300, seed: 1 });
  });

  it('leaves the mesh as it found it: a second run gives the same', () => {
    const { mesh, load } = randomMesh(7);
    const prepared = prepareMesh(createKernels(), mesh);
    const first = [...prepared.run(load).arrival];
    prepared.run(randomLoad(mesh.cores.length, { most: 50, gap: 0.5, work: 3 }, dice(2)));
    expect([...prepared.run(load).arrival]).toEqual(first);
  });
});

describe('a lone message', () => {
  it('takes the hops of its route and the way into its core, from the first cycle in which it is ready', () => {
    const mesh = grid(5, 4);
    for (const [from, to] of [[0, 19], [19, 0], [7, 11], [3, 3]]) {
      const [dx, dy] = [Math.abs(from % 5 - to % 5), Math.abs(Math.floor(from / 5) - Math.floor(to / 5))];
      const { arrival, processed } = run(mesh, loadOf(20, [[from, to, 10.25, 33.5]]));
      expect(arrival[0]).toBe(11 + 4 * dx + 7 * dy + 2);
      expect(processed[to]).toBe(arrival[0] + 33.5);
    }
  });
  it('takes longer over a border between chips', () => {
    const mesh = grid(4, 1, { link: (x, _y, _along, step) => (x + Math.min(step, 0) === 1 ? { hop: 50, hold: 9 } : { hop: 4, hold: 1 }) });
    expect(run(mesh, loadOf(4, [[0, 3, 0, 0]])).arrival[0]).toBe(4 + 50 + 4 + 2);
    expect([...run(mesh, loadOf(4, [[1, 2, 0, 0], [1, 2, 0, 0], [1, 2, 0, 0]])).arrival]).toEqual([52, 61, 70]);
  });
});

describe('messages in each other\'s way', () => {
  it('share a link one a cycle, two where there are two networks', () => {
    const stream = Array.from({ length: 64 }, (): [number, number, number, number] => [0, 2, 0, 0]);
    const last = (networks: number): number => Math.max(...run(grid(3, 1, { networks, bufferFlits: 16 }), loadOf(3, stream)).arrival);
    expect(last(1)).toBe(63 + 4 + 4 + 2);
    expect(last(2)).toBe(31 + 4 + 4 + 2);
  });
  it('run as fast as credits come round where buffers are short', () => {
    // A place is taken when the flit leaves, ready 4 cycles later, free again and known one cycle after that.
    const stream = Array.from({ length: 100 }, (): [number, number, number, number] => [0, 2, 0, 0]);
    const { arrival } = run(grid(3, 1, { bufferFlits: 2, stall: false }), loadOf(3, stream));
    expect(arrival[99] - arrival[49]).toBe(50 * 5 / 2);
  });
  it('wait for a core that works, back into the core that sends', () => {
    const mesh = grid(2, 1, { bufferFlits: 2, receiveFlits: 3 });
    const { processed, generated, arrival } = run(mesh, loadOf(2, Array.from({ length: 20 }, (_, i) => [0, 1, i, 100] as const)));
    expect(processed[1]).toBe(0 + 4 + 2 + 20 * 100);
    // 1 in work, 3 in the queue, 2 in the buffer of each router: the rest cannot have left its core.
    expect(generated[0]).toBeGreaterThan((20 - 1 - 3 - 2 - 2 - 1) * 100);
    expect([...arrival]).toEqual([...arrival].sort((a, b) => a - b));
  });
});

describe('uniform traffic on 8 x 8 routers', () => {
  const mesh = grid(8, 8, { virtualChannels: 4, bufferFlits: 16, receiveFlits: 16, link: () => ({ hop: 5, hold: 1 }), localCycles: 5, stall: false });
  const offered = (rate: number, cycles: number) => {
    const d = dice(5);
    const messages: (readonly [number, number, number, number])[] = [];
    for (let core = 0; core < 64; core++) for (let t = 0; t < cycles; t++) if (d.unit() < rate) messages.push([core, d.between(0, 63), t, 0]);
    return loadOf(64, messages);
  };
  it('is carried as it is offered below the limit of the bisection', () => {
    const prepared = prepareMesh(createKernels(), mesh);
    const mean = (load: MeshLoad): number => { const r = prepared.run(load); return r.waits / load.messages; };
    const light = mean(offered(0.02, 1000));
    expect(light).toBeGreaterThan(5 * 5.25 + 5 - 0.8);
    expect(light).toBeLessThan(5 * 5.25 + 5 + 1.2);
    const heavy = offered(0.4, 1000);
    const { arrival, waits } = prepared.run(heavy);
    expect(Math.max(...arrival)).toBeLessThan(1200);
    expect(waits / heavy.messages).toBeGreaterThan(light);
    expect(new Set(arrival).size).toBeGreaterThan(900);
  });
  it('cannot pass the bisection faster than its 16 links do', () => {
    // Half of the messages cross the middle, 8 links each way: at most 0.5 messages a core and cycle.
    const load = offered(0.9, 800);
    const { arrival } = prepareMesh(createKernels(), mesh).run(load);
    const rate = load.messages / 64 / Math.max(...arrival);
    expect(rate).toBeLessThan(0.5);
    expect(rate).toBeGreaterThan(0.3);
  });
});
