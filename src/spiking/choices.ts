/**
 * What the user chose against what the target can do: the reset, the leak, the sign of spikes, the width
 * of weights.
 */
import type { Reporter } from '../diagnostics.js';
import type { Target } from '../target/schema.js';
import type { Reset } from './network.js';

/** Leak per step of `--neuron lif`: v keeps 4032/4096 of itself. */
export const DEFAULT_LEAK = 1 - 64 / 4096;

/** `--spikes`: binary ones, or signed ones, of which a negative one takes an earlier one back. */
export type SpikeKind = 'binary' | 'signed';

export interface Choices {
  readonly target: Target;
  readonly reset: Reset;
  readonly neuron: 'if' | 'lif';
  /** Steps of one inference. */
  readonly timesteps: number;
  readonly spikes: SpikeKind;
  /** Spiking layers in a row, once known; 0 before. */
  readonly populations: number;
}

export const MOST_TIMESTEPS = 4096;

/** The reset that is taken where the user names none: the target's first, or the soft one that signed spikes need. */
export const defaultReset = ({ capabilities: { resets } }: Target, spikes: SpikeKind): Reset =>
  (spikes === 'signed' && resets.includes('soft') ? 'soft' : resets[0]);

/** Reports choices that the target does not offer or that do not go together, and a deep network under hard reset. */
export function checkChoices({ target, reset, neuron, spikes, timesteps, populations }: Choices, report: Reporter): void {
  if (!Number.isInteger(timesteps) || timesteps < 1 || timesteps > MOST_TIMESTEPS) report.report('spiking/bad-timesteps', { kind: 'option', option: '--timesteps' }, { timesteps, most: MOST_TIMESTEPS });
  const available = target.capabilities.resets;
  if (spikes === 'signed') checkSigned({ target, reset, neuron }, report);
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
  if (neuron === 'lif') report.report('spiking/signed-spikes-without-leak', where, undefined);
}

/** From this many spiking layers on, the losses of a hard reset add up to points of accuracy. */
const DEEP = 2;

/** The target with weights of fewer bits. */
export function narrowWeights(target: Target, bits: number | undefined): Target {
  if (bits === undefined) return target;
  return { ...target, numbers: { ...target.numbers, weightMax: Math.min(target.numbers.weightMax, 2 ** (bits - 1) - 1) } };
}
