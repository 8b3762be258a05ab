// MATLAB files made here byte by byte: layouts, packing, what is refused; and the split of data that come without one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/load-dataset.js';
import { splitOf } from '../../src/data/subset.js';
import { matFile, matZeros } from './file-makers.js';

let folder: string;
let files = 0;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'mat-')); });
afterAll(() => rmSync(folder, { recursive: true }));
const put = (bytes: Uint8Array): string => {
  const path = join(folder, `${files++}.mat`);
  writeFileSync(path, bytes);
  return path;
};
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return String((error as { diagnostics?: readonly { code: string }[] }).diagnostics?.[0].code ?? error);
  }
  return 'nothing thrown';
};

/** Three images of 2 x 2; the pixel of row y and column x of image n is 100 n + 10 y + x. */
const COLUMNS = [0, 10, 1, 11, 100, 110, 101, 111, 200, 210, 201, 211];
const ROWS = [0, 1, 10, 11, 100, 101, 110, 111, 200, 201, 210, 211];

describe('images of a MATLAB file', () => {
  it.each([
    ['pixels x N', [4, 3], COLUMNS],
    ['N x pixels', [3, 4], [0, 100, 200, 10, 110, 210, 1, 101, 201, 11, 111, 211]],
    ['H x W x N', [2, 2, 3], COLUMNS],
  ])('as %s come out row by row, packed or plain, bytes or doubles', (_, shape, values) => {
    for (const packed of [false, true]) for (const type of [2, 9] as const) {
      const path = put(matFile([{ name: 'fea', shape, values, type, packed }, { name: 'gnd', shape: [3, 1], values: [2, 1, 7], packed }]));
      const data = loadDataset(path);
      expect([data.count, ...data.shape]).toEqual([3, 1, 2, 2]);
      expect(data.images).toEqual(Uint8Array.from(ROWS));
      expect([...data.labels]).toEqual([1, 0, 2]);
    }
  });

  it('with channels are in CHW order, and what is no byte stays a float', () => {
    const values = Array.from({ length: 24 }, (_, i) => i / 2); // [H=2, W=2, C=3, N=2]
    const data = loadDataset(`mat:${put(matFile([{ name: 'X', shape: [2, 2, 3, 2], values, type: 9 }, { name: 'y', shape: [1, 2], values: [1, 2] }]))}`);
    expect(data.shape).toEqual([3, 2, 2]);
    expect([...data.images.subarray(0, 8)]).toEqual([0, 1, 0.5, 1.5, 2, 3, 2.5, 3.5]);
  });

  it('are refused with a diagnostic where the file is wrong, whatever byte is changed', () => {
    const good = matFile([{ name: 'fea', shape: [4, 3], values: COLUMNS }, { name: 'gnd', shape: [3, 1], values: [1, 2, 3] }]);
    expect(codeOf(() => loadDataset(put(Buffer.from('not MATLAB at all'))))).toBe('data/mat-broken');
    expect(codeOf(() => loadDataset(put(matFile([], 0x0200))))).toBe('data/mat-version');
    expect(codeOf(() => loadDataset(put(matFile([{ name: 'fea', shape: [4, 3], values: COLUMNS }]))))).toBe('data/mat-variables');
    expect(codeOf(() => loadDataset(put(matFile([{ name: 'text', shape: [4, 3], values: COLUMNS, kind: 4 }, { name: 'gnd', shape: [3, 1], values: [1, 2, 3] }]))))).toBe('data/mat-variables');
    expect(codeOf(() => loadDataset(put(good.subarray(0, good.length - 9))))).toBe('data/mat-broken');
    fc.assert(fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = Uint8Array.from(good);
      bytes[at] ^= change;
      expect(codeOf(() => loadDataset(put(bytes)))).toMatch(/^(data\/[a-z-]+|nothing thrown)$/);
    }), { numRuns: 150 });
  });

  it('that unpack to more than any data set are refused', () => {
    expect(codeOf(() => loadDataset(put(matZeros(2 ** 26 + 1))))).toBe('data/too-large');
    expect(codeOf(() => loadDataset(put(matFile([{ name: 'fea', shape: [2 ** 20, 2 ** 20], values: [] }]))))).toBe('data/mat-broken');
  });

  it('name only the parts that there are', () => {
    const path = put(matFile([]));
    for (const spec of [`${path}#valid`, `${path}#train,x`, `mat:${path}#train,seed=-1`]) expect(codeOf(() => loadDataset(spec))).toBe('data/bad-spec');
  });
});

describe('a split by seed', () => {
  it('shares no image, leaves none out, keeps a fifth of each class for testing and depends on the seed', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 10, maxLength: 200 }), fc.nat(1000), (labels, seed) => {
      const data = { name: 'd', count: labels.length, shape: [1, 1, 1] as const, images: Float32Array.from(labels, (_, i) => i), labels: Uint16Array.from(labels) };
      const [train, test] = (['train', 'test'] as const).map((part) => splitOf(data, part, seed));
      expect([...train.images, ...test.images].sort((a, b) => a - b)).toEqual([...data.images]);
      for (let c = 0; c < 5; c++) expect(test.labels.filter((l) => l === c)).toHaveLength(Math.round(0.2 * labels.filter((l) => l === c).length));
      for (const part of [train, test]) part.images.forEach((i, k) => expect(part.labels[k]).toBe(labels[i]));
    }), { numRuns: 50 });
    const data = { name: 'd', count: 100, shape: [1, 1, 1] as const, images: Float32Array.from({ length: 100 }, (_, i) => i), labels: new Uint16Array(100) };
    expect(splitOf(data, 'test', 1).images).toEqual(splitOf(data, 'test', 1).images);
    expect(splitOf(data, 'test', 1).images).not.toEqual(splitOf(data, 'test', 2).images);
  });
});
