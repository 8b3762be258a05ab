/** Gemm and MatMul with constant weights: both become a dense node, whose weights are [out, in]. */
import type { Constant } from '../constant.js';
import { activation, constant, finite, finiteAttribute, from, intAttribute, optionalConstant, refuse, reshaped, weights, type RuleContext } from '../rule.js';
import { transposeMatrix } from '../transpose-matrix.js';
import { product, type Value } from '../value.js';

const scaled = (name: string, data: Float32Array, factor: number): Float32Array => (factor === 1 ? data : finite(name, data.map((v) => v * factor)));

/** Y = alpha A' B' + beta C, with A the activations. */
export function gemm(context: RuleContext): Value {
  const x = activation(context);
  const { op } = context.node;
  if ((intAttribute(context, 'transA') ?? 0) !== 0) refuse('onnx/form', { op, problem: 'transA transposes the activations', advice: 'export the dense layer as x W + b, with the batch axis first' });
  const matrix = constant(context, 1);
  const transposed = (intAttribute(context, 'transB') ?? 0) !== 0;
  const [rows = 0, columns = 0] = matrix.dims;
  const [inputs, outputs] = transposed ? [columns, rows] : [rows, columns];
  if (matrix.dims.length !== 2 || x.dims.length !== 2 || x.dims[1] !== inputs || matrix.data.length === 0) {
    refuse('onnx/shape', { op, problem: `dims [${x.dims.join(', ')}] times [${matrix.dims.join(', ')}]${transposed ? ' transposed' : ''}` });
  }
  const data = scaled(matrix.name, weights(matrix), finiteAttribute(context, 'alpha') ?? 1);
  const offset = optionalConstant(context, 2);
  const bias = offset === undefined ? new Float32Array(outputs) : scaled(offset.name, spreadBias(context, offset, outputs), finiteAttribute(context, 'beta') ?? 1);
  const rest = x.dims[0];
  if (rest !== context.batch) refuse('onnx/batch-axis', { op, dims: x.dims.join(', '), batch: context.batch });
  return context.emit({ kind: 'dense', inputs: from(x), weight: transposed ? data : transposeMatrix(data, inputs, outputs), bias }, [rest, outputs]);
}

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

/** x W, where x is one vector a sample. */
export function matmul(context: RuleContext): Value {
  const { op } = context.node;
  const [left, right] = context.inputs;
  if (left?.kind === 'constant' && right?.kind === 'activation') refuse('onnx/form', { op, problem: 'the constant stands on the left', advice: 'export the dense layer as x W, with the batch axis first' });
  const x = activation(context);
  const matrix = constant(context, 1);
  const [inputs = 0, outputs = 0] = matrix.dims;
  if (matrix.dims.length !== 2 || x.dims.at(-1) !== inputs || matrix.data.length === 0) refuse('onnx/shape', { op, problem: `dims [${x.dims.join(', ')}] times [${matrix.dims.join(', ')}]` });
  const lead = x.dims.slice(0, -1);
  if (product(lead) !== context.batch) {
    refuse('onnx/form', { op, problem: `it multiplies ${product(lead) / context.batch} vectors a sample`, advice: 'flatten the sample first, or write the layer as a 1x1 convolution' });
  }
  const vector = reshaped(context, x, [context.batch, inputs], 'flatten');
  const result = context.emit({ kind: 'dense', inputs: from(vector), weight: transposeMatrix(weights(matrix), inputs, outputs), bias: new Float32Array(outputs) }, [context.batch, outputs]);
  return reshaped(context, result, [...lead, outputs], 'unflatten');
}
