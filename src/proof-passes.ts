/**
 * The pass that proves a conversion, when asked (`compile --proof`): evaluates the import, the graph after
 * each pass of the lowering, the spiking network in floats and the integers on the same images, and
 * compares them layer by layer. See report/proof.ts for what the errors are shares of.
 */
import type { CoreNode, Graph, NodeId } from './graph/graph.js';
import type { Kernels } from './kernels/kernels.js';
import { layerErrors, referenceOf } from './lower/check-pass.js';
import type { IntegerNetwork } from './quantise/integer-network.js';
import { layerError, type LayerProof, type PassProof, type Proof } from './report/proof.js';
import { decodedRates } from './simulate/decoded-rates.js';
import { fire, uncorrected, type Correction } from './spiking/float-dynamics.js';
import { fires, type Population, type SpikingNetwork } from './spiking/network.js';
import { rectifiedValues, runInTime } from './spiking/run-in-time.js';
import type { SampleSet } from './synthesise/procedural-images.js';

export interface ProofSource {
  readonly imported: Graph;
  /** What left each pass of the lowering, in order. */
  readonly lowered: readonly { readonly pass: string; readonly graph: Graph }[];
  readonly core: Graph<CoreNode>;
  readonly converted: SpikingNetwork;
  readonly corrections: ReadonlyMap<NodeId, Correction> | undefined;
  /** Whether learning changed the weights behind the conversion. */
  readonly learned: boolean;
  readonly integers: IntegerNetwork;
  readonly samples: SampleSet;
}

/** Images of a proof. */
const MOST_IMAGES = 8;

/** Compares every representation with the one it came from on up to eight of the sample images. */
export function prove(source: ProofSource, kernels: Kernels, seed: number): Proof {
  const { core, converted, integers, samples } = source;
  const count = Math.min(MOST_IMAGES, samples.count);
  const images = samples.images.subarray(0, (samples.images.length / samples.count) * count);
  const { passes, worst } = provePasses(source, { images, count }, kernels);
  const ann = rectifiedValues(core, images, count);
  const floats = source.learned ? null : floatRates(source, { images, count });
  const found = decodedRates(integers, { images, count }, { kernels, seed });
  const layers = converted.populations.flatMap((population): LayerProof[] => {
    const id = population.id as string as NodeId;
    const wanted = ann.values.get(id);
    const lowered = worst.get(id) ?? null;
    if (population.id === converted.output) return [{ layer: id, lowered, converted: null, integers: scoreError(found.scores, ann.scores, count) }];
    const rates = found.rates.get(id);
    if (wanted === undefined || rates === undefined) return []; // the image's own population
    const against = (values: Float32Array): ReturnType<typeof layerError> => layerError(values, wanted, population.threshold, count);
    const float = floats?.get(id);
    return [{ layer: id, lowered, converted: float === undefined ? null : against(float), integers: against(activations(rates, population, count)) }];
  });
  return { images: count, recipe: samples.recipe, timesteps: converted.timesteps, passes, layers };
}

interface Images { readonly images: Float32Array; readonly count: number }

function provePasses({ imported, lowered }: ProofSource, given: Images, kernels: Kernels): { readonly passes: readonly PassProof[]; readonly worst: ReadonlyMap<NodeId, number> } {
  const reference = referenceOf(imported, kernels, { seed: 0, ...given });
  const worst = new Map<NodeId, number>();
  const passes = lowered.map(({ pass, graph }): PassProof => {
    const errors = [...layerErrors(reference, graph, kernels)];
    for (const [node, error] of errors) worst.set(node, Math.max(error, worst.get(node) ?? 0));
    const most = errors.reduce<readonly [NodeId, number] | null>((a, b) => (a === null || b[1] > a[1] ? b : a), null);
    return { pass, compared: errors.length, worst: most === null ? null : { layer: most[0], error: most[1] } };
  });
  return { passes, worst };
}

/** The activation that each neuron's spikes stand for, when the network runs in floats. */
function floatRates({ core, converted, corrections }: ProofSource, { images, count }: Images): ReadonlyMap<NodeId, Float32Array> {
  const { timesteps } = converted;
  const populations = new Map(converted.populations.map((p) => [p.id as string, p]));
  const rates = new Map<NodeId, Float32Array>();
  runInTime(core, {
    images, count, timesteps,
    fire: (node, currents) => {
      const population = populations.get(node);
      if (population === undefined || !fires(population.neuron)) throw new Error(`internal: ${node} is no population`);
      const { threshold, neuron } = population;
      const correction = corrections?.get(node) ?? uncorrected(threshold.length, population.initial);
      const out = new Float32Array(currents.length);
      const spikes = fire(currents, { neuron, threshold, correction, timesteps, count }, out);
      rates.set(node, activations(spikes.map((n) => n / timesteps), population, count));
      return out;
    },
  });
  return rates;
}

/** Rates [count, C, H, W] times the threshold of each channel. */
function activations(rates: Float32Array, { threshold }: Population, count: number): Float32Array {
  const pixels = rates.length / count / threshold.length;
  return rates.map((rate, i) => rate * threshold[Math.floor(i / pixels) % threshold.length]);
}

/** Scores have no threshold: their errors are shares of the largest score. */
function scoreError(found: Float32Array, wanted: Float32Array, count: number): ReturnType<typeof layerError> {
  const scale = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return layerError(found.map((v, i) => (v - wanted[i]) / (scale === 0 ? 1 : scale)), new Float32Array(wanted.length), Float32Array.of(1), count);
}
