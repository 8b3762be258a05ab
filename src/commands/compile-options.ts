/** From the flags of `compile` to the options of the compiler. */
import type { CompileOptions } from '../compile.js';
import { loadDataset } from '../data/load-dataset.js';
import type { InputCode, Reset } from '../spiking/network.js';
import { loadTarget } from '../target/load-target.js';
import { readImageSet } from '../synthesise/image-set-file.js';
import type { ModelReading } from './compile-notes.js';
import { modelSource, present } from './model-source.js';
import { readInput } from './read-input.js';

export interface CompileFlags extends ModelReading {
  readonly out?: string;
  readonly target: string;
  readonly timesteps: number;
  readonly reset?: Reset;
  readonly neuron: 'if' | 'lif';
  readonly code: InputCode['code'];
  readonly weightBits?: number;
  readonly calibrate?: string;
  readonly images?: string;
  readonly seed: number;
  readonly printAfter?: string;
  readonly json?: true;
}

/** Reads the card, the target and the calibration images that the flags name. */
export function compileOptions(model: string, flags: CompileFlags): Omit<CompileOptions, 'observer'> {
  const { timesteps, reset, neuron, code, weightBits, calibrate, images, seed } = flags;
  const source = modelSource(model, flags);
  return {
    ...source.import, timesteps, neuron, code, seed,
    target: loadTarget(flags.target),
    ...present({
      reset, weightBits, normalisation: source.normalisation ?? undefined,
      calibration: calibrate === undefined ? undefined : loadDataset(calibrate, '--calibrate'),
      images: images === undefined ? undefined : readImageSet(readInput(images), images),
    }),
  };
}
