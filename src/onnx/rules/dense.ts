/**
 * Gemm and MatMul with constant weights: a dense node, whose weights are [out, in], or a 1x1 convolution
 * where a sample has several vectors.
 */
import type { Window } from '../../graph/graph.js';
import type { Constant } from '../constant.js';
import { activation, batchAxesOf, constant, finite, finiteAttribute, from, intAttribute, optionalConstant, refuse, reshaped, weights, type RuleContext } from '../rule.js';
import { transposeMatrix } from '../transpose-matrix.js';
import { product, type Activation, type Value } from '../value.js';

const scaled = (name: string, data: Float32Array, factor: number): Float32Array => (factor === 1 ? data : finite(name, data.map((v) => v * factor)));

/** Y = alpha A' B' + beta C, with A the activations. */
export function gemm(context: RuleContext): Value {
  const x = activation(context);
  const { op } = context.node;
  const turned = (intAttribute(context, 'transA') ?? 0) !== 0;
  const matrix = constant(context, 1);
  const transposed = (intAttribute(context, 'transB') ?? 0) !== 0;
  const [first = 0, second = 0] = matrix.dims;
  const [inputs, outputs] = transposed ? [second, first] : [first, second];
  if (matrix.dims.length !== 2 || x.dims.length !== 2 || x.dims[turned ? 0 : 1] !== inputs || matrix.data.length === 0) {
    refuse('onnx/shape', { op, problem: `dims [${x.dims.join(', ')}]${turned ? ' transposed' : ''} times [${matrix.dims.join(', ')}]${transposed ? ' transposed' : ''}` });
  }
  const data = scaled(matrix.name, weights(matrix), finiteAttribute(context, 'alpha') ?? 1);
  const offset = optionalConstant(context, 2);
  const bias = offset === undefined ? new Float32Array(outputs) : scaled(offset.name, spreadBias(context, offset, outputs), finiteAttribute(context, 'beta') ?? 1);
  const weight = transposed ? data : transposeMatrix(data, inputs, outputs);
  const rows = x.dims[turned ? 1 : 0];
  if (rows === context.batch && (!turned || rows === 1)) return context.emit({ kind: 'dense', inputs: from(turned ? reshaped(context, x, [1, inputs], 'flatten') : x), weight, bias }, [rows, outputs]);
  if (context.batch !== 1) refuse('onnx/batch-axis', { op, dims: x.dims.join(', '), batch: context.batch });
  const columns = turned ? reshaped(context, x, [1, inputs, 1, rows], 'as-picture') : columnsOf(context, x);
  return rowsOf(context, pointwise(context, columns, { weight, bias }), [rows, outputs]);
}

/** The vectors along the last axis as the channels of a picture: channels first, the axes before them are rows and columns. */
function columnsOf(context: RuleContext, x: Activation): Activation {
  const lead = batchAxesOf(context, x.dims);
  const shape = x.dims.slice(lead);
  const before = shape.slice(0, -1);
  const inputs = shape[before.length];
  const turned = context.emit({ kind: 'transpose', inputs: from(x), permutation: [before.length, ...before.keys()] }, [...x.dims.slice(0, lead), inputs, ...before], 'channels-first');
  const [height, width] = before.length === 2 ? before : [1, product(before)];
  return reshaped(context, turned, [context.batch, inputs, height, width], 'as-picture');
}

/** The way back: the channels of a picture become the last of the given dims. */
function rowsOf(context: RuleContext, picture: Activation, dims: readonly number[]): Activation {
  const lead = batchAxesOf(context, dims);
  const before = dims.slice(lead, -1);
  const channelsFirst = reshaped(context, picture, [...dims.slice(0, lead), picture.dims[1], ...before], 'channels-first');
  return context.emit({ kind: 'transpose', inputs: from(channelsFirst), permutation: [...before.map((_, i) => i + 1), 0] }, dims, 'channels-last');
}

/** One matrix for every place of a picture: a 1x1 convolution. */
function pointwise(context: RuleContext, picture: Activation, { weight, bias }: { readonly weight: Float32Array; readonly bias: Float32Array }): Activation {
  const [batch, , height, width] = picture.dims;
  return context.emit({ kind: 'conv', inputs: from(picture), window: plainWindow, groups: 1, weight, bias }, [batch, bias.length, height, width]);
}
const plainWindow: Window = { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] };

/** Gemm's C broadcasts to [batch, outputs]; it may not differ between samples. */
function spreadBias(context: RuleContext, offset: Constant, outputs: number): Float32Array {
  const { op } = context.node;
  const last = offset.dims.at(-1) ?? 1;
  if (offset.dims.length > 2 || product(offset.dims.slice(0, -1)) !== 1 || (last !== 1 && last !== outputs)) {
    refuse('onnx/shape', { op, problem: `the bias "${offset.name}" has dims [${offset.dims.join(', ')}] for ${outputs} outputs` });
  }
  const data = weights(offset);
  return data.length === outputs ? data : new Float32Array(outputs).fill(data[0]);
}

/** x W on one vector a sample is a dense layer; on several, and W x, a 1x1 convolution over them. */
export function matmul(context: RuleContext): Value {
  const { op } = context.node;
  const [left, right] = context.inputs;
  if (left?.kind === 'constant' && right?.kind === 'activation') return matrixOnLeft(context, left, right);
  const x = activation(context);
  const matrix = constant(context, 1);
  const [inputs = 0, outputs = 0] = matrix.dims;
  if (matrix.dims.length !== 2 || x.dims.at(-1) !== inputs || matrix.data.length === 0) refuse('onnx/shape', { op, problem: `dims [${x.dims.join(', ')}] times [${matrix.dims.join(', ')}]` });
  const lead = x.dims.slice(0, -1);
  const weight = transposeMatrix(weights(matrix), inputs, outputs);
  const bias = new Float32Array(outputs);
  if (product(lead) === context.batch) {
    const vector = reshaped(context, x, [context.batch, inputs], 'flatten');
    return reshaped(context, context.emit({ kind: 'dense', inputs: from(vector), weight, bias }, [context.batch, outputs]), [...lead, outputs], 'unflatten');
  }
  return rowsOf(context, pointwise(context, columnsOf(context, x), { weight, bias }), [...lead, outputs]);
}

function matrixOnLeft(context: RuleContext, matrix: Constant, x: Activation): Value {
  const [outputs = 0, inputs = 0] = matrix.dims;
  const lead = batchAxesOf(context, x.dims);
  const [rows, columns = 1] = x.dims.slice(lead);
  if (matrix.dims.length !== 2 || x.dims.length - lead > 2 || rows !== inputs || matrix.data.length === 0) refuse('onnx/shape', { op: context.node.op, problem: `dims [${matrix.dims.join(', ')}] times [${x.dims.join(', ')}]` });
  const picture = reshaped(context, x, [context.batch, inputs, 1, columns], 'as-picture');
  const result = pointwise(context, picture, { weight: weights(matrix), bias: new Float32Array(outputs) });
  return reshaped(context, result, [...x.dims.slice(0, lead), outputs, ...x.dims.slice(lead + 1)], 'restore');
}
