// `fit` for every chip: exit code, a table within 100 columns, JSON, nodes that cannot become spiking, and compile's reasons.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listTargets, loadChip } from '../../src/target/load-target.js';
import type { Fit } from '../../src/commands/fit-model.js';
import { buildModel, floats, node } from '../onnx/build-model.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'fit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const MODEL = 'models/cnn_mnist/model.onnx';
const asked = async (...words: string[]): Promise<{ code: number | null; fit: Fit; stderr: string }> => {
  const { code, stdout, stderr } = await runHere(['fit', ...words, '--json']);
  return { code, fit: JSON.parse(stdout) as Fit, stderr };
};

describe.each(listTargets())('cnn_mnist on %s', (target) => {
  it('the exit code says whether it fits, and the text is what the JSON holds', async () => {
    const { code, fit } = await asked(MODEL, '--target', target);
    const { code: again, stdout } = await runHere(['fit', MODEL, '--target', target]);
    const broken = fit.violations.length + fit.layers.reduce((s, l) => s + l.violations.length, 0) + fit.diagnostics.length;
    expect([code, again, fit.fits]).toEqual(broken === 0 ? [0, 0, true] : [1, 1, false]);
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(stdout).toMatch(new RegExp(`^fits +${fit.fits ? 'yes' : 'no'}: ${target}`));
    expect(fit).toMatchObject({ target, nodes: { all: 12, convertible: 12, refused: [] }, neurons: 18954, parameters: 206922, compile: loadChip(target).compile });
    for (const layer of fit.layers) for (const { rule, value, limit } of layer.violations) expect([rule, value, limit].every((t) => t !== '')).toBe(true);
    if (fit.cores !== null) expect(fit.layers.reduce((s, l) => s + (l.cores ?? 0), 0)).toBeLessThanOrEqual(fit.cores);
    if (!fit.compile.supported) expect(stdout).toContain('none can be compiled');
  });
  it.runIf(!loadChip(target).compile.supported)('compile says why not, and writes nothing', async () => {
    const { code, stdout, stderr } = await runHere(['compile', MODEL, '-o', join(folder, 'no.spk'), '--target', target]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^error\\[target/cannot-compile\\]: nothing can be compiled for ${target} \\(`));
    expect(stderr).toContain(loadChip(target).compile.reasons[0]);
  });
});

it('each broken rule is named with what the layer has and what the chip allows', async () => {
  const { fit } = await asked(MODEL, '--target', 'xylo');
  expect(fit.violations).toEqual([
    { rule: 'inputs', value: '784', limit: 'at most 16' }, { rule: 'hidden neurons', value: '18944', limit: 'at most 1000' }, { rule: 'outputs', value: '10', limit: 'at most 8' },
  ]);
});

it('counts axons and memory by layer where programs are compiled, and names what binds', async () => {
  const { fit } = await asked(MODEL, '--target', 'spinnaker2');
  expect(fit).toMatchObject({ fits: true, reset: 'soft', coresPerChip: 152, chips: 1 });
  expect(new Set(fit.layers.map((l) => l.boundBy))).toContain('compartments');
  for (const layer of fit.layers) expect([layer.axons, layer.synapticBits].every((n) => typeof n === 'number')).toBe(true);
});

it('a network that the board is too small for: the diagnostic, the cores that it needs, and code 1', async () => {
  const small = { ...loadChip('spinnaker2'), board: { chips: 1, columns: 1 } };
  writeFileSync(join(folder, 'small.json'), JSON.stringify(small));
  const { code, fit, stderr } = await asked('models/vgg_cifar10/model.onnx', '--target', join(folder, 'small.json'));
  expect([code, fit.fits, fit.chips, fit.diagnostics.map((d) => d.code)]).toEqual([1, false, Math.ceil(fit.cores / 152), ['map/board-too-small']]);
  expect(fit.layers.map((l) => l.cores).reduce((a, b) => a + b, 0)).toBe(fit.cores);
  expect(fit.cores).toBeGreaterThan(152);
  expect(stderr).toMatch(/^error\[map\/board-too-small\]/);
  expect(fit.layers.map((l) => l.neurons).reduce((a, b) => a + b, 0)).toBe(fit.neurons);
});

it('nodes that cannot become spiking are counted and named with their reason', async () => {
  const path = join(folder, 'mixed.onnx');
  const weight = floats('w', [2, 1, 3, 3], new Float32Array(18).fill(0.1));
  writeFileSync(path, buildModel({ nodes: [node('Conv', ['x', 'w'], 'a', { kernel_shape: [3, 3] }), node('Frobnicate', ['a'], 'b'), node('Relu', ['b'], 'y')], initializers: [weight] }));
  const { code, fit, stderr } = await asked(path, '--target', 'loihi2', '--layout', 'NCHW');
  expect([code, fit.fits, fit.layers]).toEqual([1, false, []]);
  expect([fit.nodes.all, fit.nodes.convertible, fit.nodes.refused.length]).toEqual([3, 2, 1]);
  expect(fit.nodes.refused[0].problem).toContain('Frobnicate');
  expect(stderr).toMatch(/^error\[onnx\/unsupported-op\]/);
  const { stdout } = await runHere(['fit', path, '--target', 'loihi2', '--layout', 'NCHW']);
  expect(stdout).toMatch(/^fits +no: loihi2, 1 node cannot become spiking\nconvertible +2 of 3 nodes of the file\n\nnodes that cannot become spiking:\n/);
});

it('--place adds what spikes put on the mesh', async () => {
  const { fit } = await asked(MODEL, '--target', 'loihi2', '--place');
  expect(fit.mapping).toMatchObject({ rates: 'even', cores: fit.cores, leastCores: fit.leastCores });
  expect((await asked(MODEL, '--target', 'loihi2')).fit.mapping).toBeNull();
  const { stdout } = await runHere(['fit', MODEL, '--target', 'loihi2', '--place']);
  expect(stdout).toMatch(/\ntraffic +[\d,]+ message hops an inference with one spike of every neuron/);
  expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

it('with spikes for the image, its population is a layer too', async () => {
  const { fit } = await asked(MODEL, '--target', 'loihi2', '--code', 'rate');
  expect(fit.layers[0]).toMatchObject({ neurons: 2 * 784, parameters: 0 });
  expect(fit.layers.reduce((s, l) => s + (l.cores ?? 0), 0)).toBe(fit.cores);
});
