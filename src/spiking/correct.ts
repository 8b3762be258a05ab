/**
 * Corrects a conversion layer by layer: with the spikes that really arrive, how must a population's
 * current be changed so that threshold * rate comes as near to the ANN's activation as it can? Per
 * channel, a gain is fitted by least squares (what a hard reset throws away is a share of the current),
 * then a bias that takes away the mean difference; per layer, the start of the potential is chosen from
 * a few. Each is kept only where it lowers the square error. (Bias and initial-potential correction: Li
 * et al., "A Free Lunch From ANN", ICML 2021; the gain is its least-squares companion.)
 */
import type { CoreNode, Graph, NodeId } from '../graph/graph.js';
import { fire, uncorrected, type Correction } from './float-dynamics.js';
import type { Neuron } from './network.js';
import { rectifiedValues, runInTime } from './run-in-time.js';

export interface CorrectionRequest {
  /** Normalised, [count, C, H, W]. */
  readonly images: Float32Array;
  readonly count: number;
  readonly timesteps: number;
  readonly neuron: Neuron;
  readonly thresholds: ReadonlyMap<NodeId, Float32Array>;
  /** Start of the potential without correction, as a share of the threshold. */
  readonly initial: number;
}

/** One correction for every rectifier, fitted in the order of the layers. */
export function fitCorrections(graph: Graph<CoreNode>, request: CorrectionRequest): ReadonlyMap<NodeId, Correction> {
  const { images, count, timesteps } = request;
  const { values: wanted } = rectifiedValues(graph, images, count);
  const corrections = new Map<NodeId, Correction>();
  runInTime(graph, {
    images, count, timesteps,
    fire: (node, currents) => {
      const threshold = request.thresholds.get(node)!;
      const correction = fitLayer(currents, wanted.get(node)!, request, threshold);
      corrections.set(node, correction);
      const spikes = new Float32Array(currents.length);
      fire(currents, { ...request, threshold, correction }, spikes);
      return spikes;
    },
  });
  return corrections;
}

const ROUNDS = 4;
/** Starts that are tried beside the usual one. */
const STARTS: readonly number[] = [0.3, 0.7];
/** Share of the gap that a round closes: rates answer a gain in steps. */
const STRIDE = 0.7;
const GAINS = { least: 0.5, most: 2 } as const;

interface Fit { readonly error: number; readonly correction: Correction; readonly sums: Float64Array }

function fitLayer(currents: Float32Array, wanted: Float32Array, request: CorrectionRequest, threshold: Float32Array): Correction {
  const run = (correction: Correction): Fit => ({ correction, ...compare(fire(currents, { ...request, threshold, correction }), wanted, request, threshold) });
  let best = run(uncorrected(threshold.length, request.initial));
  let current = best;
  for (let round = 0; round < ROUNDS; round++) {
    current = run(improved(current.correction, current.sums));
    if (current.error < best.error) best = current;
  }
  for (const initial of STARTS) {
    const other = run({ ...best.correction, initial });
    if (other.error < best.error) best = other;
  }
  return best.correction;
}

/** Per channel: wanted * rate, rate^2, wanted - rate, values. */
const FIELDS = 4;

function improved({ gain, bias, initial }: Correction, sums: Float64Array): Correction {
  return {
    initial,
    gain: gain.map((g, c) => {
      const [product, square] = sums.subarray(c * FIELDS);
      return square > 0 ? Math.min(GAINS.most, Math.max(GAINS.least, g * (1 + STRIDE * (product / square - 1)))) : g;
    }),
    bias: bias.map((b, c) => b + (STRIDE * sums[c * FIELDS + 2]) / sums[c * FIELDS + 3]),
  };
}

/** What a spike in every step cannot carry is not asked for: wanted values end at the threshold. */
function compare(counts: Float32Array, wanted: Float32Array, { count, timesteps }: CorrectionRequest, threshold: Float32Array): Omit<Fit, 'correction'> {
  const pixels = wanted.length / count / threshold.length;
  const sums = new Float64Array(threshold.length * FIELDS);
  let error = 0;
  for (let at = 0; at < wanted.length; at += pixels) {
    const c = (at / pixels) % threshold.length;
    const theta = threshold[c];
    let [product, square, difference] = [0, 0, 0];
    for (let i = at; i < at + pixels; i++) {
      const rate = (counts[i] * theta) / timesteps;
      const value = Math.min(wanted[i], theta);
      product += value * rate;
      square += rate * rate;
      difference += value - rate;
      error += ((value - rate) / theta) ** 2;
    }
    sums[c * FIELDS] += product;
    sums[c * FIELDS + 1] += square;
    sums[c * FIELDS + 2] += difference;
    sums[c * FIELDS + 3] += pixels;
  }
  return { error, sums };
}
