// The attacks against the reference values of `mia` in dp_vectors.json (LiRA: tensorflow/privacy, RMIA: ML Privacy Meter), and the signals
// and curves that they rest on against plain formulas.
import { describe, expect, it } from 'vitest';
import { normalCdf } from '../../../src/audit/accountant/normal-tails.js';
import { liraScores, type LiraVariant, type ReferenceSignals } from '../../../src/audit/membership/lira.js';
import { rmiaScores, tuneA } from '../../../src/audit/membership/rmia.js';
import { advantageOf, areaInterval, balancedAccuracy, nonMembersFor, rateAt, rocOf } from '../../../src/audit/membership/roc.js';
import { signalsOf } from '../../../src/audit/membership/signals.js';
import { perClassScores, THRESHOLD_SIGNALS, thresholdScores } from '../../../src/audit/membership/thresholds.js';
import { normal, randomStream, substream, uniform } from '../../../src/random.js';
import { vectors } from '../vectors.js';

const { mia } = vectors;

describe('LiRA', () => {
  const references = mia.ins.map((ins, i): ReferenceSignals => ({ ins, outs: mia.outs[i] }));
  const same = (variant: LiraVariant, wanted: readonly number[]): void => liraScores(variant, mia.obs, references).forEach((s, i) => expect(s / wanted[i]).toBeCloseTo(1, 9));
  it('online is that of the reference code', () => same('online', mia.online));
  it('online with fixed variance takes both deviations from the ins, as the reference code does', () => same('online-fixed', mia.online_fixvar_refcode));
  it('offline by the code is two-sided', () => same('offline-two-sided', mia.offline_ref));
  it('offline by the paper is one-sided', () => {
    liraScores('offline', mia.obs, references).forEach((z, i) => expect(normalCdf(z)).toBeCloseTo(mia.offline_cdf[i], 9));
    const outs = mia.outs.flat();
    const centre = outs.reduce((a, b) => a + b, 0) / outs.length;
    const deviation = Math.sqrt(outs.reduce((s, x) => s + (x - centre) ** 2, 0) / outs.length);
    const median = (xs: readonly number[]): number => ((a) => (a[3] + a[4]) / 2)([...xs].sort((a, b) => a - b));
    liraScores('offline-fixed', mia.obs, references).forEach((z, i) => expect(z).toBeCloseTo((mia.obs[i] - median(mia.outs[i])) / deviation, 9));
  });
  it('does not divide by the deviation of one reference', () => {
    for (const variant of ['online', 'offline', 'offline-two-sided'] as const) {
      const scores = liraScores(variant, [1, 2], [{ ins: [1], outs: [0] }, { ins: [2], outs: [2] }]);
      expect([...scores].every(Number.isFinite)).toBe(true);
    }
  });
});

/** The reference code's choice: without the target and its pair, the largest `keep` of the others that are out (0 where they are in). */
function outsideMeans(signals: readonly (readonly number[])[], isMember: (i: number, model: number) => boolean, { target, keep }: { readonly target: number; readonly keep: number }): number[] {
  const pair = target % 2 === 0 ? target + 1 : target - 1;
  return signals.map((row, i) => {
    const outs = row.map((p, m) => (isMember(i, m) ? 0 : p)).filter((_, m) => m !== target && m !== pair).sort((a, b) => b - a).slice(0, keep);
    return outs.reduce((a, b) => a + b, 0) / keep;
  });
}

describe('RMIA', () => {
  const { signals, population, memberships, target, num_reference_models: keep, scores } = mia.rmia;
  const images = { subject: signals.map((s) => s[target]), outside: outsideMeans(signals, (i, m) => memberships[i][m] === 1, { target, keep }) };
  const others = { subject: population.map((s) => s[target]), outside: outsideMeans(population, () => false, { target, keep }) };
  for (const [a, wanted] of Object.entries(scores)) it(`at a = ${a} is that of the reference code`, () => expect([...rmiaScores(images, others, Number(a))]).toEqual(wanted));

  it('beats strictly: an image does not beat its equal', () => {
    const one = { subject: [0.5], outside: [0.25] };
    expect([...rmiaScores(one, one, 0.3)]).toEqual([0]);
    expect([...rmiaScores({ subject: [0.5001], outside: [0.25] }, one, 0.3)]).toEqual([1]);
    expect([...rmiaScores({ subject: [0.5001], outside: [0.25] }, one, 0.3, 2)]).toEqual([0]);
  });

  it('tunes a to the largest area, the first of equals', () => {
    const count = 400;
    const stream = randomStream(4);
    const hardness = uniform(substream(stream, 'hard'), count);
    const members = Array.from({ length: count }, (_, i) => i % 2);
    const own = { subject: Array.from(hardness, (h, i) => h * (members[i] === 1 ? 0.9 : 0.75)), outside: [...hardness].map((h) => 0.75 * h) };
    // the ratio to p alone tells members: nothing may be added to it
    expect(tuneA(own, own, members)).toBe(1);
    const flat = { subject: Array.from({ length: count }, (_, i) => 0.3 + 0.1 * members[i]), outside: new Array<number>(count).fill(0.3) };
    expect(tuneA(flat, flat, members)).toBe(0);
  });
});

describe('signals', () => {
  const scores = Float64Array.of(2, -1, 0.5, 800, 0, -30, 1, 40, 1);
  const labels = [0, 1, 2];
  const found = signalsOf(scores, labels);
  it('are those of the softmax', () => {
    const p = [2, -1, 0.5].map((s) => Math.exp(s) / (Math.exp(2) + Math.exp(-1) + Math.exp(0.5)));
    expect(found.probability[0]).toBeCloseTo(p[0], 12);
    expect(found.loss[0]).toBeCloseTo(-Math.log(p[0]), 12);
    expect(found.logit[0]).toBeCloseTo(Math.log(p[0] / (1 - p[0])), 12);
    expect(found.confidence[0]).toBeCloseTo(p[0], 12);
    expect(found.entropy[0]).toBeCloseTo(-p.reduce((s, q) => s + q * Math.log(q), 0), 12);
    expect(found.modifiedEntropy[0]).toBeCloseTo(-(1 - p[0]) * Math.log(p[0]) - p[1] * Math.log(1 - p[1]) - p[2] * Math.log(1 - p[2]), 12);
    expect([...found.right]).toEqual([1, 0, 0]);
  });
  it('keep their digits where the network is sure, rightly or wrongly', () => {
    expect([found.logit[1], found.loss[1], found.modifiedEntropy[1]]).toEqual([-800, 800, 1600]);
    const sure = signalsOf(Float64Array.of(60, 0, 0), [0]);
    expect(sure.logit[0]).toBeCloseTo(60 - Math.log(2), 12);
    expect(sure.loss[0] / (2 * Math.exp(-60))).toBeCloseTo(1, 12);
    expect(Object.values(found).flatMap((v: ArrayLike<number>) => Array.from(v)).every(Number.isFinite)).toBe(true);
  });
  it('are higher for members as thresholds read them', () => {
    const sure = signalsOf(Float64Array.of(5, 0, 0, 1, 0, 0), [0, 0]);
    for (const signal of THRESHOLD_SIGNALS) {
      const [a, b] = thresholdScores(signal, sure);
      expect(a, signal).toBeGreaterThan(b);
    }
  });
  it('count within their class where each class has its own threshold', () => {
    const known = { scores: Float64Array.of(1, 2, 3, 10, 20), labels: [0, 0, 0, 1, 1] };
    expect([...perClassScores(Float64Array.of(2, 2.5, 15, 99, 7), [0, 0, 1, 0, 5], known)]).toEqual([0.5, 2 / 3, 0.5, 1, 0.5]);
  });
});

describe('the curve', () => {
  const scores = [5, 4, 4, 3, 2, 1];
  const members = [1, 1, 0, 1, 0, 0];
  const roc = rocOf(scores, members);
  it('shares thresholds among equal scores', () => {
    expect([[...roc.truePositives], [...roc.falsePositives], [...roc.thresholds]]).toEqual([[0, 1, 2, 3, 3, 3], [0, 0, 1, 1, 2, 3], [Infinity, 5, 4, 3, 2, 1]]);
    expect(roc.area).toBeCloseTo((3 + 2.5 + 2) / 9, 12); // by pairs
    expect(advantageOf(roc)).toBeCloseTo(2 / 3, 12);
  });
  it('has the interval of DeLong', () => {
    const v10 = [1, 2.5 / 3, 2 / 3];
    const v01 = [2.5 / 3 - 1 / 3, 1, 1];
    const variance = (v: readonly number[]): number => v.reduce((s, x) => s + (x - roc.area) ** 2, 0) / (v.length - 1);
    const wide = 1.959963984540054 * Math.sqrt(variance(v10) / 3 + variance(v01) / 3);
    expect(areaInterval(roc).low).toBeCloseTo(roc.area - wide, 12);
    expect(areaInterval(roc).high).toBe(1);
    const apart = rocOf([4, 3, 2, 1], [1, 1, 0, 0]);
    expect(areaInterval(apart)).toEqual({ low: expect.closeTo(0.158, 3), high: 1 }); // 1 - (0.025)^(1/2) of a group of two
  });
  it('covers the true area as often as it says', () => {
    let covered = 0;
    for (let run = 0; run < 400; run++) {
      const draws = normal(substream(randomStream(9), run), 160);
      const of = Array.from({ length: 160 }, (_, i) => i % 2);
      const { low, high } = areaInterval(rocOf(draws.map((x, i) => x + 0.5 * of[i]), of));
      if (low <= normalCdf(0.5 / Math.SQRT2) && normalCdf(0.5 / Math.SQRT2) <= high) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.915);
    expect(covered / 400).toBeLessThan(0.985);
  });
  it('states a rate only where non-members suffice', () => {
    expect([nonMembersFor(0.01), nonMembersFor(0.001)]).toEqual([10_000, 100_000]);
    const many = Array.from({ length: 20_000 }, (_, i) => i % 2);
    const half = rocOf(many.map((m, i) => (m === 1 && i < 1000 ? 2 : i / 20_000)), many);
    expect(rateAt(half, 0.01)).toEqual({ falsePositiveRate: 0.01, truePositives: 601, falsePositives: 100, resolvable: true, truePositiveRate: 0.0601, interval: { low: expect.closeTo(0.0555, 3), high: expect.closeTo(0.0649, 3) } });
    expect(rateAt(half, 0.001)).toMatchObject({ resolvable: false, truePositiveRate: null, interval: null, falsePositives: 10 });
  });
  it('judges no image by a threshold that it helped to choose', () => {
    const stream = randomStream(1);
    const noise = uniform(substream(stream, 'scores'), 2000);
    const of = Array.from({ length: 2000 }, (_, i) => i % 2);
    const half = Array.from(uniform(substream(stream, 'half'), 2000), (u) => (u < 0.5 ? 0 : 1));
    const { value, interval } = balancedAccuracy(noise, of, half);
    expect(interval.low).toBeLessThan(0.5);
    expect(interval.high).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(0.5 + advantageOf(rocOf(noise, of)) / 2);
    expect(balancedAccuracy(noise.map((x, i) => x + of[i]), of, half).value).toBeGreaterThan(0.99);
  });
});
