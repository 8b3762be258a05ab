/**
 * All that can be learned of a spiking network as one flat vector: the weights of the projections and
 * host layers, then biases, thresholds and leaks of the populations. Optimiser, checkpoint and worker
 * threads see only the vector; `layoutOf` says what stands where.
 */
import type { SpikingNetwork } from '../spiking/network.js';
import { leakOf } from './learning-problem.js';

export type ParameterKind = 'weight' | 'host' | 'bias' | 'threshold' | 'leak';

export interface Slot {
  readonly kind: ParameterKind;
  /** Which projection, host layer or population of the network. */
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

export interface ParameterLayout {
  readonly slots: readonly Slot[];
  readonly length: number;
}

const hostLayers = ({ input }: SpikingNetwork): readonly { readonly weight: Float32Array }[] => (input.code === 'bias' ? input.layers : []);

export function layoutOf(network: SpikingNetwork): ParameterLayout {
  const slots: Slot[] = [];
  let length = 0;
  const add = (kind: ParameterKind, sizes: readonly number[]): void => sizes.forEach((size, index) => {
    slots.push({ kind, index, offset: length, length: size });
    length += size;
  });
  add('weight', network.projections.map((p) => p.weight.length));
  add('host', hostLayers(network).map((l) => l.weight.length));
  add('bias', network.populations.map((p) => p.bias.length));
  add('threshold', network.populations.map((p) => p.threshold.length));
  add('leak', network.populations.map(() => 1));
  return { slots, length };
}

/** Where the parameters of one projection, host layer or population stand. */
export function slotOf(layout: ParameterLayout, kind: ParameterKind, index: number): Slot {
  const slot = layout.slots.find((s) => s.kind === kind && s.index === index);
  if (slot === undefined) throw new Error(`internal: no ${kind} ${index}`);
  return slot;
}

/** Whether every one is a finite number. */
export function allFinite(numbers: Float32Array): boolean {
  for (let i = 0; i < numbers.length; i++) if (numbers[i] - numbers[i] !== 0) return false;
  return true;
}

/** The network's own numbers. */
export function readParameters(network: SpikingNetwork): Float32Array {
  const { slots, length } = layoutOf(network);
  const out = new Float32Array(length);
  for (const { kind, index, offset } of slots) {
    switch (kind) {
      case 'weight': out.set(network.projections[index].weight, offset); break;
      case 'host': out.set(hostLayers(network)[index].weight, offset); break;
      case 'bias': out.set(network.populations[index].bias, offset); break;
      case 'threshold': out.set(network.populations[index].threshold, offset); break;
      case 'leak': out[offset] = leakOf(network.populations[index]); break;
    }
  }
  return out;
}

/** 1 where learning may change a number. An IF neuron has no leak, an integrator no threshold, a population without drive its bias. */
export function learnableMask(network: SpikingNetwork, kinds: ReadonlySet<ParameterKind>): Uint8Array {
  const { slots, length } = layoutOf(network);
  const mask = new Uint8Array(length);
  for (const { kind, index, offset, length: size } of slots) {
    const model = kind === 'bias' || kind === 'threshold' || kind === 'leak' ? network.populations[index].neuron.model : 'if';
    const exists = kind === 'leak' ? model === 'lif' : model !== 'relay' && !(kind === 'threshold' && model === 'integrator');
    const encoder = network.input.code !== 'bias' && (kind === 'bias' || kind === 'threshold') && network.populations[index].id === network.input.population;
    if (exists && !encoder && kinds.has(kind)) mask.fill(1, offset, offset + size);
  }
  return mask;
}
