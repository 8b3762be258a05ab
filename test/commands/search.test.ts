// `compile --search` tries candidates on images that it makes itself, says what it chose, and gives the same bytes for any worker count.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'search-'));
afterAll(() => rmSync(folder, { recursive: true }));
const compile = (name: string, ...more: string[]): ReturnType<typeof runCli> =>
  runCli(['compile', 'models/cnn_mnist/model.onnx', '-o', join(folder, name), '--timesteps', '4', '--search', '3', ...more]);

it('compile --search', async () => {
  const [one, two] = [await compile('one.spk', '--workers', '1'), await compile('two.spk', '--workers', '2', '--json')];
  expect(one.code).toBe(0);
  expect(one.stdout).toMatch(/search +3 trials on synthetic images\nchosen +[^]*\nbefore +divergence [\d.e-]+, same answer \d+ %\nafter +divergence [\d.e-]+, same answer \d+ %\n/);
  const { search } = JSON.parse(two.stdout) as { search: { trials: number; start: { divergence: number }; end: { divergence: number } } };
  expect(search.trials).toBe(3);
  expect(search.end.divergence).toBeLessThanOrEqual(search.start.divergence);
  const bytes = (name: string): Buffer => readFileSync(join(folder, name));
  expect(bytes('two.spk').equals(bytes('one.spk'))).toBe(true);
});

it.each([
  ['no candidate', ['--search', '0']],
  ['own images', ['--calibrate', 'mnist:models/samples']],
])('refuses %s', async (_what, flags) => {
  const { code, stderr } = await compile('no.spk', ...flags);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--search/);
});
