/**
 * Images that excite every layer as the training data did: DeepInversion (Yin et al., "Dreaming to
 * distill", CVPR 2020). Batch norm leaves in the file what mean and deviation each of its channels has over
 * the training data; the mean and deviation over a batch of made images are pulled towards them. Both are
 * measured in deviations of the channel, so that channels and layers weigh the same.
 */
import type { ChannelStatistics, CoreNode, Graph, NodeId } from '../graph/graph.js';

/** The statistics of every layer that kept them. */
export function knownStatistics(graph: Graph<CoreNode>): ReadonlyMap<NodeId, ChannelStatistics> {
  return new Map(graph.nodes.flatMap((n) => ((n.kind === 'conv' || n.kind === 'dense') && n.statistics !== undefined ? [[n.id, n.statistics] as const] : [])));
}

/** A channel that hardly moves would drown the others: its deviation counts as this part of its layer's. */
const LEAST_DEVIATION = 0.1;

/**
 * Adds weight x the gradient of mean over channels of ((m - mean) / deviation)^2 + (s / deviation - 1)^2, with
 * m and s the mean and deviation of `value`, [count, channels, places], over the batch.
 * Returns that mean: 0 for a perfect match.
 */
export function addStatisticsGradient(value: Float32Array, gradient: Float32Array, known: ChannelStatistics, options: { readonly count: number; readonly weight: number }): number {
  const channels = known.mean.length;
  const plane = value.length / (options.count * channels);
  const total = options.count * plane;
  const typical = Math.sqrt(known.deviation.reduce((sum, d) => sum + d * d, 0) / channels);
  let loss = 0;
  for (let c = 0; c < channels; c++) {
    const centre = known.mean[c];
    const deviation = Math.max(known.deviation[c], LEAST_DEVIATION * typical, Number.MIN_VALUE);
    let sum = 0;
    let squares = 0;
    for (let n = 0; n < options.count; n++) {
      const first = (n * channels + c) * plane;
      for (let i = first; i < first + plane; i++) {
        const d = value[i] - centre;
        sum += d;
        squares += d * d;
      }
    }
    const shift = sum / total;
    const spread = Math.sqrt(Math.max(squares / total - shift * shift, 1e-12 * deviation * deviation));
    const apart = shift / deviation;
    const wider = spread / deviation - 1;
    loss += apart * apart + wider * wider;
    const scale = (2 * options.weight) / (channels * total * deviation);
    const factor = (scale * wider) / spread;
    const offset = scale * apart - factor * (centre + shift);
    for (let n = 0; n < options.count; n++) {
      const first = (n * channels + c) * plane;
      for (let i = first; i < first + plane; i++) gradient[i] += factor * value[i] + offset;
    }
  }
  return loss / channels;
}
