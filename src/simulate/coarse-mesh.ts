/**
 * When cores are done with one chip step where messages wait for each other in the mesh. A core that is
 * behind fills its queue, then the buffers of the links before it, and what stands behind these messages
 * waits too, wherever it goes; routers take their inputs in turn, so cores far away are served last. No
 * sum gives how long that takes, so the mesh of cycle timing is run, but coarsely:
 *
 * - the messages of a core to one target go in packets of `size`, which take the room of that many messages,
 *   keep a link for that long and carry their work: buffers of n places hold n / size packets;
 * - messages are made pixel by pixel (`pixel-walk.ts`), not neuron by neuron;
 * - `size` is the smallest at which a step has at most PACKETS packets, but at most LARGEST and a buffer.
 *
 * A packet is ready when its target can begin with it and not run out of messages before its end. Links pass
 * a message in cycles and cores work on it for hundreds, so what counts is the room of buffers and the order in
 * which it is given, and both stay.
 */
import type { Kernels } from '../kernels/kernels.js';
import { prepareMesh } from '../kernels/mesh.js';
import type { MeshDescription, MeshLoad } from '../kernels/mesh-description.js';
import { messagesTo, pixelWalks, startWalk, targetsOf, walkOn, type PixelWalk, type WalkSource } from './pixel-walk.js';
import { append, messageBuffer, type MessageBuffer } from './traffic.js';

/** Times in cycles of the mesh. */
export interface CoarseMeshSource extends Omit<WalkSource, 'memory'> {
  readonly kernels: Kernels;
  readonly mesh: MeshDescription;
  readonly timesteps: number;
}

/** Gives the cycle in which all cores are done with chip step s, in which so many messages are sent. */
export type CoarseMesh = (step: number, messages: number) => number;

/** Packets of a step, where larger ones are possible. */
const PACKETS = 1000;

/** Messages of a packet at most: with 8, which a buffer of `loihi1` holds one of, some programs come out 16 % slower than by cycle timing. */
const LARGEST = 4;

export function createCoarseMesh({ kernels, mesh, timesteps, ...source }: CoarseMeshSource): CoarseMesh {
  const walks = pixelWalks({ ...source, memory: kernels.memory });
  const sizes: number[] = [1];
  while (2 * sizes[sizes.length - 1] <= Math.min(LARGEST, mesh.bufferFlits, mesh.receiveFlits)) sizes.push(2 * sizes[sizes.length - 1]);
  const meshes = sizes.map((size) => prepareMesh(kernels, coarse(mesh, size)));
  const packers = sizes.map((size) => createPacker(walks.length, size));
  const starts = new Int32Array(walks.length + 1);
  const end = new Float64Array(walks.length);
  const out = messageBuffer();
  return (step, messages) => {
    const fitting = sizes.findIndex((size) => messages <= PACKETS * size);
    const chosen = fitting < 0 ? sizes.length - 1 : fitting;
    out.count = 0;
    walks.forEach((walk, i) => {
      const t = step - walk.sender.depth;
      end[i] = t < 0 || t >= timesteps ? 0 : packers[chosen](walk, t, out);
      starts[i + 1] = out.count;
    });
    const load: MeshLoad = { messages: out.count, starts, end, ready: out.ready, to: out.to, work: out.work };
    const { generated, processed } = meshes[chosen].run(load);
    return processed.reduce((most, done) => Math.max(most, done), generated.reduce((most, done) => Math.max(most, done), 0));
  };
}

const coarse = (mesh: MeshDescription, size: number): MeshDescription => ({
  ...mesh, bufferFlits: Math.floor(mesh.bufferFlits / size), receiveFlits: Math.floor(mesh.receiveFlits / size),
  link: (x, y, along, step) => {
    const { hop, hold } = mesh.link(x, y, along, step);
    return { hop, hold: hold * size };
  },
});

/** Appends the packets of a core's step, by the time at which they are ready, and gives when the core is done generating. */
type Packer = (walk: PixelWalk, t: number, out: MessageBuffer) => number;

function createPacker(cores: number, size: number): Packer {
  const [count, work, first] = [new Int32Array(cores), new Float64Array(cores), new Float64Array(cores)];
  const last = new Float64Array(cores);
  const lastWork = new Float64Array(cores);
  const open: number[] = [];
  let begin = 0;
  const close = (core: number, out: MessageBuffer): void => {
    append(out, Math.max(first[core], last[core] - work[core] + lastWork[core]), core, work[core]);
    sinkLast(out, begin);
    count[core] = 0;
    work[core] = 0;
  };
  const closeAll = (out: MessageBuffer): void => {
    for (const core of open) if (count[core] > 0) close(core, out);
    open.length = 0;
  };
  return (walk, t, out) => {
    begin = out.count;
    let kind = -1;
    for (startWalk(walk, t); walkOn(walk);) {
      const { rowKind, rows } = walk.sender;
      if (rowKind[walk.y - rows[0]] !== kind) {
        kind = rowKind[walk.y - rows[0]];
        closeAll(out);
      }
      for (const target of targetsOf(walk)) {
        const { core } = target;
        for (let left = messagesTo(walk, target); left > 0;) {
          if (count[core] === 0) {
            first[core] = walk.clock + target.send;
            open.push(core);
          }
          const taken = Math.min(left, size - count[core]);
          left -= taken;
          count[core] += taken;
          work[core] += taken * target.work;
          lastWork[core] = target.work;
          walk.clock += taken * target.send;
          last[core] = walk.clock;
          if (count[core] === size) close(core, out);
        }
      }
    }
    closeAll(out);
    return walk.clock;
  };
}

/** Brings the last packet to its place by time among those from `begin` on. */
function sinkLast({ ready, to, work, count }: MessageBuffer, begin: number): void {
  let i = count - 1;
  const [time, core, cycles] = [ready[i], to[i], work[i]];
  for (; i > begin && ready[i - 1] > time; i--) {
    ready[i] = ready[i - 1];
    to[i] = to[i - 1];
    work[i] = work[i - 1];
  }
  ready[i] = time;
  to[i] = core;
  work[i] = cycles;
}
