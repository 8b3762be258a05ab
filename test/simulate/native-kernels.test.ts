// The native simulation kernels, where they are built, give the bits of the WASM kernels.
import { describe, expect, it } from 'vitest';
import { createKernels } from '../../src/kernels/kernels.js';
import { nativeVariants } from '../../src/kernels/native-kernels.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { inFolder, runHere } from '../commands/run-cli.js';
import { createSampleEngine } from '../../src/simulate/sample-engine.js';
import { cubaNetwork, randomNetwork, signedNetwork } from './random-network.js';

/** Everything that a run leaves behind: masks of all populations, scores, predictions, clips. */
function bitsOf(build: string, network: IntegerNetwork, image: Float32Array): Buffer {
  const kernels = createKernels(build);
  const engine = createSampleEngine(network, kernels, 7);
  const { scores, predictions, saturations } = engine.run(image, 3);
  const masks = engine.buffers.flatMap(({ spikes, active, shape, steps, signs, words }) => {
    const bytes = shape[1] * shape[2] * steps * words * 8;
    return [kernels.memory.uint8(spikes, bytes * signs), kernels.memory.uint8(active, bytes)];
  });
  return Buffer.concat([scores, predictions, Float64Array.from(saturations), ...masks].map((a) => Buffer.from(a.buffer.slice(a.byteOffset, a.byteOffset + a.byteLength) as ArrayBuffer)));
}

describe('native simulation kernels', () => {
  const variants = nativeVariants();
  if (variants.length === 0) it.skip('give the bits of WASM (skipped: they are not built, `npm run build:native` does)', () => undefined);
  for (const variant of variants) {
    it(`${variant} gives the bits of WASM on random networks`, () => {
      for (let seed = 0; seed < 30; seed++) {
        const { network, image } = [randomNetwork, signedNetwork, cubaNetwork][seed % 3](seed);
        expect(bitsOf(`native-${variant}`, network, image).equals(bitsOf('wasm-simd128', network, image)), `seed ${seed}`).toBe(true);
      }
    });
  }
});

it('simulate --kernels native: run/no-native-kernels, or the output names them', () => inFolder(async (folder) => {
  await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', `${folder}/m.spk`, '--timesteps', '1']);
  const { code, stdout, stderr } = await runHere(['simulate', `${folder}/m.spk`, '--data', 'idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz', '--limit', '10', '--kernels', 'native']);
  const [best] = nativeVariants();
  if (best !== undefined) expect([code, /\nkernels +(.+)\n/.exec(stdout)?.[1]]).toEqual([0, `native-${best}`]);
  else expect([code, stderr]).toEqual([1, expect.stringContaining('error[run/no-native-kernels] for --kernels: the native kernels are not built for this machine\n  hint: build them with `npm run build:native`, or leave --kernels out: the WASM kernels give the same results\n')]);
}));
