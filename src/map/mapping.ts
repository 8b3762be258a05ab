/**
 * The three stages of mapping: slices of populations that fit a core (`Partitioned`), cores with a
 * place on the mesh (`Placed`), and the load that spikes put on the mesh (`Routed`). A core holds one
 * slice of one population: a box of channels x rows x columns. Where the fan-in of a population is split, further
 * cores hold parts of it: the synapses from a box of sources to a box of the population's neurons.
 */
import type { PopulationId } from '../spiking/network.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import type { Target } from '../target/schema.js';

/** Half-open ranges of a population's map. */
export interface Slice {
  readonly population: PopulationId;
  readonly channels: readonly [number, number];
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  /**
   * The core does not hold these neurons but a part of their fan-in: the synapses from a box of the projection's sources. It
   * sums what arrives in a step and sends each neuron that a spike reached its sum in the next.
   */
  readonly part?: FanInPart;
}

/** Half-open ranges of the map of a projection's source. */
export interface FanInPart {
  /** Index of the projection in `network.projections`. */
  readonly projection: number;
  readonly channels: readonly [number, number];
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** What a core needs of each resource. Compare with `target.core`. */
export interface CoreUse {
  /** Compartments: two a neuron where the soft reset is built from two. */
  readonly neurons: number;
  readonly inAxons: number;
  readonly outAxons: number;
  readonly synapticBits: number;
}

export interface CoreSlice {
  readonly slice: Slice;
  readonly use: CoreUse;
}

export interface Partitioned {
  readonly network: IntegerNetwork;
  readonly target: Target;
  /** In the order of populations, then channels, rows, columns; behind a population's neurons the parts of its fan-in, by projection. */
  readonly cores: readonly CoreSlice[];
}

/** A core's address: chip, then router (tile) on the chip's mesh, then place at the router. */
export interface CorePlace {
  readonly chip: number;
  /** Router column, counted over the whole board. */
  readonly x: number;
  /** Router row, counted over the whole board. */
  readonly y: number;
  /** Index of the core at its router. */
  readonly port: number;
}

export interface Placed extends Partitioned {
  readonly places: readonly CorePlace[];
}

/**
 * Spikes of core `from` that core `to` takes in: each of `from` whose neuron has a synapse there. Without
 * multicast each is a message of its own; with it, one message serves all routes of its neuron and projection.
 * From a core that holds a part of a fan-in to one that holds its neurons: the sums.
 */
export interface Route {
  readonly from: number;
  readonly to: number;
  /** Index of the projection in `network.projections`. */
  readonly projection: number;
  /** Router hops of the XY path: along x first. */
  readonly hopsX: number;
  readonly hopsY: number;
  /** Chip borders crossed. */
  readonly chipCrossings: number;
}

export interface Routed extends Placed {
  readonly routes: readonly Route[];
  readonly chipsUsed: number;
  readonly coresUsed: number;
}
