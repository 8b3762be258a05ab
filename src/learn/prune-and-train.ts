/**
 * Pruning in rounds: each drops the same share of what is left and then trains what stays. With a rewind point the
 * weights that stay go back to it before each training (iterative magnitude pruning of Frankle and Carbin, ICLR 2019);
 * without one they go on, and only the course of the learning rate starts again (Renda et al., ICLR 2020). Without images
 * nothing is trained: one round, a pure function of the weights.
 */
import type { LabelledImages } from './private-task.js';
import { masked, pruneMask, sparsityOfRound, type PruneOptions } from './prune.js';
import type { Trainee, TraineeRun } from './trainee.js';

export interface PruneAndTrainOptions extends PruneOptions {
  readonly rounds: number;
  /** Where kept weights go back to before each training; null: nowhere. */
  readonly rewind: Float32Array | null;
  /** Null: prune alone, which takes one round. */
  readonly training: { readonly images: LabelledImages; readonly run: Omit<TraineeRun, 'kept'> } | null;
  /** Round from 0 of all, before it is trained. */
  readonly onRound?: (round: number) => void;
}

export interface Pruned {
  readonly parameters: Float32Array;
  readonly mask: Uint8Array;
}

export async function pruneAndTrain({ prunable: { layers, readersOf }, train }: Pick<Trainee, 'prunable' | 'train'>, parameters: Float32Array, options: PruneAndTrainOptions): Promise<Pruned> {
  const { structure, scope, sparsity, rounds, rewind, training } = options;
  let values = parameters;
  let mask: Uint8Array = new Uint8Array(parameters.length).fill(1);
  for (let round = 1; round <= (training === null ? 1 : rounds); round++) {
    options.onRound?.(round - 1);
    const wanted = training === null ? sparsity : sparsityOfRound(sparsity, round, rounds);
    mask = pruneMask(values, layers, { structure, scope, sparsity: wanted }, { before: mask, readersOf });
    values = masked(training === null ? values : rewind ?? values, mask);
    if (training !== null) values = await train(values, training.images, { ...training.run, kept: mask });
  }
  return { parameters: values, mask };
}
