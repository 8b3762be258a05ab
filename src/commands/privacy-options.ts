/** From the words of `spikeveil privacy` to the phases of a run. Values that no mechanism has are diagnostics, all at once. */
import type { Command } from 'commander';
import { checkBudget, type Budget } from '../audit/accountant/noise-for-budget.js';
import { checkDelta, checkPhase, type Phase } from '../audit/accountant/mechanism.js';
import { Reporter } from '../diagnostics.js';

export interface PrivacyFlags {
  readonly rate?: number;
  readonly noise?: number;
  readonly steps?: number;
  readonly delta: number;
  readonly epsilon?: number;
  readonly phase?: readonly string[];
  readonly examples?: number;
  readonly fpr?: readonly number[];
  readonly json?: true;
}

/** A number or a quotient of two; NaN for anything else, which the checks refuse by name. */
export function readNumber(text: string): number {
  const parts = text.split('/').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return parts.length > 2 ? NaN : parts.reduce((a, b) => a / b);
}

/** The phase of --rate, --noise and --steps, if they are given, and those of --phase. */
export function epsilonRun(flags: PrivacyFlags, command: Command): readonly Phase[] {
  const { rate, noise, steps, phase = [], delta, fpr = [] } = flags;
  const given = [rate, noise, steps].filter((v) => v !== undefined).length;
  if (given !== 3 && (given > 0 || phase.length === 0)) command.error('error: --rate, --noise and --steps belong together; or give --phase alone');
  const report = new Reporter();
  const first = given === 3 ? [{ rate: rate!, noise: noise!, steps: steps! }] : [];
  const further = readPhases(phase, report);
  first.forEach((p) => checkPhase(p, (name) => ({ kind: 'option', option: `--${name}` }), report));
  further.forEach((p) => checkPhase(p, () => ({ kind: 'option', option: '--phase' }), report));
  checkDelta(delta, checkedExamples(flags, report), report);
  for (const f of fpr) if (!(f >= 0 && f <= 1)) report.report('audit/false-positive-rate-outside', { kind: 'option', option: '--fpr' }, { rate: f });
  report.finish();
  return [...first, ...further];
}

/** What `privacy sigma` is asked for. */
export function sigmaBudget(flags: PrivacyFlags): Pick<Phase, 'rate' | 'steps'> & { readonly budget: Budget & { readonly spent: readonly Phase[] } } {
  const { rate = NaN, steps = NaN, delta, epsilon = NaN, phase = [] } = flags;
  const report = new Reporter();
  const spent = readPhases(phase, report);
  const examples = checkedExamples(flags, report);
  const budget = { epsilon, delta, spent, ...(examples === undefined ? {} : { examples }) };
  checkBudget({ rate, steps }, budget, report);
  report.finish();
  return { rate, steps, budget };
}

export function readPhases(texts: readonly string[], report: Reporter): readonly Phase[] {
  return texts.flatMap((text) => {
    const where = { kind: 'option', option: '--phase' } as const;
    const values = text.split(',').map(readNumber);
    if (values.length !== 3 || values.some((v) => Number.isNaN(v))) {
      report.report('audit/phase-unreadable', where, { text });
      return [];
    }
    return [{ rate: values[0], noise: values[1], steps: values[2] }];
  });
}

function checkedExamples({ examples }: PrivacyFlags, report: Reporter): number | undefined {
  if (examples === undefined || (Number.isInteger(examples) && examples >= 1)) return examples;
  report.report('audit/examples-not-whole', { kind: 'option', option: '--examples' }, { examples });
  return undefined;
}
