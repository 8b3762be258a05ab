// The native kernels, where they are built, give the bytes of the WASM kernels; where they are not, asking for them says so.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKernels, kernelBuild } from '../../src/kernels/kernels.js';
import { nativeVariants } from '../../src/kernels/native-kernels.js';
import { createLearner } from '../../src/learn/fast-bptt.js';
import { surrogateShapes } from '../../src/learn/learning-problem.js';
import type { KernelOptions } from '../../src/learn/learning-stages.js';
import { layoutOf, readParameters } from '../../src/learn/parameters.js';
import { inFolder, runHere } from '../commands/run-cli.js';
import { randomSpiking } from './random-spiking.js';

const variants = nativeVariants();
const base: KernelOptions = { surrogate: { shape: 'boxcar', width: 0.6 }, loss: { distillation: 0.5, temperature: 2 }, time: 'exact', ratePenalty: 0.5 };

/** Gradient, scores and loss of two images, as bytes. */
function bytesOf(build: string, seed: number, options: KernelOptions, shape?: Parameters<typeof randomSpiking>[1]): Buffer {
  const { network, ...sample } = randomSpiking(seed, shape);
  const learner = createLearner(network, options, createKernels(build));
  learner.load(readParameters(network));
  learner.clear();
  const runs = [learner.learn(sample.image, sample), learner.learn(sample.image.map((x) => x / 2), sample)];
  const gradient = new Float32Array(layoutOf(network).length);
  learner.readGradient(gradient);
  return Buffer.concat([gradient, ...runs.map((r) => Float64Array.of(r.loss, ...r.scores, ...r.spikes, ...r.support))].map((a) => Buffer.from(a.buffer)));
}

describe('native kernels', () => {
  if (variants.length === 0) it.skip('give the bytes of WASM (skipped: they are not built, `npm run build:native` does)', () => undefined);
  for (const variant of variants) {
    const equal = (seed: number, options: KernelOptions, shape?: Parameters<typeof randomSpiking>[1]): void =>
      expect(bytesOf(`native-${variant}`, seed, options, shape).equals(bytesOf('wasm-simd128', seed, options, shape)), `seed ${seed}`).toBe(true);
    it(`${variant} gives the bytes of WASM on random networks`, () => {
      for (let seed = 1; seed <= 40; seed++) equal(seed, { ...base, surrogate: { shape: surrogateShapes[seed % 4], width: 0.6 }, tracedBelow: seed % 2 === 0 ? 1e9 : 0 });
      for (let seed = 1; seed <= 20; seed++) equal(seed, { ...base, denseAbove: 0, time: { kind: 'truncated', steps: 2 } });
      for (let seed = 1; seed <= 20; seed++) equal(seed, { ...base, tracedBelow: seed % 2 === 0 ? 1e9 : 0, denseAbove: seed % 3 === 0 ? 0 : 2 }, { retract: seed % 4 === 0 ? 0.5 : 0 });
    });
    it(`${variant} gives the bytes of WASM over all sizes of blocks`, () => {
      for (let seed = 1; seed <= 8; seed++) equal(seed, { ...base, tracedBelow: seed % 2 === 0 ? 1e9 : 0 }, { channels: [50, 200] });
    });
  }
});

it('auto takes native kernels where they are built, wasm never does', () => {
  expect(kernelBuild('wasm')).toBe('wasm-simd128');
  expect(kernelBuild('auto')).toBe(variants.length === 0 ? 'wasm-simd128' : `native-${variants[0]}`);
  expect(kernelBuild('native')).toBe(variants.length === 0 ? null : `native-${variants[0]}`);
});

it('compile --kernels native: learn/no-native-kernels, or the record names them', () => inFolder(async (folder) => {
  const { code, stdout, stderr } = await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', join(folder, 'm.spk'), '--timesteps', '1', '--encrypt', '--learning-images', '2', '--epochs', '1', '--kernels', 'native']);
  if (variants.length > 0) expect([code, /\nkernels +(.+)\n/.exec(stdout)?.[1]]).toEqual([0, `native-${variants[0]}`]);
  else expect([code, stderr]).toEqual([1, 'error[learn/no-native-kernels] for --kernels: the native kernels are not built for this machine\n  hint: build them with `npm run build:native`, or leave --kernels out: the WASM kernels give the same bytes\n']);
}));
