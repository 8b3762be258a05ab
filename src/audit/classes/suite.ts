/**
 * Suite v1 of attacks on what a network gives away about its classes. Each tries to draw images of every class
 * out of the network; what they are worth is for `judge.ts` to say. An attack that learns nothing is worth
 * knowing only if stronger ones fail too, so the figure that counts is the largest over the suite.
 *
 *   A  the weights read as a plain ReLU network, thresholds undone; its gradient is followed
 *   B  the gradient through the spiking network itself, back in time, with a surrogate in the place of the spike:
 *      three surrogates, the image as a constant current or as Poisson spikes (straight through, mean of several draws)
 *   C  the rate equation of the neurons: a rectifier that ends at one spike a step
 *   D  from outputs alone: a student learns from the network's answers, then A on the student
 *   E  A, and layers are to be excited as the statistics say that the file holds: those of batch norm, or thresholds,
 *      which were chosen as the largest activations
 *   G  from outputs alone: evolution, with a limited number of queries
 *
 * F (a generator trained on related public images) and H (a readout of hidden rates, which makes no images) are
 * not in v1.
 */
import type { SurrogateShape } from '../../learn/learning-problem.js';
import { knownStatistics } from '../../synthesise/batch-norm-matching.js';
import type { CoreNode, Graph } from '../../graph/graph.js';
import type { Subject } from '../subject.js';

export const SUITE = 'v1';

/** none: the network's wishes alone; smooth: neighbours alike, not far from the empty image, moved about a little while it is made. */
export type Prior = 'none' | 'smooth';
export type AttackSurrogate = Exclude<SurrogateShape, 'boxcar'>;

type Plain<Id extends string> = { readonly id: Id; readonly prior: Prior };
export type Attack =
  | Plain<'A'> | Plain<'C'> | Plain<'D'> | Plain<'E'> | Plain<'G'>
  | { readonly id: 'B'; readonly prior: Prior; readonly surrogate: AttackSurrogate; readonly input: 'current' | 'poisson' };
export type AttackId = Attack['id'];

const priors: readonly Prior[] = ['none', 'smooth'];
const surrogates: readonly AttackSurrogate[] = ['triangle', 'fast-sigmoid', 'arctangent'];

/** All attacks of the suite, in the order of reports. */
export const suite: readonly Attack[] = [
  ...priors.map((prior): Attack => ({ id: 'A', prior })),
  ...surrogates.flatMap((surrogate) => (['current', 'poisson'] as const).flatMap((input) => priors.map((prior): Attack => ({ id: 'B', surrogate, input, prior })))),
  ...(['C', 'D', 'E', 'G'] as const).flatMap((id) => priors.map((prior): Attack => ({ id, prior }))),
];

/** Why an attack has nothing to work on, or null where it has. */
export function inapplicable({ id }: Attack, subject: Subject): string | null {
  if (id === 'A' || id === 'D' || id === 'G') return null;
  if (subject.kind === 'ann') {
    if (id === 'E') return knownStatistics(subject.graph as Graph<CoreNode>).size === 0 ? 'the file holds no batch-norm statistics' : null;
    return 'an ANN has no spikes';
  }
  const { populations } = subject.kind === 'spiking' ? subject.network : subject.program.network;
  return id === 'B' && populations.some((p) => p.neuron.model === 'cuba') ? 'no gradient is known here for neurons whose currents last' : null;
}

const WORDS: Readonly<Record<AttackId, string>> = {
  A: 'weights read as an ANN', B: 'back through time', C: 'rate equation', D: 'distil, then invert', E: 'statistics in the file', G: 'evolution',
};

/** What an attack is called everywhere, for example `B back through time (triangle, Poisson), smooth prior`. */
export function attackName(attack: Attack): string {
  const how = attack.id === 'B' ? ` (${attack.surrogate}, ${attack.input === 'poisson' ? 'Poisson' : 'constant current'})` : '';
  return `${attack.id} ${WORDS[attack.id]}${how}, ${attack.prior === 'none' ? 'no prior' : 'smooth prior'}`;
}

/** Short and safe in file names: `B-triangle-poisson-smooth`. */
export const attackKey = (attack: Attack): string => [attack.id, ...(attack.id === 'B' ? [attack.surrogate, attack.input] : []), attack.prior].join('-');
