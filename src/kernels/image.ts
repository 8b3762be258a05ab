/**
 * The kernels of `c/image.c`: strided copies (which carry padding, cropping, slicing, transposing and
 * joining), pooling, and element by element work. All places are byte offsets into the kernels' memory.
 */
import type { Kernels } from './kernels.js';

/** A copy between two strided layouts; strides count elements and may be negative or zero. */
export interface StridedCopy {
  readonly extents: readonly number[];
  readonly outStrides: readonly number[];
  readonly inStrides: readonly number[];
}

/** Axes that `copyStrided` can take. */
export const MOST_COPY_AXES = 8;

/** out[sum i_a outStrides[a]] = in[sum i_a inStrides[a]] for every index i below the extents. */
export function copyStrided(kernels: Kernels, input: number, output: number, copy: StridedCopy): void {
  const axes = copy.extents.length;
  if (axes > MOST_COPY_AXES) throw new RangeError(`copyStrided: ${axes} axes, ${MOST_COPY_AXES} is the most`);
  const { memory } = kernels;
  const mark = memory.mark();
  const at = memory.reserve(axes * 12);
  memory.int32(at, axes * 3).set([...copy.extents, ...copy.outStrides, ...copy.inStrides]);
  kernels.call['copy_strided'](axes, at, output, at + axes * 4, input, at + axes * 8);
  memory.release(mark);
}

/** Pooling over `planes` pictures of [height, width]; pairs are [y, x], pads top, left, bottom, right. */
export interface Pooling {
  readonly planes: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly mode: 'maximum' | 'mean';
  /** Mean only: padded places count in the divisor. */
  readonly countPad: boolean;
}

const POOLING_INTS = 17;

/** Maximum (padding never wins) or mean (padding is zero) over each window. */
export function pool(kernels: Kernels, input: number, output: number, p: Pooling): void {
  withPooling(kernels, p, (at) => kernels.call['pool'](at, input, output));
}

/** The gradient of a mean pooling with respect to its input, which is overwritten, from that of its output. */
export function spreadMean(kernels: Kernels, outputGradient: number, inputGradient: number, p: Pooling): void {
  withPooling(kernels, p, (at) => kernels.call['spread_mean'](at, outputGradient, inputGradient));
}

function withPooling(kernels: Kernels, p: Pooling, call: (at: number) => void): void {
  const { memory } = kernels;
  const mark = memory.mark();
  const at = memory.reserve(POOLING_INTS * 4);
  memory.int32(at, POOLING_INTS).set([
    p.planes, ...p.input, ...p.output, ...p.kernel, ...p.stride, ...p.dilation, ...p.pads, p.mode === 'maximum' ? 1 : 0, p.countPad ? 1 : 0,
  ]);
  call(at);
  memory.release(mark);
}
