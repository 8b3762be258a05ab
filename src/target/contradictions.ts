/**
 * Checks of a target that no JSON schema can say: numbers that must fit one another, lists that must
 * ascend, names that must differ, unpublished constants that must say so.
 */
import type { Reporter } from '../diagnostics.js';
import type { Profile, Target } from './schema.js';

/** One rule: where it looks, whether it holds, what to say. */
interface Rule {
  readonly pointer: string;
  readonly holds: boolean;
  readonly problem: string;
  readonly fix: string;
}

/** Reports every contradiction of a target whose keys and types are already right. */
export function reportContradictions(target: Target, path: string, report: Reporter): void {
  const rules = [...numberRules(target), ...boardRules(target), ...capabilityRules(target), ...target.profiles.flatMap((p, i) => profileRules(p, i, target.profiles))];
  for (const { pointer, holds, problem, fix } of rules) {
    if (!holds) report.report('target/contradiction', { kind: 'file', path, pointer }, { problem, fix });
  }
}

function numberRules({ numbers: n }: Target): Rule[] {
  const stepLog = Math.log2(n.weightStep);
  const limit = 2 ** (n.stateBits - 1) - 1;
  return [
    { pointer: '/numbers/shiftMin', holds: n.shiftMin <= n.shiftMax, problem: `shiftMin ${n.shiftMin} is above shiftMax ${n.shiftMax}`, fix: 'swap them' },
    { pointer: '/numbers/weightStep', holds: Number.isInteger(stepLog), problem: `weightStep ${n.weightStep} is not a power of two`, fix: 'write 1, 2, 4, ...' },
    { pointer: '/numbers/shiftMax', holds: stepLog + n.shiftMax <= 16, problem: `log2(weightStep) + shiftMax is ${stepLog + n.shiftMax}, above 16`, fix: 'lower shiftMax: a 16-bit sum of weights must fit 32 bits after the shift' },
    { pointer: '/numbers/accumulatorMax', holds: n.accumulatorMax >= n.weightMax * n.weightStep, problem: `accumulatorMax ${n.accumulatorMax} does not hold a single weight of ${n.weightMax * n.weightStep}`, fix: 'raise accumulatorMax or lower weightMax' },
    { pointer: '/numbers/accumulatorShift', holds: n.accumulatorShift === null || (n.accumulatorShift <= n.shiftMax && n.accumulatorShift - n.shiftMin <= stepLog), problem: `accumulatorShift ${n.accumulatorShift} does not go with shifts ${n.shiftMin} to ${n.shiftMax} and weightStep ${n.weightStep}`, fix: 'it is at most shiftMax, and at most log2(weightStep) above shiftMin, so that no bit of a mantissa is lost' },
    { pointer: '/numbers/thresholdBits', holds: n.thresholdBits + n.thresholdShift < n.stateBits, problem: `a threshold of ${n.thresholdBits} bits << ${n.thresholdShift} does not fit a potential of ${n.stateBits} bits`, fix: 'thresholdBits + thresholdShift must be below stateBits' },
    { pointer: '/numbers/biasMantissaMax', holds: n.biasMantissaMax * 2 ** n.biasExponentMax <= limit, problem: `the largest bias ${n.biasMantissaMax} << ${n.biasExponentMax} does not fit a potential of ${n.stateBits} bits`, fix: 'lower biasMantissaMax or biasExponentMax' },
  ];
}

function boardRules({ board }: Target): Rule[] {
  return [
    { pointer: '/board/columns', holds: board.chips === null || board.columns <= board.chips, problem: `${board.columns} columns for ${board.chips} chips`, fix: 'a board has at most as many columns as chips' },
  ];
}

function capabilityRules({ capabilities }: Target): Rule[] {
  return [
    { pointer: '/capabilities/signedSpikes', holds: capabilities.signedSpikes !== true || capabilities.resets.includes('soft'), problem: 'signedSpikes without a soft reset', fix: 'add "soft" to resets, or set signedSpikes to false' },
  ];
}

function profileRules(profile: Profile, index: number, all: readonly Profile[]): Rule[] {
  const at = `/profiles/${index}`;
  const { barrier, barrierSource: _source, ...latency } = profile.latency;
  const first = all.findIndex((p) => p.name === profile.name);
  const descending = barrier.findIndex((entry, i) => i > 0 && entry.tiles <= barrier[i - 1].tiles);
  const groups = { energy: profile.energy, latency, power: profile.power };
  const silent = Object.entries(groups).flatMap(([group, constants]) => Object.entries(constants)
    .filter(([, c]) => c.value === null && (c.note ?? '') === '')
    .map(([name]): Rule => ({ pointer: `${at}/${group}/${name}`, holds: false, problem: `${name} has no value and no note`, fix: 'add a note that says why, for example "never published; counted as 0"' })));
  return [
    { pointer: `${at}/name`, holds: first === index, problem: `profile ${index} has the name "${profile.name}" of profile ${first}`, fix: 'give each profile a name of its own' },
    { pointer: `${at}/latency/barrier/${descending}`, holds: descending < 0, problem: 'the barrier table does not ascend in tiles', fix: 'sort the entries by tiles and drop repeats' },
    ...silent,
  ];
}
