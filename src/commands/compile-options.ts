/** From the flags of `compile` to the options of the compiler. */
import type { BackendChoice } from '../backend/open-backend.js';
import type { CompileOptions } from '../compile.js';
import { loadDataset } from '../data/load-dataset.js';
import { subset } from '../data/subset.js';
import { fail } from '../diagnostics.js';
import { kernelBuild } from '../kernels/kernels.js';
import { ADAM } from '../learn/optimiser.js';
import type { LearnOptions } from '../learning-passes.js';
import { readRunRecord } from '../report/read-run.js';
import type { SpikeKind } from '../spiking/choices.js';
import { populationId, type InputCode, type Reset } from '../spiking/network.js';
import { loadTarget } from '../target/load-target.js';
import { readImageSet } from '../synthesise/image-set-file.js';
import { sha256Of, type ModelReading } from './compile-notes.js';
import type { LearningFlags } from './learning-options.js';
import { modelSource, present } from './model-source.js';
import { status } from './output.js';
import { readInput } from './read-input.js';

export interface CompileFlags extends ModelReading, LearningFlags {
  readonly out?: string;
  readonly target: string;
  readonly timesteps: number;
  readonly reset?: Reset;
  readonly neuron: 'if' | 'lif';
  readonly currentDecay?: number;
  readonly refractory?: number;
  readonly spikes: SpikeKind;
  readonly retract?: number;
  readonly code: InputCode['code'];
  readonly weightBits?: number;
  readonly roundWeights?: true;
  readonly calibrate?: string;
  readonly images?: string;
  readonly search?: number;
  readonly rates?: string;
  readonly cores?: number;
  readonly placementEffort: number;
  readonly backend: BackendChoice;
  readonly workers: number;
  readonly seed: number;
  readonly proof?: true;
  readonly printAfter?: string;
  readonly json?: true;
}

/** Reads the card, the target and the calibration images that the flags name. */
export function compileOptions(model: string, flags: CompileFlags): Omit<CompileOptions, 'observer' | 'backend'> {
  const { timesteps, reset, neuron, currentDecay, refractory, spikes, retract, code, weightBits, roundWeights, calibrate, images, cores, placementEffort, seed } = flags;
  const source = modelSource(model, flags);
  return {
    ...source.import, timesteps, neuron, spikes, code, seed, placementEffort,
    target: loadTarget(flags.target),
    ...present({
      reset, currentDecay, refractory, retract, weightBits, roundWeights, cores, normalisation: source.normalisation ?? undefined,
      calibration: calibrate === undefined ? undefined : loadDataset(calibrate, '--calibrate'),
      measured: flags.rates === undefined ? undefined : measuredSpikes(flags.rates, model),
      images: images === undefined ? undefined : readImageSet(readInput(images), images),
      search: flags.search === undefined ? undefined : { trials: flags.search, workers: flags.workers, onTrial: (done: number, trials: number) => status(`searching thresholds: candidate ${done} of ${trials}`) },
      proof: flags.proof,
      learn: flags.encrypt === true ? learning(flags) : undefined,
    }),
  };
}

/** Mean spikes of a neuron by layer, out of a run of a program of the same model. */
function measuredSpikes(path: string, model: string): NonNullable<CompileOptions['measured']> {
  const { layers, data, model: { sha256, name } } = readRunRecord(path);
  const found = sha256Of(model);
  if (found !== null && found !== sha256) fail('run/rates-of-another-model', { kind: 'file', path }, { ran: name, model });
  return { spikes: new Map(layers.map((l) => [populationId(l.name), l.spikes / l.neurons])), data: data.name };
}

/** The learning that the flags ask for. Reads the data set of `--data`. */
function learning(flags: CompileFlags): LearnOptions {
  if (kernelBuild(flags.kernels) === null) fail('learn/no-native-kernels', { kind: 'option', option: '--kernels' }, {});
  const { learningImages, epochs, batch, learningRate, schedule, optimiser, surrogate, surrogateWidth, distillation, temperature, sparsity, distance, checkpoint } = flags;
  return {
    images: learningImages, epochs, batch, workers: flags.workers, kernels: flags.kernels, rate: learningRate, ratePenalty: sparsity, distance,
    schedule: schedule === 'cosine' ? { kind: 'cosine', floor: 0.02 } : { kind: 'constant' },
    optimiser: optimiser === 'adam' ? ADAM : { kind: 'sgd', momentum: 0.9 },
    surrogate: { shape: surrogate, width: surrogateWidth }, loss: { distillation, temperature }, time: flags.online === true ? 'sltt' : flags.truncate === undefined ? 'exact' : { kind: 'truncated', steps: flags.truncate },
    ...present({
      compare: flags.compare, checkpoint: checkpoint === undefined ? undefined : { path: checkpoint, everySteps: 10 },
      data: flags.data === undefined ? undefined : subset(loadDataset(flags.data), { limit: flags.limit }),
    }),
  };
}
