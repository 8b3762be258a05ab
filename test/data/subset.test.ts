// A part of a data set keeps images and labels together and spreads over the classes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { subset } from '../../src/data/subset.js';

/** Images of two pixels that both carry the image's own number. */
const dataset = (labels: readonly number[]): Dataset => ({
  name: 'made', count: labels.length, shape: [1, 1, 2], images: Float32Array.from({ length: 2 * labels.length }, (_, i) => i >> 1), labels: Uint16Array.from(labels),
});

describe('subset', () => {
  it('is spread over the classes of a file that is ordered by class', () => {
    const ordered = dataset(Array.from({ length: 100 }, (_, i) => Math.floor(i / 10)));
    const part = subset(ordered, { limit: 20 });
    expect([...part.labels]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
    expect([part.images[0], part.images[2], part.images[4]]).toEqual([0, 5, 10]);
  });

  it('takes the first images when told so', () => {
    expect([...subset(dataset([3, 1, 2]), { limit: 2, stratified: false }).labels]).toEqual([3, 1]);
  });

  it('has the asked size, keeps the order, and no class is more than one ahead while all have images left', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 70 }), (labels, limit) => {
      const whole = dataset(labels);
      const part = subset(whole, { limit });
      expect(part.count).toBe(Math.min(limit, labels.length));
      const numbers = Array.from({ length: part.count }, (_, i) => part.images[2 * i]);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      numbers.forEach((n, i) => expect(part.labels[i]).toBe(labels[n]));
      const have = (of: ArrayLike<number>, c: number): number => Array.from(of).filter((l) => l === c).length;
      const open = [0, 1, 2, 3, 4].filter((c) => have(part.labels, c) < have(labels, c)).map((c) => have(part.labels, c));
      expect(Math.max(0, ...open) - Math.min(...open, 60)).toBeLessThanOrEqual(1);
    }));
  });
});
