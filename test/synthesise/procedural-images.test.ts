// Images that nobody owns: what the thresholds may rely on when a file holds no statistics.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { proceduralImages, type SampleSet } from '../../src/synthesise/procedural-images.js';

const grey = (value: number): number => value;
const draw = (seed: number, options: { readonly count?: number; readonly shape?: readonly [number, number, number]; readonly normalise?: (v: number, c: number) => number } = {}): SampleSet =>
  proceduralImages({ count: options.count ?? 8, shape: options.shape ?? [3, 12, 12], seed, normalise: options.normalise ?? grey });

const hash = ({ images }: SampleSet): string => createHash('sha256').update(new Uint8Array(images.buffer, images.byteOffset, images.byteLength)).digest('hex');
const image = ({ images, count }: SampleSet, i: number): Float32Array => images.subarray((i * images.length) / count, ((i + 1) * images.length) / count);
const mean = (v: Float32Array): number => v.reduce((a, b) => a + b, 0) / v.length;
const covariance = (a: Float32Array, b: Float32Array): number => {
  const [ma, mb] = [mean(a), mean(b)];
  return a.reduce((sum, v, i) => sum + (v - ma) * (b[i] - mb), 0) / a.length;
};
const deviation = (v: Float32Array): number => Math.sqrt(covariance(v, v));
const correlation = (a: Float32Array, b: Float32Array): number => covariance(a, b) / (deviation(a) * deviation(b));

describe('proceduralImages', () => {
  it('draws the same bytes from the same seed, and others from another', () => {
    expect(hash(draw(1))).toBe(hash(draw(1)));
    expect(hash(draw(1))).not.toBe(hash(draw(2)));
  });

  it('draws image i the same however many are asked for', () => {
    expect([...image(draw(1, { count: 3 }), 2)]).toEqual([...image(draw(1, { count: 8 }), 2)]);
  });

  it('stays what it was (golden hashes: a change here changes every program compiled without statistics)', () => {
    expect({ colour: hash(draw(1)), grey: hash(draw(1, { shape: [1, 12, 12] })) }).toMatchInlineSnapshot(`
      {
        "colour": "75a0cad1a7b01f1b49a8abc625f3f85ba58e394e3b358e78ffb268f8fe4cedde",
        "grey": "e19590f44f98b838581c22346a0dfe27eb49ec27d96005744df43faafedc800a",
      }
    `);
  });

  it('stays inside the range that bytes can reach through the normalisation', () => {
    const normalisation = [[0.4, 0.2], [0.5, 0.25], [0.6, 0.3]] as const;
    const set = draw(3, { count: 12, normalise: (v, c) => (v - normalisation[c][0]) / normalisation[c][1] });
    set.images.forEach((v, k) => {
      const [m, s] = normalisation[Math.floor(k / 144) % 3];
      expect(v).toBeGreaterThanOrEqual(Math.fround((0 - m) / s));
      expect(v).toBeLessThanOrEqual(Math.fround((1 - m) / s));
    });
    // and normalising is all that the normalisation does
    const plain = draw(3, { count: 12 });
    plain.images.forEach((v, k) => {
      const [m, s] = normalisation[Math.floor(k / 144) % 3];
      expect(set.images[k]).toBeCloseTo((v - m) / s, 5);
    });
  });

  it('has no constant image and uses most of the range', () => {
    for (const shape of [[3, 16, 16], [1, 16, 16]] as const) {
      const set = draw(5, { count: 40, shape });
      for (let i = 0; i < set.count; i++) expect(deviation(image(set, i))).toBeGreaterThan(0.01);
      expect(set.images.reduce((a, b) => Math.min(a, b))).toBeLessThan(0.1);
      expect(set.images.reduce((a, b) => Math.max(a, b))).toBeGreaterThan(0.9);
    }
  });

  it('has the correlated colours and neighbours of photographs', () => {
    const set = draw(6, { count: 40, shape: [3, 16, 16] });
    const pixels = 256;
    const channel = (c: number): Float32Array => Float32Array.from({ length: set.count * pixels }, (_, k) => set.images[(Math.floor(k / pixels) * 3 + c) * pixels + (k % pixels)]);
    for (const [a, b] of [[0, 1], [1, 2], [0, 2]]) {
      const r = correlation(channel(a), channel(b));
      expect(r).toBeGreaterThan(0.5);
      expect(r).toBeLessThan(0.999);
    }
    const inner = Array.from({ length: set.images.length }, (_, k) => k).filter((k) => k % 16 !== 15);
    expect(correlation(Float32Array.from(inner, (k) => set.images[k]), Float32Array.from(inner, (k) => set.images[k + 1]))).toBeGreaterThan(0.7);
  });

  it('draws every fourth grey image as strokes in full contrast, mostly ground', () => {
    const set = draw(7, { count: 80, shape: [1, 28, 28] });
    let lightOnDark = 0;
    for (let i = 3; i < set.count; i += 4) {
      const pixels = image(set, i);
      const [dark, light] = [0, 1].map((value) => pixels.filter((v) => v === value).length / pixels.length);
      expect(Math.min(dark, light)).toBeGreaterThan(0);
      expect(dark + light).toBeGreaterThan(0.5);
      if (dark > light) lightOnDark++;
    }
    expect(lightOnDark).toBeGreaterThan(10);
    expect(lightOnDark).toBeLessThan(20);
    expect(set.recipe).toBe('80 procedural images (dead leaves, octave noise, pen strokes)');
    expect(draw(7).recipe).toBe('8 procedural images (dead leaves, octave noise)');
  });
});
