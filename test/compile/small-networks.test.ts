// Small networks of the forms that the models in the tree lack: they compile, run, and answer as their ANN does.
import { describe, expect, it } from 'vitest';
import { normalisedImages } from '../../src/program/normalised-images.js';
import { compileModel, type CompileOptions } from '../../src/compile.js';
import { Reporter } from '../../src/diagnostics.js';
import { predict } from '../../src/graph/evaluate-parallel.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { readProgram } from '../../src/program/read.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { simulate } from '../../src/simulate/simulate.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { ModelSpec } from '../onnx/build-model.js';
import { activatedSpec, flatSpec, maxPoolSpec, modelFile, plainSpec, randomBytes, transposedSpec } from './tiny-models.js';

/** Compiles, runs random images, and gives the share on which program and ANN name the same class. */
async function agreement(name: string, spec: ModelSpec, shape: readonly [number, number, number], options: Partial<CompileOptions> = {}): Promise<number> {
  const path = modelFile(name, spec);
  const count = 40;
  const data = randomBytes(count, shape, 3);
  const normalisation = { scale: 255, mean: [0.5], std: [0.25] };
  const { program, bytes } = await compileModel(path, { target: loadTarget('loihi2'), timesteps: 64, normalisation, ...options });
  const trace = await simulate(readProgram(bytes, name), { ...data, shape: program.network.imageShape }, { timing: 'functional', seed: 0, workers: 1 });
  const { graph } = importOnnx(path, { approximate: options.approximate === true, report: new Reporter() });
  const images = normalisedImages(normalisation, data);
  const ann = await predict(graph, images, count, { workers: 1 });
  expect(new Set(ann).size).toBeGreaterThan(1);
  const T = program.network.timesteps;
  // one image through the readable evaluator: the simulator of the file has the same scores, bit for bit
  const size = images.length / count;
  const classes = trace.scores.length / count;
  expect([...trace.scores.subarray(0, classes)]).toEqual([...evaluateInteger(program.network, images.subarray(0, size), { seed: 0, sample: 0 }).scores]);
  return [...ann].filter((answer, i) => answer === trace.predictions[i * T + T - 1]).length / count;
}

describe('small networks compile, run, and answer as their ANN', () => {
  it.each<readonly [string, ModelSpec, readonly [number, number, number], Partial<CompileOptions>, number]>([
    ['max pooling', maxPoolSpec, [1, 8, 8], {}, 0.9],
    ['max pooling on two compartments', maxPoolSpec, [1, 8, 8], { target: loadTarget('loihi1'), reset: 'soft-two-compartment' }, 0.9],
    ['a flattened picture', flatSpec, [1, 6, 6], {}, 0.9],
    ['a flattened picture under the rate code', flatSpec, [1, 6, 6], { code: 'rate' }, 0.9],
    ['the rate code', plainSpec(), [1, 6, 6], { code: 'rate' }, 0.9],
    ['the poisson code', plainSpec(), [1, 6, 6], { code: 'poisson', timesteps: 256 }, 0.85],
    ['leaky neurons', plainSpec(), [1, 6, 6], { neuron: 'lif' }, 0.85],
    ['signed spikes', plainSpec(), [1, 6, 6], { spikes: 'signed', timesteps: 16 }, 0.9],
    ['signed spikes under the rate code', flatSpec, [1, 6, 6], { spikes: 'signed', retract: 0.5, code: 'rate' }, 0.9],
    ['signed spikes, max pooling, the poisson code', maxPoolSpec, [1, 8, 8], { spikes: 'signed', code: 'poisson', timesteps: 256 }, 0.85],
    ['weights of four bits', plainSpec(), [1, 6, 6], { weightBits: 4 }, 0.85],
    ['leaky rectifiers, two populations each', activatedSpec('LeakyRelu', { alpha: 0.25 }), [1, 6, 6], {}, 0.9],
    ['rectifiers that saturate', activatedSpec('HardSigmoid', { alpha: { float: 3 }, beta: { float: 0 } }), [1, 6, 6], {}, 0.9],
    ['split and joined, then a transposed convolution', transposedSpec, [1, 6, 6], {}, 0.9],
    ['broken lines in the place of curves', activatedSpec('HardSwish', {}), [1, 6, 6], { approximate: true }, 0.9],
    ['hard reset', plainSpec(), [1, 6, 6], { target: loadTarget('virtual'), reset: 'hard' }, 0.75],
  ])('%s', async (name, spec, shape, options, least) => {
    expect(await agreement(name.replaceAll(' ', '-'), spec, shape, options)).toBeGreaterThanOrEqual(least);
  });
});

it('weightBits narrows the weights that are stored', async () => {
  const path = modelFile('narrow', plainSpec());
  const largest = async (weightBits?: number): Promise<number> => {
    const { program } = await compileModel(path, { target: loadTarget('loihi2'), timesteps: 8, ...(weightBits === undefined ? {} : { weightBits }) });
    return Math.max(...program.network.projections.flatMap((q) => [...q.weight].map(Math.abs)));
  };
  expect([await largest(), await largest(4), await largest(5)]).toEqual([127, 7, 15]);
});

it('a relu may be called "input": the encoder takes the graph\'s own name for its input', async () => {
  const spec = plainSpec();
  const renamed = { ...spec, nodes: spec.nodes.map((n) => (n.op === 'Relu' && n.outputs[0] === 'r1' ? { ...n, name: 'input' } : n)) };
  const { program } = await compileModel(modelFile('relu-called-input', renamed), { target: loadTarget('loihi2'), timesteps: 8, code: 'rate' });
  expect(program.network.populations.map((p) => p.id)).toEqual(['image', 'input', 'Relu:r2', 'Gemm:scores']);
});
