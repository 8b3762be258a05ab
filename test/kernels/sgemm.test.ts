import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKernels } from '../../src/kernels/kernels.js';
import { multiplyMatrices } from '../../src/kernels/sgemm.js';
import { referenceMultiply } from '../../src/kernels/reference-sgemm.js';
import { normal, randomStream } from '../../src/random.js';

const kernels = createKernels();
const numbers = (seed: number, length: number): Float32Array => Float32Array.from(normal(randomStream(seed), length));

/** Largest difference, measured in the size of what was summed: sqrt(depth) for standard normal numbers. */
function difference(got: Float32Array, want: Float32Array, depth: number): number {
  expect(got.length).toBe(want.length);
  return got.reduce((worst, x, i) => Math.max(worst, Math.abs(x - want[i])), 0) / Math.sqrt(depth);
}

const edge = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 70 }));
const depths = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 250, max: 600 }));

describe('the matrix product', () => {
  it('equals the plain triple loop on any size, transposed or not, alone or added to', () => {
    fc.assert(fc.property(edge, edge, depths, fc.boolean(), fc.boolean(), fc.boolean(), (rows, columns, depth, transposeA, transposeB, add) => {
      const a = numbers(1, rows * depth);
      const b = numbers(2, depth * columns);
      const sizes = { rows, columns, depth, transposeA, transposeB, ...(add ? { addTo: numbers(3, rows * columns) } : {}) };
      expect(difference(multiplyMatrices(kernels, a, b, sizes), referenceMultiply(a, b, sizes), depth)).toBeLessThan(3e-6);
    }), { numRuns: 150, seed: 7 });
  });

  it('crosses its blocks of rows, columns and depth', () => {
    const sizes = { rows: 131, columns: 523, depth: 515 };
    const [a, b] = [numbers(1, 131 * 515), numbers(2, 515 * 523)];
    expect(difference(multiplyMatrices(kernels, a, b, sizes), referenceMultiply(a, b, sizes), 515)).toBeLessThan(3e-6);
  });

  it('gives a column the same bits whatever its neighbours are', () => {
    const [rows, columns, depth] = [7, 21, 300];
    const [a, b] = [numbers(1, rows * depth), numbers(2, columns * depth)];
    const all = multiplyMatrices(kernels, a, b, { rows, columns, depth, transposeB: true });
    for (let j = 0; j < columns; j++) {
      const one = multiplyMatrices(kernels, a, b.slice(j * depth, (j + 1) * depth), { rows, columns: 1, depth, transposeB: true });
      expect([...one]).toEqual(Array.from({ length: rows }, (_, i) => all[i * columns + j]));
    }
  });

  it('leaves the memory as it found it', () => {
    const mark = kernels.memory.mark();
    multiplyMatrices(kernels, numbers(1, 4), numbers(2, 4), { rows: 2, columns: 2, depth: 2 });
    expect(kernels.memory.mark()).toBe(mark);
  });
});
