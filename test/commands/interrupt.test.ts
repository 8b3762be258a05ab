// Ctrl-C during long work leaves the folder as it was; a reader that goes away ends the command quietly.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLI, inFolder, runCli, SAMPLES, type Finished } from './run-cli.js';

/** Runs the words and interrupts as soon as `sign` is heard. */
function interrupted(words: readonly string[], sign: string): Promise<Finished> {
  let sent = false;
  return runCli(words, (child, heard) => {
    if (sent || !heard.includes(sign)) return;
    sent = true;
    child.kill('SIGINT');
  });
}

it('Ctrl-C during compile: code 130, older outputs untouched, nothing new', () => inFolder(async (folder) => {
  const path = join(folder, 'net.spk');
  writeFileSync(path, 'older');
  const { code, stderr } = await interrupted(['compile', 'models/cnn_mnist/model.onnx', '-o', path, '--print-after', 'import'], '--- after import');
  expect([code, stderr]).toEqual([130, '\ninterrupted\n']);
  expect(readdirSync(folder)).toEqual(['net.spk']);
  expect(readFileSync(path, 'utf8')).toBe('older');
}));

it('Ctrl-C during simulate: code 130, no run file', () => inFolder(async (folder) => {
  const path = join(folder, 'net.spk');
  expect((await runCli(['compile', 'models/cnn_mnist/model.onnx', '-o', path])).code).toBe(0);
  const { code, stdout, stderr } = await interrupted(['simulate', path, '--data', SAMPLES.mnist, '--limit', '900', '--out', join(folder, 'run.json')], '900 of 1000');
  expect([code, stdout]).toEqual([130, '']);
  expect(stderr).toMatch(/\ninterrupted\n$/);
  expect(readdirSync(folder).sort()).toEqual(['net.compile.json', 'net.spk']);
}));

it('a closed pipe is no error', () => inFolder(async (folder) => {
  const words = `"${process.execPath}" "${CLI}" compile models/cnn_mnist/model.onnx -o "${join(folder, 'm.spk')}" --print-after all`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `set -o pipefail; ${words} | head -c 10`], { encoding: 'utf8' });
  expect([status, stdout.length, stderr]).toEqual([0, 10, '']);
}));
