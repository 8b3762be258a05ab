/**
 * A mesh of routers with cores at them, and what one time step sends through it, in cycles of the
 * routers' clock. `mesh.ts` runs it in WebAssembly, `reference-mesh.ts` is the specification.
 *
 * Rules. A core has its messages ready at given times and hands them over in order, one a cycle to each
 * network, to the networks in turn; where its buffers are full it waits and (`stall`) falls behind by as
 * much. A flit runs along the row, then along the column. In every cycle each input of a router offers
 * one flit, from its channels in turn, whose output has a free place downstream; each output takes one
 * offer, from the inputs in turn, and puts it into the channel with most free places. A place that
 * became free is known to its giver in the next cycle. A core takes what has arrived in the order of
 * arrival and works on each for its time; its queue is finite.
 */

/** Cycles are whole numbers of at least 1 wherever a flit moves. */
export interface MeshDescription {
  /** Routers of one network. */
  readonly width: number;
  readonly height: number;
  /** Equal networks side by side. */
  readonly networks: number;
  readonly virtualChannels: number;
  /** Flits that one channel of one input holds. */
  readonly bufferFlits: number;
  /** Messages that a core's queue holds, for each network. */
  readonly receiveFlits: number;
  /** Cores at a router: places for them, used or not. */
  readonly coresPerRouter: number;
  /** Address of each core. */
  readonly cores: readonly { readonly x: number; readonly y: number; readonly port: number }[];
  /** The link from router (x, y) one step along x or y. */
  readonly link: (x: number, y: number, along: 'x' | 'y', step: 1 | -1) => MeshLinkCycles;
  /** Cycles from a router to its core. */
  readonly localCycles: number;
  /** True: a core stops generating while its message waits. False: messages wait outside, their ready times stand (open loop). */
  readonly stall: boolean;
}

export interface MeshLinkCycles {
  /** From leaving one buffer to being ready to leave the next. */
  readonly hop: number;
  /** That a flit keeps the link from others. */
  readonly hold: number;
}

/** Messages of one step. Times in cycles, not whole. */
export interface MeshLoad {
  readonly messages: number;
  /** [cores + 1]: the messages of core i are starts[i] to starts[i + 1]. */
  readonly starts: Int32Array;
  /** [messages]: when its core has it ready, ascending within a core. */
  readonly ready: Float64Array;
  /** [messages]: target core. */
  readonly to: Int32Array;
  /** [messages]: cycles that the target core works on it. */
  readonly work: Float64Array;
  /** [cores]: when the core is done generating if nothing has to wait. */
  readonly end: Float64Array;
}

export interface MeshResult {
  /** [messages]: cycle in which it is at its core. */
  readonly arrival: Int32Array;
  /** [cores]: when it is done generating, stalls included, and done with the last message. */
  readonly generated: Float64Array;
  readonly processed: Float64Array;
  /** Sum over messages of the cycles from ready (stalls of earlier messages included) to arrival. */
  readonly waits: number;
}
