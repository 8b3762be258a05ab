/**
 * What the user chose against what the target can do: the reset, the leak, the width of weights.
 */
import type { Reporter } from '../diagnostics.js';
import type { Target } from '../target/schema.js';
import type { Reset } from './network.js';

/** Leak per step of `--neuron lif`: v keeps 4032/4096 of itself. */
export const DEFAULT_LEAK = 1 - 64 / 4096;

export interface Choices {
  readonly target: Target;
  readonly reset: Reset;
  readonly neuron: 'if' | 'lif';
  /** Steps of one inference. */
  readonly timesteps: number;
  /** Spiking layers in a row, once known; 0 before. */
  readonly populations: number;
}

export const MOST_TIMESTEPS = 4096;

/** Reports choices that the target does not offer, and a deep network under hard reset. */
export function checkChoices({ target, reset, neuron, timesteps, populations }: Choices, report: Reporter): void {
  if (!Number.isInteger(timesteps) || timesteps < 1 || timesteps > MOST_TIMESTEPS) report.report('spiking/bad-timesteps', { kind: 'option', option: '--timesteps' }, { timesteps, most: MOST_TIMESTEPS });
  const available = target.capabilities.resets;
  if (!available.includes(reset)) report.report('spiking/reset-not-available', { kind: 'option', option: '--reset' }, { reset, target: target.name, available });
  if (neuron === 'lif' && target.numbers.decayBits === 0) report.report('spiking/leak-not-available', { kind: 'option', option: '--neuron' }, { target: target.name });
  const better = available.find((r) => r !== 'hard');
  if (reset === 'hard' && better !== undefined && populations >= DEEP) {
    report.report('spiking/hard-reset-loses-accuracy', { kind: 'option', option: '--reset' }, { populations, target: target.name, better });
  }
}

/** From this many spiking layers on, the losses of a hard reset add up to points of accuracy. */
const DEEP = 2;

/** The target with weights of fewer bits. */
export function narrowWeights(target: Target, bits: number | undefined): Target {
  if (bits === undefined) return target;
  return { ...target, numbers: { ...target.numbers, weightMax: Math.min(target.numbers.weightMax, 2 ** (bits - 1) - 1) } };
}
