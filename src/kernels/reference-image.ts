/**
 * What the picture kernels mean, written as plainly as possible. The kernels are tested against it.
 */
import type { Pooling, StridedCopy } from './image.js';

/** Writes into `out`; `outStart` and `inStart` are the places of index 0. */
export function referenceCopy(input: Float32Array, out: Float32Array, copy: StridedCopy & { readonly inStart: number; readonly outStart: number }): void {
  const visit = (axis: number, from: number, to: number): void => {
    if (axis === copy.extents.length) { out[to] = input[from]; return; }
    for (let i = 0; i < copy.extents[axis]; i++) visit(axis + 1, from + i * copy.inStrides[axis], to + i * copy.outStrides[axis]);
  };
  visit(0, copy.inStart, copy.outStart);
}

/** Pooling of [planes, height, width]. */
export function referencePool(input: Float32Array, p: Pooling): Float32Array {
  const [height, width] = p.input;
  const [rows, columns] = p.output;
  const out = new Float32Array(p.planes * rows * columns);
  for (let i = 0; i < out.length; i++) {
    const plane = Math.floor(i / (rows * columns));
    const y = Math.floor(i / columns) % rows;
    const x = i % columns;
    const seen: number[] = [];
    for (let ky = 0; ky < p.kernel[0]; ky++) {
      for (let kx = 0; kx < p.kernel[1]; kx++) {
        const iy = y * p.stride[0] - p.pads[0] + ky * p.dilation[0];
        const ix = x * p.stride[1] - p.pads[1] + kx * p.dilation[1];
        if (iy >= 0 && iy < height && ix >= 0 && ix < width) seen.push(input[(plane * height + iy) * width + ix]);
      }
    }
    const divisor = p.countPad ? p.kernel[0] * p.kernel[1] : seen.length;
    out[i] = p.mode === 'maximum' ? Math.max(...seen) : divisor === 0 ? 0 : seen.reduce((a, b) => a + b, 0) / divisor;
  }
  return out;
}
