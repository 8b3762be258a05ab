/**
 * What a file says of the data beside its weights, as a wish of attack E. Batch norm leaves mean and deviation of
 * every channel (DeepInversion: Yin et al., CVPR 2020). Thresholds of a spiking network are statistics too: each was
 * chosen as about the largest activation of its channel, so the largest of a batch of drawn images should be as large.
 */
import type { CoreNode, Graph, NodeId } from '../../graph/graph.js';
import type { SpikingNetwork } from '../../spiking/network.js';
import { addStatisticsGradient, knownStatistics } from '../../synthesise/batch-norm-matching.js';
import type { InnerLoss } from './victim.js';

/** Of all layers together, to the cross-entropy of one image. */
const WEIGHT = 2;

/** What batch norm left in the file, or null where it left nothing. `count`: images of a batch. */
export function batchNormPrior(graph: Graph<CoreNode>, count: number): InnerLoss | null {
  const known = knownStatistics(graph);
  if (known.size === 0) return null;
  return {
    watch: [...known.keys()],
    atNode: (node, value, gradient) => {
      const statistics = known.get(node);
      if (statistics !== undefined) addStatisticsGradient(value, gradient, statistics, { count, weight: (WEIGHT * count) / known.size });
    },
  };
}

/** The thresholds of the populations, at the sums that they compare with; `ann` is `asAnn(network)`. */
export function thresholdPrior(ann: Graph<CoreNode>, { populations }: SpikingNetwork, count: number): InnerLoss {
  const thresholds = new Map<NodeId, Float32Array>();
  for (const p of populations) {
    const rectifier = ann.nodes.find((n) => n.kind === 'relu' && n.id === (p.id as string));
    if (rectifier !== undefined) thresholds.set(rectifier.inputs[0], p.threshold);
  }
  return {
    watch: [...thresholds.keys()],
    atNode: (node, value, gradient) => {
      const threshold = thresholds.get(node);
      if (threshold !== undefined) addThresholdGradient(value, gradient, threshold, { count, weight: (WEIGHT * count) / thresholds.size });
    },
  };
}

/**
 * Adds weight x the gradient of mean over channels of (m / threshold - 1)^2, with m the channel's largest value over
 * the batch; `value` and `gradient` are [count, channels, places]. Returns that mean.
 */
export function addThresholdGradient(value: Float32Array, gradient: Float32Array, threshold: Float32Array, { count, weight }: { readonly count: number; readonly weight: number }): number {
  const channels = threshold.length;
  const plane = value.length / (count * channels);
  let loss = 0;
  for (let c = 0; c < channels; c++) {
    let best = c * plane;
    for (let n = 0; n < count; n++) for (let i = (n * channels + c) * plane, end = i + plane; i < end; i++) if (value[i] > value[best]) best = i;
    const apart = value[best] / threshold[c] - 1;
    loss += apart * apart;
    gradient[best] += (2 * weight * apart) / (threshold[c] * channels);
  }
  return loss / channels;
}
