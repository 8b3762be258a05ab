// The one source of randomness: the published vectors, its streams, and the shape of what is drawn from it.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { normal, permutation, philox, randomStream, randomUint32, substream, uniform } from '../src/random.js';

const hex = (words: readonly number[]): string => words.map((w) => w.toString(16).padStart(8, '0')).join(' ');
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** Pearson's correlation of two equally long lists. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ma, mb] = [mean(a), mean(b)];
  const products = (x: ArrayLike<number>, mx: number, y: ArrayLike<number>, my: number): number => mean(Array.from(x, (v, i) => (v - mx) * (y[i] - my)));
  return products(a, ma, b, mb) / Math.sqrt(products(a, ma, a, ma) * products(b, mb, b, mb));
}

describe('philox', () => {
  // Known answers of the Random123 library (kat_vectors, philox4x32 10).
  it.each([
    ['zeros', [0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ones', [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['digits of pi', [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('gives the published words for %s', (_name, [c0, c1, c2, c3], [key0, key1], expected) => {
    expect(hex(philox(c0, c1, c2, c3, { key0, key1 }))).toBe(expected);
  });
});

describe('streams', () => {
  it('start with the block of counter 0 under the seed as key', () => {
    expect(hex([...randomUint32(randomStream(0), new Uint32Array(4))])).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  });

  it('take all 53 bits of a seed', () => {
    expect(randomStream(2 ** 40 + 5)).toEqual({ key0: 5, key1: 256 });
    expect(randomStream(2 ** 53 - 1)).toEqual({ key0: 0xffffffff, key1: 0x1fffff });
  });

  it('can be read from any place that is a multiple of four', () => {
    const stream = randomStream(11);
    const whole = randomUint32(stream, new Uint32Array(400));
    fc.assert(fc.property(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 80 }), (block, length) => {
      const part = randomUint32(stream, new Uint32Array(length), 4 * block);
      expect([...part]).toEqual([...whole.subarray(4 * block, 4 * block + length)]);
    }), { seed: 1, numRuns: 50 });
  });

  it('carry the block number into the second word of the counter', () => {
    const far = randomUint32(randomStream(7), new Uint32Array(4), 4 * (2 ** 32 + 3));
    expect([...far]).toEqual(philox(3, 1, 0, 0, randomStream(7)));
  });

  it('differ by seed, by label and by path, and are otherwise the same', () => {
    const root = randomStream(1);
    const streams = [root, randomStream(2), substream(root, 0), substream(root, 1), substream(root, '0'), substream(root, 'a'), substream(root, 'b'), substream(substream(root, 'a'), 'b'), substream(substream(root, 'b'), 'a')];
    expect(new Set(streams.map((s) => `${s.key0} ${s.key1}`)).size).toBe(streams.length);
    expect(substream(randomStream(1), 'a')).toEqual(substream(root, 'a'));
  });

  it('of neighbouring labels and seeds are uncorrelated', () => {
    const count = 20_000;
    const root = randomStream(5);
    const pairs = [[substream(root, 0), substream(root, 1)], [root, substream(root, 0)], [randomStream(8), randomStream(9)]] as const;
    for (const [a, b] of pairs) expect(Math.abs(correlation(uniform(a, count), uniform(b, count)))).toBeLessThan(4 / Math.sqrt(count));
  });
});

describe('distributions', () => {
  const count = 40_000;

  it('uniform is uniform on [0, 1): moments and every tenth', () => {
    const values = uniform(randomStream(3), count);
    expect(values.every((v) => v >= 0 && v < 1)).toBe(true);
    expect(Math.abs(mean(values) - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(mean(values.map((v) => v * v)) - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / count));
    const tenths = new Array<number>(10).fill(0);
    for (const v of values) tenths[Math.floor(v * 10)]++;
    // chi-square with 9 degrees of freedom: 27.9 is passed once in a thousand
    expect(tenths.reduce((sum, n) => sum + (n - count / 10) ** 2 / (count / 10), 0)).toBeLessThan(27.9);
  });

  it('normal has the moments of a standard normal, in both numbers of a pair', () => {
    const values = normal(randomStream(4), count);
    for (const part of [values, values.filter((_, i) => i % 2 === 0), values.filter((_, i) => i % 2 === 1)]) {
      const tolerance = 4 / Math.sqrt(part.length);
      expect(Math.abs(mean(part))).toBeLessThan(tolerance);
      expect(Math.abs(mean(part.map((v) => v ** 2)) - 1)).toBeLessThan(tolerance * Math.SQRT2);
      expect(Math.abs(mean(part.map((v) => v ** 3)))).toBeLessThan(tolerance * Math.sqrt(15));
      expect(Math.abs(mean(part.map((v) => v ** 4)) - 3)).toBeLessThan(tolerance * Math.sqrt(96));
    }
    expect(Math.abs(correlation(values.filter((_, i) => i % 2 === 0), values.filter((_, i) => i % 2 === 1)))).toBeLessThan(4 / Math.sqrt(count / 2));
  });

  it('normal of an odd count is a prefix of a longer draw', () => {
    expect([...normal(randomStream(4), 7)]).toEqual([...normal(randomStream(4), 8).subarray(0, 7)]);
  });

  it('permutation holds every index once', () => {
    fc.assert(fc.property(fc.nat(), fc.integer({ min: 0, max: 300 }), (seed, n) => {
      expect([...permutation(randomStream(seed), n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }), { seed: 2, numRuns: 50 });
  });

  it('permutation takes each of the six orders of three equally often', () => {
    const runs = 6000;
    const counts = new Map<string, number>();
    for (let i = 0; i < runs; i++) {
      const order = permutation(substream(randomStream(6), i), 3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - runs / 6)).toBeLessThan(4 * Math.sqrt(runs / 6));
  });
});
