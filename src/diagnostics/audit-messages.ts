/** What can be wrong with the settings of a private training run and with a budget asked of it. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export const auditMessages = {
  'audit/no-phases': error(
    () => 'there is nothing to account for: no phase is given',
    () => 'give rate, noise and steps of at least one phase',
  ),
  'audit/rate-outside': error(
    (p: { rate: number }) => `a sampling rate is above 0 and at most 1, found ${p.rate}`,
    () => 'it is the expected batch size over the number of examples, for example 256/60000',
  ),
  'audit/noise-not-positive': error(
    (p: { noise: number }) => `a noise multiplier is a number above 0, found ${p.noise}`,
    () => 'it is the standard deviation of the noise on the sum of gradients over the clipping norm; without noise no epsilon is finite',
  ),
  'audit/noise-too-small': error(
    (p: { noise: number; least: number }) => `a noise multiplier of ${p.noise} protects nothing: those under ${p.least} are not accounted for`,
    () => 'useful multipliers lie between 0.4 and 10',
  ),
  'audit/steps-not-whole': error(
    (p: { steps: number; most: number }) => `the number of steps is a whole number from 1 to ${p.most}, found ${p.steps}`,
    () => 'count every step, those with an empty batch too: epochs times examples over the expected batch size, rounded up',
  ),
  'audit/delta-outside': error(
    (p: { delta: number; least: number }) => `delta is at least ${p.least} and below 1, found ${p.delta}`,
    () => 'take less than one over the number of examples, for example 1e-5 for 60,000',
  ),
  'audit/delta-too-large': error(
    (p: { delta: number; examples: number }) => `a delta of ${p.delta} is 1/${p.examples} or more: it would allow that a whole example is given away`,
    (p) => `take a delta below ${(1 / p.examples).toPrecision(3)}, better a tenth of it`,
  ),
  'audit/examples-not-whole': error(
    (p: { examples: number }) => `the number of examples is a whole number of at least 1, found ${p.examples}`,
    () => 'count the examples of the private training set',
  ),
  'audit/epsilon-not-positive': error(
    (p: { epsilon: number }) => `a target epsilon is a number above 0, found ${p.epsilon}`,
    () => 'budgets between 0.5 and 10 are usual',
  ),
  'audit/epsilon-unreachable': error(
    (p: { epsilon: number; delta: number; noise: number; reached: number }) => `epsilon ${p.epsilon} at delta ${p.delta} is not reached: even a noise multiplier of ${p.noise} leaves ${p.reached}`,
    () => 'take a larger epsilon or delta, fewer steps or a smaller sampling rate',
  ),
  'audit/noise-not-needed': error(
    (p: { epsilon: number; delta: number; noise: number; reached: number }) => `epsilon ${p.epsilon} at delta ${p.delta} holds already at a noise multiplier of ${p.noise}, the least that is searched, where epsilon is ${p.reached}`,
    () => 'such a budget asks for no noise worth its name; take a smaller epsilon or delta',
  ),
  'audit/budget-spent': error(
    (p: { epsilon: number; delta: number; spent: number }) => `the phases given have spent the budget: they alone have epsilon ${p.spent} at delta ${p.delta}, the target is ${p.epsilon}`,
    () => 'no noise makes further steps free; take a larger epsilon, or train on data that these phases did not see',
  ),
  'audit/phase-unreadable': error(
    (p: { text: string }) => `"${p.text}" is not a phase`,
    () => 'write rate, noise multiplier and steps with commas between them, for example 256/60000,1.1,3515',
  ),
  'audit/false-positive-rate-outside': error(
    (p: { rate: number }) => `a false positive rate is from 0 to 1, found ${p.rate}`,
    () => 'attacks are usually read at 0.01 and 0.001',
  ),
  'audit/counts-outside': error(
    (p: { what: string; count: number; of: number }) => `${p.what} is a whole number from 0 to ${p.of}, found ${p.count}`,
    () => 'give counts of the same attack: how many were tried and how many of those hit',
  ),
  'audit/significance-outside': error(
    (p: { significance: number }) => `a significance is above 0 and below 1, found ${p.significance}`,
    () => 'take 0.05 for a 95 % interval',
  ),
} as const;
