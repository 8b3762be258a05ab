/**
 * The threshold of every channel: the activation that a spike in every step stands for. Too low clips
 * large activations, too high wastes the few levels that T steps offer. Three rules:
 *
 *   statistics   mean + k * deviation of the channel's input as batch norm recorded it
 *   optimal      the threshold with the least mean square error of clip(round(x T / threshold)) threshold / T
 *                on the sampled inputs
 *   percentile   the p-th percentile of the sampled inputs
 */
import type { ChannelStatistics } from '../graph/graph.js';
import type { ActivationSample } from './observe-activations.js';

export type ThresholdRule =
  | { readonly rule: 'statistics'; readonly deviations: number }
  | { readonly rule: 'optimal' }
  | { readonly rule: 'percentile'; readonly percent: number };

export interface ThresholdRequest {
  readonly sample: ActivationSample;
  readonly statistics: ChannelStatistics | undefined;
  /** Largest activation (ReLU6), or Infinity. */
  readonly cap: number;
  readonly timesteps: number;
}

/** Thresholds of one population. A channel is never below `FLOOR` of the layer's median: one weight scale serves the whole layer. */
export function chooseThresholds(rule: ThresholdRule, request: ThresholdRequest): Float32Array {
  const raw = request.sample.map((values, c) => Math.min(request.cap, channelThreshold(rule, request, values, c)));
  const positive = raw.filter((t) => t > 0).sort((a, b) => a - b);
  const median = positive.length === 0 ? magnitude(request.sample) : positive[Math.floor(positive.length / 2)];
  return Float32Array.from(raw, (t) => Math.min(request.cap, Math.max(t, FLOOR * median)));
}

const FLOOR = 0.2;

/** Largest |value|: the size of a layer that never fires. 1 where all is zero. */
function magnitude(sample: ActivationSample): number {
  const most = Math.max(...sample.map((values) => Math.max(Math.abs(values[0]), Math.abs(values[values.length - 1]))));
  return most > 0 ? most : 1;
}

function channelThreshold(rule: ThresholdRule, request: ThresholdRequest, values: Float32Array, channel: number): number {
  switch (rule.rule) {
    case 'statistics':
      return request.statistics === undefined
        ? optimalThreshold(values, request.timesteps)
        : request.statistics.mean[channel] + rule.deviations * request.statistics.deviation[channel];
    case 'optimal': return optimalThreshold(values, request.timesteps);
    case 'percentile': return values[Math.min(values.length - 1, Math.floor((rule.percent / 100) * values.length))];
  }
}

/** The expected size of each output: its largest sampled magnitude. */
export function outputRange(sample: ActivationSample): Float32Array {
  return new Float32Array(sample.length).fill(magnitude(sample));
}

const CANDIDATES = 32;

/** Least-squares threshold over a sorted sample. 0 where nothing is positive. */
function optimalThreshold(values: Float32Array, timesteps: number): number {
  const largest = values[values.length - 1];
  if (!(largest > 0)) return 0;
  let best = largest;
  let least = Infinity;
  for (let k = CANDIDATES; k >= 1; k--) {
    const threshold = (largest * k) / CANDIDATES;
    const error = clippingError(values, threshold, timesteps);
    if (error < least) { least = error; best = threshold; }
  }
  return best;
}

function clippingError(values: Float32Array, threshold: number, timesteps: number): number {
  const step = threshold / timesteps;
  let error = 0;
  for (let i = values.length - 1; i >= 0 && values[i] > 0; i--) {
    const rate = Math.min(timesteps, Math.round(values[i] / step));
    error += (values[i] - rate * step) ** 2;
  }
  return error;
}
