/**
 * Searches thresholds and corrections for few time steps. Every candidate is run as a spiking network
 * over synthetic images and scored by how far its answer is from the ANN's (Kullback-Leibler divergence
 * of the class probabilities): no label and no image of any person takes part. The trials go from coarse
 * to fine: how thresholds are chosen, one factor for all of them, corrections layer by layer, then a
 * factor for each layer in turn. A trial that is not better changes nothing.
 */
import { mapShape } from './linear-paths.js';
import type { CoreNode, Graph, NodeId } from '../graph/graph.js';
import type { SampleSet } from '../synthesise/procedural-images.js';
import type { Calibration } from './calibrate.js';
import { chooseThresholds } from './choose-thresholds.js';
import { fitCorrections } from './correct.js';
import { fire, uncorrected, type Correction } from './float-dynamics.js';
import type { Neuron } from './network.js';
import { observeActivations } from './observe-activations.js';
import { rectifiedValues, runInTime } from './run-in-time.js';

export interface SearchOptions {
  readonly timesteps: number;
  /** What rectifiers become. */
  readonly neuron: Neuron;
  /** Start of the potential, as a share of the threshold, where no correction says otherwise. */
  readonly initial: number;
  /** Images that excite the network as data do. Two thirds serve to fit, the rest to choose. */
  readonly samples: SampleSet;
  /** Candidates that are tried, the starting point included. */
  readonly trials: number;
  readonly onTrial?: ((done: number, trials: number) => void) | undefined;
}

export interface SearchRecord {
  readonly trials: number;
  /** What was chosen, in words. */
  readonly chosen: string;
  readonly start: Score;
  readonly end: Score;
}

/** Against the ANN, on the images that serve to choose. */
export interface Score {
  /** Mean KL(ANN, spiking network) of the class probabilities, in nats. */
  readonly divergence: number;
  /** Share of images with the same answer. */
  readonly agreement: number;
}

export interface SearchResult {
  readonly thresholds: ReadonlyMap<NodeId, Float32Array>;
  readonly corrections: ReadonlyMap<NodeId, Correction>;
  readonly record: SearchRecord;
}

type Thresholds = ReadonlyMap<NodeId, Float32Array>;

interface Candidate {
  readonly label: string;
  readonly thresholds: Thresholds;
  readonly corrected: boolean;
}

interface Trial extends Candidate { readonly corrections: ReadonlyMap<NodeId, Correction>; readonly score: Score }

const FACTORS: readonly number[] = [1.25, 0.8, 1.6];
const LAYER_FACTORS: readonly number[] = [1.25, 0.8];

/** The best candidate found within the trials; at least as good on these images as the calibration it starts from. */
export function searchConversion(graph: Graph<CoreNode>, calibration: Calibration, options: SearchOptions): SearchResult {
  const judge = createJudge(graph, options);
  const start = judge.try({ label: 'calibrated', thresholds: calibration.thresholds, corrected: false });
  let best = start;
  const consider = (candidate: () => Candidate): void => {
    if (judge.spent()) return;
    const trial = judge.try(candidate());
    if (trial.score.divergence < best.score.divergence) best = trial;
  };
  for (const rule of thresholdRules(graph, calibration, { fit: judge.fit, timesteps: options.timesteps })) consider(() => ({ ...rule, corrected: false }));
  const base = best;
  const rectifiers = new Set(calibration.rates.keys());
  for (const factor of FACTORS) consider(() => ({ label: `${base.label} x ${factor}`, thresholds: scaled(base.thresholds, factor, rectifiers), corrected: false }));
  consider(() => ({ ...best, label: `${best.label}, corrected`, corrected: true }));
  for (const layer of rectifiers) {
    for (const factor of LAYER_FACTORS) consider(() => ({ label: `${best.label}, ${layer} x ${factor}`, thresholds: scaled(best.thresholds, factor, new Set([layer])), corrected: best.corrected }));
  }
  return {
    thresholds: best.thresholds, corrections: best.corrections,
    record: { trials: judge.done(), chosen: best.label, start: start.score, end: best.score },
  };
}

/** Thresholds from the synthetic images, and what lies between them and the calibration's. */
function thresholdRules(graph: Graph<CoreNode>, calibration: Calibration, { fit, timesteps }: { readonly fit: Part; readonly timesteps: number }): readonly { readonly label: string; readonly thresholds: Thresholds }[] {
  const observed = observeActivations(plain(graph), fit.images, fit.count);
  const caps = new Map(graph.nodes.map((n) => [n.id, n.kind === 'relu' ? n.cap : Infinity]));
  const fromImages = new Map([...calibration.thresholds].map(([node, before]) => {
    const sample = observed.get(node);
    if (sample === undefined || !calibration.rates.has(node)) return [node, before];
    return [node, chooseThresholds({ rule: 'optimal' }, { sample, statistics: undefined, cap: caps.get(node) ?? Infinity, timesteps })];
  }));
  const joined = (of: (a: number, b: number) => number): Thresholds =>
    new Map([...calibration.thresholds].map(([node, before]) => [node, before.map((t, c) => of(t, fromImages.get(node)![c]))]));
  return [
    { label: 'the larger of calibrated and least squares', thresholds: joined(Math.max) },
    { label: 'least squares', thresholds: fromImages },
    { label: 'between calibrated and least squares', thresholds: joined((a, b) => Math.sqrt(a * b)) },
  ];
}

/** Without batch-norm statistics: these images are seen as they are. */
const plain = (graph: Graph<CoreNode>): Graph<CoreNode> => ({
  ...graph,
  nodes: graph.nodes.map((n) => {
    if (n.kind !== 'conv' && n.kind !== 'dense') return n;
    const { statistics: _, ...rest } = n;
    return rest;
  }),
});

/** The thresholds of these layers times a factor. */
const scaled = (thresholds: Thresholds, factor: number, layers: ReadonlySet<NodeId>): Thresholds =>
  new Map([...thresholds].map(([node, values]) => [node, layers.has(node) ? values.map((t) => t * factor) : values]));

interface Part { readonly images: Float32Array; readonly count: number }

interface Judge {
  readonly fit: Part;
  readonly try: (candidate: Candidate) => Trial;
  readonly done: () => number;
  readonly spent: () => boolean;
}

/** Runs candidates: corrections are fitted on one part of the images, the score is taken on the other. */
function createJudge(graph: Graph<CoreNode>, { timesteps, neuron, initial, samples, trials, onTrial }: SearchOptions): Judge {
  const most = imagesInMemory(graph, timesteps);
  const size = samples.images.length / samples.count;
  const part = (first: number, count: number): Part => ({ images: samples.images.subarray(first * size, (first + count) * size), count });
  const toFit = Math.max(1, Math.floor((2 * samples.count) / 3));
  const [fit, timedFit, choose] = [part(0, toFit), part(0, Math.min(most, toFit)), part(Math.min(toFit, samples.count - 1), Math.max(1, Math.min(most, samples.count - toFit)))];
  const { scores: wanted } = rectifiedValues(graph, choose.images, choose.count);
  const timed = { timesteps, neuron };
  let done = 0;
  return {
    fit, done: () => done, spent: () => done >= trials,
    try: (candidate) => {
      const { thresholds } = candidate;
      const corrections = candidate.corrected ? fitCorrections(graph, { ...timedFit, ...timed, initial, thresholds }) : new Map<NodeId, Correction>();
      const scores = runInTime(graph, {
        ...choose, timesteps,
        fire: (node, currents) => {
          const threshold = thresholds.get(node)!;
          const out = new Float32Array(currents.length);
          fire(currents, { ...timed, count: choose.count, threshold, correction: corrections.get(node) ?? uncorrected(threshold.length, initial) }, out);
          return out;
        },
      });
      done++;
      onTrial?.(done, trials);
      return { ...candidate, corrections, score: scoreOf(wanted, scores, choose.count) };
    },
  };
}

/** Bytes that the currents of one layer may take. */
const LAYER_BYTES = 256 * 2 ** 20;

function imagesInMemory(graph: Graph<CoreNode>, timesteps: number): number {
  const largest = Math.max(...graph.nodes.map((n) => mapShape(n.shape).reduce((a, b) => a * b, 1)));
  return Math.max(1, Math.floor(LAYER_BYTES / (4 * timesteps * largest)));
}

function scoreOf(wanted: Float32Array, scores: Float32Array, count: number): Score {
  const classes = scores.length / count;
  let [divergence, agreeing] = [0, 0];
  for (let i = 0; i < count; i++) {
    const [a, b] = [wanted, scores].map((s) => s.subarray(i * classes, (i + 1) * classes));
    const [p, q] = [logProbabilities(a), logProbabilities(b)];
    for (let c = 0; c < classes; c++) divergence += Math.exp(p[c]) * (p[c] - q[c]);
    agreeing += a.indexOf(Math.max(...a)) === b.indexOf(Math.max(...b)) ? 1 : 0;
  }
  return { divergence: divergence / count, agreement: agreeing / count };
}

function logProbabilities(scores: Float32Array): Float64Array {
  const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const rest = Math.log(scores.reduce((sum, s) => sum + Math.exp(s - most), 0));
  return Float64Array.from(scores, (s) => s - most - rest);
}

/** The record in words, by name. */
export function searchLines({ trials, chosen, start, end }: SearchRecord): readonly (readonly [string, string])[] {
  const score = ({ divergence, agreement }: Score): string => `divergence ${divergence.toPrecision(3)}, same answer ${(100 * agreement).toFixed(0)} %`;
  return [['search', `${trials} trials on synthetic images`], ['chosen', chosen], ['before', score(start)], ['after', score(end)]];
}
