/**
 * What the latency of one inference is made of, and how many inferences a second follow from it: one
 * after the other, and at best when the layers of the network work on several inferences at once.
 *
 *   alone       1 / latency
 *   overlapped  at most 1 / (busy time of the busiest core in one inference + T barriers)
 *
 * The bound holds because a core cannot work on two inferences in one step and each inference keeps
 * it for T steps. What the other cores add in the steps where the busiest one waits is not known here.
 */
import type { LatencyParts, Trace } from '../simulate/trace.js';

export interface LatencyReport {
  /** Simulated seconds of one inference. */
  readonly seconds: number;
  /** Chip steps of one inference: T and the depth of the network. */
  readonly steps: number;
  readonly parts: LatencyParts;
  /** Steps, over all samples, in which each was the bottleneck. */
  readonly bottleneck: { readonly core: number; readonly link: number; readonly barrier: number };
  /** Inferences a second, one after the other. */
  readonly aloneRate: number;
  /** At most so many a second where inferences overlap. */
  readonly overlappedRate: number;
}

/** Null with functional timing. */
export function latencyReport(trace: Trace): LatencyReport | null {
  const { time, samples, timesteps } = trace;
  if (time === null) return null;
  const busiest = time.coreSeconds.reduce((most, seconds) => Math.max(most, seconds), 0) / samples;
  const barriers = time.parts.barrier / time.stepsPerInference * timesteps;
  const interval = busiest + barriers;
  const rate = (seconds: number): number => (seconds > 0 ? 1 / seconds : 0);
  return {
    seconds: time.secondsPerInference, steps: time.stepsPerInference, parts: time.parts, bottleneck: time.bottleneck,
    aloneRate: rate(time.secondsPerInference), overlappedRate: rate(interval),
  };
}
