// Networks whose weights are finite and of no use: too large or too small to compute with. Each is refused with the layer.
import { expect, it } from 'vitest';
import { compileModel } from '../../src/compile.js';
import { loadTarget } from '../../src/target/load-target.js';
import { floats } from '../onnx/build-model.js';
import { modelFile, plainSpec } from './tiny-models.js';

const compiled = (name: string, value: number): Promise<unknown> => {
  const spec = plainSpec([0, 0, 0, 0]);
  const initializers = (spec.initializers ?? []).map((t) => (t.tensor === 'w2' ? floats('w2', [4, 3, 3, 3], new Float32Array(108).fill(value)) : t));
  return compileModel(modelFile(name, { ...spec, initializers }), { target: loadTarget('loihi2'), timesteps: 4, normalisation: { scale: 255, mean: [0], std: [1] } });
};

it('weights that overflow: lower/overflow', async () => {
  await expect(compiled('large', 3e37)).rejects.toThrowErrorMatchingInlineSnapshot(`
    [CompileError: error[lower/overflow] at node "Conv:c2": its values reach beyond float32 on random images, where a sound network stays near 1
      hint: the training diverged or the file is damaged: look at the weights of this node and those before it, or use another checkpoint]
  `);
});

it('weights too small for a threshold: spiking/no-threshold', async () => {
  await expect(compiled('small', 1e-40)).rejects.toThrowErrorMatchingInlineSnapshot(`
    [CompileError: error[spiking/no-threshold] at node "Relu:r2": no threshold can be chosen for it: its activations are too small (2e-40)
      hint: the training diverged or the file is damaged: look at the weights of this layer and those before it, and at the normalisation]
  `);
});
