/**
 * Filters of quantised models. In such a file the weights of an output channel are whole numbers times one step, and
 * what the lowering does to them (a batch norm folded in, a sign turned, a pool in front) mostly leaves them so. The
 * steps are found again here, filter by filter, and go with the projections as `WholeWeights`: quantisation stores the
 * whole numbers as they are where the target can hold them. It needs one threshold for all channels of a source,
 * since a weight is stored times the threshold of its source; thresholds of the target carry the steps.
 */
import type { Conv, CoreNode, Dense, Graph, GraphNode, NodeId } from '../graph/graph.js';
import { findInflows } from './linear-paths.js';
import type { WholeWeights } from './network.js';

/** By filter: the conv or dense node of the core graph. None for filters of one magnitude, which have nothing to keep. */
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

type Filter = Conv | Dense;
const isFilter = (node: GraphNode): node is Filter => node.kind === 'conv' || node.kind === 'dense';
/** Zeros and one magnitude, as a selection, a copy or a sum has: the scale of the layer holds that exactly or as nearly as may be. */
const isPlain = ({ weight }: Filter): boolean => {
  const largest = weight.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
  return weight.every((w) => w === 0 || Math.abs(w) === largest);
};

/** The filters of a quantised model's `core`, with the graph as it was imported to tell why one lost its whole numbers. */
export function findWholeFilters(core: Graph<CoreNode>, imported: Graph): WholeFilters {
  const wholeInFile = (id: NodeId): boolean => imported.nodes.some((n) => n.id === id && (!isFilter(n) || wholeSteps(n.weight, n.bias.length) !== undefined));
  return new Map(core.nodes.filter(isFilter).filter((n) => !isPlain(n)).map((node): readonly [NodeId, WholeWeights] => {
    const found = wholeSteps(node.weight, node.bias.length);
    if (found !== undefined) return [node.id, found.most <= MOST ? { steps: found.steps } : { lost: 'beyond-127' }];
    const known = imported.nodes.some((n) => n.id === node.id);
    return [node.id, { lost: known && !wholeInFile(node.id) ? 'not-whole' : 'joined' }];
  }));
}

/** The populations whose channels need one threshold: those in front of and behind filters of whole numbers. */
export function sharedThresholds(core: Graph<CoreNode>, whole: WholeFilters): ReadonlySet<NodeId> {
  return new Set(findInflows(core).flatMap(({ target, paths }) => paths.flatMap(({ filter, source }) => {
    const found = filter === null ? undefined : whole.get(filter);
    return found !== undefined && 'steps' in found ? [target, source] : [];
  })));
}

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
  if (threshold.some((t, c) => t !== first(c))) return { lost: 'source-thresholds' };
  return { steps: whole.steps.map((step, c) => step * threshold[Math.floor(c / outGroup) * inGroup] * Math.abs(factor(c))) };
}
