/**
 * The float matrix product of `c/sgemm.c`. Its left matrix is packed once (`packLeft`), its right
 * matrix is read through two offset tables, which makes one kernel out of plain products, transposed
 * products, dense layers and convolutions (a row of the right matrix is then a filter tap, a column
 * an output place of one image). `multiplyMatrices` is the plain product of two arrays.
 */
import type { Kernels } from './kernels.js';

/** One call of the product; all pointers are byte offsets into the kernels' memory, all strides count elements. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** From `packLeft`. */
  readonly left: number;
  /** One number a row, or 0 for none. */
  readonly bias: number;
  readonly right: number;
  /** int32 [depth]: offset of each row of the right matrix. */
  readonly rightRows: number;
  /** int32 [group]: offset of each column inside its group. */
  readonly rightColumns: number;
  /** Columns in a group, for example the output places of one image. */
  readonly group: number;
  readonly rightGroupStride: number;
  readonly result: number;
  readonly resultRowStride: number;
  readonly resultGroupStride: number;
  /** Adds to what the result holds; the bias is then not used. */
  readonly accumulate: boolean;
  /** `multiplyScratchBytes` bytes. */
  readonly scratch: number;
}

const PRODUCT_INTS = 15;

/** Bytes of the scratch buffer that `multiply` needs. */
export const multiplyScratchBytes = (kernels: Kernels): number => kernels.call['multiply_scratch_bytes']();

/** result[i][j] = bias[i] + sum over k of left[i][k] * right[k][j]. */
export function multiply(kernels: Kernels, p: Product): void {
  const { memory } = kernels;
  const mark = memory.mark();
  const at = memory.reserve(PRODUCT_INTS * 4);
  memory.int32(at, PRODUCT_INTS).set([
    p.rows, p.columns, p.depth, p.left, p.bias, p.right, p.rightRows, p.rightColumns, p.group, p.rightGroupStride,
    p.result, p.resultRowStride, p.resultGroupStride, p.accumulate ? 1 : 0, p.scratch,
  ]);
  kernels.call['multiply'](at);
  memory.release(mark);
}

/** How a left matrix lies in an array: element (i, k) at `i * rowStride + k * columnStride`. */
export interface LeftLayout {
  readonly rows: number;
  readonly depth: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Packs a left matrix into the kernels' memory and returns its place. */
export function packLeft(kernels: Kernels, numbers: Float32Array, layout: LeftLayout): number {
  const { rows, depth } = layout;
  const packed = kernels.memory.reserve(kernels.call['packed_left_length'](rows, depth) * 4);
  const mark = kernels.memory.mark();
  kernels.call['pack_left'](rows, depth, writeFloats(kernels, numbers), layout.rowStride, 0, layout.columnStride, packed);
  kernels.memory.release(mark);
  return packed;
}

/** Writes a table of offsets into the kernels' memory and returns its place. */
export function writeOffsets(kernels: Kernels, length: number, offset: (index: number) => number): number {
  const at = kernels.memory.reserve(length * 4);
  const table = kernels.memory.int32(at, length);
  for (let i = 0; i < length; i++) table[i] = offset(i);
  return at;
}

/** Copies numbers into the kernels' memory and returns their place. */
export function writeFloats(kernels: Kernels, numbers: Float32Array): number {
  const at = kernels.memory.reserve(numbers.byteLength);
  kernels.memory.float32(at, numbers.length).set(numbers);
  return at;
}

/** Sizes of a plain product: a is [rows, depth], b is [depth, columns], both row-major unless transposed. */
export interface MatrixSizes {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** `a` is stored as [depth, rows]. */
  readonly transposeA?: boolean;
  /** `b` is stored as [columns, depth]. */
  readonly transposeB?: boolean;
}

/** The plain product a * b, plus `addTo` if that is given; all row-major. */
export function multiplyMatrices(kernels: Kernels, a: Float32Array, b: Float32Array, sizes: MatrixSizes & { readonly addTo?: Float32Array }): Float32Array {
  const { rows, columns, depth } = sizes;
  const mark = kernels.memory.mark();
  const left = packLeft(kernels, a, {
    rows, depth, rowStride: sizes.transposeA === true ? 1 : depth, columnStride: sizes.transposeA === true ? rows : 1,
  });
  const result = sizes.addTo === undefined ? kernels.memory.reserve(rows * columns * 4) : writeFloats(kernels, sizes.addTo);
  const transposed = sizes.transposeB === true;
  multiply(kernels, {
    rows, columns, depth, left, bias: 0, right: writeFloats(kernels, b),
    rightRows: writeOffsets(kernels, depth, (k) => (transposed ? k : k * columns)),
    rightColumns: writeOffsets(kernels, columns, (j) => (transposed ? j * depth : j)),
    group: columns, rightGroupStride: 0, result, resultRowStride: columns, resultGroupStride: 0,
    accumulate: sizes.addTo !== undefined, scratch: kernels.memory.reserve(multiplyScratchBytes(kernels)),
  });
  const out = kernels.memory.float32(result, rows * columns).slice();
  kernels.memory.release(mark);
  return out;
}
