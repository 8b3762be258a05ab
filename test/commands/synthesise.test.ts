// `synthesise` and `compile --images` as a user meets them.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { readProgram } from '../../src/program/read.js';
import { readImageSet } from '../../src/synthesise/image-set-file.js';
import { inFolder, runCli } from './run-cli.js';

const MNIST = 'models/cnn_mnist/model.onnx';
const make = (path: string, ...more: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => runCli(['synthesise', MNIST, '-o', path, '--count', '20', '--steps', '3', ...more]);

it('writes a set and its contact sheet, and says what is in it', () => inFolder(async (folder) => {
  const [path, sheet] = [join(folder, 'm.images'), join(folder, 'm.png')];
  const { code, stdout, stderr } = await make(path, '--png', sheet, '--json');
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^making 20 images \(recipe mixed\)\nwrote .*m\.images \(.*\) and .*m\.png\n$/)]);
  const said = JSON.parse(stdout) as Record<string, unknown>;
  const set = readImageSet(readFileSync(path), path);
  expect(said).toMatchObject({ images: path, count: 20, shape: [1, 28, 28], classes: 10, recipe: 'mixed', sha256: set.sha256, modelSha256: set.modelSha256 });
  expect(said['confidence']).toBeGreaterThan(0.1);
  expect(said['agreement']).toBeGreaterThanOrEqual(0);
  expect(PNG.sync.read(readFileSync(sheet)).width).toBe(20 * 30 + 2);
  expect(readdirSync(folder).sort()).toEqual(['m.images', 'm.png']);
}));

it('the words on the terminal, and the same file for any number of workers', () => inFolder(async (folder) => {
  const { stdout } = await make(join(folder, 'a'), '--workers', '1', '--recipe', 'impressions', '--count', '40');
  await make(join(folder, 'b'), '--workers', '3', '--recipe', 'impressions', '--count', '40');
  expect(readFileSync(join(folder, 'a')).equals(readFileSync(join(folder, 'b')))).toBe(true);
  expect(stdout).toMatch(/^images +40 of 1 x 28 x 28, recipe impressions, seed 0\n/);
  expect(stdout).toMatch(/\nanswered as asked +\d+\.\d %\nconfidence +\d+\.\d % on average, \d+ classes seen\ndense work +own kernels\nprivate data read +none\n$/);
}));

it('compile --images: thresholds on the set, the recipe in the program, no private data', () => inFolder(async (folder) => {
  const [images, program] = [join(folder, 'm.images'), join(folder, 'm.spk')];
  await make(images);
  const { code, stdout } = await runCli(['compile', MNIST, '-o', program, '--images', images]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/private data read +none/);
  const { provenance } = readProgram(readFileSync(program), program);
  expect(provenance.calibration).toContain(`20 synthetic images (recipe mixed, 3 steps), set ${readImageSet(readFileSync(images), images).sha256.slice(0, 12)}`);
  expect(provenance.privateData).toBe(false);
}));

it('a set from another model is refused, and nothing is written', () => inFolder(async (folder) => {
  const images = join(folder, 'm.images');
  await make(images, '--recipe', 'procedural');
  const { code, stderr } = await runCli(['compile', 'models/cnn_fashion/model.onnx', '-o', join(folder, 'f.spk'), '--images', images]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error\[synthesise\/other-model\] for --images: the images were made from another model \(cnn_mnist, SHA-256 [0-9a-f]{12}\); this file has [0-9a-f]{12}\n {2}hint: /)]);
  expect(readdirSync(folder)).toEqual(['m.images']);
}));

it('a foreign file, and --images beside --calibrate', () => inFolder(async (folder) => {
  const { code, stderr } = await runCli(['compile', MNIST, '-o', join(folder, 'f.spk'), '--images', MNIST]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error\[synthesise\/not-an-image-set\] in models\/cnn_mnist\/model\.onnx: /)]);
  const both = await runCli(['compile', MNIST, '--images', 'x', '--calibrate', 'y']);
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("cannot be used with option '--images <file>'")]);
}));

it('a file without statistics and a wrong recipe: before any work', () => inFolder(async (folder) => {
  const path = join(folder, 'r.images');
  const { code, stderr } = await runCli(['synthesise', 'models/resnet20_cifar10/model.onnx', '-o', path, '--recipe', 'batch-norm']);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^making 1,000 images \(recipe batch-norm\)\nerror\[synthesise\/no-statistics\] for --recipe: /)]);
  expect((await make(path, '--recipe', 'alchemy')).code).toBe(2);
  expect(existsSync(path)).toBe(false);
}));

it('Ctrl-C while images are made: code 130, an older set untouched, nothing new', () => inFolder(async (folder) => {
  const path = join(folder, 'm.images');
  writeFileSync(path, 'older');
  const { code, stdout } = await runCli(['synthesise', MNIST, '-o', path, '--count', '2000', '--steps', '500', '--workers', '1'], (child, heard) => {
    if (heard.endsWith('making 2,000 images (recipe mixed)\n')) setTimeout(() => child.kill('SIGINT'), 500);
  });
  expect([code, stdout, readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([130, '', ['m.images'], 'older']);
}));
