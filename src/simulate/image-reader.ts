/** Images as the network takes them: x = (byte / scale - mean) / std per channel; floats are taken as they are. */
import type { Normalisation } from '../program/program.js';
import type { MapShape } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';

/** Reads sample i of a data set in C, H, W order. The returned array is overwritten by the next call. */
export function imageReader(images: Uint8Array | Float32Array, shape: MapShape, normalisation: Normalisation): (sample: number) => Float32Array {
  const size = neuronCount(shape);
  const image = new Float32Array(size);
  if (images instanceof Float32Array) return (sample) => { image.set(images.subarray(sample * size, (sample + 1) * size)); return image; };
  const plane = shape[1] * shape[2];
  const { scale, mean, std } = normalisation;
  const tables = Array.from({ length: shape[0] }, (_, c) => {
    const colour = Math.floor((c * mean.length) / shape[0]); // a flattened picture has fewer colours than rows
    return Float32Array.from({ length: 256 }, (_, byte) => (byte / scale - mean[colour]) / std[colour]);
  });
  return (sample) => {
    for (let c = 0; c < shape[0]; c++) {
      const table = tables[c];
      for (let i = c * plane; i < (c + 1) * plane; i++) image[i] = table[images[sample * size + i]];
    }
    return image;
  };
}
