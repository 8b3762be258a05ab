// Quantised models through the whole compiler: the whole numbers of the file stand in the program that is read back, or a warning says why not.
import { describe, expect, it } from 'vitest';
import { normalisedImages } from '../../src/program/normalised-images.js';
import { compileModel, type CompileOptions } from '../../src/compile.js';
import { Reporter } from '../../src/diagnostics.js';
import { predict } from '../../src/graph/evaluate-parallel.js';
import { sizeOf, type CoreNode, type Graph, type NodeId } from '../../src/graph/graph.js';
import { asCore } from '../../src/lower/lower.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { readProgram } from '../../src/program/read.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { simulate } from '../../src/simulate/simulate.js';
import { loadTarget } from '../../src/target/load-target.js';
import { graphBuilder } from '../lower/graph-builder.js';
import { floats, node, tensor, type ModelSpec, type TensorSpec } from '../onnx/build-model.js';
import { quantiseModel, type QuantisedModel } from '../onnx/quantise-model.js';
import { filterOrder } from '../quantise/networks.js';
import { activations, randomImages } from '../spiking/core-graphs.js';
import { modelFile, randomBytes } from './tiny-models.js';

/** A convolution behind a pool, a depthwise one, and a dense layer in front of the output; the host computes the first layer. */
function network(): Graph<CoreNode> {
  const b = graphBuilder(3);
  const first = b.pool('average-pool', b.relu(b.conv(b.input([1, 8, 8]), 4)), 2);
  const second = b.relu(b.conv(b.relu(b.conv(first, 6)), 6, { groups: 6 }));
  return centred(asCore(b.graph(b.dense(b.relu(b.dense(b.flatten(second), 12)), 5))));
}

/** With scores that are 0 in the mean, so that random images are of several classes. */
function centred(graph: Graph<CoreNode>): Graph<CoreNode> {
  const count = 40;
  const scores = activations(graph, randomImages(graph, count, 2), count).get(graph.outputs[0])!;
  const mean = (c: number): number => Array.from({ length: count }, (_, i) => scores[i * 5 + c] / count).reduce((a, v) => a + v, 0);
  return { ...graph, nodes: graph.nodes.map((n) => (n.kind === 'dense' && n.id === graph.outputs[0] ? { ...n, bias: n.bias.map((v, c) => v - mean(c)) } : n)) };
}

function quantised(graph: Graph<CoreNode>, perChannel: (id: NodeId) => boolean): QuantisedModel {
  const images = randomImages(graph, 8, 1);
  const largest = (values: Float32Array): number => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const ranges = new Map([...activations(graph, images, 8)].map(([id, values]): [NodeId, number] => [id, largest(values)]));
  return quantiseModel(graph, { perChannel, ranges: ranges.set(graph.nodes[0].id, 1) });
}

const normalisation = { scale: 127.5, mean: [1], std: [1] };

async function compiled(name: string, spec: ModelSpec, options: Partial<CompileOptions> = {}) {
  const path = modelFile(name, spec);
  const { bytes, summary } = await compileModel(path, { target: loadTarget('loihi2'), timesteps: 64, normalisation, ...options });
  const { network: integers } = readProgram(bytes, name);
  const stored = integers.projections.map((p) => [...filterOrder(p, integers.populations.find((q) => q.id === p.target)!)]);
  return { path, bytes, integers, stored, warnings: summary.warnings.filter((w) => w.code === 'quantise/weights-rounded').map((w) => w.message.replace(/^.*from "(.*)" are not.*file: (.*)\. Rounded.*$/, '$1: $2')) };
}

/** The share of random images on which the program names the class that the model's real numbers name. */
async function agreement({ path, bytes }: { readonly path: string; readonly bytes: Uint8Array }): Promise<number> {
  const data = randomBytes(60, [1, 8, 8], 3);
  const trace = await simulate(readProgram(bytes, path), data, { timing: 'functional', seed: 0, workers: 1 });
  const images = normalisedImages(normalisation, data);
  const { graph } = importOnnx(path, { report: new Reporter() });
  const ann = await predict(graph, images, data.count, { workers: 1 });
  const program = readProgram(bytes, path);
  const T = program.network.timesteps;
  expect([...trace.scores.subarray(0, 5)]).toEqual([...evaluateInteger(program.network, images.subarray(0, sizeOf([1, 8, 8])), { seed: 0, sample: 0 }).scores]);
  expect(new Set(ann).size).toBeGreaterThan(1);
  return [...ann].filter((answer, i) => answer === trace.predictions[i * T + T - 1]).length / data.count;
}

const filters = ({ whole }: QuantisedModel): number[][] => [...whole.values()].map((values) => [...values]);
const last = (id: NodeId): boolean => id === 'dense2';

describe('the whole numbers of the file are those of the program', () => {
  it.each<readonly [string, (id: NodeId) => boolean, Partial<CompileOptions>]>([
    ['one scale for a tensor', () => false, {}],
    ['one scale for a tensor, signed spikes', () => false, { spikes: 'signed' }],
    ['one scale for a tensor, hard reset on Loihi 1', () => false, { target: loadTarget('loihi1') }],
    ['one scale for a tensor, two compartments', () => false, { target: loadTarget('loihi1'), reset: 'soft-two-compartment' }],
    ['a scale for each output channel', (id) => !last(id), {}],
    ['a scale for each output channel, no limits', (id) => !last(id), { target: loadTarget('virtual') }],
  ])('%s', async (name, perChannel, options) => {
    const model = quantised(network(), perChannel);
    const result = await compiled(name.replaceAll(/[ ,]+/g, '-'), model.spec, options);
    expect(result.warnings).toEqual([]);
    expect(result.stored).toEqual(filters(model).slice(1));
    expect(result.integers.projections.map((p) => p.weightError)).toEqual([0, 0, 0, 0]);
    // through three layers a hard reset says little of random images, with or without whole weights
    expect(await agreement(result)).toBeGreaterThanOrEqual(options.target?.name === 'loihi1' && options.reset === undefined ? 0 : 0.9);
  });
  it('under the rate code the first filter too, once for each sign of the image', async () => {
    const model = quantised(network(), (id) => !last(id));
    const { stored } = await compiled('rate', model.spec, { code: 'rate' });
    const [first, ...others] = filters(model);
    expect(stored.slice(1)).toEqual(others);
    expect(stored[0].filter((_, i) => i % 18 < 9)).toEqual(first);
    expect(stored[0].filter((_, i) => i % 18 >= 9)).toEqual(first.map((w) => -w + 0));
  });
});

/** The whole numbers as uint8 above a zero point, as far as that goes; the first of each filter is 255 if `full`. */
const above = (initializers: readonly TensorSpec[], zero: number, full = false): TensorSpec[] => initializers.map((t) => {
  const bytes = new Int8Array((t.fields['rawData'] as Uint8Array).slice().buffer);
  if (t.tensor.endsWith('.whole')) return tensor(t.tensor, 'uint8', t.dims, { rawData: Uint8Array.from(bytes, (v, i) => (full && i === 0 ? 255 : Math.max(0, Math.min(255, v + zero)))) });
  return t.tensor.endsWith('.weight.zero') ? tensor(t.tensor, 'uint8', t.dims, { rawData: new Uint8Array(bytes.length).fill(zero) }) : t;
});

describe('other forms of quantised models', () => {
  it('weights above a zero point: what is stored is the number less its zero point', async () => {
    const model = quantised(network(), () => false);
    const { stored, warnings } = await compiled('above', { ...model.spec, initializers: above(model.spec.initializers ?? [], 128) });
    expect([stored, warnings]).toEqual([filters(model).slice(1), []]);
    const far = await compiled('far', { ...model.spec, initializers: above(model.spec.initializers ?? [], 20, true) });
    expect(far.warnings).toEqual([1, 2, 3, 4].map((k) => `QuantizeLinear:relu${k}.q: they reach 235, a weight of loihi2 127`));
  });
  it('QLinearConv and QLinearMatMul', async () => {
    const whole = (count: number, seed: number): Int8Array => Int8Array.from({ length: count }, (_, i) => Math.round(127 * Math.sin(seed * (i + 1) ** 2)));
    const bytes = (name: string, type: 'int8' | 'uint8', dims: readonly number[], values: Int8Array): TensorSpec => tensor(name, type, dims, { rawData: new Uint8Array(values.buffer) });
    const point = (name: string, scale: number, type: 'int8' | 'uint8' = 'uint8'): TensorSpec[] => [floats(`${name}_scale`, [], [scale]), bytes(`${name}_zero`, type, [], Int8Array.of(0))];
    const at = (name: string): string[] => [`${name}_scale`, `${name}_zero`];
    const { stored, warnings } = await compiled('qlinear', {
      inputs: [{ name: 'x', dims: ['N', 1, 6, 6] }], opset: 13,
      nodes: [
        node('QuantizeLinear', ['x', ...at('image')], 'xq'), node('QLinearConv', ['xq', ...at('image'), 'v', ...at('v'), ...at('hidden')], 'a', { pads: [1, 1, 1, 1] }),
        node('QLinearConv', ['a', ...at('hidden'), 'w', ...at('w'), ...at('hidden')], 'b', { pads: [1, 1, 1, 1] }), node('Flatten', ['b'], 'f'),
        node('QLinearMatMul', ['f', ...at('hidden'), 'm', ...at('m'), ...at('scores')], 's'), node('DequantizeLinear', ['s', ...at('scores')], 'y'),
      ],
      initializers: [
        ...point('image', 2 / 127, 'int8'), ...point('hidden', 0.02), ...point('scores', 0.1, 'int8'), bytes('v', 'int8', [2, 1, 3, 3], whole(18, 1)), ...point('v', 0.004, 'int8'),
        bytes('w', 'int8', [3, 2, 3, 3], whole(54, 2)), floats('w_scale', [3], [0.004, 0.002, 0.003]), bytes('w_zero', 'int8', [3], new Int8Array(3)), bytes('m', 'int8', [108, 4], whole(432, 3)), ...point('m', 0.001, 'int8'),
      ],
    });
    const m = whole(432, 3);
    expect([stored, warnings]).toEqual([[[...whole(54, 2)], Array.from(m, (_, i) => m[(i % 108) * 4 + Math.floor(i / 108)])], []]);
  });
});

describe('where they cannot be held, a warning says why', () => {
  it.each<readonly [string, (id: NodeId) => boolean, Partial<CompileOptions>, readonly string[]]>([
    ['classes of different scales', () => true, {}, ['relu4: their scales differ between the classes, whose sums are compared as they are']],
    ['two compartments', (id) => id === 'conv2', { target: loadTarget('loihi1'), reset: 'soft-two-compartment' }, ['relu1: their scales ask for a threshold a channel, and two compartments take away one']],
    ['more thresholds than a core has', (id) => id === 'dense1', { target: loadTarget('loihi1') }, ['relu3: their 12 scales ask for as many thresholds, a core of loihi1 has 8']],
    ['weights of four bits', () => false, { weightBits: 4 }, ['relu1', 'relu2', 'relu3', 'relu4'].map((s) => `${s}: they reach 127, a weight of loihi2 7`)],
  ])('%s', async (name, perChannel, options, expected) => {
    const model = quantised(network(), perChannel);
    const { warnings } = await compiled(name.replaceAll(' ', '-'), model.spec, options);
    expect(warnings).toEqual(expected.map((w) => `QuantizeLinear:${w.replace(':', '.q:')}`));
  });
  it('unless the user wants them rounded', async () => {
    const model = quantised(network(), () => false);
    const { integers, stored, warnings } = await compiled('rounded', model.spec, { roundWeights: true });
    expect([warnings, integers.populations.some((p) => p.thresholdExponent.some((e) => e > 0))]).toEqual([[], true]);
    expect(stored).not.toEqual(filters(model).slice(1));
    expect(Math.max(...integers.projections.map((p) => p.weightError))).toBeGreaterThan(0);
  });
  it('a scale of the inputs, and real weights beside quantised ones', async () => {
    const model = quantised(network(), () => false);
    const { nodes, initializers = [] } = model.spec;
    const scaled = nodes.flatMap((n) => (n.outputs[0] === 'conv2'
      ? [node('Mul', [n.inputs[0], 'by'], 'scaled'), { ...n, inputs: ['scaled', ...n.inputs.slice(1)] }] : [n]));
    const joined = await compiled('scaled', { ...model.spec, nodes: scaled, initializers: [...initializers, floats('by', [1, 4, 1, 1], [1, 0.77, 1.31, 0.9])] });
    expect(joined.warnings).toEqual(['QuantizeLinear:relu1.q: the lowering joined them with a norm, a pool, a scale of their inputs or another filter']);
    expect(joined.stored.slice(1)).toEqual(filters(model).slice(2));
    const realWeights = floats('dense2.weight', [5, 12], Array.from({ length: 60 }, (_, i) => Math.sin(i)));
    const partly = await compiled('partly', { ...model.spec, nodes: nodes.filter((n) => n.outputs[0] !== 'dense2.weight'), initializers: [...initializers, realWeights] });
    expect(partly.warnings).toEqual(['QuantizeLinear:relu4.q: in the file they are real numbers or of more than 8 bits']);
  });
});

it('every representation says what it knows of whole weights', async () => {
  const texts: string[] = [];
  const model = quantised(network(), (id) => id === 'conv2' || last(id));
  await compiled('printed', model.spec, { observer: { onPass: (name, text) => { if (['find-whole-weights', 'convert', 'quantise'].includes(name)) texts.push(`--- after ${name} ---`, text()); } } });
  await expect(`${texts.join('\n')}\n`).toMatchFileSnapshot('../golden/quantised-loihi2.txt');
});
