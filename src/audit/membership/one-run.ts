/**
 * A lower bound on epsilon from the one network at hand (Steinke, Nasr and Jagielski, NeurIPS 2023): the attack guesses
 * "member" for the highest scores and "non-member" for the lowest, and the number of right guesses bounds epsilon. The
 * shares of images guessed are fixed here in advance and the significance is divided among them. It is a bound for a
 * subject whose members were drawn from the pool by fair coins; where the user picked them otherwise it is an indication.
 */
import { permutation, randomStream, substream } from '../../random.js';
import { epsilonFromOneRun } from '../bounds/epsilon-from-attack.js';

export interface OneRunBound {
  /** Images taken part: as many members as non-members, the larger set cut at random. */
  readonly canaries: number;
  readonly guesses: number;
  readonly right: number;
  readonly epsilon: number;
  readonly delta: number;
  /** Of the best of all shares together. */
  readonly significance: number;
}

const SHARES = [0.01, 0.05, 0.2, 1] as const;
const SIGNIFICANCE = 0.05;

/** The largest bound over the shares. Equal scores are ordered by lot. */
export function oneRunBound(scores: ArrayLike<number>, members: ArrayLike<number>, { delta, seed }: { readonly delta: number; readonly seed: number }): OneRunBound {
  const lot = permutation(substream(randomStream(seed), 'one-run'), scores.length);
  const sides = [0, 1].map((side) => [...lot].filter((i) => members[i] === side));
  const each = Math.min(sides[0].length, sides[1].length);
  const place = new Map([...lot].map((i, at) => [i, at]));
  const order = sides.flatMap((side) => side.slice(0, each)).sort((a, b) => scores[b] - scores[a] || place.get(a)! - place.get(b)!);
  const bounds = SHARES.map((share): OneRunBound => {
    const half = Math.max(1, Math.round(share * each));
    const right = order.slice(0, half).filter((i) => members[i] === 1).length + order.slice(-half).filter((i) => members[i] !== 1).length;
    return { canaries: 2 * each, guesses: 2 * half, right, delta, significance: SIGNIFICANCE, epsilon: epsilonFromOneRun({ canaries: 2 * each, guesses: 2 * half, right }, delta, SIGNIFICANCE / SHARES.length) };
  });
  return bounds.reduce((a, b) => (b.epsilon >= a.epsilon ? b : a));
}
