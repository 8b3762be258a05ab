/**
 * Chooses the thresholds of a whole network without private data. Where a filter kept its batch-norm
 * statistics they decide; elsewhere procedural images run through the network and the least-squares
 * threshold of what arrives is taken. A user who has data and may use it can pass images instead;
 * the program then says that private data was read.
 */
import { describeBackend, type DenseBackend } from '../backend/dense-backend.js';
import type { Reporter } from '../diagnostics.js';
import { indexNodes, type ChannelStatistics, type CoreNode, type Graph, type NodeId } from '../graph/graph.js';
import type { SampleSet } from '../synthesise/procedural-images.js';
import { chooseThresholds, outputRange, type ThresholdRule } from './choose-thresholds.js';
import { findInflows } from './linear-paths.js';
import { observeActivations, type ActivationSample } from './observe-activations.js';
import type { Reset } from './network.js';

export interface CalibrationOptions {
  readonly timesteps: number;
  readonly reset: Reset;
  /** Images to run: made up, or the user's own. Normalised, [count, C, H, W]. */
  readonly samples: SampleSet;
  /** The samples are the user's data: least-squares thresholds on them replace the statistics. */
  readonly privateData: boolean;
  /** The samples were made from this network: they excite it as data do, so nothing is added to what they reach. */
  readonly synthetic?: boolean;
  /** Of a quantised model: these populations have one threshold for all of their channels, so that the weights behind them can be stored as they are. */
  readonly shared?: ReadonlySet<NodeId>;
  /** Runs the images' dense work in place of the own kernels; the description then names it. */
  readonly backend?: DenseBackend | undefined;
}

export interface Calibration {
  /** Threshold of every relu and expected range of the output, per channel. */
  readonly thresholds: ReadonlyMap<NodeId, Float32Array>;
  readonly statistics: ReadonlyMap<NodeId, ChannelStatistics>;
  /** Expected spikes of one neuron in one step, by relu: an estimate for placement. */
  readonly rates: ReadonlyMap<NodeId, number>;
  /** What was looked at, in words. */
  readonly description: string;
  readonly privateData: boolean;
}

/** Runs the samples and chooses. */
export function calibrate(graph: Graph<CoreNode>, options: CalibrationOptions): Calibration {
  const { samples, timesteps, reset, privateData, synthetic = false, backend, shared } = options;
  const observed = observeActivations(graph, samples.images, samples.count, backend);
  const nodes = indexNodes(graph);
  const thresholds = new Map<NodeId, Float32Array>();
  const statistics = new Map<NodeId, ChannelStatistics>();
  const rates = new Map<NodeId, number>();
  const denseView: View = graph.nodes.some((n) => n.kind === 'conv') ? 'features' : 'picture';
  let fromStatistics = 0;
  let fromImages = 0;
  for (const inflow of findInflows(graph)) {
    const sample = observed.get(inflow.target);
    if (sample === undefined) throw new Error(`internal: ${inflow.target} was not observed`);
    if (inflow.isOutput) { thresholds.set(inflow.target, outputRange(sample)); continue; }
    const before = nodes.get(inflow.preActivation);
    const known = before?.kind === 'conv' || before?.kind === 'dense' ? before.statistics : undefined;
    if (known !== undefined) statistics.set(inflow.target, known);
    const useStatistics = known !== undefined && !privateData;
    if (useStatistics) fromStatistics++;
    else fromImages++;
    const rule: ThresholdRule = useStatistics ? { rule: 'statistics', deviations: deviationsFor(timesteps, reset) } : { rule: 'optimal' };
    const one = shared?.has(inflow.target) === true;
    const chosen = spread(chooseThresholds(rule, { sample: one && !useStatistics ? [pooled(sample)] : sample, statistics: known, cap: inflow.cap, timesteps }), one ? inflow.shape[0] : null);
    const factor = useStatistics || privateData || synthetic ? 1 : headroom(before?.kind === 'dense' ? denseView : 'window', reset);
    const scaled = chosen.map((t) => Math.min(inflow.cap, t * factor));
    thresholds.set(inflow.target, scaled);
    rates.set(inflow.target, expectedRate(sample, scaled));
  }
  return { thresholds, statistics, rates, privateData, description: `${describe({ fromStatistics, fromImages, recipe: samples.recipe, privateData })}${backend === undefined ? '' : `; dense work by ${describeBackend(backend.identity)}`}` };
}

/** The values of all channels in one list, ascending. */
function pooled(sample: ActivationSample): Float32Array {
  const all = new Float32Array(sample.reduce((sum, values) => sum + values.length, 0));
  let at = 0;
  for (const values of sample) { all.set(values, at); at += values.length; }
  return all.sort();
}

/** Where so many channels share a threshold, the largest for each. */
const spread = (chosen: Float32Array, channels: number | null): Float32Array => (channels === null ? chosen : new Float32Array(channels).fill(Math.max(...chosen)));

/** Least threshold: below it a share of one loses digits in float32. */
const LEAST_THRESHOLD = 1e-30;

/** Reports each layer of which a threshold is no number to divide by. */
export function checkThresholds({ thresholds }: Calibration, report: Reporter): void {
  for (const [node, list] of thresholds) {
    const wrong = list.find((t) => !(t >= LEAST_THRESHOLD && t < Infinity));
    if (wrong !== undefined) report.report('spiking/no-threshold', { kind: 'node', node }, { threshold: wrong });
  }
}

/** Mean of min(1, x / threshold) over what arrived above zero. */
function expectedRate(sample: ActivationSample, threshold: Float32Array): number {
  let sum = 0;
  let count = 0;
  sample.forEach((values, c) => {
    for (const v of values) sum += Math.min(1, Math.max(0, v / threshold[c]));
    count += values.length;
  });
  return count === 0 ? 0 : sum / count;
}

/**
 * How many deviations above the mean a threshold stands. More steps leave finer levels, so less needs to
 * be clipped; hard reset loses what exceeds the threshold, so it wants higher ones. Measured on a VGG
 * over 1000 images: README, "How thresholds are chosen".
 */
function deviationsFor(timesteps: number, reset: Reset): number {
  if (reset === 'hard') return 8;
  if (timesteps <= 4) return 2.5;
  if (timesteps <= 8) return 2.75;
  if (timesteps <= 16) return 3;
  return timesteps <= 32 ? 3.25 : 3.5;
}

/** What the filter in front of a population looks at: a window of a map, features of filters, or the flat picture itself. */
type View = 'window' | 'features' | 'picture';

/**
 * Room above what made-up images reach. Dense layers look for classes, and real images match them harder
 * than made-up ones, hardest where no filter stands in front (factors measured: README, "How thresholds
 * are chosen"). A hard reset loses the overshoot.
 */
const headroom = (view: View, reset: Reset): number => HEADROOM[view] * (reset === 'hard' ? HARD_RESET_HEADROOM : 1);
const HEADROOM: Readonly<Record<View, number>> = { window: 1, features: 1.8, picture: 4 };
const HARD_RESET_HEADROOM = 1.6;

interface Described { readonly fromStatistics: number; readonly fromImages: number; readonly recipe: string; readonly privateData: boolean }

function describe({ fromStatistics, fromImages, recipe, privateData }: Described): string {
  if (privateData) return `${recipe} given by the user`;
  const parts = [];
  if (fromStatistics > 0) parts.push(`batch-norm statistics of ${fromStatistics} layer${fromStatistics === 1 ? '' : 's'}`);
  if (fromImages > 0) parts.push(`${recipe} for ${fromImages} layer${fromImages === 1 ? '' : 's'}`);
  return `${parts.join(' and ')}; no data of any person`;
}
