/**
 * The operators that are read: for each, the rule on activations, the folding where all inputs are
 * constants, or both. To add an operator, write its rule in `rules/` and name it here. Everything else
 * is refused with advice from the second table.
 */
import type { Constant } from './constant.js';
import { binary, divideWhole, unary } from './fold/arithmetic.js';
import * as fold from './fold/shape.js';
import type { Rule, RuleContext } from './rule.js';
import { cast, clip, dropout, identity, relu } from './rules/activation.js';
import { pad, slice } from './rules/border.js';
import { conv } from './rules/convolution.js';
import { gemm, matmul } from './rules/dense.js';
import { add, divide, multiply, subtract, sum } from './rules/elementwise.js';
import { batchNormalization } from './rules/normalisation.js';
import { averagePool, globalAveragePool, globalMaxPool, maxPool, reduceMean } from './rules/pooling.js';
import { concat, flatten, reshape, squeeze, transpose, unsqueeze } from './rules/shape.js';
import { logSoftmax, softmax } from './rules/softmax.js';

export interface Operator {
  readonly rule?: Rule;
  readonly fold?: (context: RuleContext) => Constant;
  /** Inputs that must be constants wherever the operator stands on activations. */
  readonly constants?: readonly number[];
  /** Inputs 0 and 1 may not both be activations. */
  readonly oneActivation?: true;
  /** Only dims are read, so the result is a constant even for activations. */
  readonly onlyDims?: true;
  /** It changes no number's place: a softmax before it still stands at the end. */
  readonly passive?: true;
}

export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Add', { rule: add, fold: binary((a, b) => a + b) }],
  ['AveragePool', { rule: averagePool }],
  ['BatchNormalization', { rule: batchNormalization, constants: [1, 2, 3, 4] }],
  ['Cast', { rule: cast, fold: fold.cast, passive: true }],
  ['Clip', { rule: clip, constants: [1, 2] }],
  ['Concat', { rule: concat, fold: fold.concat }],
  ['Constant', { fold: fold.constantNode }],
  ['ConstantOfShape', { fold: fold.constantOfShape }],
  ['Conv', { rule: conv, constants: [1, 2] }],
  ['Div', { rule: divide, fold: binary((a, b) => a / b, divideWhole), oneActivation: true }],
  ['Dropout', { rule: dropout, fold: fold.identity, constants: [1, 2], passive: true }],
  ['Flatten', { rule: flatten, fold: fold.flatten, passive: true }],
  ['Gather', { fold: fold.gather }],
  ['Gemm', { rule: gemm, constants: [1, 2] }],
  ['GlobalAveragePool', { rule: globalAveragePool }],
  ['GlobalMaxPool', { rule: globalMaxPool }],
  ['Identity', { rule: identity, fold: fold.identity, passive: true }],
  ['LogSoftmax', { rule: logSoftmax }],
  ['MatMul', { rule: matmul, oneActivation: true }],
  ['MaxPool', { rule: maxPool }],
  ['Mul', { rule: multiply, fold: binary((a, b) => a * b), oneActivation: true }],
  ['Neg', { fold: unary((a) => -a) }],
  ['Pad', { rule: pad, constants: [1, 2, 3] }],
  ['Pow', { fold: binary((a, b) => a ** b) }],
  ['ReduceMean', { rule: reduceMean, constants: [1] }],
  ['Relu', { rule: relu, fold: unary((a) => Math.max(a, 0)) }],
  ['Reshape', { rule: reshape, fold: fold.reshape, constants: [1], passive: true }],
  ['Shape', { fold: fold.shape, onlyDims: true }],
  ['Size', { fold: fold.size, onlyDims: true }],
  ['Slice', { rule: slice, fold: fold.slice, constants: [1, 2, 3, 4] }],
  ['Softmax', { rule: softmax }],
  ['Sqrt', { fold: unary(Math.sqrt) }],
  ['Squeeze', { rule: squeeze, fold: fold.squeeze, constants: [1], passive: true }],
  ['Sub', { rule: subtract, fold: binary((a, b) => a - b) }],
  ['Sum', { rule: sum }],
  ['Transpose', { rule: transpose, fold: fold.transpose }],
  ['Unsqueeze', { rule: unsqueeze, fold: fold.unsqueeze, constants: [1], passive: true }],
]);

/** What to do about operators that people try. */
const advice: readonly { readonly ops: readonly string[]; readonly text: string }[] = [
  { ops: ['Sigmoid', 'Tanh', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish', 'HardSigmoid', 'HardSwish', 'Softplus', 'Softsign', 'Erf', 'Exp', 'Swish'], text: 'only rectifiers have a spiking form: train the network with ReLU or ReLU6 in its place' },
  { ops: ['LeakyRelu', 'PRelu', 'ThresholdedRelu'], text: 'train the network with a plain ReLU in its place' },
  { ops: ['LSTM', 'GRU', 'RNN', 'Loop', 'If', 'Scan'], text: 'recurrent networks and control flow are not supported: export a feed-forward network with constant folding on' },
  { ops: ['LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'LpNormalization', 'MeanVarianceNormalization', 'LRN'], text: 'it normalises by each image\'s own values, which spikes cannot: use batch normalisation' },
  { ops: ['ConvTranspose', 'Upsample', 'Resize', 'DepthToSpace', 'SpaceToDepth'], text: 'only classifiers are supported: remove the part that enlarges the picture' },
  { ops: ['QLinearConv', 'QLinearMatMul', 'QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'ConvInteger', 'MatMulInteger'], text: 'export the float network; quantisation is the compiler\'s work' },
  { ops: ['ArgMax', 'TopK', 'Hardmax', 'NonMaxSuppression'], text: 'cut the model before it and output the class scores' },
  { ops: ['Split', 'Gather', 'GatherElements', 'GatherND', 'Where', 'Expand', 'Tile', 'ScatterND'], text: 'use Slice, Pad, Concat or Reshape with constant arguments, or simplify the model, for example with onnxsim' },
  { ops: ['Max', 'Min', 'Abs', 'Neg', 'Pow', 'Sqrt', 'Reciprocal'], text: 'build the network of convolutions, dense layers, pools, additions and ReLU' },
];

/** What to do about an operator that is not read. */
export function adviceFor(op: string, domain: string): string {
  if (domain !== '') return `it is a custom operator of domain "${domain}": export the float network with standard ONNX operators`;
  return advice.find((a) => a.ops.includes(op))?.text
    ?? 'replace it by supported operators (convolution, dense layers, batch normalisation, ReLU, pooling, addition, concatenation, reshaping) or simplify the model, for example with onnxsim';
}
