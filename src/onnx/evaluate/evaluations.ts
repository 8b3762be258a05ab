/** The operators that are evaluated on known tensors, each with its function. To add one, write its evaluation in this folder and name it here. */
import { binary, cast, clip, compare, divideWhole, elu, hardSigmoid, hardSwish, leakyRelu, multiplyWhole, prelu, relu, round, selu, sigmoidOf, softplus, thresholdedRelu, unary, variadic, where } from './elementwise.js';
import { conv, convTranspose } from './convolution.js';
import { batchNormalization } from './normalisation.js';
import { averagePool, globalAveragePool, globalMaxPool, maxPool } from './pooling.js';
import { gemm, matmul } from './product.js';
import { convInteger, dequantizeLinear, dynamicQuantizeLinear, matMulInteger, qLinearConv, qLinearMatMul, quantizeLinear } from './quantisation.js';
import * as rearrange from './rearrange.js';
import { argMax, argMin, logSoftmax, reduceL1, reduceL2, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum, reduceSumSquare, softmax } from './reduction.js';
import type { Evaluation } from './result.js';

const elementwise: readonly (readonly [string, Evaluation])[] = [
  ['Abs', unary(Math.abs)], ['Add', binary((a, b) => a + b)], ['Cast', cast], ['Ceil', unary(Math.ceil)], ['Clip', clip],
  ['Div', binary((a, b) => a / b, divideWhole)], ['Elu', elu], ['Equal', compare((a, b) => a === b)], ['Exp', unary(Math.exp)], ['Floor', unary(Math.floor)],
  ['Greater', compare((a, b) => a > b)], ['GreaterOrEqual', compare((a, b) => a >= b)], ['HardSigmoid', hardSigmoid], ['HardSwish', hardSwish],
  ['LeakyRelu', leakyRelu], ['Less', compare((a, b) => a < b)], ['LessOrEqual', compare((a, b) => a <= b)], ['Log', unary(Math.log)],
  ['Max', variadic(Math.max)], ['Mean', variadic((a, b) => a + b, (total, count) => total / count)], ['Min', variadic(Math.min)],
  ['Mul', binary((a, b) => a * b, multiplyWhole)], ['Neg', unary((a) => -a)], ['Not', unary((a) => Number(a === 0))], ['PRelu', prelu],
  ['Pow', binary((a, b) => a ** b)], ['Reciprocal', unary((a) => 1 / a)], ['Relu', relu], ['Round', round], ['Selu', selu], ['Sigmoid', sigmoidOf],
  ['Sign', unary(Math.sign)], ['Softplus', softplus], ['Softsign', unary((a) => a / (1 + Math.abs(a)))], ['Sqrt', unary(Math.sqrt)],
  ['Sub', binary((a, b) => a - b)], ['Sum', variadic((a, b) => a + b)], ['Tanh', unary(Math.tanh)], ['ThresholdedRelu', thresholdedRelu], ['Where', where],
];

export const evaluations: ReadonlyMap<string, Evaluation> = new Map<string, Evaluation>([
  ...elementwise,
  ['ArgMax', argMax], ['ArgMin', argMin], ['AveragePool', averagePool], ['BatchNormalization', batchNormalization], ['Concat', rearrange.concat],
  ['Constant', rearrange.constantNode], ['ConstantOfShape', rearrange.constantOfShape], ['Conv', conv], ['ConvInteger', convInteger], ['ConvTranspose', convTranspose],
  ['DequantizeLinear', dequantizeLinear], ['Dropout', rearrange.dropout], ['DynamicQuantizeLinear', dynamicQuantizeLinear], ['Expand', rearrange.expand],
  ['Flatten', rearrange.flatten], ['Gather', rearrange.gather], ['Gemm', gemm], ['GlobalAveragePool', globalAveragePool], ['GlobalMaxPool', globalMaxPool],
  ['Identity', rearrange.identity], ['LogSoftmax', logSoftmax], ['MatMul', matmul], ['MatMulInteger', matMulInteger], ['MaxPool', maxPool], ['Pad', rearrange.pad],
  ['QLinearConv', qLinearConv], ['QLinearMatMul', qLinearMatMul], ['QuantizeLinear', quantizeLinear],
  ['ReduceL1', reduceL1], ['ReduceL2', reduceL2], ['ReduceMax', reduceMax], ['ReduceMean', reduceMean], ['ReduceMin', reduceMin], ['ReduceProd', reduceProd],
  ['ReduceSum', reduceSum], ['ReduceSumSquare', reduceSumSquare], ['Reshape', rearrange.reshape], ['Shape', rearrange.shape], ['Size', rearrange.size],
  ['Slice', rearrange.slice], ['Softmax', softmax], ['Split', rearrange.split], ['Squeeze', rearrange.squeeze], ['Tile', rearrange.tile],
  ['Transpose', rearrange.transpose], ['Unsqueeze', rearrange.unsqueeze],
]);
