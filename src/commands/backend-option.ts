/** `--backend`: which engine does the dense work of the float network, for the commands that run it. */
import { Option } from 'commander';
import type { DenseBackend } from '../backend/dense-backend.js';
import { backendChoices, openBackend, type BackendChoice } from '../backend/open-backend.js';
import { Reporter } from '../diagnostics.js';
import { warn } from './output.js';

export const backendOption = (): Option => new Option('--backend <name>', 'the engine of the float network: own kernels, TensorFlow (@tensorflow/tfjs-node), or TensorFlow where it is installed').choices(backendChoices).default('own');

/** Loads the engine, or says on stderr why `auto` goes on without it. Undefined: the own kernels. Throws `backend/...`. */
export async function chosenBackend(choice: BackendChoice): Promise<DenseBackend | undefined> {
  const report = new Reporter();
  const backend = await openBackend(choice, report);
  warn(report.warnings);
  return backend;
}
