// The evaluator of ONNX nodes gives the stored answers on every node test whose operators it claims.
import { describe, expect, it } from 'vitest';
import { evaluations } from '../../src/onnx/evaluate/evaluations.js';
import { newNumbers } from '../../src/onnx/element-type.js';
import { difference, problemOf, readNodeTests } from './node-tests.js';

const tests = readNodeTests();
const claimed = tests.filter((t) => t.ops.every((op) => evaluations.has(op)));

/** What a converter of image classifiers has to know. */
const NEEDED = `Conv ConvTranspose Gemm MatMul BatchNormalization Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu AveragePool GlobalAveragePool
  MaxPool GlobalMaxPool Add Sub Mul Div Sum Mean Max Min Neg Concat Split Slice Flatten Reshape Squeeze Unsqueeze Transpose Pad Expand Gather Shape Constant
  ConstantOfShape Cast Identity Dropout Softmax LogSoftmax ReduceMean ReduceSum QuantizeLinear DequantizeLinear QLinearConv QLinearMatMul ArgMax`.split(/\s+/);

describe('the node tests of ONNX', () => {
  it('are 500, of which at least 360 are claimed', () => {
    expect(tests.length).toBe(500);
    expect(claimed.length).toBeGreaterThanOrEqual(360);
  });
  it('cover operators of which all that classifiers need are claimed', () => expect(NEEDED.filter((op) => !evaluations.has(op))).toEqual([]));
  for (const test of claimed) it(test.name, () => expect(problemOf(test)).toBeUndefined());
});

it('a wrong answer is found: by type, dims, value and NaN', () => {
  const tensor = (type: 'float32' | 'int64', dims: readonly number[], values: readonly number[]) => {
    const data = newNumbers(type, values.length);
    data.set(values);
    return { kind: 'constant', name: 't', dims, type, data } as const;
  };
  const right = tensor('float32', [2], [1, 0]);
  expect(difference(right, tensor('float32', [2], [1.0009, 0]))).toBeUndefined();
  expect(difference(right, tensor('float32', [2], [1.002, 0]))).toBe(`element 0 is ${Math.fround(1.002)} instead of 1`);
  expect(difference(right, tensor('float32', [2], [NaN, 0]))).toBe('element 0 is NaN instead of 1');
  expect(difference(right, tensor('float32', [1, 2], [1, 0]))).toBe('dims [1, 2] instead of [2]');
  expect(difference(right, tensor('int64', [2], [1, 0]))).toBe('int64 instead of float32');
  expect(difference(tensor('int64', [1], [10_000]), tensor('int64', [1], [10_001]))).toBe('element 0 is 10001 instead of 10000');
});
