// Each form of each operator, written by onnx-proto, imported, evaluated with plain loops in double
// precision, and compared with onnxruntime on the same file.
import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Reporter } from '../../src/diagnostics.js';
import type { GraphNode } from '../../src/graph/graph.js';
import { verifyGraph } from '../../src/graph/verify.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { referenceEvaluate } from '../graph/reference-evaluate.js';
import { buildModel, floats, ints, node, tensor, values, type ModelSpec, type NodeSpec } from './build-model.js';

interface Case extends ModelSpec {
  readonly dims: readonly number[];
  /** Kinds of the graph's nodes after the input. */
  readonly kinds: readonly GraphNode['kind'][];
}

const weight = (name: string, ...dims: number[]) => floats(name, dims, values(dims.reduce((a, b) => a * b, 1), name.length + dims.length));

async function runtimeAnswer(bytes: Uint8Array, dims: readonly number[], image: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 });
  const results = await session.run({ x: new Tensor('float32', image, [...dims]) });
  return results[session.outputNames[0]].data as Float32Array;
}

/** The image as the graph takes it: channels first. */
function canonicalImage(image: Float32Array, dims: readonly number[], input: GraphNode): Float32Array {
  const [, h = 1, w = 1, c = 1] = dims;
  const channelsLast = dims.length === 4 && input.shape.length === 3 && input.shape[0] === c && input.shape[1] === h && dims[1] !== c;
  if (!channelsLast) return image;
  return Float32Array.from(image, (_, i) => image[(i % (h * w)) * c + Math.floor(i / (h * w))]);
}

async function check({ dims, kinds, ...spec }: Case): Promise<void> {
  const bytes = buildModel({ inputs: [{ name: 'x', dims: ['N', ...dims.slice(1)] }], ...spec });
  const image = values(dims.reduce((a, b) => a * b, 1), 77).map((v) => v * 3);
  const { graph } = importOnnxBytes(bytes, { name: 'case.onnx', report: new Reporter() });
  verifyGraph(graph);
  expect(graph.nodes.slice(1).map((n) => n.kind)).toEqual(kinds);
  const results = referenceEvaluate(graph, canonicalImage(image, dims, graph.nodes[0]));
  const ours = results.get(graph.outputs[0]) as Float64Array;
  const theirs = await runtimeAnswer(bytes, dims, image);
  expect(ours.length).toBe(theirs.length);
  const scale = Math.max(1, ...theirs.map(Math.abs));
  expect(Math.max(...theirs.map((v, i) => Math.abs(v - ours[i]))) / scale).toBeLessThan(1e-5);
}

const one = (op: string, attributes: NodeSpec['attributes'] = {}, inputs: readonly string[] = ['x']): NodeSpec => node(op, inputs, 'y', attributes);
const picture = [1, 2, 7, 6];

const convolution: Record<string, Case> = {
  'Conv with a bias': { dims: picture, nodes: [one('Conv', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, ['x', 'w', 'b'])], initializers: [weight('w', 3, 2, 3, 3), weight('b', 3)], kinds: ['conv'] },
  'Conv without kernel_shape or bias': { dims: picture, nodes: [one('Conv', {}, ['x', 'w'])], initializers: [weight('w', 3, 2, 2, 3)], kinds: ['conv'] },
  'Conv in groups, dilated, strided, asymmetric pads': { dims: [1, 4, 9, 8], nodes: [one('Conv', { group: 2, dilations: [2, 1], strides: [2, 3], pads: [0, 2, 3, 1] }, ['x', 'w'])], initializers: [weight('w', 6, 2, 3, 2)], kinds: ['conv'] },
  'depthwise Conv': { dims: [1, 4, 5, 5], nodes: [one('Conv', { group: 4 }, ['x', 'w'])], initializers: [weight('w', 4, 1, 3, 3)], kinds: ['conv'] },
  'Conv SAME_UPPER': { dims: picture, nodes: [one('Conv', { auto_pad: 'SAME_UPPER', strides: [2, 2] }, ['x', 'w'])], initializers: [weight('w', 3, 2, 3, 4)], kinds: ['conv'] },
  'Conv SAME_LOWER': { dims: picture, nodes: [one('Conv', { auto_pad: 'SAME_LOWER', strides: [2, 1] }, ['x', 'w'])], initializers: [weight('w', 3, 2, 4, 2)], kinds: ['conv'] },
  'Conv VALID': { dims: picture, nodes: [one('Conv', { auto_pad: 'VALID' }, ['x', 'w'])], initializers: [weight('w', 3, 2, 3, 3)], kinds: ['conv'] },
  'Conv over a signal': { dims: [1, 2, 9], nodes: [node('Conv', ['x', 'w'], 'y', { pads: [2, 1], strides: [2] })], initializers: [weight('w', 3, 2, 3)], kinds: ['reshape', 'reshape', 'conv', 'reshape'] },
};

const dense: Record<string, Case> = {
  'Gemm, weights [out, in]': { dims: [1, 6], nodes: [one('Gemm', { transB: 1 }, ['x', 'w', 'b'])], initializers: [weight('w', 4, 6), weight('b', 4)], kinds: ['dense'] },
  'Gemm with alpha and beta, weights [in, out]': { dims: [1, 6], nodes: [one('Gemm', { alpha: 0.5, beta: { float: 2 } }, ['x', 'w', 'b'])], initializers: [weight('w', 6, 4), weight('b', 1, 4)], kinds: ['dense'] },
  'Gemm with one bias for all': { dims: [1, 6], nodes: [one('Gemm', {}, ['x', 'w', 'b'])], initializers: [weight('w', 6, 4), weight('b', 1)], kinds: ['dense'] },
  'Gemm without bias': { dims: [1, 6], opset: 11, nodes: [one('Gemm', {}, ['x', 'w'])], initializers: [weight('w', 6, 4)], kinds: ['dense'] },
  'MatMul larger than a tile': { dims: [1, 70], nodes: [one('MatMul', {}, ['x', 'w'])], initializers: [weight('w', 70, 45)], kinds: ['dense'] },
  'MatMul on a row matrix': { dims: [1, 1, 6], nodes: [one('MatMul', {}, ['x', 'w'])], initializers: [weight('w', 6, 4)], kinds: ['reshape', 'reshape', 'dense', 'reshape'] },
  'MatMul with transposed weights': { dims: [1, 6], nodes: [node('Transpose', ['w'], 't', { perm: [1, 0] }), one('MatMul', {}, ['x', 't'])], initializers: [weight('w', 4, 6)], kinds: ['dense'] },
};

const norms = [weight('g', 2), weight('b', 2), weight('m', 2), floats('v', [2], [0.5, 2])];
const elementwise: Record<string, Case> = {
  'BatchNormalization': { dims: picture, nodes: [one('BatchNormalization', { epsilon: 0.001 }, ['x', 'g', 'b', 'm', 'v'])], initializers: norms, kinds: ['batch-norm'] },
  'BatchNormalization of opset 7': { dims: picture, opset: 7, nodes: [one('BatchNormalization', {}, ['x', 'g', 'b', 'm', 'v'])], initializers: norms, kinds: ['batch-norm'] },
  'BatchNormalization of features': { dims: [1, 2], nodes: [one('BatchNormalization', {}, ['x', 'g', 'b', 'm', 'v'])], initializers: norms, kinds: ['batch-norm'] },
  'Relu': { dims: picture, nodes: [one('Relu')], kinds: ['relu'] },
  'Clip as ReLU6 by attributes': { dims: picture, opset: 10, nodes: [one('Clip', { min: { float: 0 }, max: { float: 1.5 } })], kinds: ['relu'] },
  'Clip as ReLU6 by inputs': { dims: picture, opset: 13, nodes: [one('Clip', {}, ['x', 'lo', 'hi'])], initializers: [floats('lo', [], [0]), floats('hi', [], [1.5])], kinds: ['relu'] },
  'Clip from zero up': { dims: picture, opset: 13, nodes: [one('Clip', {}, ['x', 'lo'])], initializers: [floats('lo', [], [0])], kinds: ['relu'] },
  'Clip to infinity': { dims: picture, opset: 13, nodes: [one('Clip', {}, ['x', 'lo', 'hi'])], initializers: [floats('lo', [], [0]), floats('hi', [], [Infinity])], kinds: ['relu'] },
  'Clip without bounds': { dims: picture, opset: 13, nodes: [one('Clip'), node('Relu', ['y'], 'z')], kinds: ['relu'] },
  'Add a constant per channel': { dims: picture, nodes: [one('Add', {}, ['x', 'k'])], initializers: [weight('k', 1, 2, 1, 1)], kinds: ['affine'] },
  'Add a constant per column, constant first': { dims: picture, nodes: [one('Add', {}, ['k', 'x'])], initializers: [weight('k', 6)], kinds: ['affine'] },
  'Sub a constant': { dims: picture, nodes: [one('Sub', {}, ['x', 'k'])], initializers: [weight('k', 2, 7, 1)], kinds: ['affine'] },
  'Sub from a constant': { dims: picture, nodes: [one('Sub', {}, ['k', 'x'])], initializers: [weight('k', 1)], kinds: ['affine'] },
  'Mul by a scalar': { dims: picture, nodes: [one('Mul', {}, ['k', 'x'])], initializers: [floats('k', [], [-0.75])], kinds: ['affine'] },
  'Div by a constant': { dims: picture, nodes: [one('Div', {}, ['x', 'k'])], initializers: [floats('k', [2, 1, 1], [0.3, -7])], kinds: ['affine'] },
  'Add, Sub and Sum of activations': { dims: picture, nodes: [node('Relu', ['x'], 'r'), node('Add', ['r', 'x'], 'a'), node('Sub', ['a', 'r'], 's'), node('Sum', ['s', 'a', 'r'], 'y')], kinds: ['relu', 'add', 'subtract', 'add'] },
  'Sum with constants': { dims: picture, nodes: [node('Relu', ['x'], 'r'), node('Sum', ['r', 'k', 'x', 'j'], 'y')], initializers: [weight('k', 6), weight('j', 2, 1, 1)], kinds: ['relu', 'add', 'affine'] },
  'Identity, Dropout and Cast vanish': { dims: picture, opset: 13, nodes: [node('Identity', ['x'], 'i'), node('Dropout', ['i'], 'd'), node('Cast', ['d'], 'c', { to: 1 }), node('Relu', ['c'], 'y')], kinds: ['relu'] },
  'Dropout by attribute': { dims: picture, opset: 10, nodes: [node('Dropout', ['x'], 'd', { ratio: 0.5 }), node('Relu', ['d'], 'y')], kinds: ['relu'] },
};

const pooling: Record<string, Case> = {
  'MaxPool': { dims: picture, nodes: [one('MaxPool', { kernel_shape: [2, 3], strides: [2, 1], pads: [1, 0, 0, 2] })], kinds: ['max-pool'] },
  'MaxPool with ceil_mode': { dims: picture, nodes: [one('MaxPool', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 })], kinds: ['max-pool'] },
  'MaxPool with ceil_mode whose last window would start in the pad': { dims: [1, 3, 4, 4], nodes: [one('MaxPool', { kernel_shape: [2, 2], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 })], kinds: ['max-pool'] },
  'MaxPool dilated': { dims: picture, opset: 12, nodes: [one('MaxPool', { kernel_shape: [2, 2], dilations: [3, 2] })], kinds: ['max-pool'] },
  'MaxPool SAME_UPPER': { dims: picture, nodes: [one('MaxPool', { kernel_shape: [3, 2], strides: [2, 2], auto_pad: 'SAME_UPPER' })], kinds: ['max-pool'] },
  'MaxPool over a signal': { dims: [1, 2, 9], nodes: [one('MaxPool', { kernel_shape: [3] })], kinds: ['reshape', 'reshape', 'max-pool', 'reshape'] },
  'AveragePool, pads not counted': { dims: picture, nodes: [one('AveragePool', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })], kinds: ['average-pool'] },
  'AveragePool, pads counted': { dims: picture, nodes: [one('AveragePool', { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })], kinds: ['average-pool'] },
  'AveragePool with ceil_mode': { dims: picture, opset: 19, nodes: [one('AveragePool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })], kinds: ['average-pool'] },
  'AveragePool with ceil_mode, pads counted': { dims: picture, opset: 19, nodes: [one('AveragePool', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 0, 0], ceil_mode: 1, count_include_pad: 1 })], kinds: ['pad', 'average-pool'] },
  'AveragePool dilated': { dims: picture, opset: 19, nodes: [one('AveragePool', { kernel_shape: [2, 2], dilations: [2, 3] })], kinds: ['average-pool'] },
  'GlobalAveragePool': { dims: picture, nodes: [one('GlobalAveragePool')], kinds: ['average-pool'] },
  'GlobalMaxPool': { dims: picture, nodes: [one('GlobalMaxPool')], kinds: ['max-pool'] },
  'ReduceMean over the picture': { dims: picture, nodes: [one('ReduceMean', { axes: [2, 3], keepdims: 0 })], kinds: ['average-pool', 'reshape'] },
  'ReduceMean, axes as an input': { dims: picture, opset: 18, nodes: [one('ReduceMean', {}, ['x', 'a'])], initializers: [ints('a', [-1, -2])], kinds: ['average-pool'] },
  'ReduceMean over rows and channels': { dims: picture, nodes: [one('ReduceMean', { axes: [1, 2], keepdims: 1 })], kinds: ['transpose', 'average-pool', 'reshape'] },
  'ReduceMean over one axis': { dims: picture, nodes: [one('ReduceMean', { axes: [3], keepdims: 0 })], kinds: ['reshape', 'average-pool', 'reshape'] },
};

const shapes: Record<string, Case> = {
  'Flatten': { dims: picture, nodes: [one('Flatten')], kinds: ['reshape'] },
  'Flatten from a negative axis': { dims: [1, 1, 7, 6], opset: 11, nodes: [one('Flatten', { axis: -3 })], kinds: ['reshape'] },
  'Reshape with 0 and -1': { dims: picture, nodes: [one('Reshape', {}, ['x', 's'])], initializers: [ints('s', [0, -1])], kinds: ['reshape'] },
  'Reshape with -1 for the batch': { dims: picture, nodes: [one('Reshape', {}, ['x', 's'])], initializers: [ints('s', [-1, 84])], kinds: ['reshape'] },
  'Reshape by Shape, Gather, Unsqueeze and Concat': {
    dims: picture, opset: 13, kinds: ['reshape'], initializers: [ints('zero', [0], []), ints('axis', [0]), ints('rest', [-1])],
    nodes: [node('Shape', ['x'], 's'), node('Gather', ['s', 'zero'], 'n', { axis: 0 }), node('Unsqueeze', ['n', 'axis'], 'n1'), node('Concat', ['n1', 'rest'], 'to', { axis: 0 }), node('Reshape', ['x', 'to'], 'y')],
  },
  'Squeeze and Unsqueeze by attribute': { dims: [1, 1, 7, 6], opset: 11, nodes: [node('Squeeze', ['x'], 's', { axes: [1] }), node('Unsqueeze', ['s'], 'u', { axes: [3] }), node('Relu', ['u'], 'y')], kinds: ['reshape', 'reshape', 'relu'] },
  'Squeeze and Unsqueeze by input': { dims: [1, 1, 7, 6], opset: 13, nodes: [node('Squeeze', ['x', 'a'], 's'), node('Unsqueeze', ['s', 'b'], 'u'), node('Relu', ['u'], 'y')], initializers: [ints('a', [-3]), ints('b', [1, -1])], kinds: ['reshape', 'reshape', 'relu'] },
  'Transpose': { dims: picture, nodes: [one('Transpose', { perm: [0, 3, 1, 2] })], kinds: ['transpose'] },
  'Concat of channels': { dims: picture, nodes: [node('Relu', ['x'], 'r'), one('Concat', { axis: 1 }, ['r', 'x'])], kinds: ['relu', 'concat'] },
  'Concat on the last axis': { dims: picture, nodes: [node('Relu', ['x'], 'r'), one('Concat', { axis: -1 }, ['x', 'r', 'x'])], kinds: ['relu', 'concat'] },
  'Concat with zeros is padding': {
    dims: picture, nodes: [node('ConstantOfShape', ['s'], 'z'), one('Concat', { axis: 1 }, ['z', 'x', 'z'])],
    initializers: [ints('s', [1, 1, 7, 6])], inputs: [{ name: 'x', dims: picture }], kinds: ['pad'],
  },
  'Pad by attribute': { dims: picture, opset: 10, nodes: [one('Pad', { pads: [0, 1, 0, 2, 0, 0, 3, 1], value: 0.5 })], kinds: ['pad'] },
  'Pad by inputs, cropping too': { dims: picture, opset: 13, nodes: [one('Pad', { mode: 'constant' }, ['x', 'p', 'v'])], initializers: [ints('p', [0, 1, -2, 0, 0, 0, 1, -1]), floats('v', [], [-1])], kinds: ['pad'] },
  'Pad of named axes': { dims: picture, opset: 18, nodes: [one('Pad', {}, ['x', 'p', '', 'a'])], initializers: [ints('p', [1, 2, 3, 4]), ints('a', [-1, 2])], kinds: ['pad'] },
  'Slice by attributes': { dims: picture, opset: 9, nodes: [one('Slice', { starts: [1, -4], ends: [6, 1000], axes: [2, 3] })], kinds: ['slice'] },
  'Slice with steps': { dims: picture, nodes: [one('Slice', {}, ['x', 's', 'e', 'a', 't'])], initializers: [ints('s', [0, 1]), ints('e', [9223372036854775807n, 6]), ints('a', [3, 2]), ints('t', [2, 3])], kinds: ['slice'] },
  'Slice backwards': { dims: picture, nodes: [one('Slice', {}, ['x', 's', 'e', 'a', 't'])], initializers: [ints('s', [-1, 5]), ints('e', [-9223372036854775808n, 0]), ints('a', [-1, 2]), ints('t', [-1, -2])], kinds: ['slice'] },
  'Slice of all is nothing': { dims: picture, nodes: [node('Slice', ['x', 's', 'e'], 'i'), node('Relu', ['i'], 'y')], initializers: [ints('s', [0, 0]), ints('e', [9, 9])], kinds: ['relu'] },
};

const piecewise: Record<string, Case> = {
  'LeakyRelu': { dims: picture, nodes: [one('LeakyRelu', { alpha: 0.2 })], kinds: ['relu', 'affine', 'relu', 'affine', 'add'] },
  'LeakyRelu without a leak': { dims: picture, nodes: [one('LeakyRelu', { alpha: { float: 0 } })], kinds: ['relu'] },
  'PRelu per channel': { dims: picture, nodes: [one('PRelu', {}, ['x', 's'])], initializers: [floats('s', [2, 1, 1], [0.25, -0.5])], kinds: ['relu', 'affine', 'relu', 'affine', 'add'] },
  'Abs and Neg': { dims: picture, nodes: [node('Neg', ['x'], 'n'), node('Abs', ['n'], 'a'), node('Sub', ['a', 'x'], 'y')], kinds: ['affine', 'relu', 'affine', 'relu', 'add', 'subtract'] },
  'Clip between two bounds': { dims: picture, opset: 13, nodes: [one('Clip', {}, ['x', 'lo', 'hi'])], initializers: [floats('lo', [], [-0.75]), floats('hi', [], [1.25])], kinds: ['affine', 'relu', 'affine'] },
  'Clip from below and from above': {
    dims: picture, opset: 13, nodes: [node('Clip', ['x', 'lo'], 'a'), node('Clip', ['a', '', 'hi'], 'y')],
    initializers: [floats('lo', [], [-0.75]), floats('hi', [], [1.25])], kinds: ['affine', 'relu', 'affine', 'affine', 'relu', 'affine'],
  },
  'HardSigmoid': { dims: picture, nodes: [one('HardSigmoid', { alpha: 0.3, beta: 0.4 })], kinds: ['affine', 'relu'] },
  'Max with zero is a ReLU': { dims: picture, nodes: [one('Max', {}, ['x', 'z'])], initializers: [floats('z', [1], [0])], kinds: ['relu'] },
  'Max with a constant a channel': { dims: picture, nodes: [one('Max', {}, ['k', 'x'])], initializers: [weight('k', 2, 1, 1)], kinds: ['affine', 'relu', 'affine'] },
  'Min with a constant': { dims: picture, nodes: [one('Min', {}, ['x', 'k'])], initializers: [floats('k', [], [0.5])], kinds: ['affine', 'relu', 'affine'] },
  'Max and Min of activations': {
    dims: picture, nodes: [node('Relu', ['x'], 'r'), node('Neg', ['x'], 'n'), node('Max', ['x', 'n', 'r'], 'm'), node('Min', ['m', 'x'], 'y')],
    kinds: ['affine', 'relu', 'subtract', 'relu', 'add', 'subtract', 'relu', 'add', 'subtract', 'relu', 'subtract'],
  },
  'Mean of activations and a constant': { dims: picture, nodes: [node('Relu', ['x'], 'r'), node('Mean', ['r', 'k', 'x'], 'y')], initializers: [weight('k', 6)], kinds: ['relu', 'add', 'affine'] },
};

const selection: Record<string, Case> = {
  'Split in two, used crosswise': { dims: [1, 4, 5, 3], opset: 13, nodes: [node('Split', ['x'], ['a', 'b'], { axis: 1 }), node('Relu', ['a'], 'r'), node('Concat', ['b', 'r'], 'y', { axis: 1 })], kinds: ['slice', 'slice', 'relu', 'concat'] },
  'Split by sizes': { dims: picture, opset: 13, nodes: [node('Split', ['x', 's'], ['a', 'b', 'c'], { axis: -2 }), node('Concat', ['c', 'a', 'b'], 'y', { axis: 2 })], initializers: [ints('s', [1, 4, 2])], kinds: ['slice', 'slice', 'slice', 'concat'] },
  'Split into unequal parts of opset 18': { dims: picture, opset: 18, nodes: [node('Split', ['x'], ['a', 'b'], { axis: 2, num_outputs: 2 }), node('Concat', ['b', 'a'], 'y', { axis: 2 })], kinds: ['slice', 'slice', 'concat'] },
  'Split by attribute': { dims: picture, opset: 11, nodes: [node('Split', ['x'], ['a', 'b'], { axis: 3, split: [2, 4] }), node('Concat', ['b', 'a'], 'y', { axis: 3 })], kinds: ['slice', 'slice', 'concat'] },
  'Gather of one place': { dims: picture, nodes: [one('Gather', { axis: 2 }, ['x', 'i'])], initializers: [ints('i', [-2], [])], kinds: ['slice', 'reshape'] },
  'Gather in equal steps': { dims: picture, nodes: [one('Gather', { axis: 3 }, ['x', 'i'])], initializers: [ints('i', [5, 3, 1])], kinds: ['slice'] },
  'Gather in no order': { dims: picture, nodes: [one('Gather', { axis: 1 }, ['x', 'i'])], initializers: [ints('i', [1, 0, 0])], kinds: ['slice', 'slice', 'slice', 'concat'] },
  'Expand': { dims: [1, 2, 1, 5], nodes: [one('Expand', {}, ['x', 's'])], initializers: [ints('s', [2, 4, 1])], kinds: ['concat'] },
  'Expand to what it is': { dims: picture, nodes: [node('Expand', ['x', 's'], 'e'), node('Relu', ['e'], 'y')], initializers: [ints('s', [7, 1])], kinds: ['relu'] },
  'ReduceSum over the picture': { dims: picture, opset: 13, nodes: [one('ReduceSum', { keepdims: 0 }, ['x', 'a'])], initializers: [ints('a', [2, 3])], kinds: ['average-pool', 'affine', 'reshape'] },
  'ReduceMax over a row': { dims: picture, nodes: [one('ReduceMax', { axes: [3], keepdims: 0 })], kinds: ['reshape', 'max-pool', 'reshape'] },
};

const matrices: Record<string, Case> = {
  'MatMul of several rows': { dims: [1, 5, 6], nodes: [one('MatMul', {}, ['x', 'w'])], initializers: [weight('w', 6, 4)], kinds: ['reshape', 'transpose', 'reshape', 'conv', 'reshape', 'transpose'] },
  'MatMul over the channels of each pixel': { dims: [1, 3, 2, 6], nodes: [one('MatMul', {}, ['x', 'w'])], initializers: [weight('w', 6, 4)], kinds: ['transpose', 'conv', 'transpose'] },
  'MatMul with the constant on the left': { dims: [1, 5, 6], nodes: [one('MatMul', {}, ['w', 'x'])], initializers: [weight('w', 4, 5)], kinds: ['reshape', 'reshape', 'conv', 'reshape'] },
  'Gemm with its activations transposed': { dims: [1, 6], nodes: [node('Reshape', ['x', 's'], 'c'), one('Gemm', { transA: 1 }, ['c', 'w', 'b'])], initializers: [ints('s', [6, 1]), weight('w', 6, 4), weight('b', 4)], kinds: ['reshape', 'reshape', 'dense'] },
  'Gemm of several rows, transposed': { dims: [1, 6], nodes: [node('Reshape', ['x', 's'], 'c'), one('Gemm', { transA: 1 }, ['c', 'w', 'b'])], initializers: [ints('s', [3, 2]), weight('w', 3, 4), weight('b', 4)], kinds: ['reshape', 'reshape', 'conv', 'reshape', 'transpose'] },
  'Gemm of several rows': { dims: [1, 6], nodes: [node('Reshape', ['x', 's'], 'c'), one('Gemm', {}, ['c', 'w', 'b'])], initializers: [ints('s', [2, 3]), weight('w', 3, 4), weight('b', 4)], kinds: ['reshape', 'transpose', 'reshape', 'conv', 'reshape', 'transpose'] },
};

const transposed: Record<string, Case> = {
  'ConvTranspose': { dims: picture, nodes: [one('ConvTranspose', {}, ['x', 'w', 'b'])], initializers: [weight('w', 2, 3, 3, 2), weight('b', 3)], kinds: ['conv'] },
  'ConvTranspose padded, dilated': { dims: picture, nodes: [one('ConvTranspose', { pads: [1, 2, 0, 1], dilations: [2, 3] }, ['x', 'w'])], initializers: [weight('w', 2, 3, 3, 2)], kinds: ['conv'] },
  'ConvTranspose strided': { dims: picture, nodes: [one('ConvTranspose', { strides: [2, 3] }, ['x', 'w', 'b'])], initializers: [weight('w', 2, 3, 3, 3), weight('b', 3)], kinds: ['conv', 'reshape', 'transpose', 'reshape', 'slice'] },
  'ConvTranspose in groups, strided, dilated, padded, with output padding': {
    dims: [1, 4, 4, 5], nodes: [one('ConvTranspose', { group: 2, strides: [3, 2], dilations: [2, 1], pads: [1, 0, 2, 1], output_padding: [1, 1] }, ['x', 'w'])],
    initializers: [weight('w', 4, 3, 3, 4)], kinds: ['conv', 'reshape', 'transpose', 'reshape'],
  },
  'ConvTranspose SAME_UPPER': { dims: picture, nodes: [one('ConvTranspose', { strides: [2, 2], auto_pad: 'SAME_UPPER' }, ['x', 'w'])], initializers: [weight('w', 2, 1, 3, 3)], kinds: ['conv', 'reshape', 'transpose', 'reshape'] },
  'ConvTranspose with gaps between its windows': { dims: picture, nodes: [one('ConvTranspose', { strides: [3, 3] }, ['x', 'w'])], initializers: [weight('w', 2, 2, 2, 1)], kinds: ['conv', 'reshape', 'transpose', 'reshape', 'slice'] },
  'ConvTranspose over a signal': { dims: [1, 2, 6], nodes: [one('ConvTranspose', { strides: [2] }, ['x', 'w'])], initializers: [weight('w', 2, 3, 4)], kinds: ['reshape', 'reshape', 'conv', 'reshape', 'transpose', 'reshape', 'reshape'] },
};

const ends: Record<string, Case> = {
  'Softmax over features': { dims: [1, 9], nodes: [one('Softmax')], kinds: ['softmax'] },
  'LogSoftmax over channels': { dims: picture, opset: 13, nodes: [one('LogSoftmax', { axis: 1 })], kinds: ['softmax'] },
  'Softmax of opset 11 runs over all that follows': { dims: picture, opset: 11, nodes: [one('Softmax')], kinds: ['reshape', 'softmax', 'reshape'] },
  'Softmax of opset 11 from axis 2': { dims: picture, opset: 11, nodes: [one('LogSoftmax', { axis: 2 })], kinds: ['reshape', 'softmax', 'reshape'] },
  'a picture whose last axis could be channels, but a Conv reads it': { dims: [1, 2, 5, 4], nodes: [one('Conv', {}, ['x', 'w'])], initializers: [weight('w', 3, 2, 3, 3)], kinds: ['conv'] },
  'a picture with channels last': { dims: [1, 6, 5, 3], nodes: [node('Transpose', ['x'], 't', { perm: [0, 3, 1, 2] }), node('Conv', ['t', 'w'], 'y')], initializers: [weight('w', 2, 3, 3, 3)], kinds: ['transpose', 'transpose', 'conv'] },
  'weights in float16': {
    dims: [1, 2], nodes: [node('Cast', ['w'], 'c', { to: 1 }), one('MatMul', {}, ['x', 'c'])], kinds: ['dense'],
    initializers: [tensor('w', 'float16', [2, 2], { rawData: Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x55, 0x35) })],
  },
  'folded arithmetic on whole numbers': {
    dims: picture, kinds: ['reshape'], initializers: [ints('a', [7, -7]), ints('b', [2, 2]), ints('c', [-39, 78])],
    nodes: [node('Div', ['a', 'b'], 'q'), node('Mul', ['q', 'b'], 'm'), node('Sub', ['c', 'm'], 'd'), node('Constant', [], 'k', { value: ints('', [46, 0]) }), node('Add', ['d', 'k'], 's'), node('Reshape', ['x', 's'], 'y')],
  },
};

for (const [title, cases] of Object.entries({ convolution, dense, elementwise, pooling, shapes, piecewise, selection, matrices, transposed, ends })) {
  describe(`${title}: onnxruntime agrees with`, () => {
    for (const [name, spec] of Object.entries(cases)) it(name, () => check(spec));
  });
}

/** A whole small network whose operators mean the same in every opset. */
const plainNetwork: Omit<Case, 'opset'> = {
  dims: picture, kinds: ['conv', 'batch-norm', 'relu', 'max-pool', 'reshape', 'dense', 'relu'],
  nodes: [
    node('Conv', ['x', 'w'], 'c', { pads: [1, 1, 1, 1] }), node('BatchNormalization', ['c', 'g', 'b', 'm', 'v'], 'n'), node('Relu', ['n'], 'r'),
    node('MaxPool', ['r'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }), node('Flatten', ['p'], 'f', { axis: 1 }), node('Gemm', ['f', 'd', 'e'], 'h'), node('Relu', ['h'], 'y'),
  ],
  initializers: [weight('w', 3, 2, 3, 3), floats('g', [3], [1, 0.5, 2]), floats('b', [3], [0.1, 0, -0.2]), floats('m', [3], [0, 0.3, -0.1]), floats('v', [3], [1, 0.7, 2]), weight('d', 27, 5), weight('e', 5)],
};
describe('from opset 7 to 26 a plain network', () => {
  it.each(Array.from({ length: 20 }, (_, i) => i + 7))('of opset %i is read and agrees with onnxruntime', (opset) => check({ ...plainNetwork, opset }));
});
