/**
 * Filters of quantised models. In such a file the weights of an output channel are whole numbers times one step, and
 * what the lowering does to them (a batch norm folded in, a sign turned, a pool in front) mostly leaves them so. The
 * steps are found again here, filter by filter, and go with the projections as `WholeWeights`: quantisation stores the
 * whole numbers as they are where the target can hold them. It needs one threshold for all channels of a source,
 * since a weight is stored times the threshold of its source; thresholds of the target carry the steps.
 */
import type { CoreNode, Graph, NodeId } from '../graph/graph.js';
import type { Target } from '../target/schema.js';
import type { SpikeKind } from './choices.js';
import { findInflows, type Inflow, type LinearPath } from './linear-paths.js';
import type { Lost, Reset, WholeWeights } from './network.js';

/** By the conv or dense node of the core graph. */
export type WholeFilters = ReadonlyMap<NodeId, WholeWeights>;

/** The largest whole number that signed weights of eight bits hold either way. */
const MOST = 127;
/** The largest that eight bits and a zero point give. */
const MOST_IN_FILE = 255;
/** What float32 makes of a whole number times a scale is this close to it, in steps. */
const CLOSE = 1e-4;

/** Operators that turn whole weights into real ones. */
const QUANTISED = ['DequantizeLinear', 'QLinearConv', 'QLinearMatMul'];
/** Whether a file's operators say that it may hold whole weights. */
export const mayHoldWholeWeights = (operators: Readonly<Record<string, number>>): boolean => QUANTISED.some((op) => (operators[op] ?? 0) > 0);

interface Steps {
  readonly steps: Float64Array;
  /** The largest whole number. */
  readonly most: number;
}

/**
 * The step of each output channel: the same for all where one serves all within 127, else the coarsest of each. Undefined
 * where a channel has none. A channel of zeros takes that of another one.
 */
export function wholeSteps(weight: Float32Array, outputs: number): Steps | undefined {
  const perOutput = weight.length / outputs;
  const largest = Float64Array.from({ length: outputs }, (_, c) => weight.subarray(c * perOutput, (c + 1) * perOutput).reduce((m, w) => Math.max(m, Math.abs(w)), 0));
  const counts = Float64Array.from(largest, (l, c) => (l === 0 ? 0 : wholesIn(weight.subarray(c * perOutput, (c + 1) * perOutput), l)));
  if (counts.some(Number.isNaN) || largest.every((l) => l === 0)) return undefined;
  const finest = largest.reduce((least, l, c) => (l === 0 ? least : Math.min(least, l / counts[c])), Infinity);
  const inFinest = largest.map((l) => l / finest);
  if (inFinest.every((n, c) => n <= MOST + 0.5 && isWhole(n / Math.max(1, counts[c])))) return { steps: new Float64Array(outputs).fill(finest), most: Math.round(Math.max(...inFinest)) };
  return { steps: largest.map((l, c) => (l === 0 ? finest : l / counts[c])), most: Math.max(...counts) };
}

/** The least n for which every weight is a whole multiple of largest / n; NaN where none up to 255 is. */
function wholesIn(weight: Float32Array, largest: number): number {
  for (let n = 1; n <= MOST_IN_FILE; n++) if (weight.every((w) => isWhole((w * n) / largest))) return n;
  return NaN;
}

const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < CLOSE;

/** Steps are the same but for the last bits of their factors. */
export const alike = (steps: Float64Array): boolean => steps.every((step) => Math.abs(step - steps[0]) <= ALIKE * steps[0]);
const ALIKE = 1e-5;

/** How many different steps there are. */
function differentSteps(steps: Float64Array): number {
  const sorted = steps.slice().sort();
  return sorted.filter((step, i) => i === 0 || step - sorted[i - 1] > ALIKE * step).length;
}

/** Zeros and one magnitude, as a selection, a copy or a sum has: there is nothing that rounding could lose. */
function isPlain(weight: Float32Array): boolean {
  const largest = weight.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
  return weight.every((w) => w === 0 || Math.abs(w) === largest);
}

/** What the whole weights are to be stored in. */
export interface Storage {
  readonly target: Target;
  readonly reset: Reset;
  readonly spikes: SpikeKind;
  /** The host computes what the image goes through, in floating point. */
  readonly hosted: boolean;
}

/** The plain sum of a projection's weights is kept in 16 bits. */
const LARGEST_SUM = 32767;

/** The filters of a quantised model's `core`; `imported` tells why one has no whole numbers any more. */
export function findWholeFilters(core: Graph<CoreNode>, imported: Graph, storage: Storage): WholeFilters {
  const image = core.nodes.find((n) => n.kind === 'input')?.id;
  return new Map(findInflows(core).flatMap((inflow) => {
    const found = inflow.paths.flatMap((path): Found[] => {
      if (path.filter === null || isPlain(path.weight) || (storage.hosted && path.source === image)) return [];
      return [{ filter: path.filter, size: path.weight.length, whole: judged(path, inflow, storage) ?? { lost: whyNone(path.filter, imported) } }];
    });
    const main = found.reduce<Found | undefined>((best, f) => ('steps' in f.whole && (best === undefined || f.size > best.size) ? f : best), undefined);
    return found.map((f): readonly [NodeId, WholeWeights] => [f.filter, 'steps' in f.whole && f !== main ? { lost: { why: 'beside' } } : f.whole]);
  }));
}

interface Found { readonly filter: NodeId; readonly size: number; readonly whole: WholeWeights }

/** The steps of a filter, or what the target lacks to store its whole numbers; undefined where it has none. */
function judged({ weight, pool }: LinearPath, { shape: [outputs], isOutput }: Inflow, { target, reset, spikes }: Storage): WholeWeights | undefined {
  const found = wholeSteps(weight, outputs);
  if (found === undefined) return undefined;
  const { numbers, core } = target;
  const { steps, most } = found;
  if (most > numbers.weightMax) return { lost: { why: 'weight-width', count: most, allowed: numbers.weightMax } };
  const sum = largestSum(weight, steps, spikes === 'signed') * pool[0] * pool[1];
  if (sum > LARGEST_SUM) return { lost: { why: 'sums', count: sum, allowed: LARGEST_SUM } };
  const different = differentSteps(steps);
  if (isOutput) return different > 1 ? { lost: { why: 'output' } } : { steps };
  if (different > 1 && reset === 'soft-two-compartment') return { lost: { why: 'two-compartments' } };
  if (core.thresholdProfiles !== null && different > core.thresholdProfiles) return { lost: { why: 'profiles', count: different, allowed: core.thresholdProfiles } };
  return { steps };
}

/** The largest sum of whole numbers of one sign into a channel; of both where spikes have either. */
function largestSum(weight: Float32Array, steps: Float64Array, signed: boolean): number {
  const perOutput = weight.length / steps.length;
  let most = 0;
  steps.forEach((step, c) => {
    const [positive, negative] = [1, -1].map((sign) => weight.subarray(c * perOutput, (c + 1) * perOutput).reduce((sum, w) => sum + Math.max(0, Math.round((sign * w) / step)), 0));
    most = Math.max(most, signed ? positive + negative : Math.max(positive, negative));
  });
  return most;
}

/** The file has no whole numbers for this filter, or the lowering joined them with something. */
function whyNone(filter: NodeId, imported: Graph): Lost {
  const node = imported.nodes.find((n) => n.id === filter);
  const real = (node?.kind === 'conv' || node?.kind === 'dense') && wholeSteps(node.weight, node.bias.length) === undefined;
  return { why: real ? 'not-whole' : 'joined' };
}

/** The populations whose channels need one threshold: those in front of filters of whole numbers, and those behind them where the target has few thresholds. */
export function sharedThresholds(core: Graph<CoreNode>, whole: WholeFilters, { target: { core: { thresholdProfiles } }, reset }: Storage): ReadonlySet<NodeId> {
  const few = thresholdProfiles !== null || reset === 'soft-two-compartment';
  return new Set(findInflows(core).flatMap(({ target, paths }) => paths.flatMap(({ filter, source }) => {
    const found = filter === null ? undefined : whole.get(filter);
    return found !== undefined && 'steps' in found ? (few ? [target, source] : [source]) : [];
  })));
}

/** Below it float32 loses digits of a step. */
const LEAST_STEP = 1e-30;

interface Behind {
  /** Of each channel of the source. */
  readonly threshold: Float32Array;
  readonly groups: number;
  /** Of each output channel: what the weights were multiplied with beside the threshold. */
  readonly factor: (channel: number) => number;
}

/** A filter's whole weights as those of its projection, whose weights carry the thresholds of the source. */
export function inProjection(whole: WholeWeights, { threshold, groups, factor }: Behind): WholeWeights {
  if ('lost' in whole) return whole;
  const inGroup = threshold.length / groups;
  const outGroup = whole.steps.length / groups;
  const first = (channel: number): number => threshold[Math.floor(channel / inGroup) * inGroup];
  if (threshold.some((t, c) => t !== first(c))) return { lost: { why: 'source-thresholds' } };
  const steps = whole.steps.map((step, c) => step * threshold[Math.floor(c / outGroup) * inGroup] * Math.abs(factor(c)));
  return steps.every((step) => step >= LEAST_STEP) ? { steps } : { lost: { why: 'registers' } };
}

/** One line a filter: its steps, or why it has lost its whole numbers. */
export function wholeText(filters: WholeFilters): string {
  return [...filters].map(([id, whole]) => {
    if ('lost' in whole) return `${id}  whole numbers lost: ${whole.lost.why}`;
    const [low, high] = [Math.min(...whole.steps), Math.max(...whole.steps)];
    return `${id}  whole numbers in steps of ${low.toPrecision(4)}${alike(whole.steps) ? '' : `..${high.toPrecision(4)}, one a channel`}`;
  }).join('\n');
}
