/** The spikes of one sample as lists, for the raster plot: decoded from the masks of all populations. */
import type { KernelMemory } from '../kernels/kernels.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import type { Raster } from './trace.js';

/** Ordered by population, then step, then neuron (C, H, W order). */
export function readRaster(memory: KernelMemory, buffers: readonly SpikeBuffers[], sample: number): Raster {
  const population: number[] = [];
  const neuron: number[] = [];
  const step: number[] = [];
  const sign: number[] = [];
  buffers.forEach(({ shape, steps, signs, words, spikes }, index) => {
    const plane = shape[1] * shape[2];
    const masks = memory.uint8(spikes, plane * steps * signs * words * 8);
    const fired = (place: number, channel: number): boolean => ((masks[place * words * 8 + (channel >> 3)] >> (channel & 7)) & 1) === 1;
    for (let t = 0; t < steps; t++) {
      for (let channel = 0; channel < shape[0]; channel++) {
        for (let pixel = 0; pixel < plane; pixel++) {
          const place = (pixel * steps + t) * signs;
          const taken = signs === 2 && fired(place + 1, channel);
          if (!taken && !fired(place, channel)) continue;
          population.push(index);
          neuron.push(channel * plane + pixel);
          step.push(t);
          sign.push(taken ? -1 : 1);
        }
      }
    }
  });
  return { sample, population: Uint16Array.from(population), neuron: Uint32Array.from(neuron), step: Uint16Array.from(step), sign: Int8Array.from(sign) };
}
