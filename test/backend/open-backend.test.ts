// Which engine a choice opens, and what is said where TensorFlow is missing, broken, or not what it should be.
import { expect, it } from 'vitest';
import { openBackend, type BackendChoice } from '../../src/backend/open-backend.js';
import type { TensorFlow } from '../../src/backend/tensorflow-namespace.js';
import { CompileError, formatDiagnostic, Reporter } from '../../src/diagnostics.js';
import { javascript } from './tensorflow-engines.js';

const native: TensorFlow = { ...javascript, getBackend: () => 'tensorflow', ready: () => Promise.resolve() };

interface Opened { readonly name: string; readonly said: string }

/** The engine that is opened, and all that is reported or thrown. */
async function open(choice: BackendChoice, load: () => unknown): Promise<Opened> {
  const report = new Reporter();
  try {
    const backend = await openBackend(choice, report, async () => load());
    return { name: backend?.identity.name ?? 'own', said: report.warnings.map(formatDiagnostic).join('\n') };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { name: 'none', said: error.message };
  }
}

const raise = (message: string, code?: string) => (): never => { throw Object.assign(new Error(message), code === undefined ? {} : { code }); };
const absent = raise("Cannot find package '@tensorflow/tfjs-node' imported from dist/backend/open-backend.js", 'ERR_MODULE_NOT_FOUND');
const CAVEAT = 'its install script downloads the TensorFlow library and has to be allowed to run';

it('own: nothing is loaded', async () => {
  expect(await open('own', raise('loaded'))).toEqual({ name: 'own', said: '' });
});

it.each(['tensorflow', 'auto'] as const)('%s: TensorFlow where it works, as a module or as the default of one', async (choice) => {
  expect(await open(choice, () => native)).toEqual({ name: 'tensorflow', said: '' });
  expect(await open(choice, () => ({ default: native }))).toEqual({ name: 'tensorflow', said: '' });
});

it('not installed', async () => {
  expect(await open('tensorflow', absent)).toEqual({
    name: 'none',
    said: `error[backend/not-installed] for --backend: TensorFlow was asked for, and @tensorflow/tfjs-node is not installed\n  hint: \`npm install @tensorflow/tfjs-node\` beside Spikeveil installs it (${CAVEAT}); or choose --backend own`,
  });
  expect(await open('auto', absent)).toEqual({
    name: 'own',
    said: `warning[backend/fell-back] for --backend: the own kernels do the dense work: @tensorflow/tfjs-node is not installed\n  hint: \`npm install @tensorflow/tfjs-node\` installs it (${CAVEAT})`,
  });
});

it('installed, without its native library', async () => {
  const broken = raise('The Node.js native addon module (tfjs_binding.node) can not be found at path: lib. \nPlease run command ...');
  expect(await open('tensorflow', broken)).toEqual({
    name: 'none',
    said: `error[backend/unusable] for --backend: @tensorflow/tfjs-node is installed and does not work: The Node.js native addon module (tfjs_binding.node) can not be found at path: lib.\n  hint: \`npm rebuild @tensorflow/tfjs-node\` runs its install script again (${CAVEAT}); or choose --backend own`,
  });
  expect(await open('auto', broken)).toEqual({
    name: 'own',
    said: 'warning[backend/fell-back] for --backend: the own kernels do the dense work: @tensorflow/tfjs-node does not work: The Node.js native addon module (tfjs_binding.node) can not be found at path: lib.\n  hint: `npm rebuild @tensorflow/tfjs-node` runs its install script again; --backend own asks for the own kernels without this notice',
  });
});

it.each<[string, () => unknown, string]>([
  ['a file that it misses itself', raise("Cannot find module 'adm-zip'", 'MODULE_NOT_FOUND'), "Cannot find module 'adm-zip'"],
  ['something thrown that is no error', () => { throw 'no library'; }, 'no library'],
  ['an engine in plain JavaScript', () => ({ ...native, getBackend: () => 'cpu' }), 'its engine is "cpu", not the native library'],
  ['another package of that name', () => ({ ...native, conv2d: undefined, tidy: undefined }), 'it has no function tidy, conv2d'],
  ['a module that is nothing', () => ({ default: null }), 'it has no function ready'],
  ['a library that multiplies wrongly', () => ({ ...native, matMul: native.add }), 'a product of two matrices gave 6, 8, 10, 12 instead of 19, 22, 43, 50'],
  ['a library that fails when it is used', () => ({ ...native, matMul: raise('illegal instruction') }), 'illegal instruction'],
])('%s: unusable, with the reason', async (_, load, reason) => {
  const { name, said } = await open('tensorflow', load);
  expect(name).toBe('none');
  expect(said).toContain(`error[backend/unusable] for --backend: @tensorflow/tfjs-node is installed and does not work: ${reason}`);
  expect((await open('auto', load)).name).toBe('own');
});
