/**
 * The meaning of the layer that the host computes, written to be read: a float convolution of the image
 * whose sums are rounded to the currents that the chip's bias registers hold.
 */
import type { MapShape } from '../spiking/network.js';
import type { BiasFormat, IntegerHostLayer } from './integer-network.js';
import { roundToBias } from './integer-network.js';

export interface HostContext {
  readonly image: Float32Array;
  readonly imageShape: MapShape;
  readonly shape: MapShape;
  readonly format: BiasFormat;
}

/**
 * The host's convolution in 32-bit floats, summed in the order ky, kx, row and column of the pool
 * cell, input channel, so that any build gives the same bits.
 */
export function addHostLayer(drive: Int32Array, layer: IntegerHostLayer, context: HostContext): void {
  const [channels, height, width] = context.shape;
  const [imageChannels, imageHeight, imageWidth] = context.imageShape;
  const inputs = imageChannels / layer.groups;
  const outputs = channels / layer.groups;
  const [kernelY, kernelX] = layer.window.kernel;
  for (let c = 0; c < channels; c++) {
    const firstInput = Math.floor(c / outputs) * inputs;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let ky = 0; ky < kernelY; ky++) {
          for (let kx = 0; kx < kernelX; kx++) {
            for (const row of poolCell(layer, 0, y, ky, imageHeight)) {
              for (const column of poolCell(layer, 1, x, kx, imageWidth)) {
                for (let i = 0; i < inputs; i++) {
                  const weight = layer.weight[((c * inputs + i) * kernelY + ky) * kernelX + kx];
                  const pixel = context.image[((firstInput + i) * imageHeight + row) * imageWidth + column];
                  sum = Math.fround(sum + Math.fround(weight * pixel));
                }
              }
            }
          }
        }
        drive[(c * height + y) * width + x] += roundToBias((sum + layer.bias[c]) * layer.scale[c], context.format);
      }
    }
  }
}

/** Rows (axis 0) or columns (axis 1) of the source that one tap of one output place reads: floor(place / pool) = at * stride + tap * dilation - pad. */
function poolCell(layer: Pick<IntegerHostLayer, 'window' | 'pool'>, axis: 0 | 1, at: number, tap: number, extent: number): number[] {
  const cell = at * layer.window.stride[axis] + tap * layer.window.dilation[axis] - layer.window.pads[axis];
  const places: number[] = [];
  for (let i = 0; i < layer.pool[axis]; i++) {
    const place = cell * layer.pool[axis] + i;
    if (cell >= 0 && place < extent) places.push(place);
  }
  return places;
}
