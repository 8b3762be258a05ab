/**
 * Thins a raster for print: where one layer has too many spikes, only every n-th of its neurons is
 * kept, with all its spikes, so that the rhythm of each neuron shown is the true one.
 */
import type { Raster } from '../simulate/trace.js';

export interface ThinRaster {
  readonly sample: number;
  /** Per layer: only every n-th neuron is kept. */
  readonly every: readonly number[];
  readonly layer: readonly number[];
  readonly neuron: readonly number[];
  readonly step: readonly number[];
  /** 1 or -1; left out where no spike is -1. */
  readonly sign?: readonly number[];
}

/** Keeps at most `budget` spikes in all, shared equally between the layers that spike. */
export function thinRaster(raster: Raster, layers: number, budget: number): ThinRaster {
  const neurons = Array.from({ length: layers }, (): number[] => []);
  raster.population.forEach((layer, i) => neurons[layer]?.push(raster.neuron[i]));
  const perLayer = Math.max(1, Math.floor(budget / Math.max(1, neurons.filter((n) => n.length > 0).length)));
  const every = neurons.map((spiking) => strideFor(spiking, perLayer));
  const kept: { layer: number[]; neuron: number[]; step: number[] } = { layer: [], neuron: [], step: [] };
  const sign: number[] = [];
  raster.population.forEach((layer, i) => {
    if (raster.neuron[i] % (every[layer] ?? 1) !== 0) return;
    kept.layer.push(layer);
    kept.neuron.push(raster.neuron[i]);
    kept.step.push(raster.step[i]);
    sign.push(raster.sign[i]);
  });
  return { sample: raster.sample, every, ...kept, ...(sign.includes(-1) ? { sign } : {}) };
}

/** The smallest of 1, 3, 5, 9, 17, ... that leaves few enough: odd, so that the neurons kept do not all lie in one row or column of a map. */
function strideFor(neurons: readonly number[], most: number): number {
  let stride = 1;
  while (stride < 2 ** 30 && neurons.reduce((left, neuron) => left + (neuron % stride === 0 ? 1 : 0), 0) > most) stride = stride === 1 ? 3 : 2 * stride - 1;
  return stride;
}
