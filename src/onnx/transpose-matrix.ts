/**
 * The transposed copy of a matrix. ONNX stores dense weights as [in, out] or [out, in], the graph as
 * [out, in]; the matrices are megabytes, so they are copied in tiles that stay in the cache.
 */
const TILE = 32;

/** `data` is [rows, columns], the result [columns, rows]. */
export function transposeMatrix(data: Float32Array, rows: number, columns: number): Float32Array {
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
