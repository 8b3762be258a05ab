/**
 * The dynamics of spiking neurons in floating point, over currents that are known for all T steps. It is
 * the neuron of `network.ts` with a correction in front: the current is gain * I(t) + bias, the
 * potential starts at `initial` thresholds. Used to choose thresholds and corrections before anything is
 * rounded; the emitted program's own dynamics are the integers of `quantise/evaluate-integer.ts`. A current
 * that lasts (cuba) is filtered whole here, constant parts included, which differ only in the first steps.
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
 * Runs the neurons over `currents` [count, T, channels, pixels]. Returns net spikes per neuron, [count, channels,
 * pixels]; `out`, if given, gets every spike as the threshold it stands for, in the order of the currents.
 */
export function fire(currents: Float32Array, options: FiringOptions, out?: Float32Array): Float32Array {
  const { neuron, threshold, correction, timesteps, count } = options;
  const size = currents.length / (count * timesteps);
  const pixels = size / threshold.length;
  const counts = new Float32Array(count * size);
  const v = new Float64Array(size);
  const flowing = new Float64Array(size);
  const waiting = new Int32Array(size);
  const rule = ruleOf(neuron);
  for (let n = 0; n < count; n++) {
    const own = counts.subarray(n * size, (n + 1) * size);
    flowing.fill(0);
    waiting.fill(0);
    for (let i = 0; i < size; i++) v[i] = correction.initial * threshold[Math.floor(i / pixels)];
    for (let t = 0; t < timesteps; t++) {
      const first = (n * timesteps + t) * size;
      for (let c = 0; c < threshold.length; c++) {
        const [from, theta, gain, bias] = [c * pixels, threshold[c], correction.gain[c], correction.bias[c]];
        for (let i = from; i < from + pixels; i++) {
          if (rule.lasts) flowing[i] = rule.currentLeak * flowing[i] + (1 - rule.currentLeak) * (gain * currents[first + i] + bias);
          const u = !rule.lasts ? rule.leak * v[i] + gain * currents[first + i] + bias : waiting[i] > 0 ? 0 : rule.leak * v[i] + flowing[i];
          if (rule.lasts) waiting[i] = waiting[i] > 0 ? waiting[i] - 1 : u > theta ? rule.refractory - 1 : 0;
          const spike = u > theta ? 1 : own[i] > 0 && u < rule.retract * theta ? -1 : 0;
          v[i] = spike === 0 ? u : rule.hard ? 0 : u - spike * theta;
          own[i] += spike;
          if (out !== undefined) out[first + i] = spike * theta;
        }
      }
    }
  }
  return counts;
}

interface Rule {
  readonly leak: number;
  readonly hard: boolean;
  /** A cuba neuron: the two that follow apply. */
  readonly lasts: boolean;
  /** Share of the last step's current that still flows; the rest is the new one's. */
  readonly currentLeak: number;
  readonly refractory: number;
  /** Below this share of the threshold a spike is taken back; -Infinity: never. */
  readonly retract: number;
}

/** What the loop needs to know of a neuron. */
function ruleOf(neuron: Neuron): Rule {
  const plain = { leak: 1, hard: false, lasts: false, currentLeak: 0, refractory: 1, retract: -Infinity };
  switch (neuron.model) {
    case 'integrator': case 'relay': throw new Error(`internal: a rectifier does not become ${neuron.model === 'relay' ? 'a relay' : 'an integrator'}`);
    case 'if': return { ...plain, hard: neuron.reset === 'hard' };
    case 'lif': return { ...plain, leak: neuron.leak, hard: neuron.reset === 'hard' };
    case 'cuba': return { ...plain, leak: neuron.leak, hard: neuron.reset === 'hard', lasts: true, currentLeak: neuron.currentLeak, refractory: neuron.refractory };
    case 'signed-if': return { ...plain, retract: -neuron.retract };
  }
}
