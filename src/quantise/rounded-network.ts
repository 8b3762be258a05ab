/**
 * The spiking network with the numbers that a target would hold: every weight and bias passes through
 * the integer format and back. Learning runs its forward pass on it, so that what is learned survives
 * quantisation. Thresholds keep their values, since each channel's scale is set by its threshold.
 */
import { Reporter } from '../diagnostics.js';
import type { Projection, SpikingNetwork } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import { quantise } from './quantise.js';

/** Throws CompileError where the target cannot hold the network. */
export function roundedNetwork(network: SpikingNetwork, target: Target): SpikingNetwork {
  const report = new Reporter();
  const integers = quantise(network, target, report);
  report.finish();
  const populations = new Map(integers.populations.map((p) => [p.id, p]));
  const injected = new Set(network.input.code === 'bias' ? network.input.layers.map((l) => l.target) : []);
  return {
    ...network,
    populations: network.populations.map((p) => {
      const integer = populations.get(p.id);
      // the host adds the bias of these in floating point
      return integer === undefined || injected.has(p.id) ? p : { ...p, bias: Float32Array.from(integer.bias, (b, c) => b / integer.scale[c]) };
    }),
    projections: network.projections.map((p, i) => {
      const { weight, shift } = integers.projections.find((q) => q.id === p.id) ?? integers.projections[i];
      return { ...p, weight: fromEventOrder(weight, p, { shift, scale: populations.get(p.target)!.scale }) };
    }),
  };
}

/** Event order [Kh, Kw, Ci, Co / groups] back to [Co, Ci / groups, Kh, Kw], in activation units. */
export function fromEventOrder(weight: Int8Array, { window: { kernel: [kh, kw] }, groups }: Pick<Projection, 'window' | 'groups'>, { shift, scale }: { readonly shift: number; readonly scale: Float64Array }): Float32Array {
  const outputs = scale.length;
  const taps = kh * kw;
  const inGroup = weight.length / (outputs * taps);
  const outGroup = outputs / groups;
  const out = new Float32Array(weight.length);
  for (let co = 0; co < outputs; co++) {
    const group = Math.floor(co / outGroup);
    const unit = 2 ** shift / scale[co];
    for (let i = 0; i < inGroup; i++) {
      for (let tap = 0; tap < taps; tap++) {
        out[(co * inGroup + i) * taps + tap] = weight[(tap * inGroup * groups + group * inGroup + i) * outGroup + (co % outGroup)] * unit;
      }
    }
  }
  return out;
}
