// The proof of a conversion: small errors where it is sound, in every form of neuron and code; large ones, at the right place, where it is not.
import { describe, expect, it } from 'vitest';
import { proofText } from '../../src/commands/proof-text.js';
import { compileModel, type CompileOptions } from '../../src/compile.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { Reporter } from '../../src/diagnostics.js';
import type { Graph } from '../../src/graph/graph.js';
import { layerErrors, referenceOf } from '../../src/lower/check-pass.js';
import { runPass } from '../../src/lower/lower.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { layerError, worstLayer } from '../../src/report/proof.js';
import { decodedRates } from '../../src/simulate/decoded-rates.js';
import { loadTarget } from '../../src/target/load-target.js';
import { runHere } from '../commands/run-cli.js';
import { maxPoolSpec, modelFile, plainSpec, flatSpec } from './tiny-models.js';

const base = { target: loadTarget('loihi2'), timesteps: 32, normalisation: { scale: 255, mean: [0.5], std: [0.25] }, proof: true } as const;
const kernels = createKernels();

describe('a sound conversion', () => {
  it.each<readonly [string, Partial<CompileOptions>]>([
    ['soft reset', {}], ['the rate code', { code: 'rate' }], ['signed spikes', { spikes: 'signed' }], ['two compartments', { target: loadTarget('loihi1'), reset: 'soft-two-compartment' }], ['a search', { search: { trials: 3, workers: 1 } }],
  ])('with %s', async (name, options) => {
    const { summary } = await compileModel(modelFile(`proof-${name.replaceAll(' ', '-')}`, plainSpec()), { ...base, ...options });
    const proof = summary.proof!;
    expect(proof.passes.map((p) => p.pass).at(-1)).toBe('normal-form');
    for (const { compared, worst } of proof.passes) { expect(compared).toBeGreaterThan(3); expect(worst!.error).toBeLessThan(1e-5); }
    expect(proof.layers.map((l) => l.layer)).toEqual(['Relu:r1', 'Relu:r2', 'Gemm:scores']);
    for (const { integers, converted, lowered, layer } of proof.layers) {
      expect(lowered).toBeLessThan(1e-5);
      expect(integers.mean, layer).toBeLessThan(0.06);
      expect(integers.mean).toBeLessThanOrEqual(integers.largest);
      // In floats and in integers the same happens, up to the rounding; a first layer under a code of spikes sees other inputs.
      if (converted !== null && options.code === undefined && options.search === undefined) expect(Math.abs(converted.mean - integers.mean)).toBeLessThan(0.02);
    }
  });
});

it('compares nothing unless asked', async () => {
  const { summary } = await compileModel(modelFile('no-proof', flatSpec), { ...base, proof: false });
  expect(summary.proof).toBeUndefined();
});

it('the rates are those of the readable evaluator', async () => {
  const { program: { network } } = await compileModel(modelFile('rates', maxPoolSpec), { ...base, spikes: 'signed', timesteps: 8 });
  const images = Float32Array.from({ length: 2 * 64 }, (_, i) => Math.sin(i));
  const { rates, scores } = decodedRates(network, { images, count: 2 }, { kernels, seed: 0 });
  for (const sample of [0, 1]) {
    const whole = evaluateInteger(network, images.subarray(sample * 64, sample * 64 + 64), { seed: 0, sample });
    network.populations.forEach((p, i) => {
      const size = whole.spikes[i][0].length;
      if (p.id === network.output) expect([...scores.subarray(sample * size, sample * size + size)]).toEqual([...whole.scores].map((v, c) => Math.fround(v / (8 * p.scale[c]))));
      else expect([...rates.get(p.id)!.subarray(sample * size, sample * size + size)]).toEqual(Array.from({ length: size }, (_, n) => whole.spikes[i].reduce((sum, step) => sum + step[n], 0) / 8));
    });
  }
});

it('a pass that changes a weight is caught with a table of the layers', () => {
  const { graph } = importOnnx(modelFile('broken-pass', plainSpec()), { report: new Reporter() });
  const broken: Graph = { ...graph, nodes: graph.nodes.map((n) => (n.id === 'Conv:c2' && n.kind === 'conv' ? { ...n, weight: n.weight.map((w, i) => (i === 0 ? w + 0.5 : w)) } : n)) };
  const reference = referenceOf(graph, kernels, { seed: 0 });
  const errors = layerErrors(reference, broken, kernels);
  expect([errors.get('Relu:r1' as never), errors.get('Conv:c1' as never)]).toEqual([0, 0]);
  expect(errors.get('Conv:c2' as never)).toBeGreaterThan(0.01);
  expect(() => runPass({ name: 'breaker', run: () => broken }, graph, { reference, kernels, report: new Reporter() })).toThrow(/^internal: after breaker node "Conv:c2" differs from the import by .*; largest error by layer:\n  0\.00e\+0  image\n/);
});

it('an error counts in thresholds, and what exceeds the threshold is not asked for', () => {
  const found = Float32Array.of(1, 2, 0.5, 0);
  const wanted = Float32Array.of(1, 9, 0.5, 1);
  expect(layerError(found, wanted, Float32Array.of(2, 0.5), 1)).toEqual({ largest: 1, mean: 0.25 });
});

it('is printed within 80 columns, and is in the JSON', async () => {
  const path = modelFile('printed', { ...plainSpec(), nodes: plainSpec().nodes.map((n) => ({ ...n, name: `${n.name}/${'a-long-name/'.repeat(6)}` })) });
  const words = ['compile', path, '-o', `${path}.spk`, '--timesteps', '16', '--proof', '--scale', '255', '--mean', '0.5', '--std', '0.25'];
  const { stdout } = await runHere(words);
  const printed = stdout.slice(stdout.indexOf('\nproof on'), stdout.indexOf('\npass '));
  expect(printed.split('\n').filter((l) => l.length > 80)).toEqual([]);
  expect(stdout).toMatch(/\nafter +values +largest error +at\n/);
  const { proof } = JSON.parse((await runHere([...words, '--json'])).stdout) as { proof: Parameters<typeof proofText>[0] };
  expect(stdout).toContain(proofText(proof));
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`furthest from the ANN on the mean: ...${worstLayer(proof).layer.slice(-25)} with`);
});
