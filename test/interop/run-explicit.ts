// A reference loop of a few lines over plain neurons and synapses, as SANA-FE's documentation describes
// its neurons: v * leak, rounded towards zero to 1/64, plus bias and what arrived; a spike of step k
// is taken in at step k + 1 + delay. It shares no code with the export.
import type { ReadNetwork } from '../../src/interop/read-sana-fe.js';

export interface ExplicitRun {
  /** [step - 1][neuron]: 0 or 1. */
  readonly spikes: readonly Uint8Array[];
  /** v of every neuron after the last step. */
  readonly v: Float64Array;
}

export function runExplicit({ neurons, synapses }: ReadNetwork, steps: number): ExplicitRun {
  const outgoing = neurons.map((): { target: number; weight: number; delay: number }[] => []);
  for (const s of synapses) outgoing[s.source].push(s);
  const arriving = new Map<number, Float64Array>();
  const at = (step: number): Float64Array => {
    if (!arriving.has(step)) arriving.set(step, new Float64Array(neurons.length));
    return arriving.get(step)!;
  };
  const v = new Float64Array(neurons.length);
  const spikes: Uint8Array[] = [];
  for (let step = 1; step <= steps; step++) {
    const current = at(step);
    const fired = Uint8Array.from(neurons, (n, i) => {
      if (n.spikes !== null) return n.spikes[step - 1] ?? 0;
      v[i] = Math.trunc(v[i] * n.leak * 64) / 64 + n.bias + current[i];
      if (v[i] <= n.threshold) return 0;
      if (n.reset === 'soft') v[i] -= n.threshold;
      else if (n.reset === 'hard') v[i] = 0;
      return 1;
    });
    fired.forEach((f, i) => { if (f === 1) for (const s of outgoing[i]) at(step + 1 + s.delay)[s.target] += s.weight; });
    arriving.delete(step);
    spikes.push(fired);
  }
  return { spikes, v };
}
