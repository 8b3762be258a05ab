/** `spikeveil privacy epsilon` and `privacy sigma`: what a run of differentially private training spends, and the noise for a budget. */
import { Command, Option } from 'commander';
import type { Phase } from '../audit/accountant/mechanism.js';
import type { TightEpsilon } from '../audit/accountant/tight-epsilon.js';
import type { Conversion, RenyiEpsilon } from '../audit/accountant/renyi.js';
import { formatPercent } from '../report/quantities.js';
import { jsonOption } from './options.js';
import { say, sayJson } from './output.js';
import { readNumber, type PrivacyFlags } from './privacy-options.js';
import { pairs, plural, wrap } from './table.js';

export const privacyCommand = (): Command => new Command('privacy')
  .description('Account for differentially private training: the epsilon that a run spends, or the noise that a budget needs.')
  .addCommand(epsilonCommand())
  .addCommand(sigmaCommand());

const deltaOption = (): Option => new Option('--delta <d>', 'less than one over the number of examples').argParser(readNumber).makeOptionMandatory();
const rateOption = (): Option => new Option('--rate <q>', 'probability that an example is in a step: expected batch over examples; a fraction such as 256/60000 will do').argParser(readNumber);
const stepsOption = (): Option => new Option('--steps <t>', 'how many steps, empty batches counted').argParser(readNumber);
const examplesOption = (): Option => new Option('--examples <n>', 'size of the private training set; refuses a delta of 1/N or more').argParser(readNumber);
const phaseOption = (help: string): Option => new Option('--phase <q,s,t>', help).argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);

const epsilonCommand = (): Command => new Command('epsilon')
  .description('The epsilon of a run at a delta: an upper bound by its privacy loss distribution, beside both Renyi figures.')
  .addOption(rateOption())
  .addOption(new Option('--noise <sigma>', 'noise multiplier: standard deviation of the noise over the clipping norm').argParser(readNumber))
  .addOption(stepsOption())
  .addOption(deltaOption())
  .addOption(phaseOption('a further phase of the same run, as rate,noise,steps; can be given many times'))
  .addOption(examplesOption())
  .addOption(new Option('--fpr <f>', 'also the most members that any attack finds at this rate of false alarms; can be given many times').argParser((text: string, before: readonly number[] | undefined) => [...(before ?? []), readNumber(text)]))
  .addOption(jsonOption())
  .addHelpText('after', '\nExamples:\n  $ spikeveil privacy epsilon --rate 256/60000 --noise 1.1 --steps 3515 --delta 1e-5\n  $ spikeveil privacy epsilon --phase 0.01,2,500 --phase 0.02,1.5,200 --delta 1e-5 --fpr 0.001')
  .action(async (flags: PrivacyFlags, command: Command) => {
    const [{ tightEpsilon }, { renyiEpsilons }, { epsilonRun }] = await Promise.all([
      import('../audit/accountant/tight-epsilon.js'), import('../audit/accountant/renyi.js'), import('./privacy-options.js')]);
    const phases = epsilonRun(flags, command);
    const { delta, fpr = [] } = flags;
    const spent: Spent = { phases, delta, tight: tightEpsilon(phases, delta), renyi: renyiEpsilons(phases, delta), caps: [] };
    const caps = fpr.length === 0 ? [] : await attackCaps(spent, fpr);
    const answer = await epsilonAnswer({ ...spent, caps });
    if (flags.json === true) sayJson(answer);
    else say(epsilonText({ ...spent, caps }));
  });

interface Spent {
  readonly phases: readonly Phase[];
  readonly delta: number;
  readonly tight: TightEpsilon;
  readonly renyi: Readonly<Record<Conversion, RenyiEpsilon>>;
  readonly caps: readonly AttackCap[];
}

interface AttackCap {
  readonly falsePositiveRate: number;
  /** By the trade-off curve of the mechanism. */
  readonly truePositiveRate: number;
  /** By epsilon and delta alone. */
  readonly fromEpsilon: number;
}

async function attackCaps({ phases, delta, tight }: Spent, rates: readonly number[]): Promise<readonly AttackCap[]> {
  const { capFromEpsilon, capsFromMechanism } = await import('../audit/bounds/true-positive-cap.js');
  const caps = capsFromMechanism(phases, rates);
  return rates.map((rate, i) => ({ falsePositiveRate: rate, truePositiveRate: caps[i], fromEpsilon: capFromEpsilon(tight.epsilon, delta, rate) }));
}

async function epsilonAnswer({ phases, delta, tight, renyi, caps }: Spent): Promise<object> {
  const [{ ADJACENCY, SAMPLING }, { CONVERSION_SOURCES }] = await Promise.all([import('../audit/accountant/mechanism.js'), import('../audit/accountant/renyi.js')]);
  return {
    epsilon: tight.epsilon, delta, accountant: 'privacy loss distribution, connect the dots', bound: 'upper', gridExcess: tight.excess, direction: tight.direction,
    renyi: {
      improved: { ...renyi.improved, conversion: CONVERSION_SOURCES.improved },
      classic: { ...renyi.classic, conversion: CONVERSION_SOURCES.classic },
    },
    adjacency: ADJACENCY, sampling: SAMPLING, phases, ...(caps.length === 0 ? {} : { attackCaps: caps }),
  };
}

function epsilonText({ phases, delta, tight, renyi, caps }: Spent): string {
  const order = (r: RenyiEpsilon): string => `${figure(r.epsilon)} (order ${r.order})`;
  return [
    pairs([
      ['epsilon', `${figure(tight.epsilon)} at delta ${delta}`],
      ['accountant', 'privacy loss distribution, an upper bound'],
      ['by Renyi, improved', order(renyi.improved)],
      ['by Renyi, classic', order(renyi.classic)],
      ['phases', phases.map(phaseText).join('; ')],
      ['neighbours', 'one record more or less; Poisson sampling'],
      ...caps.map((c): readonly [string, string] => [`attack at ${formatPercent(c.falsePositiveRate, 2)} FPR`, `finds at most ${formatPercent(c.truePositiveRate, 3)} of the members (by epsilon and delta alone ${formatPercent(c.fromEpsilon, 3)})`]),
    ]),
    `\n${wrap('It holds for batches drawn by Poisson sampling, gradients clipped per example and no other use of the data.')}`,
  ].join('\n');
}

const phaseText = ({ rate, noise, steps }: Phase): string => `${plural(steps, 'step')} at rate ${Number(rate.toPrecision(5))}, noise ${noise}`;

/** Five decimals, the last rounded up: a bound stays one. */
const figure = (epsilon: number): string => (epsilon === Infinity ? 'infinite' : (Math.ceil(epsilon * 1e5) / 1e5).toFixed(5));

const sigmaCommand = (): Command => new Command('sigma')
  .description('The least noise multiplier with which a run stays within epsilon at delta, rounded up.')
  .addOption(new Option('--epsilon <e>', 'the budget').argParser(readNumber).makeOptionMandatory())
  .addOption(rateOption().makeOptionMandatory())
  .addOption(stepsOption().makeOptionMandatory())
  .addOption(deltaOption())
  .addOption(phaseOption('a phase that has run already, as rate,noise,steps; counts towards the budget; can be given many times'))
  .addOption(examplesOption())
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ spikeveil privacy sigma --epsilon 3 --rate 256/60000 --steps 3515 --delta 1e-5')
  .action(async (flags: PrivacyFlags) => {
    const [{ noiseForBudget }, { sigmaBudget }] = await Promise.all([import('../audit/accountant/noise-for-budget.js'), import('./privacy-options.js')]);
    const { rate, steps, budget } = sigmaBudget(flags);
    const { noise, epsilon } = noiseForBudget({ rate, steps }, budget);
    if (flags.json === true) return sayJson({ noise, epsilon, target: budget.epsilon, delta: budget.delta, rate, steps, spent: budget.spent });
    say(pairs([
      ['noise multiplier', `${noise} (rounded up)`],
      ['epsilon', `${figure(epsilon)} at delta ${budget.delta}; the budget is ${budget.epsilon}`],
      ['phases', [...budget.spent, { rate, noise, steps }].map(phaseText).join('; ')],
    ]));
  });
