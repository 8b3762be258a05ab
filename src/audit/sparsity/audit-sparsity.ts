/**
 * Does sparsity keep members private? Trains a sweep of networks, attacks every one with the other seeds' networks of the same
 * make as references (pruned as it was, or stopped where it was: an attacker who adapts), and sets attack strength
 * beside sparsity, test error and generalisation gap: by regression, by partial correlation, and at equal accuracy
 * against dense networks that were stopped early, which is the only comparison that a statement is made from.
 */
import { fail, Reporter, type Diagnostic } from '../../diagnostics.js';
import type { LabelledImages } from '../../learn/private-task.js';
import { sparsityOf } from '../../learn/prune.js';
import type { LearnedNetwork } from '../../learn/trainee.js';
import { clopperPearson, type Interval } from '../bounds/clopper-pearson.js';
import { runAttacks, type AttackId } from '../membership/attacks.js';
import { poolOf, sharedImages } from '../membership/pool.js';
import { areaInterval, rocOf } from '../membership/roc.js';
import { signalsOf, type Signals } from '../membership/signals.js';
import { scoresOf } from '../subject.js';
import { compareMatched, MATCHED_WITHIN, matchingState, sparsityVerdict, type Matched, type MatchedPair } from './match.js';
import { partialCorrelation, regress, type Bounded, type Observation, type Regression } from './regression.js';
import { poolSha256, sweep, type State, type SweepRequest, type SweptSeed } from './sweep.js';

/** The attacks that are compared; statements are made of the first, which is settled before anything is measured. */
export const COMPARED_ATTACKS: readonly AttackId[] = ['rmia', 'lira-online-fixed', 'loss'];
/** What attack strength is regressed on. */
export const PREDICTORS = ['sparsity', 'test error', 'generalisation gap'] as const;
/** Two pairs of seeds besides the one that is attacked. */
export const LEAST_SEEDS = 6;
const LEAST_IMAGES = 100;

/** What a network is on a chip. */
export interface ChipFigures {
  readonly accuracy: number;
  /** Weights on the cores that are not zero; those of layers that the host computes are not among them. */
  readonly weights: number;
  /** Synaptic memory. */
  readonly memoryBits: number;
  /** Of one inference. */
  readonly synapticOps: number;
  readonly joules: number;
  readonly cores: number;
}

export interface SparsityRequest extends SweepRequest {
  /** Accuracy is that on these; none is in the pool. */
  readonly test: LabelledImages;
  /** Compiles and runs a network; null: not asked. */
  readonly onChip: ((network: LearnedNetwork) => Promise<ChipFigures>) | null;
  readonly onAsked?: (done: number, total: number) => void;
}

export type PointKind = 'dense' | 'pruned' | 'stopped';

/** A network that was attacked. */
export interface SparsityPoint {
  readonly seed: number;
  readonly kind: PointKind;
  /** Sparsity asked for; of pruned networks. */
  readonly wanted: number | null;
  readonly sparsity: number;
  /** Of its training, that of the dense network for stopped ones. */
  readonly step: number;
  readonly testAccuracy: number;
  readonly memberAccuracy: number;
  readonly areas: readonly { readonly id: AttackId; readonly area: number; readonly interval: Interval }[];
  readonly chip: ChipFigures | null;
}

export interface SparsityAudit {
  readonly poolSha256: string;
  readonly points: readonly SparsityPoint[];
  /** One a sparsity. */
  readonly matched: readonly Matched[];
  /** Of the area of the first attack, on `PREDICTORS`. */
  readonly regression: Regression | null;
  /** With each predictor alone, then with the other two held fixed. */
  readonly correlations: readonly { readonly predictor: string; readonly plain: Bounded | null; readonly partial: Bounded | null }[];
  readonly verdict: string;
  readonly warnings: readonly Diagnostic[];
}

/** Throws a CompileError for images that cannot be audited and for networks that cannot be taken or kept. */
export async function auditSparsity(request: SparsityRequest): Promise<SparsityAudit> {
  const report = new Reporter();
  check(request, report);
  report.finish();
  const seeds = await sweep(request);
  warnOfEmptyLayers(request, seeds, report);
  const asker = askerOf(request, seeds);
  const points: SparsityPoint[] = [];
  const pairs: MatchedPair[][] = request.sparsities.map(() => []);
  for (const [k, seed] of seeds.entries()) {
    const dense = seed.dense.length - 1;
    points.push(await pointOf(asker, { seed: k, kind: 'dense', at: dense }));
    const stopped = new Map<number, SparsityPoint>();
    for (const level of seed.pruned.keys()) {
      const pruned = await pointOf(asker, { seed: k, kind: 'pruned', at: level });
      points.push(pruned);
      if (!aboveGuessing(pruned, request.test)) continue;
      const nearest = await matchingState(pruned.testAccuracy, seed.dense.length, (at) => asker.testAccuracy({ seed: k, kind: 'stopped', at }));
      if (Math.abs(nearest.accuracy - pruned.testAccuracy) > MATCHED_WITHIN + 1e-12) continue;
      const partner = stopped.get(nearest.state) ?? await pointOf(asker, { seed: k, kind: 'stopped', at: nearest.state });
      stopped.set(nearest.state, partner);
      pairs[level].push({ seed: k, step: partner.step, accuracyDifference: pruned.testAccuracy - partner.testAccuracy, areaDifferences: COMPARED_ATTACKS.map((id) => areaOf(pruned, id) - areaOf(partner, id)) });
    }
    points.push(...[...stopped].filter(([at]) => at !== dense).map(([, point]) => point));
  }
  const matched = pairs.map((found) => compareMatched(found, COMPARED_ATTACKS.length, request.sparsities.length));
  const observations = points.map((p): Observation => ({ group: p.seed, response: areaOf(p, COMPARED_ATTACKS[0]), predictors: [p.sparsity, 1 - p.testAccuracy, p.memberAccuracy - p.testAccuracy] }));
  const levels = request.sparsities.map((sparsity, i) => ({ sparsity, outcome: matched[i].outcome, difference: matched[i].areaDifferences[0] }));
  return {
    poolSha256: poolSha256(request.pool), points, matched, regression: regress(observations),
    correlations: PREDICTORS.map((predictor, j) => ({ predictor, plain: partialCorrelation(observations, j, []), partial: partialCorrelation(observations, j, PREDICTORS.map((_, i) => i).filter((i) => i !== j)) })),
    verdict: sparsityVerdict(levels, 'RMIA'), warnings: report.warnings,
  };
}

/** Whether it is right more often than one that names the most frequent class always; below that, equal accuracy says nothing. */
function aboveGuessing({ testAccuracy }: SparsityPoint, { labels, count }: LabelledImages): boolean {
  const counts = new Map<number, number>();
  labels.forEach((label) => counts.set(label, (counts.get(label) ?? 0) + 1));
  return clopperPearson(Math.round(testAccuracy * count), count).low > Math.max(...counts.values()) / count;
}

export const areaOf = ({ areas }: Pick<SparsityPoint, 'areas'>, id: AttackId): number => areas.find((a) => a.id === id)!.area;

function check({ pool, test, seeds }: SparsityRequest, report: Reporter): void {
  if (seeds % 2 !== 0 || seeds < LEAST_SEEDS) throw new RangeError(`internal: a sweep of ${seeds} seeds`);
  for (const [what, option, count] of [['images in half of the pool', '--data', pool.count >> 1], ['test images', '--test', test.count]] as const) {
    if (count < LEAST_IMAGES) report.report('audit/too-few-images', { kind: 'option', option }, { what, count, least: LEAST_IMAGES });
  }
  const shared = sharedImages(poolOf(pool, test));
  if (shared > 0) report.report('audit/test-in-pool', { kind: 'option', option: '--test' }, { shared, test: test.count });
}

function warnOfEmptyLayers({ trainee: { prunable: { layers } }, sparsities }: SparsityRequest, seeds: readonly SweptSeed[], report: Reporter): void {
  sparsities.forEach((sparsity, level) => {
    const empty = new Set(seeds.flatMap(({ pruned }) => sparsityOf(pruned[level].parameters, layers).filter((l) => l.kept === 0).map((l) => l.id)));
    if (empty.size > 0) report.report('audit/sparsity-empties-layer', { kind: 'nowhere' }, { sparsity, layers: [...empty] });
  });
}

/** A network of the sweep: dense and stopped ones are states on the way, pruned ones levels. */
interface Place {
  readonly seed: number;
  readonly kind: PointKind;
  readonly at: number;
}

/** Questions to the networks, each asked once. */
interface Asker {
  readonly request: SparsityRequest;
  readonly seeds: readonly SweptSeed[];
  readonly signals: (place: Place) => Promise<Signals>;
  readonly testAccuracy: (place: Place) => Promise<number>;
}

const stateOf = (seeds: readonly SweptSeed[], { seed, kind, at }: Place): State => (kind === 'pruned' ? seeds[seed].pruned[at] : seeds[seed].dense[at]);

function askerOf(request: SparsityRequest, seeds: readonly SweptSeed[]): Asker {
  const { trainee, pool, test, workers, signal, onAsked } = request;
  const total = seeds.length * (1 + 2 * request.sparsities.length);
  const [signals, accuracies] = [new Map<string, Signals>(), new Map<string, number>()];
  const keyOf = ({ seed, kind, at }: Place): string => `${seed} ${kind === 'pruned' ? 'pruned' : 'dense'} ${at}`;
  const ask = async (place: Place, { images, count, labels }: LabelledImages): Promise<Signals> => {
    const scores = await scoresOf(trainee.networkOf(stateOf(seeds, place).parameters), images, count, { workers, ...(signal === undefined ? {} : { signal }) });
    if (!scores.every(Number.isFinite)) fail('audit/scores-not-finite', { kind: 'nowhere' }, { image: Math.floor(scores.findIndex((s) => !Number.isFinite(s)) / (scores.length / count)), images: count });
    return signalsOf(scores, labels);
  };
  return {
    request, seeds,
    signals: async (place) => {
      const found = signals.get(keyOf(place)) ?? await ask(place, pool);
      signals.set(keyOf(place), found);
      onAsked?.(Math.min(signals.size, total), total);
      return found;
    },
    testAccuracy: async (place) => {
      const found = accuracies.get(keyOf(place)) ?? shareOf((await ask(place, test)).right);
      accuracies.set(keyOf(place), found);
      return found;
    },
  };
}

const shareOf = (right: Uint8Array): number => right.reduce((n, r) => n + r, 0) / right.length;

/** Attacks one network. Its pair is no reference: what that one learned is just what this one did not. */
async function pointOf(asker: Asker, place: Place): Promise<SparsityPoint> {
  const { request: { pool, sparsities, trainee, onChip }, seeds } = asker;
  const { members } = seeds[place.seed];
  const own = await asker.signals(place);
  const others = seeds.map((_, k) => k).filter((k) => k >> 1 !== place.seed >> 1);
  const references = [];
  for (const k of others) references.push({ signals: await asker.signals({ ...place, seed: k }), members: seeds[k].members });
  const { attacks } = runAttacks({ own, labels: pool.labels, nonMembers: members.map((m) => 1 - m), references });
  const state = stateOf(seeds, place);
  return {
    seed: place.seed, kind: place.kind, wanted: place.kind === 'pruned' ? sparsities[place.at] : null, sparsity: state.sparsity, step: state.step,
    testAccuracy: await asker.testAccuracy(place), memberAccuracy: shareOf(own.right.filter((_, i) => members[i] === 1)),
    areas: attacks.map(({ id, scores }) => {
      const roc = rocOf(scores, members);
      return { id, area: roc.area, interval: areaInterval(roc) };
    }),
    chip: onChip === null || place.kind === 'stopped' ? null : await onChip(trainee.networkOf(state.parameters)),
  };
}
