/**
 * Back-propagation through time on the kernels, image by image: float32, event-driven, the same numbers
 * as `reference-bptt.ts` up to rounding. The gradient adds up over images until it is cleared, in the
 * order of the images, so equal work gives equal bytes.
 */
import type { Kernels } from '../kernels/kernels.js';
import { pixelsOf, type NeuronBuffers } from '../kernels/learning-buffers.js';
import { setPoissonSpikes } from '../kernels/spiking-input.js';
import type { RandomStream } from '../random.js';
import type { SpikingNetwork } from '../spiking/network.js';
import { bothSigns, floatsOf, isEncoder, loadStages, prepareStages, type KernelOptions } from './learning-stages.js';
import { lossOf, spikePrices, type Lesson } from './learning-problem.js';
import { layoutOf, slotOf, type ParameterKind } from './parameters.js';

export interface LearnedImage {
  readonly loss: number;
  /** The output's v after the last step, over T. */
  readonly scores: Float64Array;
  /** Spikes of each population, over all steps. */
  readonly spikes: readonly number[];
  /** Per population: share of neuron-steps that the backward pass visited; 0 after `evaluate`. */
  readonly support: readonly number[];
}

export interface Learner {
  /** Takes new parameters, in the order of `layoutOf`. */
  readonly load: (parameters: Float32Array) => void;
  /** Forward and backward: adds one image's gradient. */
  readonly learn: (image: Float32Array, lesson: Lesson) => LearnedImage;
  /** Forward only. */
  readonly evaluate: (image: Float32Array, lesson: Lesson) => LearnedImage;
  readonly clear: () => void;
  /** The summed gradient, in the order of `layoutOf`. */
  readonly readGradient: (out: Float32Array) => void;
}

export function createLearner(network: SpikingNetwork, options: KernelOptions, kernels: Kernels): Learner {
  const layout = layoutOf(network);
  const stages = prepareStages(network, options, kernels);
  const { memory } = kernels;
  const prices = spikePrices(network);
  const parameters = new Float32Array(layout.length);
  const part = (kind: ParameterKind, index: number, of: Float32Array): Float32Array => {
    const { offset, length } = slotOf(layout, kind, index);
    return of.subarray(offset, offset + length);
  };
  const output = stages[stages.length - 1];
  // no link writes their gradients
  const idle = stages.filter(({ population }) => !network.projections.some((p) => p.source === population.id));
  const classes = output.population.shape[0];
  const evaluate = (image: Float32Array, lesson: Lesson): LearnedImage & { readonly slope: Float64Array } => {
    const spikes = stages.map(({ population, layer, driven, buffers }) => {
      if (population.neuron.model === 'relay') return drawSpikes(kernels, image, { buffers, full: population.threshold[0], stream: lesson.stream });
      if (driven) layer.setDrive(image, isEncoder(network, population) ? bothSigns(image) : undefined);
      return layer.forward();
    });
    const last = memory.float32(output.buffers.potentials, network.timesteps * output.buffers.width).subarray((network.timesteps - 1) * output.buffers.width);
    const scores = Float64Array.from(last.subarray(0, classes), (v) => v / network.timesteps);
    const { loss, slope } = lossOf(scores, lesson, options.loss);
    const penalty = options.ratePenalty * spikes.reduce((sum, n, i) => sum + n * prices[i], 0);
    return { loss: loss + penalty, scores, spikes, slope, support: stages.map(() => 0) };
  };
  const learn = (image: Float32Array, lesson: Lesson): LearnedImage => {
    const { slope, ...result } = evaluate(image, lesson);
    for (const { buffers } of idle) memory.float32(buffers.gradients, floatsOf(buffers)).fill(0);
    memory.float32(output.buffers.gradients, floatsOf(output.buffers)).set(slope.map((d) => d / network.timesteps), (network.timesteps - 1) * output.buffers.width);
    const support = [...stages].reverse().map(({ layer, population }) => (population.neuron.model === 'relay' ? 0 : layer.backward(image))).reverse();
    return { ...result, support };
  };
  return {
    load: (values) => {
      parameters.set(values);
      loadStages(network, stages, parameters);
    },
    learn, evaluate,
    clear: () => stages.forEach(({ layer }) => layer.clear()),
    readGradient: (out) => stages.forEach(({ layer, links }, i) => {
      links.forEach(({ kind, index }, k) => layer.readFilter(k, part(kind, index, out)));
      const { bias, threshold, leak } = layer.slopes();
      part('bias', i, out).set(bias);
      part('threshold', i, out).set(threshold);
      part('leak', i, out)[0] = stages[i].population.neuron.model === 'lif' ? leak : 0;
    }),
  };
}

/** The spikes of the Poisson code, as the program's input draws them; returns their number. Nothing before them learns, so no gradient goes through the draw. */
function drawSpikes(kernels: Kernels, image: Float32Array, { buffers, full, stream }: { readonly buffers: NeuronBuffers; readonly full: number; readonly stream: RandomStream | undefined }): number {
  if (stream === undefined) throw new RangeError('internal: the Poisson code needs a stream');
  setPoissonSpikes(kernels, image, buffers, { full, stream });
  return kernels.call['spiking_count'](buffers.spikes, pixelsOf(buffers.shape) * buffers.steps * buffers.words);
}
