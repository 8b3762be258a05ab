/**
 * A spiking network in the learning kernels: one stage a population, with the buffers that its spikes and
 * gradients stand in and the filters that lead into it. `fast-bptt.ts` goes through the stages for the gradient of
 * the parameters, `image-gradient.ts` for that of the image.
 */
import type { Kernels } from '../kernels/kernels.js';
import { pixelsOf, reserveNeurons, reserveScratch, type LearningLink, type NeuronBuffers, type PlacedLink } from '../kernels/learning-buffers.js';
import { prepareLearningLayer, type LearningLayer } from '../kernels/learning-layer.js';
import type { HostLayer, Population, Projection, SpikingNetwork } from '../spiking/network.js';
import { isSigned, neuronCount } from '../spiking/network.js';
import { spikePrices, timeFlow, type LearningOptions } from './learning-problem.js';
import { layoutOf, slotOf, type ParameterKind } from './parameters.js';

/** Innovations in more than this share of neuron-steps: dense is faster (measured on the spiking VGG of test/bench/learning-step.bench.mjs: 0.6 to 0.9). */
export const DENSE_ABOVE = 0.75;

/** Which of two equal ways the kernels take; the defaults are the faster ones. */
export interface KernelOptions extends LearningOptions {
  readonly denseAbove?: number;
  readonly tracedBelow?: number;
}

export interface Stage {
  readonly population: Population;
  readonly driven: boolean;
  readonly buffers: NeuronBuffers;
  readonly layer: LearningLayer;
  /** Which parameters the layer's links are. */
  readonly links: readonly { readonly kind: 'weight' | 'host'; readonly index: number }[];
}

export const floatsOf = (b: NeuronBuffers): number => pixelsOf(b.shape) * b.steps * b.width;

/** Whether the image reaches the population as currents of its own. */
export const isEncoder = ({ input }: SpikingNetwork, { id }: Population): boolean => input.code === 'rate' && input.population === id;

/** Positive part, then negative part. */
export function bothSigns(image: Float32Array): Float32Array {
  const out = new Float32Array(2 * image.length);
  image.forEach((x, i) => { out[x > 0 ? i : image.length + i] = Math.abs(x); });
  return out;
}

export function prepareStages(network: SpikingNetwork, options: KernelOptions, kernels: Kernels): Stage[] {
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
    const passesBack = source !== null && network.populations.find((p) => bufferOf.get(p.id) === source)?.neuron.model !== 'relay';
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

/** Takes parameters in the order of `layoutOf`. */
export function loadStages(network: SpikingNetwork, stages: readonly Stage[], parameters: Float32Array): void {
  const layout = layoutOf(network);
  const part = (kind: ParameterKind, index: number): Float32Array => {
    const { offset, length } = slotOf(layout, kind, index);
    return parameters.subarray(offset, offset + length);
  };
  stages.forEach(({ layer, links }, i) => {
    links.forEach(({ kind, index }, k) => layer.loadFilter(k, part(kind, index)));
    layer.loadNeurons({ bias: part('bias', i), threshold: part('threshold', i), leak: part('leak', i)[0] });
  });
}
