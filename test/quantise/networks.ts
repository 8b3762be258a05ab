/** Spiking networks to quantise: random ones out of the lowering's material, and single layers made by hand. */
import { Reporter } from '../../src/diagnostics.js';
import { sizeOf, type CoreNode, type Graph } from '../../src/graph/graph.js';
import { normal, randomStream, substream, uniform } from '../../src/random.js';
import type { IntegerNetwork, IntegerPopulation, IntegerProjection } from '../../src/quantise/integer-network.js';
import { quantise } from '../../src/quantise/quantise.js';
import { plainWindow } from '../../src/spiking/linear-paths.js';
import { populationId, type InputCode, type Projection, type Reset, type SpikingNetwork } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { lowered } from '../lower/check.js';
import { randomNetwork } from '../lower/random-network.js';
import { converted, randomImages, roomyThresholds } from '../spiking/core-graphs.js';

/** A target, and a neuron that it offers: its reset, or the share of the threshold at which a signed one takes spikes back. */
type Chip = readonly [Target, Reset | number];
export const chips: readonly Chip[] = [
  [loadTarget('loihi1'), 'hard'], [loadTarget('loihi1'), 'soft-two-compartment'], [loadTarget('loihi2'), 'soft'], [loadTarget('virtual'), 'soft'],
  [loadTarget('loihi2'), 0], [loadTarget('virtual'), 0.5],
];
export const chipName = ([target, neuron]: Chip): string => `${target.name}, ${typeof neuron === 'number' ? `signed, retract ${neuron}` : neuron}`;
/** The options of conversion that make this neuron. */
export const neuronOptions = (neuron: Reset | number): { readonly reset: Reset; readonly retract?: number } =>
  (typeof neuron === 'number' ? { reset: 'soft', retract: neuron } : { reset: neuron });

const CODES: readonly InputCode['code'][] = ['bias', 'rate', 'poisson'];

/** Options of conversion that a test chooses for itself. */
export interface NeuronOptions { readonly reset: Reset; readonly leak?: number; readonly current?: { readonly leak: number; readonly refractory: number } }

/** A random network; now and then with channels far smaller or larger than the others. */
export function randomSpiking(seed: number, neuron: Reset | number | NeuronOptions, timesteps = 16): SpikingNetwork {
  const graph = uneven(lowered(randomNetwork(seed, 1 + (seed % 3))), seed);
  const images = randomImages(graph, 2, seed);
  return converted(graph, { thresholds: roomyThresholds(graph, images, 2), ...(typeof neuron === 'object' ? neuron : neuronOptions(neuron)), timesteps, code: CODES[seed % 3] });
}

function uneven(graph: Graph<CoreNode>, seed: number): Graph<CoreNode> {
  const stream = substream(randomStream(seed), 'uneven');
  return {
    ...graph,
    nodes: graph.nodes.map((n, k) => {
      if (n.kind !== 'conv' && n.kind !== 'dense') return n;
      const draws = uniform(substream(stream, k), n.shape[0]);
      const perOutput = n.weight.length / n.shape[0];
      const factor = (c: number): number => (draws[c] < 0.1 ? 0.02 : draws[c] > 0.95 ? 4 : 1);
      return { ...n, weight: n.weight.map((w, i) => w * factor(Math.floor(i / perOutput))), bias: n.bias.map((b, c) => b * factor(c)) };
    }),
  };
}

/** Quantises; nothing may be reported. */
export function integers(network: SpikingNetwork, target: Target): IntegerNetwork {
  const report = new Reporter();
  const result = quantise(network, target, report);
  report.finish();
  return result;
}

export interface SingleLayer {
  /** [outputs, inputs] */
  readonly weight: Float32Array;
  readonly outputs: number;
  readonly neuron?: SpikingNetwork['populations'][number]['neuron'];
  readonly timesteps?: number;
  /** [outputs] */
  readonly threshold?: Float32Array;
}

/**
 * A Poisson-coded vector into one dense layer. Pixel k of the image, 1 or -1, makes input k or input
 * n/2 + k spike in every step; 0 makes neither spike. So an image chooses any half of the inputs.
 */
export function singleLayer({ weight, outputs, neuron = { model: 'integrator' }, timesteps = 1, threshold }: SingleLayer): SpikingNetwork {
  const inputs = weight.length / outputs;
  const projection: Projection = {
    id: 'layer', source: populationId('in'), target: populationId('out'), weight, window: plainWindow([1, 1]), groups: 1, pool: [1, 1], delay: 0,
  };
  const base = { initial: 0, bias: new Float32Array(outputs) };
  return {
    imageShape: [inputs / 2, 1, 1], timesteps, output: populationId('out'), input: { code: 'poisson', population: populationId('in') },
    populations: [
      { id: populationId('in'), shape: [inputs, 1, 1], neuron: { model: 'relay' }, threshold: new Float32Array(inputs).fill(1), bias: new Float32Array(inputs), initial: 0, depth: 0 },
      { ...base, id: populationId('out'), shape: [outputs, 1, 1], neuron, threshold: threshold ?? new Float32Array(outputs).fill(1), depth: 1 },
    ],
    projections: [projection],
  };
}

export const gaussian = (count: number, seed: number): Float32Array => Float32Array.from(normal(randomStream(seed), count));

/** Integer weights in the order of the float ones, [Co, Ci / groups, Kh, Kw]. */
export function filterOrder(q: IntegerProjection, target: IntegerPopulation): Int8Array {
  const taps = sizeOf(q.window.kernel);
  const outputs = target.shape[0];
  const inGroup = q.weight.length / (outputs * taps);
  const outGroup = outputs / q.groups;
  return q.weight.map((_, i) => {
    const [tap, k, co] = [i % taps, Math.floor(i / taps) % inGroup, Math.floor(i / (taps * inGroup))];
    const ci = Math.floor(co / outGroup) * inGroup + k;
    return q.weight[(tap * inGroup * q.groups + ci) * outGroup + (co % outGroup)];
  });
}
