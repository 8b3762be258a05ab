/**
 * What the accountants certify. In each step every record is in with probability `rate`, independently
 * of all others (Poisson sampling); the gradients of those that are in are clipped to norm C each and
 * summed, and normal noise of standard deviation `noise` * C is added to the sum. Two data sets are
 * neighbours when one has a record more (add or remove one). A run is a list of phases, each some equal steps.
 */
import { Reporter, type Where } from '../../diagnostics.js';

export interface Phase {
  /** Probability that a record is in a step, above 0, at most 1: the expected batch over the size of the data set. */
  readonly rate: number;
  /** Standard deviation of the noise over the clipping norm, above 0. */
  readonly noise: number;
  /** How often the mechanism ran with these settings, empty batches counted. */
  readonly steps: number;
}

export const ADJACENCY = 'add or remove one record';
export const SAMPLING = 'Poisson';

/** Above it a double no longer tells neighbouring whole numbers apart once counts are added. */
export const MOST_STEPS = 1e9;
/** Under this the loss of one step has hundreds of thousands of nats: nothing is private there. */
export const LEAST_NOISE = 0.01;

/** Reports what is wrong with a phase; `option` says where each value stands. */
export function checkPhase(phase: Phase, option: (name: keyof Phase) => Where, report: Reporter): void {
  const { rate, noise, steps } = phase;
  if (!(rate > 0 && rate <= 1)) report.report('audit/rate-outside', option('rate'), { rate });
  if (!(noise > 0 && Number.isFinite(noise))) report.report('audit/noise-not-positive', option('noise'), { noise });
  else if (noise < LEAST_NOISE) report.report('audit/noise-too-small', option('noise'), { noise, least: LEAST_NOISE });
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= MOST_STEPS)) report.report('audit/steps-not-whole', option('steps'), { steps, most: MOST_STEPS });
}

/** The least delta that doubles can account for beside sums of 1. */
export const LEAST_DELTA = 1e-100;

/** Reports a delta outside (0, 1), and with `examples` one that is no protection: 1 over their number or more. */
export function checkDelta(delta: number, examples: number | undefined, report: Reporter): void {
  const where: Where = { kind: 'option', option: '--delta' };
  if (!(delta >= LEAST_DELTA && delta < 1)) report.report('audit/delta-outside', where, { delta, least: LEAST_DELTA });
  else if (examples !== undefined && delta * examples >= 1) report.report('audit/delta-too-large', where, { delta, examples });
}

/** Throws every problem of a run and its delta at once. For callers of the library; `phases[i]` names the place. */
export function checkRun(phases: readonly Phase[], delta: number, examples?: number): void {
  const report = new Reporter();
  if (phases.length === 0) report.report('audit/no-phases', { kind: 'nowhere' }, {});
  phases.forEach((phase, i) => checkPhase(phase, (name) => ({ kind: 'option', option: `phases[${i}].${name}` }), report));
  checkDelta(delta, examples, report);
  report.finish();
}
