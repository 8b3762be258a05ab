/**
 * The events of a trace sorted the way the energy model prices them: for each population the synaptic
 * operations by storage format, neuron updates, spikes and messages. Counts are sums over all samples,
 * as in the trace; nothing is estimated here.
 */
import { isSigned, neuronCount, type PopulationId } from '../spiking/network.js';
import { hasTwoCompartments } from '../map/core-use.js';
import { isPart } from '../map/fan-in-parts.js';
import { linksOf } from '../map/reach.js';
import { synapseFormat, type SynapseFormat } from '../map/synapse-format.js';
import type { Program } from '../program/program.js';
import type { Trace } from '../simulate/trace.js';

export interface PopulationEvents {
  readonly id: PopulationId;
  /** Weights read by spikes that arrive at this population, by the format the core stores them in; sums of parts of its fan-in read one each. */
  readonly synapticOps: Readonly<Record<SynapseFormat, number>>;
  /** Weights read by the inhibitory synapses that reset two-compartment neurons: one a spike. */
  readonly resetOps: number;
  /** Compartment updates: two a neuron where the soft reset is built from two, and one for each sum of a part of its fan-in. */
  readonly activeUpdates: number;
  readonly inactiveUpdates: number;
  /** Its own and the sums that parts of its fan-in send. */
  readonly spikes: number;
  /** Messages that leave its cores, the reset spikes of two-compartment neurons to themselves included. */
  readonly messagesOut: number;
  readonly messagesIn: number;
  /** Messages of signed spikes that leave its cores, and sums that parts of its fan-in send. */
  readonly gradedMessages: number;
  /** Weights read by signed spikes that arrive at this population, and by sums. */
  readonly gradedOps: number;
  /** Active updates of signed neurons, which keep a count beside v. */
  readonly countedUpdates: number;
}

/** One entry a population of the program, in its order. Sums over the trace's samples. */
export function populationEvents(program: Program, trace: Trace): readonly PopulationEvents[] {
  const { network } = program;
  const links = linksOf(network);
  const counters = new Map(trace.populations.map((p) => [p.id, p]));
  const signed = new Set(network.populations.filter(isSigned).map((p) => p.id));
  const operations = new Map(trace.projections.map((p) => [p.id, p]));
  return network.populations.map((population): PopulationEvents => {
    const counted = counters.get(population.id);
    const spikes = counted?.spikes ?? 0;
    const synapticOps = { dense: 0, sparse: 0, shared: 0 };
    let gradedOps = 0;
    let sums = 0;
    for (const link of links) {
      if (link.projection.target !== population.id) continue;
      const { synapticOps: count = 0, sums: arriving = 0 } = operations.get(link.projection.id) ?? {};
      synapticOps[synapseFormat(link, program.target)] += count;
      synapticOps.dense += arriving;
      sums += arriving;
      if (signed.has(link.projection.source)) gradedOps += count;
    }
    const messages = { out: 0, in: 0 };
    const parts = { active: 0, inactive: 0 };
    program.cores.forEach((core, i) => {
      if (core.slice.population !== population.id) return;
      if (isPart(core.slice)) {
        parts.active += trace.cores[i]?.activeUpdates ?? 0;
        parts.inactive += trace.cores[i]?.inactiveUpdates ?? 0;
      }
      messages.out += trace.cores[i]?.messagesOut ?? 0;
      messages.in += trace.cores[i]?.messagesIn ?? 0;
    });
    const two = hasTwoCompartments(population);
    const compartments = two ? 2 : 1;
    const resets = two ? spikes : 0;
    return {
      id: population.id, synapticOps, resetOps: resets, spikes: spikes + sums,
      activeUpdates: compartments * (counted?.activeUpdates ?? 0) + parts.active, inactiveUpdates: compartments * (counted?.inactiveUpdates ?? 0) + parts.inactive,
      messagesOut: messages.out + resets, messagesIn: messages.in + resets,
      gradedMessages: signed.has(population.id) ? messages.out : sums, gradedOps: gradedOps + sums, countedUpdates: signed.has(population.id) ? counted?.activeUpdates ?? 0 : 0,
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
