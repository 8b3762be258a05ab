// The comparison at equal accuracy, and what is said with and without it.
import { describe, expect, it } from 'vitest';
import { compareMatched, LEAST_PAIRS, matchingState, MATCHED_WITHIN, sparsityVerdict, type MatchedPair } from '../../../src/audit/sparsity/match.js';
import { keptSteps } from '../../../src/audit/sparsity/sweep.js';
import { ADAM } from '../../../src/learn/optimiser.js';

const pairs = (differences: readonly number[]): MatchedPair[] => differences.map((d, seed) => ({ seed, step: 10, accuracyDifference: 0.001, areaDifferences: [d, -d] }));
const lower = [-0.031, -0.03, -0.029, -0.03, -0.032, -0.028];

describe('a level', () => {
  it('is told apart from its partners at 95 % for all levels together', () => {
    const found = compareMatched(pairs(lower), 2, 4);
    expect(found.outcome).toBe('weaker');
    expect(found.areaDifferences.map((d) => d!.mean)).toEqual([-0.03, 0.03]);
    expect(compareMatched(pairs(lower.map((d) => -d)), 2, 4).outcome).toBe('stronger');
    expect(compareMatched(pairs([-0.03, 0.02, 0.01, -0.02, 0.03, -0.01]), 2, 4).outcome).toBe('unresolved');
    // resolved alone, not among many: the lower end of 95 % for one level is just above 0
    const near = [0.001, 0.02, 0.03, 0.012, 0.04, 0.004];
    expect([1, 8].map((levels) => compareMatched(pairs(near), 2, levels).outcome)).toEqual(['stronger', 'unresolved']);
  });

  it('is not compared where too few seeds have a partner, however clear these are', () => {
    const found = compareMatched(pairs(lower.slice(0, LEAST_PAIRS - 1)), 2, 1);
    expect(found.outcome).toBe('not-compared');
    expect(compareMatched([], 2, 1)).toMatchObject({ outcome: 'not-compared', accuracyDifference: null, areaDifferences: [null, null] });
  });
});

describe('the verdict', () => {
  const level = (sparsity: number, differences: readonly number[]): Parameters<typeof sparsityVerdict>[0][number] => {
    const { outcome, areaDifferences } = compareMatched(pairs(differences), 2, 2);
    return { sparsity, outcome, difference: areaDifferences[0] };
  };
  const claims = /more private|less private/;

  it('claims nothing without a comparison at equal accuracy', () => {
    const few = lower.slice(0, LEAST_PAIRS - 1);
    expect(sparsityVerdict([level(0.9, few), level(0.95, [])], 'RMIA')).toMatch(/^No statement on sparsity and privacy: at no sparsity have 5 seeds a pruned network that does more than guess and a dense one of the same accuracy/);
    expect(sparsityVerdict([level(0.9, few), level(0.95, [])], 'RMIA')).not.toMatch(claims);
  });

  it('claims nothing where no difference is resolved', () => {
    const text = sparsityVerdict([level(0.9, [-0.03, 0.02, 0.01, -0.02, 0.03, -0.01]), level(0.95, lower.slice(0, 2))], 'RMIA');
    expect(text).toContain('no difference was resolved at sparsity 90.0 %');
    expect(text).toContain('At sparsity 95.0 % fewer than 5 seeds have a pruned network');
    expect(text).not.toMatch(claims);
  });

  it('claims no more than what was compared, and that in both directions', () => {
    const text = sparsityVerdict([level(0.5, lower.map((d) => -d)), level(0.95, lower)], 'RMIA');
    expect(text).toContain('more private against RMIA at sparsity 95.0 %: the area under its curve was lower by 0.030 (0.029 to 0.031)');
    expect(text).toContain('less private against RMIA at sparsity 50.0 %');
    expect(text).toContain('This holds for this architecture, these images and these attacks.');
  });
});

describe('a partner', () => {
  it('is found by few questions where accuracy rises, and among neighbours where it is noisy', async () => {
    const rising = Array.from({ length: 60 }, (_, i) => 1 - Math.exp(-i / 12));
    let asked = 0;
    const at = (of: readonly number[]) => (i: number): Promise<number> => { asked++; return Promise.resolve(of[i]); };
    const { state } = await matchingState(rising[33] + 1e-4, 60, at(rising));
    expect([33, 34]).toContain(state);
    expect(asked).toBeLessThan(20);
    const noisy = rising.map((v, i) => v + (i % 2 === 0 ? 0.04 : -0.04));
    const found = await matchingState(0.6, 60, at(noisy));
    expect(Math.abs(found.accuracy - 0.6)).toBeLessThan(0.03);
    // where even the last is not as right, the nearest is not within half a point
    expect((await matchingState(0.999, 60, at(rising))).accuracy).toBeLessThan(0.999 - MATCHED_WITHIN);
  });

  it('is one of the states that are kept: from an eighth of an epoch on, with the rewind point and the last', () => {
    const training = { epochs: 10, batch: 50, rate: 0.001, optimiser: ADAM, schedule: { kind: 'constant' } } as const;
    const steps = keptSteps(2000, 1000, { training, rewindEpochs: 1 });
    expect([steps[0], steps.includes(40), steps[steps.length - 1]]).toEqual([5, true, 440]);
    expect(steps.slice(1).every((s, i) => s > steps[i] && (s - steps[i] <= 2 || s / steps[i] < 1.2))).toBe(true);
    // a large network keeps fewer
    expect(keptSteps(2000, 2e6, { training, rewindEpochs: 1 }).length).toBeLessThan(12);
    expect(keptSteps(2000, 1000, { training, rewindEpochs: null }).at(-1)).toBe(400);
  });
});
