// `compile --encrypt` learns, says how readable the weights stay, and gives the same bytes for any worker count.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'encrypt-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('compile --encrypt', async () => {
  const compile = (name: string, ...more: string[]): ReturnType<typeof runCli> =>
    runCli(['compile', 'models/cnn_mnist/model.onnx', '-o', join(folder, name), '--timesteps', '2', ...more]);
  const learning = ['--encrypt', '--learning-images', '18', '--epochs', '2'];
  const one = await compile('one.spk', ...learning, '--workers', '1');
  expect(one.code).toBe(0);
  expect(one.stdout).toMatch(/learned through time on 18 procedural images \([^)]*\), 2 epochs, kernels (wasm-simd128|native-\w+)\nloss [\d.]+ to [\d.]+, same answer as the ANN/);
  expect(one.stdout).toMatch(/as a plain ReLU network/);
  const two = await compile('two.spk', ...learning, '--workers', '2');
  expect(two.code).toBe(0);
  const bytes = (name: string): Buffer => readFileSync(join(folder, name));
  expect(bytes('two.spk').equals(bytes('one.spk'))).toBe(true);
});
