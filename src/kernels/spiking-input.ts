/**
 * How an image enters the integer kernels: the host's first layer (a float convolution whose sums are
 * rounded to bias currents) and the Poisson code. Both repeat the plain TypeScript of
 * `quantise/evaluate-integer.ts` bit for bit: 32-bit floats summed in a fixed order, and a
 * counter-based random stream.
 */
import type { RandomStream } from '../random.js';
import type { Kernels } from './kernels.js';
import type { LayerProjection, SpikeBuffers } from './spiking-layer.js';

type MapShape = readonly [channels: number, height: number, width: number];

/** What the kernel needs of a host layer; see `IntegerHostLayer` for the meaning of the fields. */
export interface HostLayerDescription {
  /** [Co, Ci / groups, Kh, Kw] */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly scale: Float64Array;
  readonly window: LayerProjection['window'];
  readonly groups: number;
  readonly pool: readonly [number, number];
  readonly imageShape: MapShape;
  readonly shape: MapShape;
  readonly format: { readonly mantissaMax: number; readonly exponentMax: number };
  /** Offset of the image (float32, C, H, W order) and of the currents to add to (int32 [pixel][stride]). */
  readonly image: number;
  readonly drive: { readonly at: number; readonly stride: number };
}

/** Packs a host layer; the returned function adds its currents for the image that lies at `image`. */
export function prepareHostLayer(kernels: Kernels, layer: HostLayerDescription): () => void {
  const { memory } = kernels;
  const channels = layer.shape[0];
  const inputs = layer.imageShape[0] / layer.groups;
  const taps = layer.window.kernel[0] * layer.window.kernel[1];
  const weights = memory.reserve(taps * inputs * channels * 4);
  const out = memory.float32(weights, taps * inputs * channels);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < taps; tap++) out[(tap * inputs + i) * channels + c] = layer.weight[(c * inputs + i) * taps + tap];
    }
  }
  const bias = memory.reserve(channels * 4);
  memory.float32(bias, channels).set(layer.bias);
  const scale = memory.reserve(channels * 8);
  memory.float64(scale, channels).set(layer.scale);
  const sums = memory.reserve(channels * 4);
  const { kernel, stride, dilation, pads } = layer.window;
  const fields = [
    layer.image, weights, bias, scale, sums, layer.drive.at, layer.drive.stride,
    layer.imageShape[1], layer.imageShape[2], layer.shape[1], layer.shape[2], channels, inputs, layer.groups,
    ...kernel, ...stride, ...dilation, pads[0], pads[1], ...layer.pool, layer.format.mantissaMax, layer.format.exponentMax,
  ];
  const descriptor = memory.reserve(fields.length * 4);
  memory.int32(descriptor, fields.length).set(fields);
  return () => { kernels.call['spiking_host_layer'](descriptor); };
}

/** Sets the spikes of a relay population of [2C, H, W] from an image of [C, H, W]: step t, value k uses number t * n + k of `stream`, n the image's size rounded up to a multiple of 4. */
export function setPoissonSpikes(kernels: Kernels, image: Float32Array, buffers: Pick<SpikeBuffers, 'shape' | 'steps' | 'words' | 'spikes'>, { full, stream }: { readonly full: number; readonly stream: RandomStream }): void {
  const { memory, call } = kernels;
  const mark = memory.mark();
  const pixels = buffers.shape[1] * buffers.shape[2];
  const half = buffers.shape[0] / 2;
  const chanceAt = memory.reserve(image.length * 8);
  const channelAt = memory.reserve(image.length * 4);
  const chance = memory.float64(chanceAt, image.length);
  const channel = memory.int32(channelAt, image.length);
  for (let k = 0; k < image.length; k++) {
    chance[k] = Math.min(1, Math.abs(image[k]) / full) * 4294967296;
    channel[k] = Math.floor(k / pixels) + (image[k] > 0 ? 0 : half);
  }
  memory.uint8(buffers.spikes, pixels * buffers.steps * buffers.words * 8).fill(0);
  const fields = [chanceAt, channelAt, image.length, pixels, buffers.steps, buffers.words, stream.key0, stream.key1, buffers.spikes];
  const description = memory.reserve(fields.length * 4);
  memory.int32(description, fields.length).set(fields);
  call['spiking_poisson'](description);
  memory.release(mark);
}
