// Bad input to `compile --encrypt`: one diagnostic each, exit code 1, and nothing that was there is lost.
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { modelFile, plainSpec } from '../compile/tiny-models.js';
import { idxImages, idxLabels } from '../data/file-makers.js';
import { inFolder, runHere } from './run-cli.js';

const path = modelFile('lesson', plainSpec());
const other = modelFile('other', plainSpec([0.3, 0, 0, 0.1]));
const NORM = ['--mean', '0.5', '--std', '0.25'];
const words = (folder: string, more: readonly string[]): string[] => ['compile', path, ...NORM, '-o', join(folder, 'm.spk'), '--timesteps', '4', '--workers', '1', '--encrypt', '--learning-images', '40', '--epochs', '8', ...more.map((w) => w.replaceAll('DIR', folder))];
const contents = (folder: string): Record<string, string> => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));

/** Runs it in a folder that holds an older program; gives the diagnostics and whether it had begun to learn. */
async function refused(folder: string, more: readonly string[]): Promise<{ readonly said: string; readonly learned: boolean }> {
  writeFileSync(join(folder, 'm.spk'), 'older');
  const before = contents(folder);
  const { code, stdout, stderr } = await runHere(words(folder, more));
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.match(/^error\[/gm)).toHaveLength(1);
  expect(contents(folder)).toEqual(before);
  return { said: stderr.slice(stderr.indexOf('error[')).replaceAll(folder, 'DIR'), learned: stderr.startsWith('learning') };
}

it('a set of images from another model: synthesise/other-model', () => inFolder(async (folder) => {
  expect((await runHere(['synthesise', other, ...NORM, '-o', join(folder, 'set'), '--recipe', 'procedural', '--count', '70'])).code).toBe(0);
  expect(await refused(folder, ['--images', 'DIR/set'])).toEqual({ learned: false, said: expect.stringMatching(/^error\[synthesise\/other-model\] for --images: the images were made from another model \(other\.onnx, SHA-256 [0-9a-f]{12}\); this file has [0-9a-f]{12}\n {2}hint: make a set from this model/) });
}));

it('a learning rate that diverges: learn/diverged with the step', () => inFolder(async (folder) => {
  expect(await refused(folder, ['--learning-rate', '1e25'])).toEqual({ learned: true, said: "error[learn/diverged]: learning diverged: the weights after step 1 differ too much in size for the target's integers (learning rate 1.00e+25)\n  hint: choose a smaller learning rate\n" });
  const { said } = await refused(folder, ['--learning-rate', '1e25', '--checkpoint', 'DIR/c']);
  expect(said).toMatch(/^error\[learn\/diverged\]: learning diverged: .* step 1 .*; no checkpoint had been written yet\n/);
}));

it('a checkpoint cut short, of another job, and of another kind: learn/checkpoint-damaged, learn/checkpoint-of-another-job', () => inFolder(async (folder) => {
  expect((await runHere(words(folder, ['--checkpoint', 'DIR/c']))).code).toBe(0);
  const whole = readFileSync(join(folder, 'c'));
  expect((await refused(folder, ['--checkpoint', 'DIR/c', '--seed', '1'])).said).toMatch(/^error\[learn\/checkpoint-of-another-job\] in DIR\/c: the checkpoint was written by another job: its network, images or settings differ\n {2}hint: /);
  truncateSync(join(folder, 'c'), whole.length - 1000);
  expect((await refused(folder, ['--checkpoint', 'DIR/c'])).said).toMatch(/^error\[learn\/checkpoint-damaged\] in DIR\/c: the checkpoint cannot be used: it has \d+ of \d+ bytes of numbers\n {2}hint: delete the file to start again from the beginning\n$/);
  writeFileSync(join(folder, 'c'), 'a shopping list\n');
  expect((await refused(folder, ['--checkpoint', 'DIR/c'])).said).toContain('it does not begin like a checkpoint');
}));

it('places where nothing can be written are refused before the long work', () => inFolder(async (folder) => {
  expect(await refused(folder, ['--checkpoint', 'DIR/none/c'])).toMatchObject({ learned: false, said: expect.stringMatching(/^error\[run\/output-not-writable\] in DIR\/none\/c: the result cannot be written here: the folder DIR\/none is not there\n/) });
  expect(await refused(folder, ['--checkpoint', '/dev/full'])).toMatchObject({ learned: false, said: expect.stringContaining('it is a device or a pipe, not a file') });
}));

it('data that do not fit: before anything is learned', () => inFolder(async (folder) => {
  for (const [side, labels] of [[7, [0, 1, 2]], [6, [0, 5, 1]]] as const) {
    writeFileSync(join(folder, 'images'), idxImages(3, side, side));
    writeFileSync(join(folder, 'labels'), idxLabels(labels));
    expect(await refused(folder, ['--data', 'idx:DIR/images,DIR/labels'])).toEqual({ learned: false, said: expect.stringMatching(side === 7 ? /^error\[run\/data-shape\] for --data: the images are 1 x 7 x 7/ : /^error\[run\/data-classes\] for --data: the data have a class 5/) });
  }
}));
