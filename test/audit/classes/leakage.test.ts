// From judgements to figures: floor at 0, ceiling at 1, intervals over seeds, the worst class and the words of the verdict.
import { describe, expect, it } from 'vitest';
import type { Judged } from '../../../src/audit/classes/judge.js';
import { estimate } from '../../../src/audit/estimate.js';
import { figuresOf, leakageOf, strongest, verdictOf, worstClass, type AttackFigures } from '../../../src/audit/classes/leakage.js';
import { maskingChecks } from '../../../src/audit/classes/masking-checks.js';
import { suite, type Attack } from '../../../src/audit/classes/suite.js';
import { randomSpiking } from '../../learn/random-spiking.js';
import { subjectOf } from './shapes.js';

const judged = (success: number, more: Partial<Judged> = {}): Judged => ({ count: 20, success, confidence: success, successByClass: [success, success], frechet: null, kernel: 1 - success, thief: success, diversity: 1, memberGap: null, ...more });
const baselines = { random: [judged(0.1), judged(0.2)], untrained: [judged(0.2), judged(0.1)], ceiling: [judged(1), judged(1)] };
const figures = (attack: Attack, values: readonly number[]): AttackFigures => {
  const found = values.map((v) => judged(v));
  return { attack, figures: figuresOf(found), leakage: leakageOf(found, baselines), worst: worstClass(found), loss: estimate(values) };
};

describe('an estimate', () => {
  it('has the interval of Student over its values, and none for a single one', () => {
    // mean 2, deviation 1, 4.303 / sqrt 3
    expect(estimate([1, 2, 3])).toEqual({ mean: 2, values: [1, 2, 3], interval: [expect.closeTo(2 - 2.4843, 3), expect.closeTo(2 + 2.4843, 3)] });
    expect(estimate([0.4]).interval).toBeNull();
    expect(estimate(Array.from({ length: 40 }, (_, i) => i % 2)).interval![1] - 0.5).toBeCloseTo((2.0227 * 0.50637) / Math.sqrt(40), 3);
  });
});

describe('leakage', () => {
  it('is 0 at the better of the two floors of the seed and 1 at the ceiling', () => {
    const of = (a: number, b: number): number => leakageOf([judged(a), judged(b)], baselines).success.mean;
    expect(of(0.2, 0.2)).toBeCloseTo(0, 12);
    expect(of(1, 1)).toBeCloseTo(1, 12);
    expect(of(0.6, 0.6)).toBeCloseTo(0.5, 12);
    expect(of(0, 0)).toBeCloseTo(-0.25, 12);
    expect(leakageOf([judged(0.6), judged(0.6)], baselines).kernel!.mean).toBeCloseTo(0.5, 12);
  });
  it('of what some seed could not resolve is not resolved', () => {
    expect(figuresOf([judged(0.5), judged(0.5, { kernel: null })]).kernel).toBeNull();
    expect(leakageOf([judged(0.5), judged(0.5, { kernel: null })], baselines).kernel).toBeNull();
  });
  it('has a worst class with the interval of its images over all seeds', () => {
    const worst = worstClass([judged(0.5, { successByClass: [0.2, 0.8, 0] }), judged(0.5, { successByClass: [0.4, 0.6, 0.1], count: 20 })].map((j) => ({ ...j, count: 15 })));
    expect(worst).toMatchObject({ class: 1, success: 0.7, images: 10 });
    // Clopper and Pearson for 7 of 10
    expect(worst.interval.low).toBeCloseTo(0.3475, 3);
    expect(worst.interval.high).toBeCloseTo(0.9333, 3);
  });
});

describe('the verdict', () => {
  const [a, b] = suite;
  it('says that no attack exceeded Y', () => {
    expect(verdictOf([figures(a, [0.2, 0.21]), figures(b, [0.1, 0.1])], 0.3).text).toBe('no attack of suite v1 exceeded 0.3');
  });
  it('says where the interval of the strongest reaches above Y', () => {
    expect(verdictOf([figures(a, [0.2, 0.4])], 0.3).text).toBe('no attack of suite v1 exceeded 0.3, but the interval of the strongest reaches 1.71');
  });
  it('names the attack that did', () => {
    expect(verdictOf([figures(a, [0.9, 0.9]), figures(b, [0.1, 0.1])], 0.3)).toEqual({ text: 'attack A weights read as an ANN, no prior exceeded 0.3 with 0.87', exceeded: ['A weights read as an ANN, no prior'] });
    expect(verdictOf([figures(a, [0.7, 0.7]), figures(b, [0.9, 0.9])], 0.3).text).toBe('attack A weights read as an ANN, smooth prior exceeded 0.3 with 0.87, and 1 other of suite v1');
    expect(strongest([figures(a, [0.7, 0.7]), figures(b, [0.9, 0.9])]).attack).toBe(b);
  });
});

describe('the checks for masked gradients', () => {
  const { network } = randomSpiking(2, { code: 'bias' });
  const attacks = (a: number, b: number): AttackFigures[] => [figures(suite[0], [a, a]), figures(suite[2], [b, b])];
  it('fail where B fails on a converted network on which A succeeds', () => {
    const plain = subjectOf('plain', { kind: 'spiking', network }, true);
    expect(maskingChecks(plain, attacks(0.8, 0.7), () => judged(0.7)).map((c) => [c.check, c.passed])).toEqual([['B succeeds on a converted network', true], ['more steps do no harm', true]]);
    expect(maskingChecks(plain, attacks(0.8, 0.2), () => judged(0.2))[0]).toMatchObject({ passed: false, usual: 0.8, compared: 0.2 });
  });
  it('fail where twice the steps do much worse, and ask nothing of an ANN', () => {
    const learned = subjectOf('learned', { kind: 'spiking', network });
    expect(maskingChecks(learned, attacks(0.8, 0.8), (_, factor) => judged(factor === 1 ? 0.8 : 0.3)).map((c) => c.passed)).toEqual([false]);
    expect(maskingChecks(learned, attacks(0.8, 0.8), (_, factor) => judged(factor === 1 ? 0.8 : 0.75)).map((c) => c.passed)).toEqual([true]);
    expect(maskingChecks(subjectOf('ann', { kind: 'ann', graph: { nodes: [], outputs: [] } }), attacks(0.8, 0.8), () => judged(0.8))).toEqual([]);
  });
});
