// Quantised models, in both of ONNX's forms: the evaluator of nodes rounds as the standard says, the import has the real
// numbers that the whole ones stand for, so the two differ by the rounding of activations and by no more. onnxruntime is
// asked without its optimisations and not for QLinear operators: its kernels saturate 16-bit sums on some processors.
import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import type { Conv } from '../../src/graph/graph.js';
import type { Constant } from '../../src/onnx/constant.js';
import { evaluateModel } from '../../src/onnx/evaluate/evaluate-model.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { readModel } from '../../src/onnx/model-proto.js';
import { referenceEvaluate } from '../graph/reference-evaluate.js';
import { lowered } from '../lower/check.js';
import { buildModel, floats, node, tensor, values, type ModelSpec, type NodeSpec, type TensorSpec } from './build-model.js';

const bytes = (name: string, type: 'int8' | 'uint8', dims: readonly number[], numbers: ArrayLike<number>): TensorSpec => tensor(name, type, dims, { rawData: Uint8Array.from(numbers, (v) => v & 255) });
const whole = (name: string, numbers: readonly number[]): TensorSpec => tensor(name, 'int32', [numbers.length], { rawData: new Uint8Array(Int32Array.from(numbers).buffer) });
const weight = (count: number, seed: number): Int8Array => Int8Array.from(values(count, seed), (v) => Math.round(v * 127));
const point = (name: string, scale: number, zero: number, type: 'int8' | 'uint8' = 'uint8'): TensorSpec[] => [floats(`${name}_scale`, [], [scale]), bytes(`${name}_zero`, type, [], [zero])];

const pair = (from: string, to: string, at: string): NodeSpec[] => [node('QuantizeLinear', [from, `${at}_scale`, `${at}_zero`], `${to}_q`), node('DequantizeLinear', [`${to}_q`, `${at}_scale`, `${at}_zero`], to)];

/** Float nodes between pairs of QuantizeLinear and DequantizeLinear; weights per channel; `activations` are the parameters of image and hidden layer. */
const qdqOf = (activations: readonly TensorSpec[], opset: number): ModelSpec => ({
  inputs: [{ name: 'x', dims: ['N', 2, 6, 6] }], opset,
  nodes: [
    ...pair('x', 'xd', 'image'), node('DequantizeLinear', ['w', 'w_scale', 'w_zero'], 'wd', { axis: 0 }), node('DequantizeLinear', ['b', 'b_scale'], 'bd', { axis: 0 }),
    node('Conv', ['xd', 'wd', 'bd'], 'c', { pads: [1, 1, 1, 1] }), node('Relu', ['c'], 'r'), ...pair('r', 'rd', 'hidden'),
    node('MaxPool', ['rd'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }), node('Flatten', ['p'], 'f'), node('DequantizeLinear', ['v', 'v_scale', 'v_zero'], 'vd'), node('Gemm', ['f', 'vd'], 'y'),
  ],
  initializers: [
    ...activations, bytes('w', 'int8', [3, 2, 3, 3], weight(54, 1)), floats('w_scale', [3], [0.004, 0.002, 0.003]), bytes('w_zero', 'int8', [3], [0, 0, 0]),
    whole('b', [100, -50, 2000]), floats('b_scale', [3], [0.004, 0.002, 0.003].map((s) => (s * 2) / 127)), bytes('v', 'int8', [27, 4], weight(108, 2)), ...point('v', 0.01, 0, 'int8'),
  ],
});
const qdq = qdqOf([...point('image', 2 / 127, 0, 'int8'), ...point('hidden', 0.02, 0)], 13);

/** The same ranges in steps of a 256th: nothing but rounding is left out if the difference goes with them. */
const fine = qdqOf([
  floats('image_scale', [], [2 / 32_767]), tensor('image_zero', 'int16', [], { rawData: new Uint8Array(2) }), floats('hidden_scale', [], [5.1 / 65_535]), tensor('hidden_zero', 'uint16', [], { rawData: new Uint8Array(2) }),
], 21);

/** The older form, in which one operator works on the whole numbers. */
const qlinear: ModelSpec = {
  inputs: [{ name: 'x', dims: ['N', 2, 6, 6] }], opset: 13,
  nodes: [
    node('QuantizeLinear', ['x', 'image_scale', 'image_zero'], 'xq'),
    node('QLinearConv', ['xq', 'image_scale', 'image_zero', 'w', 'w_scale', 'w_zero', 'hidden_scale', 'hidden_zero', 'b'], 'c', { pads: [1, 1, 1, 1] }),
    node('MaxPool', ['c'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }), node('Flatten', ['p'], 'f'),
    node('QLinearMatMul', ['f', 'hidden_scale', 'hidden_zero', 'v', 'v_scale', 'v_zero', 'scores_scale', 'scores_zero'], 'm'), node('DequantizeLinear', ['m', 'scores_scale', 'scores_zero'], 'y'),
  ],
  initializers: [
    ...point('image', 4 / 255, 128), ...point('hidden', 0.02, 0), ...point('scores', 0.1, 128), bytes('w', 'int8', [3, 2, 3, 3], weight(54, 1)), floats('w_scale', [3], [0.004, 0.002, 0.003]), bytes('w_zero', 'int8', [3], [0, 0, 0]),
    whole('b', [100, -50, 2000]), bytes('v', 'int8', [27, 4], weight(108, 2)), ...point('v', 0.01, 0, 'int8'),
  ],
};

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number => Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));

describe.each<readonly [string, ModelSpec, number]>([
  ['with pairs of QuantizeLinear and DequantizeLinear', qdq, 0.05], ['with such pairs of 16 bits', fine, 0.0003], ['of QLinear operators', qlinear, 0.08],
])('a quantised model %s', (_, spec, most) => {
  const file = buildModel(spec);
  it('computes what the standard says, but for the rounding', async () => {
    const report = new Reporter();
    const { graph } = importOnnxBytes(file, { name: 'm', report });
    expect(report.warnings.map((w) => w.code)).toEqual(['onnx/not-rounded']);
    const session = await InferenceSession.create(file, { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1, logSeverityLevel: 4 });
    let spread = 0;
    for (const seed of [5, 6, 7]) {
      const image = values(72, seed).map((v) => 1.9 * v);
      const x = { kind: 'constant', name: 'x', type: 'float32', dims: [1, 2, 6, 6], data: image } as const;
      const { data } = evaluateModel({ model: readModel(file, 'm'), feeds: new Map([['x', x]]), report }).get('y') as Constant;
      const theirs = (await session.run({ x: new Tensor('float32', image, [1, 2, 6, 6]) }))['y'].data as Float32Array;
      const ours = referenceEvaluate(graph, image).get(graph.outputs[0]) as Float64Array;
      if (spec !== qlinear) expect(largest(theirs, data)).toBeLessThan(1e-5);
      expect(largest(data, ours)).toBeLessThan(most);
      spread = Math.max(spread, ...data.map(Math.abs));
    }
    expect(spread).toBeGreaterThan(2);
  });
  it('keeps its whole weights, times their scales', () => {
    const { graph } = importOnnxBytes(file, { name: 'm', report: new Reporter() });
    const { weight: found } = graph.nodes.find((n): n is Conv => n.kind === 'conv') as Conv;
    const scales = [0.004, 0.002, 0.003].map(Math.fround);
    expect([...found]).toEqual([...weight(54, 1)].map((v, i) => Math.fround(v * scales[Math.floor(i / 18)])));
  });
  it('comes down to one saturating rectifier a layer', () => {
    const { graph } = importOnnxBytes(file, { name: 'm', report: new Reporter() });
    const core = lowered(graph);
    expect(core.nodes.filter((n) => n.kind === 'relu' && n.cap < Infinity).length).toBeGreaterThan(0);
    expect(core.nodes.find((n) => n.kind === 'conv')?.inputs).toEqual([core.nodes[0].id]);
  });
});

it('an operator that would work on the whole numbers is refused, and so are two scales for one tensor', () => {
  const refused = (spec: ModelSpec): string => {
    try { importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() }); return 'accepted'; } catch (error) { return (error as CompileError).message; }
  };
  const [quantise] = qlinear.nodes;
  expect(refused({ ...qlinear, nodes: [quantise, node('Relu', ['xq'], 'y')] })).toContain('it works on the whole numbers of a quantised tensor');
  expect(refused({ ...qlinear, nodes: [quantise, node('QLinearConv', ['xq', 'hidden_scale', 'image_zero', 'w', 'w_scale', 'w_zero', 'hidden_scale', 'hidden_zero', 'b'], 'y')] })).toContain('its input is not quantised with scale');
  expect(refused({ ...qlinear, nodes: [node('QuantizeLinear', ['x', 'w_scale', 'w_zero'], 'y', { axis: 1 })] })).toContain('activations have 3 scales');
});

/** image -> Conv -> pair -> what `nodes` do with "cd"; `points` are scale and zero point of the pair. */
const cutOff = (points: readonly TensorSpec[], nodes: readonly NodeSpec[]): ModelSpec => ({
  inputs: [{ name: 'x', dims: ['N', 2, 6, 6] }], opset: 13,
  nodes: [node('Conv', ['x', 'w'], 'c'), ...pair('c', 'cd', 'cut'), ...nodes],
  initializers: [floats('w', [3, 2, 3, 3], values(54, 1)), ...points, floats('v', [3, 3, 4, 4], values(144, 2))],
});

describe('a range that activations are cut off at', () => {
  const behind = [node('Conv', ['r', 'v'], 'y')];
  const read = (spec: ModelSpec) => {
    const report = new Reporter();
    const { graph } = importOnnxBytes(buildModel(spec), { name: 'm', report });
    return { graph, warnings: report.warnings.filter((w) => w.code === 'onnx/not-saturated') };
  };
  /** Largest difference from what the standard says, over images that leave the range. */
  const difference = (spec: ModelSpec): number => {
    const { graph } = read(spec);
    const image = values(72, 5).map((v) => 3 * v);
    const x = { kind: 'constant', name: 'x', type: 'float32', dims: [1, 2, 6, 6], data: image } as const;
    const { data } = evaluateModel({ model: readModel(buildModel(spec), 'm'), feeds: new Map([['x', x]]), report: new Reporter() }).get('y') as Constant;
    return largest(data, referenceEvaluate(graph, image).get(graph.outputs[0]) as Float64Array);
  };
  // steps so fine that rounding does not show
  const wide = (scale: number, zero: number): TensorSpec[] => [floats('cut_scale', [], [scale]), tensor('cut_zero', 'uint16', [], { rawData: new Uint8Array(Uint16Array.of(zero).buffer) })];
  it.each<readonly [string, TensorSpec[], number]>([['from 0', wide(2 / 65_535, 0), 2], ['from below, in front of a rectifier', wide(5 / 65_535, 26_214), (5 * 39_321) / 65_535]])('%s, is a neuron that saturates', (_, points, cap) => {
    const spec = { ...cutOff(points, [node('Relu', ['cd'], 'r'), ...behind]), opset: 21 };
    const { graph, warnings } = read(spec);
    expect(warnings).toEqual([]);
    expect(graph.nodes.filter((n) => n.kind === 'relu').map((n) => n.cap)).toContainEqual(expect.closeTo(cap, 3));
    expect(difference(spec)).toBeLessThan(0.01);
  });
  it('with a Clip behind it, has the lower of both ends', () => {
    const { graph, warnings } = read({ ...cutOff(point('cut', 5 / 255, 100), [node('Clip', ['cd', 'least', 'most'], 'r'), ...behind]) , initializers: [...cutOff(point('cut', 5 / 255, 100), []).initializers!, floats('least', [], [0]), floats('most', [], [6])] });
    expect([graph.nodes.filter((n) => n.kind === 'relu').map((n) => n.cap), warnings]).toEqual([[expect.closeTo((5 * 155) / 255, 5)], []]);
  });
  it('goes through what passes numbers on', () => {
    const { graph, warnings } = read(cutOff(point('cut', 5 / 255, 100), [node('MaxPool', ['cd'], 'p', { kernel_shape: [1, 1] }), node('Relu', ['p'], 'r'), node('Flatten', ['r'], 'y')]));
    expect([graph.nodes.filter((n) => n.kind === 'relu').map((n) => n.cap), warnings]).toEqual([[expect.closeTo((5 * 155) / 255, 5)], []]);
  });
  it('from below, in front of anything else, is left out with a warning', () => {
    const spec = cutOff(point('cut', 5 / 255, 100), [node('Conv', ['cd', 'v'], 'y')]);
    const { graph, warnings } = read(spec);
    expect(graph.nodes.filter((n) => n.kind === 'relu')).toEqual([]);
    expect(warnings.map((w) => [w.where, w.message, w.hint])).toMatchInlineSnapshot(`
      [
        [
          {
            "kind": "node",
            "node": "QuantizeLinear:cd_q",
          },
          "activations are cut off at -1.96 and 3.04 here, and no rectifier follows; the network is read without that",
          "ranges that were calibrated hold nearly all values; where the cut is meant, write it as Clip",
        ],
      ]
    `);
    expect(difference(spec)).toBeGreaterThan(0.5);
  });
  it('of the scores is nothing to warn of: they are compared', () => {
    expect(read(cutOff(point('cut', 5 / 255, 100), [])).warnings).toEqual([]);
  });
});

it('the warning names the coarsest step', () => {
  const report = new Reporter();
  importOnnxBytes(buildModel(qdq), { name: 'm', report });
  expect(report.warnings.map((w) => [w.message, w.hint])).toMatchInlineSnapshot(`
    [
      [
        "activations are quantised here and at 1 more node; the weights are read exactly, the activations are not rounded to steps of at most 0.020",
        "spike rates have steps of their own; measure the accuracy of the program",
      ],
    ]
  `);
});
