/**
 * A network that was fed wrongly normalised images answers no better than chance, and nothing else tells.
 * So where a float network's accuracy is near chance, a few hundred of the images are shown to it under
 * the common normalisations; if one is much better, a warning names it. Where the network begins with a
 * batch norm, it also says how far its inputs are from what batch norm recorded in training.
 */
import type { Dataset } from '../data/dataset.js';
import { subset } from '../data/subset.js';
import { diagnostic, type Diagnostic } from '../diagnostics.js';
import { createEvaluator } from '../graph/evaluate.js';
import { predict } from '../graph/evaluate-parallel.js';
import { indexNodes, sizeOf, type Graph } from '../graph/graph.js';
import { createKernels } from '../kernels/kernels.js';
import { normalisedImages } from '../program/normalised-images.js';
import type { Normalisation } from '../program/program.js';

/** Names in the field and their numbers: x = (byte / scale - mean) / std. */
const COMMON: readonly { readonly name: string; readonly normalisation: Normalisation }[] = [
  { name: '0 to 1', normalisation: { scale: 255, mean: [0], std: [1] } },
  { name: '-1 to 1', normalisation: { scale: 255, mean: [0.5], std: [0.5] } },
  { name: 'bytes as they are', normalisation: { scale: 1, mean: [0], std: [1] } },
  { name: 'ImageNet', normalisation: { scale: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } },
  { name: 'CIFAR-10', normalisation: { scale: 255, mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] } },
  { name: 'CIFAR-100', normalisation: { scale: 255, mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] } },
  { name: 'MNIST', normalisation: { scale: 255, mean: [0.1307], std: [0.3081] } },
  { name: 'Fashion-MNIST', normalisation: { scale: 255, mean: [0.286], std: [0.353] } },
];

const IMAGES = 200;
/** Of the way from chance to perfect: a network below is not one that works. */
const NEAR_CHANCE = 0.25;
/** Share of images by which another normalisation must be better. */
const MUCH = 0.2;
/** Share of images within which two normalisations count as equally good. */
const TIED = 0.02;

export interface FedNetwork {
  readonly graph: Graph;
  readonly normalisation: Normalisation;
  readonly dataset: Dataset;
  readonly workers: number;
}

/** A warning, or null where all is well or no normalisation is much better. `accuracy` is the float network's, as a fraction of 1. */
export async function checkNormalisation({ graph, normalisation, dataset, workers }: FedNetwork, accuracy: number): Promise<Diagnostic | null> {
  const classes = sizeOf(indexNodes(graph).get(graph.outputs[0])?.shape ?? []);
  if (dataset.images instanceof Float32Array || classes < 2 || accuracy > 1 / classes + NEAR_CHANCE * (1 - 1 / classes)) return null;
  const part = subset(dataset, { limit: IMAGES });
  const right = async (as: Normalisation): Promise<number> => {
    const answers = await predict(graph, normalisedImages(as, part), part.count, { workers });
    return answers.filter((answer, i) => answer === part.labels[i]).length / part.count;
  };
  const own = await right(normalisation);
  const candidates = COMMON.filter((c) => c.normalisation.mean.length === 1 || c.normalisation.mean.length === dataset.shape[0]);
  const tried: { readonly name: string; readonly normalisation: Normalisation; readonly accuracy: number }[] = [];
  for (const candidate of candidates) tried.push({ ...candidate, accuracy: await right(candidate.normalisation) });
  const most = Math.max(...tried.map((t) => t.accuracy));
  const apart = (as: Normalisation): number | null => batchNormDistance(graph, normalisedImages(as, part), part.count);
  // of those that are as good as the best, the one that batch norm knows best
  const best = tried.filter((t) => t.accuracy >= most - TIED).map((t) => ({ ...t, apart: apart(t.normalisation) })).reduce((a, b) => ((b.apart ?? 0) < (a.apart ?? 0) ? b : a));
  if (best.accuracy < own + MUCH) return null;
  return diagnostic('run/normalisation', { kind: 'nowhere' }, { images: part.count, accuracy: own, name: best.name, ...best.normalisation, better: best.accuracy, apart: apart(normalisation), then: best.apart });
}

/** Of the first batch norm behind the first filter: mean distance of its inputs' means from the recorded ones, in recorded deviations. Null without one. */
function batchNormDistance(graph: Graph, images: Float32Array, count: number): number | null {
  const nodes = indexNodes(graph);
  const batchNorm = graph.nodes.find((n) => n.kind === 'batch-norm');
  const filter = batchNorm === undefined ? undefined : nodes.get(batchNorm.inputs[0]);
  if (batchNorm?.kind !== 'batch-norm' || filter === undefined || nodes.get(filter.inputs[0])?.kind !== 'input') return null;
  const values = createEvaluator(graph, createKernels()).run(images, count, { keep: [filter.id] }).kept.get(filter.id)!;
  const { mean, variance, epsilon } = batchNorm;
  const pixels = sizeOf(filter.shape) / mean.length;
  const sums = new Float64Array(mean.length);
  for (let i = 0; i < values.length; i++) sums[Math.floor(i / pixels) % mean.length] += values[i];
  return sums.reduce((total, sum, c) => total + Math.abs(sum / (count * pixels) - mean[c]) / Math.sqrt(variance[c] + epsilon), 0) / mean.length;
}
