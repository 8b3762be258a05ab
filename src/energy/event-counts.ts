/**
 * The events of a trace sorted the way the energy model prices them: for each population the synaptic
 * operations by storage format, neuron updates, spikes and messages. Counts are sums over all samples,
 * as in the trace; nothing is estimated here.
 */
import { neuronCount, type PopulationId } from '../spiking/network.js';
import type { IntegerProjection } from '../quantise/integer-network.js';
import type { Program } from '../program/program.js';
import type { Trace } from '../simulate/trace.js';

/** How a core stores the weights that a spike reads. */
export type SynapseFormat = 'dense' | 'sparse' | 'shared';

export interface PopulationEvents {
  readonly id: PopulationId;
  /** Weights read by spikes that arrive at this population. */
  readonly synapticOps: Readonly<Record<SynapseFormat, number>>;
  readonly activeUpdates: number;
  readonly inactiveUpdates: number;
  readonly spikes: number;
  readonly messagesOut: number;
  readonly messagesIn: number;
}

/**
 * A real convolution (its target map has more than one place, so that weights are used again) counts
 * as shared where the target can store it so; everything else counts as dense. The compiler stores no
 * sparse lists.
 */
export function synapseFormat(program: Program, projection: IntegerProjection): SynapseFormat {
  const target = program.network.populations.find((p) => p.id === projection.target);
  const places = target === undefined ? 1 : target.shape[1] * target.shape[2];
  return program.target.capabilities.sharedConvolution && places > 1 ? 'shared' : 'dense';
}

/** One entry a population of the program, in its order. Sums over the trace's samples. */
export function populationEvents(program: Program, trace: Trace): readonly PopulationEvents[] {
  const { network } = program;
  const counters = new Map(trace.populations.map((p) => [p.id, p]));
  const synapticOps = new Map(trace.projections.map((p) => [p.id, p.synapticOps]));
  return network.populations.map((population): PopulationEvents => {
    const counted = counters.get(population.id);
    const ops = { dense: 0, sparse: 0, shared: 0 };
    for (const projection of network.projections) {
      if (projection.target !== population.id) continue;
      ops[synapseFormat(program, projection)] += synapticOps.get(projection.id) ?? 0;
    }
    const messages = { out: 0, in: 0 };
    program.cores.forEach((core, i) => {
      if (core.slice.population !== population.id) return;
      messages.out += trace.cores[i]?.messagesOut ?? 0;
      messages.in += trace.cores[i]?.messagesIn ?? 0;
    });
    return {
      id: population.id, synapticOps: ops, messagesOut: messages.out, messagesIn: messages.in,
      activeUpdates: counted?.activeUpdates ?? 0, inactiveUpdates: counted?.inactiveUpdates ?? 0, spikes: counted?.spikes ?? 0,
    };
  });
}

/** What the host does, per inference. */
export interface HostEvents {
  /** Bias currents or input spikes written to the chip. */
  readonly injections: number;
  /** Multiply-accumulates of the layers that the host computes; padded places count. */
  readonly macs: number;
  /** Values of the output layer that are read. */
  readonly readouts: number;
}

/** Host work of one inference. Input spikes are those the trace counted; bias currents follow from the program. */
export function hostEvents(program: Program, trace: Trace): HostEvents {
  const { network } = program;
  const neurons = (id: PopulationId): number => {
    const population = network.populations.find((p) => p.id === id);
    return population === undefined ? 0 : neuronCount(population.shape);
  };
  const readouts = neurons(network.output);
  const { input } = network;
  switch (input.code) {
    case 'bias': {
      const targets = new Set(input.layers.map((l) => l.target));
      const injections = [...targets].reduce((sum, id) => sum + neurons(id), 0);
      const macs = input.layers.reduce((sum, layer) => {
        const shape = network.populations.find((p) => p.id === layer.target)?.shape;
        return sum + (shape === undefined ? 0 : layer.weight.length * shape[1] * shape[2]);
      }, 0);
      return { injections, macs, readouts };
    }
    case 'rate': return { injections: neurons(input.population), macs: 0, readouts };
    case 'poisson': {
      const spikes = trace.populations.find((p) => p.id === input.population)?.spikes ?? 0;
      return { injections: spikes / trace.samples, macs: 0, readouts };
    }
  }
}
