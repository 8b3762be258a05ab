/**
 * Turns a layer with weights into a step that adds the gradient of a loss with respect to its weights and
 * biases, from the layer's input and the gradient of its output. Both are matrix products over the output
 * places of the samples: of a convolution, row o and column (channel, ky, kx) of the result is the sum over
 * places of the output's gradient times the pixel that the tap sees there, so the offset tables of the
 * forward product trade places and no picture is unrolled.
 */
import type { Conv, Dense, Shape } from './graph.js';
import { copyStrided } from '../kernels/image.js';
import type { Kernels } from '../kernels/kernels.js';
import { multiply, writeOffsets } from '../kernels/sgemm.js';

/** Buffers of one step, as byte offsets into the kernels' memory. */
export interface WeightCall {
  /** What the layer read on the way forward. */
  readonly input: number;
  /** Gradient with respect to what it gave. */
  readonly outputGradient: number;
  /** Sums over samples, added to: in the layout of the weight, and one a channel. */
  readonly weightGradient: number;
  readonly biasGradient: number;
  /** Samples. */
  readonly count: number;
  /** `scratchPerSample * count` floats of the step's own. */
  readonly scratch: number;
  /** Scratch of the matrix product. */
  readonly productScratch: number;
}

export interface WeightStep {
  readonly run: (call: WeightCall) => void;
  /** Floats. */
  readonly scratchPerSample: number;
}

/** Terms of a product that are worth a call; small maps of several samples go together. */
const DEPTH = 256;

/** The step of one layer that reads `inputShape`. Its tables stay in the kernels' memory; the weights themselves are not read. */
export function prepareWeightGradient(node: Conv | Dense, inputShape: Shape, kernels: Kernels): WeightStep {
  return node.kind === 'dense' ? denseStep(node, kernels) : convStep(node, inputShape, kernels);
}

function denseStep({ weight, bias }: Dense, kernels: Kernels): WeightStep {
  const rows = bias.length;
  const columns = weight.length / rows;
  const rightRows = writeOffsets(kernels, DEPTH, (n) => n * columns);
  const rightColumns = writeOffsets(kernels, columns, (i) => i);
  const left = kernels.memory.reserve(kernels.call['packed_left_length'](rows, DEPTH) * 4);
  return {
    scratchPerSample: 0,
    run: (c) => {
      addBiases(kernels, c, { channels: rows, places: 1 });
      for (let first = 0; first < c.count; first += DEPTH) {
        const depth = Math.min(DEPTH, c.count - first);
        kernels.call['pack_left'](rows, depth, c.outputGradient + first * rows * 4, 1, 0, rows, left);
        multiply(kernels, {
          rows, columns, depth, left, bias: 0, right: c.input + first * columns * 4, rightRows, rightColumns, group: columns, rightGroupStride: 0,
          result: c.weightGradient, resultRowStride: columns, resultGroupStride: 0, accumulate: true, scratch: c.productScratch,
        });
      }
    },
  };
}

function convStep(node: Conv, [inChannels, height, width]: Shape, kernels: Kernels): WeightStep {
  const { groups, window: { kernel, stride, dilation, pads: [top, left, bottom, right] } } = node;
  const [outChannels, outHeight, outWidth] = node.shape;
  const places = outHeight * outWidth;
  const [paddedHeight, paddedWidth] = [height + top + bottom, width + left + right];
  const plane = paddedHeight * paddedWidth;
  const taps = kernel[0] * kernel[1];
  const [rows, columns] = [outChannels / groups, (inChannels / groups) * taps];
  const together = Math.max(1, Math.floor(DEPTH / places));
  const rightRows = writeOffsets(kernels, together * places, (k) => {
    const place = k % places;
    return Math.floor(k / places) * inChannels * plane + Math.floor(place / outWidth) * stride[0] * paddedWidth + (place % outWidth) * stride[1];
  });
  const rightColumns = writeOffsets(kernels, columns, (k) => Math.floor(k / taps) * plane
    + Math.floor((k % taps) / kernel[1]) * dilation[0] * paddedWidth + (k % kernel[1]) * dilation[1]);
  // a single sample's places are neighbours, which packs faster than a table
  const leftColumns = together === 1 ? 0 : writeOffsets(kernels, together * places, (k) => Math.floor(k / places) * outChannels * places + (k % places));
  const packed = kernels.memory.reserve(kernels.call['packed_left_length'](rows, together * places) * 4);
  const padded = plane > height * width;
  const run: WeightStep['run'] = (c) => {
    addBiases(kernels, c, { channels: outChannels, places });
    if (padded) {
      kernels.call['fill'](c.count * inChannels * plane, c.scratch, 0);
      copyStrided(kernels, c.input, c.scratch + (top * paddedWidth + left) * 4, {
        extents: [c.count * inChannels, height, width], outStrides: [plane, paddedWidth, 1], inStrides: [height * width, width, 1],
      });
    }
    const source = padded ? c.scratch : c.input;
    for (let first = 0; first < c.count; first += together) {
      const depth = Math.min(together, c.count - first) * places;
      for (let g = 0; g < groups; g++) {
        kernels.call['pack_left'](rows, depth, c.outputGradient + (first * outChannels + g * rows) * places * 4, places, leftColumns, 1, packed);
        multiply(kernels, {
          rows, columns, depth, left: packed, bias: 0, right: source + (first * inChannels + g * (inChannels / groups)) * plane * 4, rightRows, rightColumns,
          group: columns, rightGroupStride: 0, result: c.weightGradient + g * rows * columns * 4, resultRowStride: columns, resultGroupStride: 0,
          accumulate: true, scratch: c.productScratch,
        });
      }
    }
  };
  return { run, scratchPerSample: padded ? inChannels * plane : 0 };
}

function addBiases({ memory }: Kernels, { outputGradient, biasGradient, count }: WeightCall, { channels, places }: { readonly channels: number; readonly places: number }): void {
  const gradient = memory.float32(outputGradient, count * channels * places);
  const sums = memory.float32(biasGradient, channels);
  for (let n = 0, at = 0; n < count; n++) for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (const end = at + places; at < end; at++) sum += gradient[at];
    sums[c] += sum;
  }
}
