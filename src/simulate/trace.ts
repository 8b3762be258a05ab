/**
 * What a simulation saw. Counters are sums over all samples and are exact integers; each is counted
 * in one place. Energy, latency and the report are pure functions of a `Trace` and its `Program`.
 */
import type { PopulationId } from '../spiking/network.js';

/** functional: counts alone; pipeline: cores, queues and routes by a formula a step; cycle: the routers cycle by cycle. */
export type TimingModel = 'functional' | 'pipeline' | 'cycle';

export interface PopulationCounters {
  readonly id: PopulationId;
  /** Of either sign: each is a message and reads weights. */
  readonly spikes: number;
  /** Spikes of -1 among them, which take an earlier one back. */
  readonly retractions: number;
  /** Neuron updates that a spike reaches through the filter (whatever its weight, stored or not) or that carry a constant current. Neurons, not compartments; relays have no updates. */
  readonly activeUpdates: number;
  readonly inactiveUpdates: number;
  /** Neuron-steps in which v was clipped to its limit. */
  readonly saturations: number;
}

export interface ProjectionCounters {
  readonly id: string;
  /** Synaptic operations: one for each weight that a spike reads. Zeros of dense segments are read, those left out of sparse ones are not. */
  readonly synapticOps: number;
  /** Where the fan-in is in parts: the sums that these send, each a message that reads one weight where it arrives. */
  readonly sums?: number;
}

/** Per core of the program, in its order. */
export interface CoreCounters {
  /** Of a part of a fan-in: the sums that it sends. */
  readonly spikes: number;
  /** Messages leaving: one for each spike and target core, with multicast one for each spike and projection. */
  readonly messagesOut: number;
  /** Messages arriving. */
  readonly messagesIn: number;
  readonly synapticOps: number;
  /** Neuron updates with input, and those without. Neurons, not compartments; in a part of a fan-in its sums. */
  readonly activeUpdates: number;
  readonly inactiveUpdates: number;
}

export interface MeshCounters {
  /** That left their cores. */
  readonly messages: number;
  /** Links passed, each once a message. */
  readonly hopsX: number;
  readonly hopsY: number;
  readonly chipCrossings: number;
  /** Messages to cores of their own router (with multicast, once for all of them): they make no hop. */
  readonly withinTile: number;
  /** Messages on the busiest link and where it is. */
  readonly heaviestLink: { readonly messages: number; readonly from: readonly [number, number]; readonly to: readonly [number, number] } | null;
}

/**
 * Seconds of one inference: in each step what the busiest core works, what comes on top of that while
 * messages wait for links and for other cores, then the longest route in use as far as it is not hidden
 * (cycle timing counts it with the waits), then the barrier.
 */
export interface LatencyParts {
  readonly core: number;
  readonly link: number;
  readonly travel: number;
  readonly barrier: number;
}

/** With pipeline and cycle timing: seconds are simulated time. */
export interface TimingTrace {
  readonly profile: string;
  readonly secondsPerInference: number;
  /** With cycle timing: what pipeline timing gives for the same samples. */
  readonly pipelineSeconds: number | null;
  readonly stepsPerInference: number;
  /** What the latency is made of, seconds per inference; they add up to it. */
  readonly parts: LatencyParts;
  /** How many steps (over all samples) each thing was the bottleneck of. */
  readonly bottleneck: { readonly core: number; readonly link: number; readonly barrier: number };
  /** Busy seconds of each core, summed over samples. */
  readonly coreSeconds: readonly number[];
  /** Latencies of the profile that the program uses and nobody has published: they count as 0. */
  readonly unpublished: readonly string[];
}

/** Spikes of one inference, for the raster plot: parallel arrays. */
export interface Raster {
  readonly sample: number;
  readonly population: Uint16Array;
  readonly neuron: Uint32Array;
  readonly step: Uint16Array;
  /** 1, or -1 where a signed neuron takes a spike back. */
  readonly sign: Int8Array;
}

export interface Trace {
  readonly timing: TimingModel;
  readonly samples: number;
  readonly timesteps: number;
  /** T + depth: chip steps of one inference. */
  readonly stepsPerInference: number;
  /** [samples, T]: the class that leads after each step. */
  readonly predictions: Uint16Array;
  /** [samples, classes]: the output layer's v at the end. */
  readonly scores: Int32Array;
  readonly populations: readonly PopulationCounters[];
  readonly projections: readonly ProjectionCounters[];
  readonly cores: readonly CoreCounters[];
  readonly mesh: MeshCounters;
  readonly time: TimingTrace | null;
  readonly raster: Raster | null;
  /** Host seconds of the simulation loop and workers used: never part of a reproducible output. */
  readonly wallSeconds: number;
  readonly workers: number;
  /** Build of the kernels that ran: `wasm-simd128`, or `native-` and an instruction set. As above. */
  readonly kernels: string;
}
