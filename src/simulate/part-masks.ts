/**
 * Masks of the sums that the parts of a fan-in send, in the form of a population's spikes: in a vector a spike
 * reaches all neurons, so in a step a part sends the sums of all its neurons or none.
 */
import type { Kernels } from '../kernels/kernels.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import { isPart } from '../map/fan-in-parts.js';
import type { Program } from '../program/program.js';
import type { CountingPlan } from './counting-plan.js';

export interface PartMasks {
  /** By core. Spikes and updates with input are the same. */
  readonly buffers: ReadonlyMap<number, SpikeBuffers>;
  /** Sets them for the sample of these counts of the plan's regions, [region][T]. */
  readonly fill: (counts: Int32Array) => void;
}

export function reservePartMasks({ memory }: Kernels, { network: { populations, timesteps: steps }, cores }: Pick<Program, 'network' | 'cores'>, plan: CountingPlan): PartMasks {
  const buffers = new Map(cores.flatMap(({ slice }, core): [number, SpikeBuffers][] => {
    if (!isPart(slice)) return [];
    const { shape } = populations.find((p) => p.id === slice.population)!;
    const words = Math.ceil(shape[0] / 64);
    const at = memory.reserve(words * 8 * steps);
    return [[core, { shape, steps, signs: 1, words, spikes: at, active: at }]];
  }));
  const fill = (counts: Int32Array): void => {
    for (const [core, { words, spikes }] of buffers) {
      const masks = memory.uint8(spikes, words * 8 * steps).fill(0);
      const [from, to] = cores[core].slice.channels;
      for (let t = 0; t < steps; t++) {
        if (counts[plan.cores[core].spikes * steps + t] === 0) continue;
        for (let c = from; c < to; c++) masks[t * words * 8 + (c >> 3)] |= 1 << (c & 7);
      }
    }
  };
  return { buffers, fill };
}
