/**
 * The transposed copy of a matrix. ONNX stores dense weights as [in, out] or [out, in], the graph as
 * [out, in]; the matrices are megabytes, so they are copied in tiles that stay in the cache.
 */
const TILE = 32;

/** Weights that a model reads in one place only: their transposed copy may take their place. */
const disposable = new WeakSet<Float32Array>();

/** Says that nobody needs `data` in its present order beside the one that transposes it. */
export const mayOverwrite = (data: Float32Array): void => { disposable.add(data); };

/** `data` is [rows, columns], the result [columns, rows]: in its place where `mayOverwrite` was said of it. */
export function transposeMatrix(data: Float32Array, rows: number, columns: number): Float32Array {
  if (!disposable.delete(data)) return transposed(data, rows, columns);
  if (rows === columns) swapAcrossDiagonal(data, rows);
  else data.set(transposed(data, rows, columns));
  return data;
}

function swapAcrossDiagonal(data: Float32Array, side: number): void {
  for (let r0 = 0; r0 < side; r0 += TILE) {
    for (let c0 = 0; c0 <= r0; c0 += TILE) {
      for (let r = r0; r < Math.min(r0 + TILE, side); r++) {
        for (let c = c0; c < Math.min(c0 + TILE, r); c++) {
          const other = data[c * side + r];
          data[c * side + r] = data[r * side + c];
          data[r * side + c] = other;
        }
      }
    }
  }
}

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const rowEnd = Math.min(r0 + TILE, rows);
      const columnEnd = Math.min(c0 + TILE, columns);
      for (let r = r0; r < rowEnd; r++) for (let c = c0; c < columnEnd; c++) out[c * rows + r] = data[r * columns + c];
    }
  }
  return out;
}
