import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyStrided, pool, spreadMean, type Pooling } from '../../src/kernels/image.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { referenceCopy, referencePool } from '../../src/kernels/reference-image.js';
import { writeFloats } from '../../src/kernels/sgemm.js';
import { normal, randomStream } from '../../src/random.js';

const kernels = createKernels();
const numbers = (seed: number, length: number): Float32Array => Float32Array.from(normal(randomStream(seed), length));

/** Runs `work` on copies of the inputs in the kernels' memory and returns what it leaves in its output. */
function compute(inputs: readonly Float32Array[], length: number, work: (at: readonly number[], output: number) => void): Float32Array {
  const mark = kernels.memory.mark();
  const at = inputs.map((x) => writeFloats(kernels, x));
  const output = writeFloats(kernels, new Float32Array(length));
  work(at, output);
  const result = kernels.memory.float32(output, length).slice();
  kernels.memory.release(mark);
  return result;
}

const axis = fc.record({ extent: fc.integer({ min: 1, max: 5 }), out: fc.integer({ min: 0, max: 7 }), in: fc.integer({ min: -7, max: 7 }) });

describe('the picture kernels equal their references', () => {
  it('copies between any strides', () => {
    fc.assert(fc.property(fc.array(axis, { minLength: 1, maxLength: 4 }), fc.boolean(), (axes, contiguous) => {
      const copy = {
        extents: axes.map((a) => a.extent),
        outStrides: axes.map((a, i) => (contiguous && i === axes.length - 1 ? 1 : a.out)),
        inStrides: axes.map((a, i) => (contiguous && i === axes.length - 1 ? 1 : a.in)),
      };
      const source = numbers(1, 400);
      const want = new Float32Array(200);
      referenceCopy(source, want, { ...copy, inStart: 200, outStart: 0 });
      const got = compute([source], 200, ([from], to) => copyStrided(kernels, from + 800, to, copy));
      expect(got).toEqual(want);
    }), { numRuns: 200, seed: 1 });
  });

  it('refuses more axes than the kernel holds', () => {
    const strides = new Array<number>(9).fill(1);
    expect(() => copyStrided(kernels, 0, 0, { extents: strides, outStrides: strides, inStrides: strides })).toThrow('9 axes, 8 is the most');
  });

  it('pools with any window, also where a window sees only padding', () => {
    const size = fc.integer({ min: 1, max: 9 });
    const small = fc.integer({ min: 1, max: 3 });
    const pads = fc.integer({ min: 0, max: 4 });
    fc.assert(fc.property(fc.record({
      planes: small, input: fc.tuple(size, size), output: fc.tuple(small, small), kernel: fc.tuple(small, small), stride: fc.tuple(small, small),
      dilation: fc.tuple(small, small), pads: fc.tuple(pads, pads, pads, pads), mode: fc.constantFrom('maximum' as const, 'mean' as const), countPad: fc.boolean(),
    }), (p: Pooling) => {
      const source = numbers(2, p.planes * p.input[0] * p.input[1]);
      const want = referencePool(source, p);
      const got = compute([source], want.length, ([from], to) => pool(kernels, from, to, p));
      got.forEach((x, i) => (Number.isFinite(want[i]) ? expect(x).toBeCloseTo(want[i], 5) : expect(x).toBe(want[i])));
    }), { numRuns: 200, seed: 2 });
  });

  it.each([[1, 1], [2, 3], [3, 4], [5, 9], [4, 14]])('halves pictures to %i x %i and spreads their gradients', (rows, columns) => {
    const p: Pooling = { planes: 3, input: [2 * rows, 2 * columns], output: [rows, columns], kernel: [2, 2], stride: [2, 2], dilation: [1, 1], pads: [0, 0, 0, 0], mode: 'mean', countPad: false };
    const source = numbers(2, 12 * rows * columns);
    const mean = compute([source], 3 * rows * columns, ([from], to) => pool(kernels, from, to, p));
    referencePool(source, p).forEach((x, i) => expect(mean[i]).toBeCloseTo(x, 6));
    const gradient = numbers(3, 3 * rows * columns);
    const spread = compute([gradient], source.length, ([from], to) => spreadMean(kernels, from, to, p));
    expect(spread).toEqual(source.map((_, i) => gradient[Math.floor(i / (4 * columns)) * columns + Math.floor((i % (2 * columns)) / 2)] / 4));
  });

  it.each([1, 2, 3, 5, 8, 9, 33])('works element by element on %i numbers', (length) => {
    const [a, b, c] = [numbers(3, length), numbers(4, length), numbers(5, length)];
    const elementwise = (inputs: readonly Float32Array[], work: (at: readonly number[], out: number) => void): Float32Array => compute(inputs, length, work);
    expect(elementwise([a, b], ([x, y], out) => kernels.call['add'](length, x, y, out))).toEqual(a.map((v, i) => v + b[i]));
    expect(elementwise([a, b], ([x, y], out) => kernels.call['subtract'](length, x, y, out))).toEqual(a.map((v, i) => v - b[i]));
    expect(elementwise([a], ([x], out) => kernels.call['relu'](length, x, out, 0.5))).toEqual(a.map((v) => Math.min(Math.max(v, 0), 0.5)));
    const passed = a.map((v, i) => (v > 0 && v < 0.5 ? b[i] : 0));
    expect(elementwise([a, b], ([x, y], out) => kernels.call['relu_gradient'](length, x, y, out, 0.5))).toEqual(passed);
    expect(elementwise([], (_, out) => kernels.call['fill'](length, out, 2.5))).toEqual(new Float32Array(length).fill(2.5));
    const product = a.map((v, i) => v * b[i]);
    expect(elementwise([a, b, c], ([x, scale, shift], out) => kernels.call['scale_elements'](1, length, x, scale, shift, out))).toEqual(product.map((v, i) => v + c[i]));
  });

  it('scales elements and channels of several samples', () => {
    const [x, scale, shift] = [numbers(6, 2 * 3 * 5), numbers(7, 15), numbers(8, 15)];
    const round = Math.fround;
    const elements = compute([x, scale, shift], 30, ([a, s, t], out) => kernels.call['scale_elements'](2, 15, a, s, t, out));
    expect(elements).toEqual(x.map((v, i) => round(v * scale[i % 15]) + shift[i % 15]));
    const channels = compute([x, scale, shift], 30, ([a, s, t], out) => kernels.call['scale_channels'](2, 3, 5, a, s, t, out));
    expect(channels).toEqual(x.map((v, i) => round(v * scale[Math.floor(i / 5) % 3]) + shift[Math.floor(i / 5) % 3]));
  });
});
