/**
 * The gradient of a loss on the scores with respect to the image, back through time and through the layer by
 * which the image enters: what whoever tries to draw an image out of a spiking network follows. Weights have no
 * gradient here, so it costs less than learning. `reference-bptt.ts` is the plain reference.
 *
 *   bias code     the host's filters, transposed, on the sum over steps of dL/du
 *   rate code     the sum over steps of dL/du of the encoder, with the sign of the pixel
 *   Poisson code  straight through: a spike's slope is that of its probability min(1, |x| / theta), so
 *                 sum over steps of dL/ds times sign(x) / theta, and 0 where the probability is 1
 */
import type { Kernels } from '../kernels/kernels.js';
import { pixelsOf } from '../kernels/learning-buffers.js';
import { setPoissonSpikes } from '../kernels/spiking-input.js';
import type { RandomStream } from '../random.js';
import type { HostLayer, MapShape, SpikingNetwork } from '../spiking/network.js';
import type { Surrogate } from './learning-problem.js';
import { bothSigns, floatsOf, isEncoder, loadStages, prepareStages, type Stage } from './learning-stages.js';
import { readParameters } from './parameters.js';

export interface ScoredImage {
  /** The output's v after the last step, over T. */
  readonly scores: Float64Array;
}

export interface DifferentiatedImage extends ScoredImage {
  /** dL/dx, in the order of the image. */
  readonly gradient: Float32Array;
}

export interface ImageDifferentiator {
  /** Forward only. `stream` draws the spikes of a Poisson code. */
  readonly score: (image: Float32Array, stream: RandomStream) => ScoredImage;
  /** `slopeOf` turns scores into d loss / d score, per class. */
  readonly differentiate: (image: Float32Array, slopeOf: (scores: Float64Array) => ArrayLike<number>, stream: RandomStream) => DifferentiatedImage;
}

/** Packs the network into the kernels' memory. Throws RangeError for neurons whose currents last. */
export function createImageDifferentiator(network: SpikingNetwork, surrogate: Surrogate, kernels: Kernels): ImageDifferentiator {
  const stages = prepareStages(network, { surrogate, loss: { distillation: 0, temperature: 1 }, time: 'exact', ratePenalty: 0 }, kernels);
  loadStages(network, stages, readParameters(network));
  const { memory } = kernels;
  const output = stages[stages.length - 1];
  const idle = stages.filter(({ population }) => !network.projections.some((p) => p.source === population.id));
  const into = stages.map((stage) => entrance(network, stage));
  const score = (image: Float32Array, stream: RandomStream): ScoredImage => {
    for (const { population, layer, driven, buffers } of stages) {
      if (population.neuron.model === 'relay') { setPoissonSpikes(kernels, image, buffers, { full: population.threshold[0], stream }); continue; }
      if (driven) layer.setDrive(image, isEncoder(network, population) ? bothSigns(image) : undefined);
      layer.forward();
    }
    const { potentials, width } = output.buffers;
    const last = memory.float32(potentials, network.timesteps * width).subarray((network.timesteps - 1) * width);
    return { scores: Float64Array.from(last.subarray(0, output.population.shape[0]), (v) => v / network.timesteps) };
  };
  return {
    score,
    differentiate: (image, slopeOf, stream) => {
      const { scores } = score(image, stream);
      for (const { buffers } of idle) memory.float32(buffers.gradients, floatsOf(buffers)).fill(0);
      const slopes = Float32Array.from(slopeOf(scores), (d) => d / network.timesteps);
      memory.float32(output.buffers.gradients, floatsOf(output.buffers)).set(slopes, (network.timesteps - 1) * output.buffers.width);
      const gradient = new Float32Array(image.length);
      for (let i = stages.length - 1; i >= 0; i--) {
        const { population, layer, buffers } = stages[i];
        if (population.neuron.model === 'relay') into[i](memory.float32(buffers.gradients, floatsOf(buffers)), image, gradient);
        else into[i](layer.backwardToCurrents(), image, gradient);
      }
      return { scores, gradient };
    },
  };
}

/** Adds what a population's gradients say about the image; does nothing where the image does not enter. */
type Entrance = (gradients: Float32Array, image: Float32Array, out: Float32Array) => void;

function entrance(network: SpikingNetwork, { population, buffers }: Stage): Entrance {
  const { input, imageShape } = network;
  switch (input.code) {
    case 'bias': {
      const filters = input.layers.filter((l) => l.target === population.id).map((l) => transposedFilter(l, imageShape, { shape: population.shape, width: buffers.width }));
      return (sums, _, out) => filters.forEach((add) => add(sums, out));
    }
    case 'rate': return input.population === population.id ? encoderEntrance(buffers.width, pixelsOf(imageShape)) : () => undefined;
    case 'poisson': return input.population === population.id ? relayEntrance(buffers.width, { steps: network.timesteps, threshold: population.threshold, plane: pixelsOf(imageShape) }) : () => undefined;
  }
}

/** Channels of positive parts come first, then those of negative ones. */
const encoderEntrance = (width: number, plane: number): Entrance => (sums, image, out) => {
  const channels = image.length / plane;
  for (let i = 0; i < image.length; i++) {
    const channel = Math.floor(i / plane);
    const at = (i % plane) * width + channel;
    out[i] += image[i] > 0 ? sums[at] : -sums[at + channels];
  }
};

interface Relay { readonly steps: number; readonly threshold: Float32Array; readonly plane: number }

const relayEntrance = (width: number, { steps, threshold, plane }: Relay): Entrance => (gradients, image, out) => {
  const channels = image.length / plane;
  for (let i = 0; i < image.length; i++) {
    const channel = Math.floor(i / plane) + (image[i] > 0 ? 0 : channels);
    const theta = threshold[channel];
    if (Math.abs(image[i]) >= theta) continue;
    let sum = 0;
    for (let t = 0, at = (i % plane) * steps * width + channel; t < steps; t++, at += width) sum += gradients[at];
    out[i] += (image[i] > 0 ? sum : -sum) / theta;
  }
};

/** Adds to the image what a host layer's filter read of it, weighed with the sums [pixel][width] of its targets. */
function transposedFilter({ weight, window, groups, pool }: HostLayer, [channels, height, columns]: MapShape, { shape, width }: { readonly shape: MapShape; readonly width: number }): (sums: Float32Array, out: Float32Array) => void {
  const { kernel: [kh, kw], stride, dilation, pads } = window;
  const [outputs, rows, across] = shape;
  const [inGroup, outGroup] = [channels / groups, outputs / groups];
  const taps = kh * kw;
  // [tap][channel of the image][output of its group]
  const packed = new Float32Array(weight.length);
  for (let o = 0; o < outputs; o++) for (let i = 0; i < inGroup; i++) for (let tap = 0; tap < taps; tap++) {
    packed[(tap * channels + Math.floor(o / outGroup) * inGroup + i) * outGroup + (o % outGroup)] = weight[(o * inGroup + i) * taps + tap];
  }
  const addAt = (sums: Float32Array, out: Float32Array, { first, tap, top, left }: { readonly first: number; readonly tap: number; readonly top: number; readonly left: number }): void => {
    for (let c = 0; c < channels; c++) {
      const from = first + Math.floor(c / inGroup) * outGroup;
      const row = (tap * channels + c) * outGroup;
      let sum = 0;
      for (let o = 0; o < outGroup; o++) sum += sums[from + o] * packed[row + o];
      for (let r = top; r < top + pool[0]; r++) for (let x = left; x < left + pool[1]; x++) out[(c * height + r) * columns + x] += sum;
    }
  };
  return (sums, out) => {
    for (let y = 0; y < rows; y++) for (let x = 0; x < across; x++) for (let tap = 0; tap < taps; tap++) {
      const top = (y * stride[0] + Math.floor(tap / kw) * dilation[0] - pads[0]) * pool[0];
      const left = (x * stride[1] + (tap % kw) * dilation[1] - pads[1]) * pool[1];
      if (top < 0 || left < 0 || top >= height || left >= columns) continue;
      addAt(sums, out, { first: (y * across + x) * width, tap, top, left });
    }
  };
}
