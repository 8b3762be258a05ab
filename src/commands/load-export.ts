/** A program with one image worked out for the export: the host's currents or the input's spikes, and how each projection is stored. */
import { fail } from '../diagnostics.js';
import { chooseProfile } from '../energy/energy-report.js';
import { loadDataset } from '../data/load-dataset.js';
import type { Stimulus } from '../interop/explicit-network.js';
import { linksOf } from '../map/reach.js';
import { skipsZeros, synapseFormat } from '../map/synapse-format.js';
import type { Program } from '../program/program.js';
import { readProgram } from '../program/read.js';
import { constantCurrent, poissonStep } from '../quantise/evaluate-integer.js';
import { imageReader } from '../simulate/image-reader.js';
import type { Profile } from '../target/schema.js';
import { readInput } from './read-input.js';
import { fitToProgram } from './run-program.js';

export interface LoadedExport {
  readonly program: Program;
  readonly profile: Profile;
  readonly stimulus: Stimulus;
}

/** Throws a CompileError where program, data, image and profile do not belong together. */
export function loadExport(path: string, { data, image, profile, seed }: { readonly data: string; readonly image: number; readonly profile?: string; readonly seed: number }): LoadedExport {
  const program = readProgram(readInput(path), path);
  const chosen = chooseProfile(program.target, profile);
  const dataset = fitToProgram(program, loadDataset(data));
  if (image >= dataset.count) fail('interop/no-such-image', { kind: 'option', option: '--image' }, { image, count: dataset.count });
  const pixels = imageReader(dataset.images, program.network.imageShape, program.normalisation)(image);
  return { program, profile: chosen, stimulus: stimulusOf(program, pixels, { seed, sample: image }) };
}

/** What one normalised image (C, H, W order) does at the doors of the network. */
export function stimulusOf(program: Program, image: Float32Array, at: { readonly seed: number; readonly sample: number }): Stimulus {
  const { network } = program;
  const relay = network.populations.map((p) => p.neuron.model === 'relay');
  return {
    drive: network.populations.map((p, i) => (relay[i] ? new Int32Array() : constantCurrent(network, p, image))),
    spikes: network.populations.map((_, i) => (relay[i] ? Array.from({ length: network.timesteps }, (__, step) => poissonStep(network.input, image, { ...at, step })) : null)),
    storage: linksOf(network).map((link) => ({ format: synapseFormat(link, program.target), skipsZeros: skipsZeros(link, program.target) })),
  };
}
