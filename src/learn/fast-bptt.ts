/**
 * Back-propagation through time on the kernels, image by image: float32, event-driven, the same numbers
 * as `reference-bptt.ts` up to rounding. The gradient adds up over images until it is cleared, in the
 * order of the images, so equal work gives equal bytes.
 */
import type { Kernels } from '../kernels/kernels.js';
import { pixelsOf, reserveNeurons, reserveScratch, type LearningLink, type NeuronBuffers, type PlacedLink } from '../kernels/learning-buffers.js';
import { prepareLearningLayer, type LearningLayer } from '../kernels/learning-layer.js';
import { setPoissonSpikes } from '../kernels/spiking-input.js';
import type { RandomStream } from '../random.js';
import type { HostLayer, Population, Projection, SpikingNetwork } from '../spiking/network.js';
import { isSigned, neuronCount } from '../spiking/network.js';
import { lossOf, spikePrices, timeFlow, type LearningOptions, type Lesson } from './learning-problem.js';
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

/** Innovations in more than this share of neuron-steps: dense is faster (measured on the spiking VGG of test/bench/learning-step.bench.mjs: 0.6 to 0.9). */
export const DENSE_ABOVE = 0.75;

/** Which of two equal ways the kernels take; the defaults are the faster ones. */
export interface KernelOptions extends LearningOptions {
  readonly denseAbove?: number;
  readonly tracedBelow?: number;
}

interface Stage {
  readonly population: Population;
  readonly driven: boolean;
  readonly buffers: NeuronBuffers;
  readonly layer: LearningLayer;
  /** Which parameters the layer's links are. */
  readonly links: readonly { readonly kind: 'weight' | 'host'; readonly index: number }[];
}

export function createLearner(network: SpikingNetwork, options: KernelOptions, kernels: Kernels): Learner {
  const layout = layoutOf(network);
  const stages = prepareStages(network, options, kernels);
  const { memory } = kernels;
  const prices = spikePrices(network);
  const parameters = new Float32Array(layout.length);
  const part = (kind: ParameterKind, index: number, of: Float32Array = parameters): Float32Array => {
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
      stages.forEach(({ layer, links }, i) => {
        links.forEach(({ kind, index }, k) => layer.loadFilter(k, part(kind, index)));
        layer.loadNeurons({ bias: part('bias', i), threshold: part('threshold', i), leak: part('leak', i)[0] });
      });
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

const floatsOf = (b: NeuronBuffers): number => pixelsOf(b.shape) * b.steps * b.width;

/** Whether the image reaches the population as currents of its own. */
const isEncoder = ({ input }: SpikingNetwork, { id }: Population): boolean => input.code === 'rate' && input.population === id;

/** Positive part, then negative part. */
function bothSigns(image: Float32Array): Float32Array {
  const out = new Float32Array(2 * image.length);
  image.forEach((x, i) => { out[x > 0 ? i : image.length + i] = Math.abs(x); });
  return out;
}

function prepareStages(network: SpikingNetwork, options: KernelOptions, kernels: Kernels): Stage[] {
  const buffers = network.populations.map((p) => reserveNeurons(kernels, p.shape, { steps: network.timesteps, signs: isSigned(p) ? 2 : 1 }));
  const linksInto = linksOf(network, buffers);
  const placed = linksInto.flatMap((links, i) => links.map(({ link }): PlacedLink => ({ link, target: buffers[i] })));
  const scratch = reserveScratch(kernels, buffers, placed, 2 * neuronCount(network.imageShape));
  const prices = spikePrices(network);
  return network.populations.map((population, i): Stage => {
    const driven = isEncoder(network, population) || linksInto[i].some(({ kind }) => kind === 'host');
    return {
      population, driven, buffers: buffers[i], links: linksInto[i].map(({ kind, index }) => ({ kind, index })),
      layer: prepareLearningLayer(kernels, {
        buffers: buffers[i], reset: resetOf(population), surrogate: options.surrogate, flow: timeFlow(options.time, network.timesteps, resetOf(population) === 'none'),
        retract: population.neuron.model === 'signed-if' ? population.neuron.retract : 0,
        initial: population.initial, price: options.ratePenalty * prices[i], driven,
        links: linksInto[i].map((l) => l.link), scratch, denseAbove: options.denseAbove ?? DENSE_ABOVE, tracedBelow: options.tracedBelow ?? 1,
      }),
    };
  });
}

interface IndexedLink {
  readonly kind: 'weight' | 'host';
  readonly index: number;
  readonly link: LearningLink;
}

/** Per population: the filters into it. The backward pass goes through populations from the last, and through the links of one in their order. */
function linksOf(network: SpikingNetwork, buffers: readonly NeuronBuffers[]): IndexedLink[][] {
  const bufferOf = new Map(network.populations.map((p, i) => [p.id, buffers[i]]));
  const reached = new Set<NeuronBuffers>();
  const link = (filter: Projection | HostLayer, source: NeuronBuffers | null): LearningLink => {
    const fresh = source !== null && !reached.has(source);
    if (source !== null) reached.add(source);
    const passesBack = network.populations.find((p) => source !== null && bufferOf.get(p.id) === source)?.neuron.model !== 'relay';
    return { source, fresh, passesBack, imageShape: network.imageShape, window: filter.window, pool: filter.pool, groups: filter.groups };
  };
  return [...network.populations].reverse().map((p): IndexedLink[] => [
    ...network.projections.flatMap((q, index) => (q.target === p.id ? [{ kind: 'weight' as const, index, link: link(q, bufferOf.get(q.source)!) }] : [])),
    ...(network.input.code === 'bias' ? network.input.layers : []).flatMap((h, index) => (h.target === p.id ? [{ kind: 'host' as const, index, link: link(h, null) }] : [])),
  ]).reverse();
}

function resetOf({ neuron }: Population): 'none' | 'soft' | 'hard' | 'signed' {
  switch (neuron.model) {
    case 'integrator': case 'relay': return 'none';
    case 'cuba': throw new RangeError('internal: learning knows no neurons with a current that lasts');
    case 'signed-if': return 'signed';
    case 'if': case 'lif': return neuron.reset === 'hard' ? 'hard' : 'soft';
  }
}
