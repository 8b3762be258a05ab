/**
 * Whether the gradient attacks fail because there is nothing to find or because their gradients are of no use
 * (Athalye, Carlini, Wagner, "Obfuscated gradients give a false sense of security", ICML 2018): on a converted network,
 * which hides nothing, attack B must succeed about as well as A does; and on none may more steps do harm.
 */
import { clopperPearson } from '../bounds/clopper-pearson.js';
import type { AttackJob } from './attack-task.js';
import type { NamedSubject } from './audit-classes.js';
import type { Judged } from './judge.js';
import type { AttackFigures } from './leakage.js';
import type { Attack } from './suite.js';

export interface MaskingCheck {
  readonly check: 'B succeeds on a converted network' | 'more steps do no harm';
  readonly passed: boolean;
  /** Success of what is compared, as fractions of 1. */
  readonly usual: number;
  readonly compared: number;
  readonly explanation: string;
}

const MORE_STEPS = 2;
/** B must reach this share of A's success on a converted network. */
const LEAST_SHARE = 0.5;

/** The attack whose steps are doubled: B with the first surrogate, no prior, of those that are made. */
const steppedAttack = (attacks: readonly Attack[]): Attack | undefined => attacks.find((a) => a.id === 'B' && a.input === 'current');

/** Jobs that only these checks need. */
export function plainJobs({ subject: { kind } }: NamedSubject, attacks: readonly Attack[], { subject, seed }: { readonly subject: number; readonly seed: number }): AttackJob[] {
  const attack = steppedAttack(attacks);
  return kind === 'ann' || attack === undefined ? [] : [{ kind: 'attack', subject, attack, seed, stepsFactor: MORE_STEPS }];
}

/** `judgedWith` finds a judgement of the first seed. */
export function maskingChecks(subject: NamedSubject, attacks: readonly AttackFigures[], judgedWith: (attack: Attack, stepsFactor: number) => Judged): MaskingCheck[] {
  const checks: MaskingCheck[] = [];
  const best = (id: 'A' | 'B'): number | null => attacks.filter((a) => a.attack.id === id).reduce<number | null>((most, a) => Math.max(most ?? 0, a.figures.success.mean), null);
  const [a, b] = [best('A'), best('B')];
  if (subject.plain && a !== null && b !== null) {
    checks.push({ check: 'B succeeds on a converted network', passed: b >= LEAST_SHARE * a, usual: a, compared: b, explanation: `the best of B succeeds on ${percent(b)} of images, the best of A on ${percent(a)}` });
  }
  const attack = steppedAttack(attacks.map((x) => x.attack));
  if (subject.subject.kind !== 'ann' && attack !== undefined) {
    const [usual, more] = [judgedWith(attack, 1), judgedWith(attack, MORE_STEPS)];
    const { high } = clopperPearson(Math.round(more.success * more.count), more.count);
    checks.push({ check: 'more steps do no harm', passed: high >= usual.success, usual: usual.success, compared: more.success, explanation: `with twice the steps ${percent(more.success)} of ${more.count} images, before ${percent(usual.success)}` });
  }
  return checks;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
