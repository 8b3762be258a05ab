/**
 * The operators that are read: for each, the rule on activations, the evaluation where all inputs are
 * constants, or both. To add an operator, write its rule in `rules/` and name it here, and its evaluation in
 * `evaluate/`. Everything else is refused with advice from the second table.
 */
import { evaluations } from './evaluate/evaluations.js';
import type { Evaluation } from './evaluate/result.js';
import type { NodeRecord } from './model-proto.js';
import type { Rule } from './rule.js';
import { approximated, brokenLine, rectifiersOf } from './rules/approximation.js';
import { cast, dropout, identity, relu } from './rules/activation.js';
import { pad, slice } from './rules/border.js';
import { conv, convTranspose } from './rules/convolution.js';
import { gemm, matmul } from './rules/dense.js';
import { add, divide, mean, multiply, subtract, sum } from './rules/elementwise.js';
import { batchNormalization } from './rules/normalisation.js';
import { abs, clip, hardSigmoid, leakyRelu, maximum, minimum, negate, prelu } from './rules/piecewise.js';
import { averagePool, globalAveragePool, globalMaxPool, maxPool, reduceMax, reduceMean, reduceSum } from './rules/pooling.js';
import { expand, gather, split } from './rules/selection.js';
import { dequantize, qLinearConv, qLinearMatMul, quantize } from './rules/quantisation.js';
import { concat, flatten, reshape, squeeze, transpose, unsqueeze } from './rules/shape.js';
import { logSoftmax, softmax } from './rules/softmax.js';

/**
 * What becomes of an operator on activations: neurons and synapses that compute the same; nothing, because
 * it is merged into its neighbours, moved or dropped; neurons and synapses that compute nearly the same;
 * or a diagnostic. Of constants, all operators with an evaluation are folded away.
 */
export type Fate = 'faithful' | 'folded away' | 'approximate' | 'refused';

export interface Operator {
  readonly fate: Fate;
  readonly rule?: Rule;
  readonly evaluate?: Evaluation;
  /** Inputs that must be constants wherever the operator stands on activations. */
  readonly constants?: readonly number[];
  /** Inputs 0 and 1 may not both be activations. */
  readonly oneActivation?: true;
  /** Only dims are read, so the result is a constant even for activations. */
  readonly onlyDims?: true;
  /** It changes no number's place: a softmax before it still stands at the end. */
  readonly passive?: true;
  /** What it does with activations that are whole numbers in the file: works on them as such, or moves them without a change. Others refuse them. */
  readonly onQuantised?: 'takes' | 'passes';
  /** The rule gives all outputs, not only the first. */
  readonly manyOutputs?: true;
}

/** What becomes of operators on activations. */
const onActivations: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Abs', { fate: 'faithful', rule: abs }],
  ['Add', { fate: 'faithful', rule: add }],
  ['AveragePool', { fate: 'faithful', rule: averagePool }],
  ['BatchNormalization', { fate: 'folded away', rule: batchNormalization, constants: [1, 2, 3, 4] }],
  ['Cast', { fate: 'folded away', rule: cast, passive: true }],
  ['Clip', { fate: 'faithful', rule: clip, constants: [1, 2] }],
  ['Concat', { fate: 'faithful', rule: concat }],
  ['Constant', { fate: 'folded away' }],
  ['ConstantOfShape', { fate: 'folded away' }],
  ['Conv', { fate: 'faithful', rule: conv, constants: [1, 2] }],
  ['ConvTranspose', { fate: 'faithful', rule: convTranspose, constants: [1, 2] }],
  ['DequantizeLinear', { fate: 'folded away', rule: dequantize, constants: [1, 2], onQuantised: 'takes' }],
  ['Div', { fate: 'faithful', rule: divide, oneActivation: true }],
  ['Dropout', { fate: 'folded away', rule: dropout, constants: [1, 2], passive: true }],
  ['Elu', { fate: 'approximate', rule: approximated }],
  ['Expand', { fate: 'faithful', rule: expand, constants: [1], onQuantised: 'passes' }],
  ['Flatten', { fate: 'folded away', rule: flatten, passive: true, onQuantised: 'passes' }],
  ['Gather', { fate: 'faithful', rule: gather, constants: [1], onQuantised: 'passes' }],
  ['Gemm', { fate: 'faithful', rule: gemm, constants: [1, 2] }],
  ['GlobalAveragePool', { fate: 'faithful', rule: globalAveragePool }],
  ['GlobalMaxPool', { fate: 'faithful', rule: globalMaxPool }],
  ['HardSigmoid', { fate: 'faithful', rule: hardSigmoid }],
  ['HardSwish', { fate: 'approximate', rule: approximated }],
  ['Identity', { fate: 'folded away', rule: identity, passive: true, onQuantised: 'passes' }],
  ['LeakyRelu', { fate: 'faithful', rule: leakyRelu }],
  ['LogSoftmax', { fate: 'folded away', rule: logSoftmax }],
  ['MatMul', { fate: 'faithful', rule: matmul, oneActivation: true }],
  ['Max', { fate: 'faithful', rule: maximum }],
  ['MaxPool', { fate: 'faithful', rule: maxPool, onQuantised: 'passes' }],
  ['Mean', { fate: 'faithful', rule: mean }],
  ['Min', { fate: 'faithful', rule: minimum }],
  ['Mul', { fate: 'faithful', rule: multiply, oneActivation: true }],
  ['Neg', { fate: 'faithful', rule: negate }],
  ['Pad', { fate: 'faithful', rule: pad, constants: [1, 2, 3] }],
  ['QLinearConv', { fate: 'faithful', rule: qLinearConv, constants: [1, 2, 3, 4, 5, 6, 7, 8], onQuantised: 'takes' }],
  ['QLinearMatMul', { fate: 'faithful', rule: qLinearMatMul, constants: [1, 2, 3, 4, 5, 6, 7], onQuantised: 'takes' }],
  ['QuantizeLinear', { fate: 'faithful', rule: quantize, constants: [1, 2] }],
  ['PRelu', { fate: 'faithful', rule: prelu, constants: [1] }],
  ['ReduceMax', { fate: 'faithful', rule: reduceMax, constants: [1] }],
  ['ReduceMean', { fate: 'faithful', rule: reduceMean, constants: [1] }],
  ['ReduceSum', { fate: 'faithful', rule: reduceSum, constants: [1] }],
  ['Relu', { fate: 'faithful', rule: relu }],
  ['Reshape', { fate: 'folded away', rule: reshape, constants: [1], passive: true, onQuantised: 'passes' }],
  ['Selu', { fate: 'approximate', rule: approximated }],
  ['Shape', { fate: 'folded away', onlyDims: true }],
  ['Sigmoid', { fate: 'approximate', rule: approximated }],
  ['Size', { fate: 'folded away', onlyDims: true }],
  ['Slice', { fate: 'faithful', rule: slice, constants: [1, 2, 3, 4], onQuantised: 'passes' }],
  ['Softmax', { fate: 'folded away', rule: softmax }],
  ['Softplus', { fate: 'approximate', rule: approximated }],
  ['Split', { fate: 'faithful', rule: split, constants: [1], manyOutputs: true, onQuantised: 'passes' }],
  ['Squeeze', { fate: 'folded away', rule: squeeze, constants: [1], passive: true, onQuantised: 'passes' }],
  ['Sub', { fate: 'faithful', rule: subtract }],
  ['Sum', { fate: 'faithful', rule: sum }],
  ['Tanh', { fate: 'approximate', rule: approximated }],
  ['Transpose', { fate: 'folded away', rule: transpose, onQuantised: 'passes' }],
  ['Unsqueeze', { fate: 'folded away', rule: unsqueeze, constants: [1], passive: true, onQuantised: 'passes' }],
]);

export const operators: ReadonlyMap<string, Operator> = new Map([...new Set([...onActivations.keys(), ...evaluations.keys()])].sort()
  .map((op): [string, Operator] => { const evaluate = evaluations.get(op); return [op, { ...(onActivations.get(op) ?? { fate: 'refused' }), ...(evaluate === undefined ? {} : { evaluate }) }]; }));

/** What to do about operators that people try. */
const advice: readonly { readonly ops: readonly string[]; readonly text: string }[] = [
  { ops: ['Celu', 'Gelu', 'Mish', 'Softsign', 'Erf', 'Exp', 'Swish'], text: 'only rectifiers have a spiking form: train the network with ReLU or ReLU6 in its place' },
  { ops: ['ThresholdedRelu'], text: 'train the network with a plain ReLU in its place' },
  { ops: ['LSTM', 'GRU', 'RNN', 'Loop', 'If', 'Scan'], text: 'recurrent networks and control flow are not supported: export a feed-forward network with constant folding on' },
  { ops: ['LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'LpNormalization', 'MeanVarianceNormalization', 'LRN'], text: 'it normalises by each image\'s own values, which spikes cannot: use batch normalisation' },
  { ops: ['Upsample', 'Resize', 'DepthToSpace', 'SpaceToDepth'], text: 'only classifiers are supported: remove the part that enlarges the picture' },
  { ops: ['DynamicQuantizeLinear', 'ConvInteger', 'MatMulInteger'], text: 'export the float network; quantisation is the compiler\'s work' },
  { ops: ['ArgMax', 'TopK', 'Hardmax', 'NonMaxSuppression'], text: 'cut the model before it and output the class scores' },
  { ops: ['GatherElements', 'GatherND', 'Where', 'Tile', 'ScatterND'], text: 'use Slice, Pad, Concat or Reshape with constant arguments, or simplify the model, for example with onnxsim' },
  { ops: ['Pow', 'Sqrt', 'Reciprocal'], text: 'build the network of convolutions, dense layers, pools, additions and ReLU' },
];

/** What to do about a node whose operator is not read. */
export function adviceFor(node: NodeRecord): string {
  const { op, domain } = node;
  const line = brokenLine(node);
  if (line !== undefined) return `train the network with ReLU or ReLU6 in its place; --approximate puts a broken line of ${rectifiersOf(line)} rectifiers there, off by at most ${line.error.toPrecision(2)}`;
  if (domain !== '') return `it is a custom operator of domain "${domain}": export the float network with standard ONNX operators`;
  return advice.find((a) => a.ops.includes(op))?.text
    ?? 'replace it by supported operators (convolution, dense layers, batch normalisation, ReLU, pooling, addition, concatenation, reshaping) or simplify the model, for example with onnxsim';
}
