/** From the flags of `compile` to the options of the compiler. */
import type { BackendChoice } from '../backend/open-backend.js';
import type { CompileOptions } from '../compile.js';
import { loadDataset } from '../data/load-dataset.js';
import { fail } from '../diagnostics.js';
import { kernelBuild, type KernelChoice } from '../kernels/kernels.js';
import type { SpikeKind } from '../spiking/choices.js';
import type { InputCode, Reset } from '../spiking/network.js';
import { loadTarget } from '../target/load-target.js';
import { readImageSet } from '../synthesise/image-set-file.js';
import type { ModelReading } from './compile-notes.js';
import { modelSource, present } from './model-source.js';
import { status } from './output.js';
import { readInput } from './read-input.js';

export interface CompileFlags extends ModelReading {
  readonly out?: string;
  readonly target: string;
  readonly timesteps: number;
  readonly reset?: Reset;
  readonly neuron: 'if' | 'lif';
  readonly spikes: SpikeKind;
  readonly retract?: number;
  readonly code: InputCode['code'];
  readonly weightBits?: number;
  readonly calibrate?: string;
  readonly images?: string;
  readonly search?: number;
  readonly encrypt?: true;
  readonly learningImages: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly sparsity: number;
  readonly distance: number;
  readonly checkpoint?: string;
  readonly kernels: KernelChoice;
  readonly backend: BackendChoice;
  readonly workers: number;
  readonly seed: number;
  readonly printAfter?: string;
  readonly json?: true;
}

/** Reads the card, the target and the calibration images that the flags name. */
export function compileOptions(model: string, flags: CompileFlags): Omit<CompileOptions, 'observer' | 'backend'> {
  const { timesteps, reset, neuron, spikes, retract, code, weightBits, calibrate, images, seed } = flags;
  const source = modelSource(model, flags);
  return {
    ...source.import, timesteps, neuron, spikes, code, seed,
    target: loadTarget(flags.target),
    ...present({
      reset, retract, weightBits, normalisation: source.normalisation ?? undefined,
      calibration: calibrate === undefined ? undefined : loadDataset(calibrate, '--calibrate'),
      images: images === undefined ? undefined : readImageSet(readInput(images), images),
      search: flags.search === undefined ? undefined : { trials: flags.search, workers: flags.workers, onTrial: (done: number, trials: number) => status(`searching thresholds: candidate ${done} of ${trials}`) },
      learn: flags.encrypt === true ? learning(flags) : undefined,
    }),
  };
}

/** The learning that the flags ask for. */
function learning({ learningImages, epochs, learningRate, sparsity, distance, checkpoint, kernels, workers }: CompileFlags): NonNullable<CompileOptions['learn']> {
  if (kernelBuild(kernels) === null) fail('learn/no-native-kernels', { kind: 'option', option: '--kernels' }, {});
  return {
    images: learningImages, epochs, workers, kernels, rate: learningRate, ratePenalty: sparsity, distance, loss: { distillation: 1, temperature: 2 },
    onStep: ({ step, steps, loss, agreement }) => status(`learning: step ${step} of ${steps}, loss ${loss.toFixed(3)}, same answer as the ANN ${(100 * agreement).toFixed(0)} %`),
    ...(checkpoint === undefined ? {} : { checkpoint: { path: checkpoint, everySteps: 10 } }),
  };
}
