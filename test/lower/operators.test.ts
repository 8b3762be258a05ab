// ONNX operators inside a small network, between convolutions and in front of the dense layer: the import is
// lowered to the normal form, and every pass is checked against the import.
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { buildModel, floats, ints, node, values, type ModelSpec, type NodeSpec, type TensorSpec } from '../onnx/build-model.js';
import { kindsOf, lowered } from './check.js';

const weight = (name: string, ...dims: number[]): TensorSpec => floats(name, dims, values(dims.reduce((a, b) => a * b, 1), name.length + dims.length));

interface Body { readonly nodes: readonly NodeSpec[]; readonly initializers?: readonly TensorSpec[]; readonly opset?: number }

/** Conv, the nodes from "c" to "y", of which every result has `shape`, Conv, Relu, Gemm. */
function network({ nodes, initializers = [], opset = 17 }: Body, shape: readonly [channels: number, height: number, width: number]): ModelSpec {
  const [channels, height, width] = shape;
  return {
    opset, inputs: [{ name: 'x', dims: ['N', 3, 8, 8] }],
    nodes: [
      node('Conv', ['x', 'w1', 'b1'], 'c', { pads: [1, 1, 1, 1] }), ...nodes, node('Conv', ['y', 'w2'], 'd', { pads: [1, 1, 1, 1] }),
      node('Relu', ['d'], 'r'), node('Flatten', ['r'], 'f'), node('Gemm', ['f', 'w3', 'b3'], 'scores'),
    ],
    initializers: [weight('w1', 4, 3, 3, 3), weight('b1', 4), weight('w2', 5, channels, 3, 3), weight('w3', 5 * height * width, 3), weight('b3', 3), ...initializers],
  };
}

const same = [4, 8, 8] as const;
const bodies: Record<string, readonly [Body, readonly [number, number, number], { readonly relu: number }]> = {
  'LeakyRelu: two rectified populations': [{ nodes: [node('LeakyRelu', ['c'], 'y', { alpha: 0.25 })] }, same, { relu: 3 }],
  'PRelu: two rectified populations': [{ nodes: [node('PRelu', ['c', 's'], 'y')], initializers: [floats('s', [4, 1, 1], [0.25, 0, -0.5, 1])] }, same, { relu: 3 }],
  'Clip from zero: a neuron that saturates': [{ nodes: [node('Clip', ['c', 'lo', 'hi'], 'y')], initializers: [floats('lo', [], [0]), floats('hi', [], [1.5])] }, same, { relu: 2 }],
  'HardSigmoid: a neuron that saturates': [{ nodes: [node('HardSigmoid', ['c'], 'y')] }, same, { relu: 2 }],
  'Abs, whose two parts are summed by a third': [{ nodes: [node('Abs', ['c'], 'y')] }, same, { relu: 4 }],
  'Split, of which one part is rectified': [{ nodes: [node('Split', ['c'], ['p', 'q'], { axis: 1 }), node('Relu', ['p'], 'a'), node('Relu', ['q'], 'b'), node('Sub', ['a', 'b'], 'y')], opset: 13 }, [2, 8, 8], { relu: 3 }],
  'Concat: a projection a part': [{ nodes: [node('Relu', ['c'], 'a'), node('Clip', ['c', 'lo', 'hi'], 'b'), node('Concat', ['a', 'b'], 'y', { axis: 1 })], initializers: [floats('lo', [], [0]), floats('hi', [], [1])] }, [8, 8, 8], { relu: 3 }],
  'Slice and zero pad: the shortcut of ResNets without weights': [
    { nodes: [node('Relu', ['c'], 'a'), node('Slice', ['a', 'st', 'en', 'ax', 'by'], 's'), node('Pad', ['s', 'pads'], 'p'), node('Conv', ['a', 'k'], 't', { strides: [2, 2], pads: [1, 1, 1, 1] }), node('Add', ['p', 't'], 'u'), node('Relu', ['u'], 'y')],
      initializers: [ints('st', [0, 0]), ints('en', [8, 8]), ints('ax', [2, 3]), ints('by', [2, 2]), ints('pads', [0, 2, 0, 0, 0, 2, 0, 0]), weight('k', 8, 4, 3, 3)] },
    [8, 4, 4], { relu: 3 },
  ],
  'strided, grouped and dilated Conv': [{ nodes: [node('Relu', ['c'], 'a'), node('Conv', ['a', 'k'], 'e', { group: 2, dilations: [2, 1], strides: [1, 2], pads: [2, 1, 2, 1] }), node('Relu', ['e'], 'y')], initializers: [weight('k', 6, 2, 3, 3)] }, [6, 8, 4], { relu: 3 }],
  'ConvTranspose of stride 1': [{ nodes: [node('Relu', ['c'], 'a'), node('ConvTranspose', ['a', 'k'], 'e', { group: 2, pads: [1, 0, 1, 0] }), node('Relu', ['e'], 'y')], initializers: [weight('k', 4, 3, 3, 2)] }, [6, 8, 9], { relu: 3 }],
  'ConvTranspose of stride 2, then Conv': [{ nodes: [node('Relu', ['c'], 'a'), node('ConvTranspose', ['a', 'k', 'b'], 'e', { strides: [2, 2] }), node('Relu', ['e'], 'y')], initializers: [weight('k', 4, 6, 2, 2), weight('b', 6)] }, [6, 16, 16], { relu: 3 }],
  'ConvTranspose with overlapping windows, batch norm, and two Convs of which one undoes it': [
    { nodes: [node('Relu', ['c'], 'a'), node('ConvTranspose', ['a', 'k'], 'e', { strides: [2, 2], pads: [1, 1, 1, 1] }), node('BatchNormalization', ['e', 'g', 'g', 'g', 'v'], 'n'), node('Relu', ['n'], 'u'), node('Conv', ['u', 'l'], 'z', { group: 2, strides: [2, 1], dilations: [1, 2], pads: [1, 2, 1, 2] }), node('Relu', ['z'], 'y')],
      initializers: [weight('k', 4, 6, 4, 4), weight('g', 6), floats('v', [6], [1, 2, 0.5, 1, 1.5, 1]), weight('l', 4, 3, 3, 3)] },
    [4, 8, 16], { relu: 4 },
  ],
  'MatMul over the channels of each pixel': [
    { nodes: [node('Relu', ['c'], 'a'), node('Transpose', ['a'], 't', { perm: [0, 2, 3, 1] }), node('MatMul', ['t', 'k'], 'm'), node('Add', ['m', 'b'], 'n'), node('Transpose', ['n'], 'o', { perm: [0, 3, 1, 2] }), node('Relu', ['o'], 'y')], initializers: [weight('k', 4, 6), weight('b', 6)] },
    [6, 8, 8], { relu: 3 },
  ],
};

describe('inside a network', () => {
  it.each(Object.entries(bodies))('%s', (_, [body, shape, kinds]) => {
    const { graph } = importOnnxBytes(buildModel(network(body, shape)), { name: 'case.onnx', report: new Reporter() });
    expect(kindsOf(lowered(graph))).toMatchObject(kinds);
  });
});

/** Conv, Relu, the nodes from "c" to "y", which is a vector of `features`, Gemm. */
const headed = ({ nodes, initializers = [] }: Body, features: number): ModelSpec => ({
  opset: 17, inputs: [{ name: 'x', dims: ['N', 3, 8, 8] }],
  nodes: [node('Conv', ['x', 'w1', 'b1'], 'e', { strides: [2, 2], pads: [1, 1, 1, 1] }), node('Relu', ['e'], 'c'), ...nodes, node('Gemm', ['y', 'w3', 'b3'], 'scores')],
  initializers: [weight('w1', 4, 3, 3, 3), weight('b1', 4), weight('w3', features, 3), weight('b3', 3), ...initializers],
});

const heads: Record<string, readonly [Body, number]> = {
  'ConvTranspose of stride 2, rectified and flattened': [{ nodes: [node('ConvTranspose', ['c', 'k', 'b'], 't', { strides: [2, 2], pads: [1, 1, 0, 0] }), node('Relu', ['t'], 'u'), node('Flatten', ['u'], 'y')], initializers: [weight('k', 4, 2, 3, 3), weight('b', 2)] }, 2 * 8 * 8],
  'ConvTranspose, Conv of stride 2 and the mean over the picture': [{ nodes: [node('ConvTranspose', ['c', 'k'], 't', { strides: [4, 2], output_padding: [1, 0], pads: [0, 0, 0, 0] }), node('Relu', ['t'], 'u'), node('Conv', ['u', 'l'], 'z', { strides: [2, 2], pads: [1, 1, 0, 0] }), node('Relu', ['z'], 's'), node('GlobalAveragePool', ['s'], 'm'), node('Flatten', ['m'], 'y')], initializers: [weight('k', 4, 2, 3, 2), weight('l', 5, 2, 2, 2)] }, 5],
  'Gather of one place': [{ nodes: [node('Gather', ['c', 'i'], 'g', { axis: 2 }), node('Flatten', ['g'], 'y')], initializers: [ints('i', [2], [])] }, 16],
  'ReduceSum': [{ nodes: [node('ReduceSum', ['c', 'a'], 'y', { keepdims: 0 })], initializers: [ints('a', [2, 3])] }, 4],
  'ReduceMax': [{ nodes: [node('ReduceMax', ['c'], 'y', { keepdims: 0, axes: [2, 3] })] }, 4],
  'Max of two halves': [{ nodes: [node('Split', ['c'], ['p', 'q'], { axis: 1 }), node('Max', ['p', 'q'], 'm'), node('Flatten', ['m'], 'y')] }, 32],
  'Mean and Min': [{ nodes: [node('Split', ['c'], ['p', 'q'], { axis: 1 }), node('Mean', ['p', 'q'], 'm'), node('Min', ['m', 'p'], 'n'), node('Flatten', ['n'], 'y')] }, 32],
  'Expand': [{ nodes: [node('GlobalAveragePool', ['c'], 'g'), node('Expand', ['g', 's'], 'e2'), node('Flatten', ['e2'], 'y')], initializers: [ints('s', [1, 4, 2, 1])] }, 8],
};

describe('in front of a dense layer', () => {
  it.each(Object.entries(heads))('%s', (_, [body, features]) => {
    const { graph } = importOnnxBytes(buildModel(headed(body, features)), { name: 'case.onnx', report: new Reporter() });
    expect(kindsOf(lowered(graph)).relu).toBeGreaterThan(0);
  });
});
