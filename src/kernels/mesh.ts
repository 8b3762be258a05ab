/**
 * The mesh in the WASM kernels (`c/mesh.c`): packs a description once, then runs one step's load after
 * another. `reference-mesh.ts` gives the same result.
 */
import type { Kernels } from './kernels.js';
import type { MeshDescription, MeshLinkCycles, MeshLoad, MeshResult } from './mesh-description.js';

export interface MeshRun extends MeshResult {
  /** How often a router was looked at, and flits that left a buffer. */
  readonly visits: number;
  readonly moves: number;
}

export interface Mesh {
  /** Runs a load from an empty mesh. The arrays of the result are overwritten by the next run. */
  readonly run: (load: MeshLoad) => MeshRun;
}

const SIDES = 4;
const MAX_PORTS = 32;
const MAX_CHANNELS = 32;
const NEVER = 0x7fffffff;
const STEPS = [['x', 1], ['x', -1], ['y', 1], ['y', -1]] as const;

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, least)));

/** Whether the kernel's masks hold a mesh's ports and channels. */
export const fitsKernel = (mesh: Pick<MeshDescription, 'coresPerRouter' | 'virtualChannels'>): boolean => SIDES + mesh.coresPerRouter <= MAX_PORTS && mesh.virtualChannels <= MAX_CHANNELS;

/** Packs a mesh, empty. Throws a RangeError where it has more ports or channels than the kernel's masks hold. */
export function prepareMesh(kernels: Kernels, mesh: MeshDescription): Mesh {
  const { memory, call } = kernels;
  const ports = SIDES + mesh.coresPerRouter;
  if (!fitsKernel(mesh)) throw new RangeError(`internal: ${mesh.coresPerRouter} cores at a router and ${mesh.virtualChannels} virtual channels, at most ${MAX_PORTS - SIDES} and ${MAX_CHANNELS}`);
  const count = mesh.cores.length;
  const tables = routerTables(mesh);
  const state = reserveState(kernels, mesh, tables);
  const descriptor = memory.reserve(64 * 4);
  const result = memory.reserve(3 * 8);
  const finish = memory.reserve(2 * count * 8);
  const fixed = [
    tables.routers, mesh.networks, ports, mesh.virtualChannels, mesh.bufferFlits, mesh.receiveFlits,
    count, tables.leaves, tables.slots, tables.words, mesh.localCycles, mesh.stall ? 1 : 0, ...tables.arrays.map((a) => packed(kernels, a)), ...state,
  ];
  return {
    run: (load) => {
      const mark = memory.mark();
      const starts = packed(kernels, load.starts);
      const ready = packedDoubles(kernels, load.ready.subarray(0, load.messages));
      const work = packedDoubles(kernels, load.work.subarray(0, load.messages));
      const to = packed(kernels, load.to.subarray(0, load.messages));
      const end = packedDoubles(kernels, load.end);
      const arrival = memory.reserve(Math.max(1, load.messages) * 4);
      const fields = [...fixed, starts, ready, work, to, end, arrival, finish, result, 0, 0];
      memory.int32(descriptor, fields.length).set(fields);
      const stuck = call['mesh_run'](descriptor);
      memory.release(mark);
      if (stuck !== 0) throw new Error('internal: messages are stuck in the mesh');
      const [waits, visits, moves] = memory.float64(result, 3);
      return { arrival: memory.int32(arrival, load.messages), generated: memory.float64(finish, count), processed: memory.float64(finish + count * 8, count), waits, visits, moves };
    },
  };
}

function packed({ memory }: Kernels, values: Int32Array): number {
  const at = memory.reserve(Math.max(1, values.length) * 4);
  memory.int32(at, values.length).set(values);
  return at;
}

function packedDoubles({ memory }: Kernels, values: Float64Array): number {
  const at = memory.reserve(Math.max(1, values.length) * 8);
  memory.float64(at, values.length).set(values);
  return at;
}

interface RouterTables {
  readonly routers: number;
  readonly leaves: number;
  readonly slots: number;
  readonly words: number;
  /** neighbour, hop, hold, x, y, home, port, coreAt */
  readonly arrays: readonly Int32Array[];
}

function routerTables(mesh: MeshDescription): RouterTables {
  const { width, height, networks, cores } = mesh;
  const plane = width * height;
  const routers = plane * networks;
  const ports = SIDES + mesh.coresPerRouter;
  const [neighbour, hop, hold] = [new Int32Array(routers * SIDES).fill(-1), new Int32Array(routers * SIDES), new Int32Array(routers * SIDES)];
  const x = Int32Array.from({ length: routers }, (_, r) => r % width);
  const y = Int32Array.from({ length: routers }, (_, r) => Math.floor(r / width) % height);
  let longest = 1;
  for (let r = 0; r < routers; r++) {
    STEPS.forEach(([along, step], side) => {
      const inside = along === 'x' ? x[r] + step >= 0 && x[r] + step < width : y[r] + step >= 0 && y[r] + step < height;
      if (!inside) return;
      const link: MeshLinkCycles = mesh.link(x[r], y[r], along, step);
      neighbour[r * SIDES + side] = r + (along === 'x' ? step : step * width);
      hop[r * SIDES + side] = link.hop;
      hold[r * SIDES + side] = link.hold;
      longest = Math.max(longest, link.hop, link.hold);
    });
  }
  const coreAt = new Int32Array(routers * ports).fill(-1);
  cores.forEach((core, i) => {
    for (let n = 0; n < networks; n++) coreAt[(n * plane + core.y * width + core.x) * ports + SIDES + core.port] = i;
  });
  const home = Int32Array.from(cores, (c) => c.y * width + c.x);
  return {
    routers, leaves: powerOfTwo(2 * cores.length), slots: powerOfTwo(longest + 2), words: Math.ceil(routers / 32),
    arrays: [neighbour, hop, hold, x, y, home, Int32Array.from(cores, (c) => c.port), coreAt],
  };
}

/** Offsets of the kernel's own arrays in the order of its struct: empty buffers, all credits, nothing scheduled. */
function reserveState(kernels: Kernels, mesh: MeshDescription, { routers, leaves, slots, words }: RouterTables): number[] {
  const { memory } = kernels;
  const { networks, virtualChannels, bufferFlits, receiveFlits } = mesh;
  const count = mesh.cores.length;
  const ports = SIDES + mesh.coresPerRouter;
  const inputs = routers * ports;
  const ints = (length: number, value = 0): number => {
    const at = memory.reserve(Math.max(1, length) * 4);
    memory.int32(at, length).fill(value);
    return at;
  };
  const flits = (places: number): number => ints(3 * places);
  const places = (inputs + count * networks) * virtualChannels;
  const credits = ints(places, bufferFlits);
  const values = memory.int32(credits, places);
  for (let i = 0; i < inputs; i++) {
    if (i % ports < SIDES) continue;
    values.fill(0, i * virtualChannels, (i + 1) * virtualChannels);
    values[i * virtualChannels] = receiveFlits;
  }
  return [
    flits(inputs * virtualChannels * bufferFlits), ints(inputs * virtualChannels), ints(inputs * virtualChannels),
    ints(inputs), ints(routers), ints(routers), ints(inputs), ints(inputs), ints(inputs), credits,
    ints(slots * words), ints(slots), ints(2 * leaves, NEVER), flits(count * networks * receiveFlits), ints(count * networks), ints(count * networks),
    ints(count), ints(count), ints(count * networks), ints(2 * count), ints(2 * count), ints(2 * places + count * networks * receiveFlits),
  ];
}
