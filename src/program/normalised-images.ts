/** Images as the float network takes them: x = (byte / scale - mean) / std per channel, in CHW order. */
import type { Dataset } from '../data/dataset.js';
import type { Normalisation } from './program.js';

/**
 * [count, C, H, W]. A flattened image has its channels one behind the other, as a picture has. Images
 * that are floats already are taken as they are.
 */
export function normalisedImages({ scale, mean, std }: Normalisation, { images, count }: Dataset): Float32Array {
  if (images instanceof Float32Array) return images;
  const size = images.length / count;
  const plane = size / mean.length;
  const out = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) {
    const channel = Math.floor((i % size) / plane);
    out[i] = (images[i] / scale - mean[channel]) / std[channel];
  }
  return out;
}
