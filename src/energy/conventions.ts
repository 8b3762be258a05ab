/**
 * One network under six conventions of what an inference costs: how many times more the ANN takes than
 * the spiking network. The first is the arithmetic behind the published 55x, the last puts memory,
 * neuron updates and static power on the table. The counts stay the same throughout; only what is
 * charged for them changes.
 */
import type { Profile, Target } from '../target/schema.js';
import type { Program } from '../program/program.js';
import { baselines } from './baselines.js';
import type { EnergyReport } from './energy-report.js';
import { operationCosts } from './operation-costs.js';

/** One inference of a network, as ANN and as spiking network. */
export interface Workload {
  readonly macs: number;
  /** Values that the layers of the ANN write. */
  readonly outputs: number;
  readonly synapticOps: number;
  /** Of all neurons in all steps. */
  readonly neuronUpdates: number;
  readonly timesteps: number;
  /** On the chip. Static energy is null where no latency is known. */
  readonly dynamicJoules: number;
  readonly staticJoules: number | null;
}

export interface ConventionRatio {
  readonly key: 'int32' | 'fp32' | 'chip-dynamic' | 'chip-total' | 'quantised-memory' | 'quantised-chip';
  readonly name: string;
  /** ANN over spiking network; above 1 the spiking side needs less. Null where one side is not known. */
  readonly value: number | null;
}

/** The workload of a program that was simulated and priced. */
export function measuredWorkload(program: Program, energy: EnergyReport): Workload {
  const { perInference, latencySeconds } = energy;
  const updates = perInference.lines.filter((l) => l.key === 'neuron-active' || l.key === 'neuron-inactive');
  return {
    macs: energy.macs, outputs: program.source.layers.reduce((sum, l) => sum + l.outputs, 0), synapticOps: energy.synapticOps,
    neuronUpdates: updates.reduce((sum, l) => sum + l.count, 0), timesteps: program.network.timesteps,
    dynamicJoules: perInference.dynamicJoules, staticJoules: latencySeconds === null ? null : perInference.staticJoules,
  };
}

/** What is known of a network from paper alone. */
export interface PaperNetwork {
  readonly macs: number;
  readonly neurons: number;
  readonly synapticOps: number;
  readonly timesteps: number;
}

/**
 * The same for a network that is known from a paper, on as few cores as its neurons fill, all of them
 * equally busy with synaptic operations and nothing else: the least static energy that can be. Every
 * neuron counts as updated with input in every step; messages, hops and host are left out.
 */
export function paperWorkload({ macs, neurons, synapticOps, timesteps }: PaperNetwork, target: Target, { energy, latency, power }: Profile): Workload {
  const cores = Math.ceil(neurons / (target.core.neurons ?? neurons));
  const chips = Math.ceil(cores / (target.mesh.width * target.mesh.height * target.mesh.coresPerRouter));
  const known = (...constants: readonly { readonly value: number | null }[]): boolean => constants.every((c) => c.value !== null);
  if (!known(energy.synapticOpShared, energy.neuronActive)) throw new RangeError('this profile prices no synaptic operation or no neuron update');
  const picojoules = synapticOps * energy.synapticOpShared.value! + neurons * timesteps * energy.neuronActive.value!;
  const seconds = synapticOps / cores * (latency.synapticOpShared.value ?? 0) * 1e-9;
  return {
    macs, outputs: neurons, synapticOps, neuronUpdates: neurons * timesteps, timesteps, dynamicJoules: picojoules * 1e-12,
    staticJoules: known(latency.synapticOpShared, power.staticPerChip) ? chips * power.staticPerChip.value! * 1e-3 * seconds : null,
  };
}

/** The six ratios, from the published convention to the one that leaves least out. */
export function conventionRatios(work: Workload, target: Target): readonly ConventionRatio[] {
  const { macInt32, macFloat32, addInt32, addFloat32 } = operationCosts;
  const list = baselines({ target }, { ...work, signedUpdates: 0 }, work.timesteps);
  const joules = (key: string): number => list.find((b) => b.key === key)?.joules ?? 0;
  const ann = work.macs * macInt32.picojoules * 1e-12;
  const total = work.staticJoules === null ? null : work.dynamicJoules + work.staticJoules;
  const over = (a: number, b: number | null): number | null => (b === null || !(a > 0 && b > 0) ? null : a / b);
  const adds = (picojoules: number): number => work.synapticOps * picojoules * 1e-12;
  return [
    { key: 'int32', name: 'int32 MAC 3.2 pJ, addition 0.1 pJ (as published)', value: over(ann, adds(addInt32.picojoules)) },
    { key: 'fp32', name: 'fp32 MAC 4.6 pJ, addition 0.9 pJ', value: over(work.macs * macFloat32.picojoules * 1e-12, adds(addFloat32.picojoules)) },
    { key: 'chip-dynamic', name: 'int32 MAC, chip without static power', value: over(ann, work.dynamicJoules) },
    { key: 'chip-total', name: 'int32 MAC, chip with static power', value: over(ann, total) },
    { key: 'quantised-memory', name: 'quantised ANN, same memory model', value: over(joules('ann-quantised-memory'), joules('snn-memory')) },
    { key: 'quantised-chip', name: 'quantised ANN with memory, chip with static power', value: over(joules('ann-quantised-memory'), total) },
  ];
}
