/**
 * When cores are done with one chip step if messages wait for cores, whose queues are endless, but not for
 * links: for targets of whose routers too little is known for a mesh (`coarse-mesh.ts`). Pixel by pixel a
 * core updates its neurons and hands over the messages of their spikes, all to one core at once; they
 * travel their route and wait for the core to be done with what came before. In time order over all cores:
 *
 *   done(core) = max(done(core), ready + travel) + work of the messages
 *
 * Each step is O(pixels with spikes * cores that they reach), however many synapses there are.
 */
import { messagesTo, pixelWalks, startWalk, targetsOf, walkOn, type WalkSource } from './pixel-walk.js';

export interface QueueSource extends WalkSource {
  readonly timesteps: number;
  /** Time of an empty route from one core to another. */
  readonly travel: (from: number, to: number) => number;
}

/** Gives the time at which all cores are done with chip step s, in the unit of the senders' times. */
export type QueueModel = (step: number) => number;

export function createQueueModel(source: QueueSource): QueueModel {
  const walks = pixelWalks(source);
  const done = new Float64Array(walks.length);
  const queue = createTimeQueue(walks.length);
  return (step) => {
    done.fill(0);
    let last = 0;
    walks.forEach((walk, core) => {
      const t = step - walk.sender.depth;
      if (t < 0 || t >= source.timesteps) return;
      startWalk(walk, t);
      if (walkOn(walk)) queue.push(core, walk.clock);
      else last = Math.max(last, walk.clock);
    });
    for (let core = queue.first(); core >= 0; core = queue.first()) {
      const walk = walks[core];
      for (const target of targetsOf(walk)) {
        const messages = messagesTo(walk, target);
        if (messages === 0) continue;
        walk.clock += messages * target.send;
        done[target.core] = Math.max(done[target.core], walk.clock + source.travel(core, target.core)) + messages * target.work;
      }
      if (walkOn(walk)) { queue.replaceFirst(walk.clock); continue; }
      last = Math.max(last, walk.clock);
      queue.removeFirst();
    }
    return done.reduce((most, d) => Math.max(most, d), last);
  };
}

/** Cores by time, earliest first; of equal times in an order that depends on nothing but the calls. */
function createTimeQueue(most: number) {
  const cores = new Int32Array(most);
  const times = new Float64Array(most);
  let size = 0;
  const sink = (core: number, time: number): void => {
    let i = 0;
    for (let child = 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      cores[i] = cores[child];
      times[i] = times[child];
      i = child;
    }
    cores[i] = core;
    times[i] = time;
  };
  return {
    first: (): number => (size === 0 ? -1 : cores[0]),
    push: (core: number, time: number): void => {
      let i = size++;
      for (let parent = (i - 1) >> 1; i > 0 && times[parent] > time; parent = (i - 1) >> 1) {
        cores[i] = cores[parent];
        times[i] = times[parent];
        i = parent;
      }
      cores[i] = core;
      times[i] = time;
    },
    replaceFirst: (time: number): void => sink(cores[0], time),
    removeFirst: (): void => { size--; if (size > 0) sink(cores[size], times[size]); },
  };
}
