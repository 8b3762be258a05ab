// `--backend` as a user meets it. The engine in plain JavaScript stands for the native one; the package counts as absent or broken where that is the question.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { readProgram } from '../../src/program/read.js';
import { readImageSet } from '../../src/synthesise/image-set-file.js';
import { inFolder, runCli, runHere, SAMPLES, type Finished } from './run-cli.js';

const MNIST = 'models/cnn_mnist/model.onnx';
const TENSORFLOW = 'TensorFlow (tfjs-node 0.0.0)';
const pretending = (name: string): string[] => ['--import', `${pathToFileURL(resolve('test/backend/pretend-tfjs-node.mjs')).href}?${name}`];
const absent = (...words: string[]): Promise<Finished> => runCli(words, undefined, pretending('absent'));
const broken = (...words: string[]): Promise<Finished> => runCli(words, undefined, pretending('broken'));
const present = (...words: string[]): Promise<Finished> => runCli(words, undefined, pretending('javascript'));

it('asked for and not installed: code 1, how to install it, no stack, nothing written', () => inFolder(async (folder) => {
  const out = join(folder, 'x');
  const { code, stdout, stderr } = await absent('synthesise', MNIST, '-o', out, '--backend', 'tensorflow');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^error\[backend\/not-installed\] for --backend: TensorFlow was asked for, and @tensorflow\/tfjs-node is not installed\n {2}hint: `npm install @tensorflow\/tfjs-node` [^\n]*\n$/);
  expect(existsSync(out)).toBe(false);
  const json = await absent('simulate', 'x.spk', '--data', SAMPLES.mnist, '--backend', 'tensorflow', '--json');
  expect([json.code, JSON.parse(json.stdout)]).toMatchObject([1, { diagnostics: [{ code: 'backend/not-installed' }] }]);
}));

it('installed without its library: code 1 and the reason, no stack', async () => {
  const { code, stdout, stderr } = await broken('compile', MNIST, '--backend', 'tensorflow');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^error\[backend\/unusable\] for --backend: [^\n]*can not be found at path: lib\/napi-v8\/tfjs_binding\.node\.\n {2}hint: `npm rebuild [^\n]*\n$/);
});

it('auto without TensorFlow: one notice on stderr, and the bytes of the own kernels', () => inFolder(async (folder) => {
  const [own, auto] = [join(folder, 'own.spk'), join(folder, 'auto.spk')];
  const plain = await runHere(['compile', MNIST, '-o', own]);
  expect(plain.stdout).toMatch(/\ndense work +own kernels\n/);
  const { code, stdout, stderr } = await absent('compile', MNIST, '-o', auto, '--backend', 'auto', '--json');
  expect(code).toBe(0);
  expect(stderr).toMatch(/^warning\[backend\/fell-back\] for --backend: the own kernels do the dense work: @tensorflow\/tfjs-node is not installed\n {2}hint: `npm install [^\n]*\n$/);
  expect(JSON.parse(stdout)).toMatchObject({ backend: { name: 'own', version: null } });
  expect(readFileSync(auto).equals(readFileSync(own))).toBe(true);
}));

it('TensorFlow computes thresholds and teaches: named in JSON and program', () => inFolder(async (folder) => {
  const [own, other] = [join(folder, 'own.spk'), join(folder, 'tf.spk')];
  const learning = ['--encrypt', '--learning-images', '16', '--epochs', '1', '--timesteps', '4', '--json'];
  const plain = JSON.parse((await runHere(['compile', MNIST, '-o', own, ...learning])).stdout) as { learning: { first: { loss: number } } };
  const { stdout, stderr } = await present('compile', MNIST, '-o', other, '--backend', 'auto', ...learning);
  expect(stderr).toMatch(/^learning {2}1\/1 [^\n]*\n$/);
  expect(JSON.parse(stdout)).toMatchObject({ backend: { name: 'tensorflow', version: 'tfjs-node 0.0.0' }, learning: { first: { loss: expect.closeTo(plain.learning.first.loss, 2) as number } } });
  expect(readProgram(readFileSync(other), other).provenance.calibration).toContain(`; dense work by ${TENSORFLOW}`);
  expect(readProgram(readFileSync(own), own).provenance.calibration).not.toContain('dense work');
}));

it('TensorFlow answers for the ANN, as right as the own kernels', () => inFolder(async (folder) => {
  const program = join(folder, 'm.spk');
  await runHere(['compile', MNIST, '-o', program]);
  const simulate = ['simulate', program, '--data', SAMPLES.mnist, '--limit', '20', '--timing', 'functional', '--workers', '1'];
  const figures = JSON.parse((await runHere([...simulate, '--json'])).stdout) as { annBackend: unknown; annAccuracy: number };
  expect(figures.annBackend).toEqual({ name: 'own', version: null });
  const { code, stdout } = await present(...simulate, '--backend', 'tensorflow');
  expect([code, stdout]).toEqual([0, expect.stringContaining(`\naccuracy of the ANN     ${(100 * figures.annAccuracy).toFixed(2)} %\nANN computed by         ${TENSORFLOW}\n`)]);
}));

it('TensorFlow makes images: the set names it, and Ctrl-C is heard between two steps', () => inFolder(async (folder) => {
  const path = join(folder, 'm.images');
  const make = (...more: string[]): string[] => ['synthesise', MNIST, '-o', path, '--count', '4', '--backend', 'tensorflow', ...more];
  const { code, stdout } = await present(...make('--steps', '2', '--json'));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ backend: { name: 'tensorflow', version: 'tfjs-node 0.0.0' }, settings: { steps: 2, backend: TENSORFLOW } });
  expect(readImageSet(readFileSync(path), path).settings['backend']).toBe(TENSORFLOW);
  const before = readFileSync(path);
  const stopped = await runCli(make('--steps', '100000'), (child, heard) => {
    if (heard.endsWith('making 4 images (recipe mixed)\n')) setTimeout(() => child.kill('SIGINT'), 1000);
  }, pretending('javascript'));
  expect([stopped.code, stopped.stdout, readFileSync(path).equals(before)]).toEqual([130, '', true]);
}));
