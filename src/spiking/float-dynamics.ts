/**
 * The dynamics of spiking neurons in floating point, over currents that are known for all T steps. It is
 * the neuron of `network.ts` with a correction in front: the current is gain * I(t) + bias, the
 * potential starts at `initial` thresholds. Used to choose thresholds and corrections before anything is
 * rounded; the emitted program's own dynamics are the integers of `quantise/evaluate-integer.ts`.
 */
import type { Neuron } from './network.js';

/** What is changed in front of a population, per channel, to bring its rates to the ANN's activations. */
export interface Correction {
  /** Factor of all incoming weights and of the bias. */
  readonly gain: Float32Array;
  /** Constant current to add, in the activation's unit. */
  readonly bias: Float32Array;
  /** v at the first step, as a share of the threshold. */
  readonly initial: number;
}

export interface FiringOptions {
  readonly neuron: Neuron;
  /** Per channel. */
  readonly threshold: Float32Array;
  readonly correction: Correction;
  readonly timesteps: number;
  readonly count: number;
}

/** No correction, with the start that rounds to nearest. */
export const uncorrected = (channels: number, initial: number): Correction => ({ gain: new Float32Array(channels).fill(1), bias: new Float32Array(channels), initial });

/**
 * Currents and spikes are [count, T, channels, pixels]; a spike is written as the threshold it stands for.
 * Returns the number of spikes.
 */
export function fire(currents: Float32Array, out: Float32Array, options: FiringOptions): number {
  const { neuron, threshold, correction: { gain, bias, initial }, timesteps, count } = options;
  const size = currents.length / (count * timesteps);
  const pixels = size / threshold.length;
  const step = stepOf(neuron);
  let spikes = 0;
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < size; i++) {
      const c = Math.floor(i / pixels);
      const theta = threshold[c];
      const state = { v: initial * theta };
      for (let at = n * timesteps * size + i, last = at + timesteps * size; at < last; at += size) {
        const spike = step(state, gain[c] * currents[at] + bias[c], theta);
        out[at] = spike * theta;
        spikes += Math.abs(spike);
      }
    }
  }
  return spikes;
}

interface State { v: number }

/** One step of a neuron: changes its state, returns the spike. */
function stepOf(neuron: Neuron): (state: State, current: number, theta: number) => number {
  switch (neuron.model) {
    case 'integrator': case 'relay': throw new Error(`internal: a rectifier does not become ${neuron.model === 'relay' ? 'a relay' : 'an integrator'}`);
    case 'if': case 'lif': {
      const leak = neuron.model === 'lif' ? neuron.leak : 1;
      const hard = neuron.reset === 'hard';
      return (state, current, theta) => {
        state.v = leak * state.v + current;
        if (!(state.v > theta)) return 0;
        state.v = hard ? 0 : state.v - theta;
        return 1;
      };
    }
  }
}
