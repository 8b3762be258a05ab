/**
 * What the user chose against what the target can do: the reset, the leak, lasting currents, the sign of
 * spikes, the width of weights.
 */
import type { Reporter } from '../diagnostics.js';
import type { Target } from '../target/schema.js';
import type { Reset } from './network.js';

/** Leak per step of `--neuron lif`: v keeps 4032/4096 of itself. */
export const DEFAULT_LEAK = 1 - 64 / 4096;

/** `--current-decay` and `--refractory`, as the chip's registers hold them. */
export interface CurrentRegisters {
  /** A step keeps (4095 - decay) / 4096 of the synaptic current: 4095 keeps nothing, 0 almost all. */
  readonly decay: number;
  /** Steps from a spike to the next possible one; 1: no wait. */
  readonly refractory: number;
}

/** What the two options ask for; null where neither is given. */
export const currentRegisters = (decay: number | undefined, refractory: number | undefined): CurrentRegisters | null =>
  (decay === undefined && refractory === undefined ? null : { decay: decay ?? 4095, refractory: refractory ?? 1 });

/** `--spikes`: binary ones, or signed ones, of which a negative one takes an earlier one back. */
export type SpikeKind = 'binary' | 'signed';

export interface Choices {
  readonly target: Target;
  readonly reset: Reset;
  readonly neuron: 'if' | 'lif';
  /** Steps of one inference. */
  readonly timesteps: number;
  readonly spikes: SpikeKind;
  readonly current: CurrentRegisters | null;
  /** Spiking layers in a row, once known; 0 before. */
  readonly populations: number;
}

export const MOST_TIMESTEPS = 4096;

/** The reset that is taken where the user names none: the target's first, or the soft one that signed spikes need. */
export const defaultReset = ({ capabilities: { resets } }: Target, spikes: SpikeKind): Reset =>
  (spikes === 'signed' && resets.includes('soft') ? 'soft' : resets[0]);

/** Reports choices that the target does not offer or that do not go together, and a deep network under hard reset. */
export function checkChoices({ target, reset, neuron, spikes, current, timesteps, populations }: Choices, report: Reporter): void {
  if (!Number.isInteger(timesteps) || timesteps < 1 || timesteps > MOST_TIMESTEPS) report.report('spiking/bad-timesteps', { kind: 'option', option: '--timesteps' }, { timesteps, most: MOST_TIMESTEPS });
  const available = target.capabilities.resets;
  if (spikes === 'signed') checkSigned({ target, reset, neuron }, report);
  if (current !== null) checkCurrent({ target, reset, spikes, current }, report);
  if (!available.includes(reset)) report.report('spiking/reset-not-available', { kind: 'option', option: '--reset' }, { reset, target: target.name, available });
  if (neuron === 'lif' && target.numbers.decayBits === 0) report.report('spiking/leak-not-available', { kind: 'option', option: '--neuron' }, { target: target.name });
  const better = available.find((r) => r !== 'hard');
  if (reset === 'hard' && better !== undefined && populations >= DEEP) {
    report.report('spiking/hard-reset-loses-accuracy', { kind: 'option', option: '--reset' }, { populations, target: target.name, better });
  }
}

function checkSigned({ target, reset, neuron }: Pick<Choices, 'target' | 'reset' | 'neuron'>, report: Reporter): void {
  const where = { kind: 'option', option: '--spikes' } as const;
  if (target.capabilities.signedSpikes !== true) return report.report('spiking/signed-spikes-not-available', where, { target: target.name });
  if (reset !== 'soft') report.report('spiking/signed-spikes-reset-softly', where, { reset });
  if (neuron === 'lif' || (target.numbers.leakFloor ?? 0) > 0) report.report('spiking/signed-spikes-without-leak', where, undefined);
}

function checkCurrent({ target, reset, spikes, current }: Pick<Choices, 'target' | 'reset' | 'spikes'> & { readonly current: CurrentRegisters }, report: Reporter): void {
  const [decay, refractory] = [{ kind: 'option', option: '--current-decay' } as const, { kind: 'option', option: '--refractory' } as const];
  const { refractoryMax = 1 } = target.numbers;
  const where = current.decay < 4095 ? decay : refractory;
  if (target.capabilities.currentDecay !== true) report.report('spiking/lasting-current-not-available', where, { target: target.name });
  if (!(Number.isInteger(current.decay) && current.decay >= 0 && current.decay <= 4095)) report.report('spiking/bad-current-decay', decay, { decay: current.decay });
  if (!(Number.isInteger(current.refractory) && current.refractory >= 1 && current.refractory <= refractoryMax)) report.report('spiking/bad-refractory', refractory, { refractory: current.refractory, target: target.name, most: refractoryMax });
  if (spikes === 'signed') report.report('spiking/lasting-current-unsigned', where, undefined);
  if (reset === 'soft-two-compartment') report.report('spiking/lasting-current-one-compartment', where, undefined);
  if (reset === 'soft' && current.refractory > 1) report.report('spiking/refractory-resets-to-zero', refractory, undefined);
}

/** From this many spiking layers on, the losses of a hard reset add up to points of accuracy. */
const DEEP = 2;

/** The target with weights of fewer bits. */
export function narrowWeights(target: Target, bits: number | undefined): Target {
  if (bits === undefined) return target;
  return { ...target, numbers: { ...target.numbers, weightMax: Math.min(target.numbers.weightMax, 2 ** (bits - 1) - 1) } };
}
