/**
 * Filters of quantised models. Their weights are whole numbers times one scale; a target can store these very
 * numbers where all channels of the source share a threshold and all of the target do, since a weight is stored as
 * weight * threshold of its source / threshold of its target, times what the layer has in weight steps per threshold.
 * So such layers get one threshold each, and one that is a whole number of weight steps, which the target holds exactly.
 */
import type { CoreNode, Graph, NodeId } from '../graph/graph.js';
import { findInflows, type Inflow, type LinearPath } from './linear-paths.js';

/** The largest whole number that a filter may hold: that of signed weights of eight bits. */
const MOST = 127;
/** What float32 makes of a whole number times a scale is this close to it, in steps. */
const CLOSE = 1e-4;

/** Operators that turn whole weights into real ones. */
const QUANTISED = ['DequantizeLinear', 'QLinearConv', 'QLinearMatMul'];
/** Whether a file's operators say that it may hold whole weights. */
export const mayHoldWholeWeights = (operators: Readonly<Record<string, number>>): boolean => QUANTISED.some((op) => (operators[op] ?? 0) > 0);

/**
 * The coarsest step of which every weight is a whole multiple, of at most 127 either way; undefined where there is none.
 * Weights of one size (identities, halves of a pair) have nothing to lose in rounding and give none.
 */
export function wholeStep(weight: Float32Array): number | undefined {
  let largest = 0;
  for (const w of weight) largest = Math.max(largest, Math.abs(w));
  if (largest === 0) return undefined;
  for (let most = 1; most <= MOST; most++) {
    if (weight.every((w) => isWhole((w * most) / largest))) return most === 1 ? undefined : largest / most;
  }
  return undefined;
}

const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < CLOSE;

/** The filter with the most weights of those that hold whole ones; what the image drives is not stored. */
function mainPath({ paths }: Inflow, image: NodeId): { readonly path: LinearPath; readonly step: number } | undefined {
  const whole = paths.flatMap((path) => {
    const step = path.source === image ? undefined : wholeStep(path.weight);
    return step === undefined ? [] : [{ path, step }];
  });
  return whole.reduce<(typeof whole)[number] | undefined>((a, b) => (a === undefined || b.path.weight.length > a.path.weight.length ? b : a), undefined);
}

export interface WholeLayer { readonly path: LinearPath; readonly step: number }
/** By layer, the filter that can be stored as it is in the file. */
export type WholeLayers = ReadonlyMap<NodeId, WholeLayer>;

export function findWholeLayers(graph: Graph<CoreNode>): WholeLayers {
  const image = graph.nodes.find((n) => n.kind === 'input')?.id as NodeId;
  return new Map(findInflows(graph).flatMap((inflow) => {
    const found = mainPath(inflow, image);
    return found === undefined ? [] : [[inflow.target, found] as const];
  }));
}

/** The layers that need one threshold for all of their channels. */
export const sharedThresholds = (layers: WholeLayers): ReadonlySet<NodeId> => new Set([...layers].flatMap(([target, { path }]) => [target, path.source]));

/** The threshold nearest to `threshold` that is a whole number of the layer's weight steps, where the source has one threshold; at most `cap` if one is. */
export function wholeThreshold({ path, step }: WholeLayer, { threshold, source, cap }: { readonly threshold: number; readonly source: Float32Array; readonly cap: number }): number {
  if (!isUniform(source)) return threshold;
  const unit = (step * source[0]) / (path.pool[0] * path.pool[1]);
  const steps = Math.max(1, Math.round(threshold / unit));
  return unit * (steps > 1 && unit * steps > cap ? steps - 1 : steps);
}

/** Whether all numbers are the same. */
export const isUniform = (values: Float32Array): boolean => values.every((v) => v === values[0]);
