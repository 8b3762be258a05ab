/** Evaluation of matrix products: MatMul with NumPy's stacking of matrices, and Gemm. Sums are taken in double precision. */
import type { Constant } from '../constant.js';
import { keepAs, type ElementType } from '../element-type.js';
import { constant, finiteAttribute, intAttribute, optionalConstant, refuse, type NodeContext } from '../rule.js';
import { broadcastDims, broadcastIndex, product } from '../value.js';
import { blank, spendWork } from './result.js';

/** a b, where the last two axes are the matrices and the others broadcast; a vector is a row on the left, a column on the right. */
export function multiplyStacked(context: NodeContext, a: Constant, b: Constant, type: ElementType): Constant {
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  const [rows = 1, depth = 1] = left.slice(-2);
  const [inner = 1, columns = 1] = right.slice(-2);
  const stack = broadcastDims(left.slice(0, -2), right.slice(0, -2));
  if (left.length < 2 || right.length < 2 || stack === undefined || depth !== inner) return refuse('onnx/shape', { op: context.node.op, problem: `dims [${a.dims.join(', ')}] times [${b.dims.join(', ')}]` });
  const dims = [...stack, ...(a.dims.length === 1 ? [] : [rows]), ...(b.dims.length === 1 ? [] : [columns])];
  const result = blank(context, type, dims);
  spendWork(context, result.data.length * depth);
  const [ia, ib] = [broadcastIndex(left.slice(0, -2), stack), broadcastIndex(right.slice(0, -2), stack)];
  const count = product(stack);
  const sums = new Float64Array(columns);
  for (let matrix = 0; matrix < count; matrix++) {
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let k = 0; k < depth; k++) {
        const factor = a.data[(ia(matrix) * rows + row) * depth + k];
        const from = (ib(matrix) * depth + k) * columns;
        for (let column = 0; column < columns; column++) sums[column] += factor * b.data[from + column];
      }
      const to = (matrix * rows + row) * columns;
      for (let column = 0; column < columns; column++) result.data[to + column] = keepAs[type](sums[column]);
    }
  }
  return result;
}

export function matmul(context: NodeContext): Constant {
  const a = constant(context, 0);
  return multiplyStacked(context, a, constant(context, 1), a.type);
}

/** Y = alpha A' B' + beta C */
export function gemm(context: NodeContext): Constant {
  const turned = (index: number, attribute: string): Constant => {
    const matrix = constant(context, index);
    if (matrix.dims.length !== 2) refuse('onnx/shape', { op: 'Gemm', problem: `input ${index} has dims [${matrix.dims.join(', ')}]` });
    return (intAttribute(context, attribute) ?? 0) === 0 ? matrix : transposed(context, matrix);
  };
  const [a, b] = [turned(0, 'transA'), turned(1, 'transB')];
  const sums = multiplyStacked(context, a, b, 'float64');
  const offset = optionalConstant(context, 2);
  const [alpha, beta] = [finiteAttribute(context, 'alpha') ?? 1, finiteAttribute(context, 'beta') ?? 1];
  const dims = offset === undefined ? sums.dims : broadcastDims(offset.dims, sums.dims);
  if (dims?.join() !== sums.dims.join()) refuse('onnx/shape', { op: 'Gemm', problem: `a bias of dims [${offset?.dims.join(', ')}] for [${sums.dims.join(', ')}]` });
  const result = blank(context, a.type, sums.dims);
  const index = offset === undefined ? () => 0 : broadcastIndex(offset.dims, sums.dims);
  for (let i = 0; i < result.data.length; i++) result.data[i] = keepAs[a.type](alpha * sums.data[i] + (offset === undefined ? 0 : beta * offset.data[index(i)]));
  return result;
}

function transposed(context: NodeContext, { dims: [rows, columns], type, data }: Constant): Constant {
  const result = blank(context, type, [columns, rows]);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result.data[c * rows + r] = data[r * columns + c];
  return result;
}
