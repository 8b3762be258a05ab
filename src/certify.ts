/**
 * Where learning and accountant meet: the plan of a private run (how much noise, how many steps within
 * the budget), the certificate that it earns, and the check of a certificate that came with a file.
 */
import { ADJACENCY, checkRun, type Phase } from './audit/accountant/mechanism.js';
import { noiseForBudget } from './audit/accountant/noise-for-budget.js';
import { tightEpsilon } from './audit/accountant/tight-epsilon.js';
import { fail } from './diagnostics.js';
import { MECHANISM, UNIT, type Certificate, type TrainingRecord } from './learn/training-record.js';

export interface PrivacyBudget {
  readonly epsilon: number;
  readonly delta: number;
  /** Runs on the same data that count towards the budget. */
  readonly spent?: readonly Phase[];
}

export interface PrivatePlan {
  readonly budget: PrivacyBudget;
  readonly examples: number;
  readonly rate: number;
  readonly noise: number;
  /** As many as were asked for, or fewer where the budget ends before. */
  readonly steps: number;
  readonly asked: number;
}

const ACCOUNTANT = 'privacy loss distribution, an upper bound';

/** The epsilon after so many steps of a plan, earlier phases included; an upper bound. */
export const epsilonAfter = ({ budget: { delta, spent = [] }, rate, noise }: Pick<PrivatePlan, 'budget' | 'rate' | 'noise'>, steps: number): number =>
  (steps === 0 && spent.length === 0 ? 0 : tightEpsilon([...spent, ...(steps === 0 ? [] : [{ rate, noise, steps }])], delta).epsilon);

/**
 * The noise for the budget, or with `noise` given the steps that it pays for. Throws `audit/...` for values that no run has and
 * for a budget that is spent, `learn/batch-too-large` and `learn/no-step-in-budget`.
 */
export function planPrivateRun(budget: PrivacyBudget, run: { readonly examples: number; readonly expectedBatch: number; readonly steps: number; readonly noise?: number }): PrivatePlan {
  const { examples, expectedBatch, steps: asked } = run;
  if (expectedBatch > examples) fail('learn/batch-too-large', { kind: 'option', option: '--expected-batch' }, { expected: expectedBatch, examples });
  const rate = expectedBatch / examples;
  const spent = budget.spent ?? [];
  if (run.noise === undefined) {
    const { noise } = noiseForBudget({ rate, steps: asked }, { epsilon: budget.epsilon, delta: budget.delta, spent, examples });
    return { budget, examples, rate, noise, steps: asked, asked };
  }
  const plan = { budget, examples, rate, noise: run.noise, asked };
  checkRun([...spent, { rate, noise: run.noise, steps: asked }], budget.delta, examples);
  const fits = (steps: number): boolean => epsilonAfter(plan, steps) <= budget.epsilon;
  if (spent.length > 0 && !fits(0)) fail('audit/budget-spent', { kind: 'option', option: '--phase' }, { epsilon: budget.epsilon, delta: budget.delta, spent: Number(epsilonAfter(plan, 0).toPrecision(4)) });
  if (fits(asked)) return { ...plan, steps: asked };
  let [low, high] = [0, asked]; // fits at low, not at high
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  if (low === 0) fail('learn/no-step-in-budget', { kind: 'option', option: '--noise' }, { epsilon: budget.epsilon, delta: budget.delta, first: Number(epsilonAfter(plan, 1).toPrecision(4)) });
  return { ...plan, steps: low };
}

/** What a finished run may claim. */
export function certificateOf(plan: PrivatePlan, { clip, expectedBatch }: { readonly clip: number; readonly expectedBatch: number }): Certificate {
  const { budget: { delta, spent = [] }, rate, noise, steps } = plan;
  return {
    mechanism: MECHANISM, phases: [...spent, { rate, noise, steps }].map((p) => ({ rate: p.rate, noise: p.noise, steps: p.steps })), clip, expectedBatch,
    epsilon: epsilonAfter(plan, steps), delta, adjacency: ADJACENCY, unit: UNIT, accountant: ACCOUNTANT,
  };
}

/** Computes the epsilon of a certificate again. Throws `learn/certificate-wrong` where it claims less, and `audit/...` for phases that no mechanism has. */
export function checkCertificate({ certificate, examples }: TrainingRecord, path: string): void {
  if (certificate === null) return;
  const { phases, delta, epsilon: claimed } = certificate;
  const found = tightEpsilon(phases, delta, examples).epsilon;
  if (!(claimed >= found * (1 - 1e-9))) fail('learn/certificate-wrong', { kind: 'file', path }, { claimed, found: Number(found.toPrecision(5)), delta });
}
