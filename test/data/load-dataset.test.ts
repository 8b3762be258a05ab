// Every kind of data set, read from real files: the samples in the tree and small files made here.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/load-dataset.js';
import { idxImages, idxLabels, npyFile } from './file-makers.js';

const SAMPLES = 'models/samples';
let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'data-')); });
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};
const perClass = (labels: Uint16Array, classes: number): number[] => Array.from({ length: classes }, (_, c) => labels.filter((l) => l === c).length);

describe('the samples in the tree', () => {
  it('cifar10: 100 images of each class, in the official record layout', () => {
    const data = loadDataset(`cifar10:${SAMPLES}/cifar10-1000.bin.gz`);
    expect([data.count, ...data.shape]).toEqual([1000, 3, 32, 32]);
    expect(perClass(data.labels, 10)).toEqual(new Array(10).fill(100));
    const raw = gunzipSync(readFileSync(`${SAMPLES}/cifar10-1000.bin.gz`));
    expect(data.labels[7]).toBe(raw[7 * 3073]);
    expect(Buffer.from(data.images.slice(7 * 3072, 8 * 3072))).toEqual(raw.subarray(7 * 3073 + 1, 8 * 3073));
  });

  it.each(['mnist', 'fashion-mnist'])('idx: the %s sample', (name) => {
    const data = loadDataset(`idx:${SAMPLES}/${name}-1000-images-idx3-ubyte.gz,${SAMPLES}/${name}-1000-labels-idx1-ubyte.gz`);
    expect([data.count, ...data.shape]).toEqual([1000, 1, 28, 28]);
    expect(perClass(data.labels, 10)).toEqual(new Array(10).fill(100));
    expect(data.images.length).toBe(784000);
  });
});

it('the name is short and says nothing of where the files lie', () => {
  put('deep/er/t10k-images-idx3-ubyte', idxImages(1, 2, 2));
  put('deep/er/t10k-labels-idx1-ubyte', idxLabels([1]));
  put('deep/er/test_batch.bin.gz', gzipSync(Buffer.alloc(3073)));
  put('deep/er/x.npy', npyFile('|u1', [1, 2, 2], [0, 1, 2, 3]));
  put('deep/er/y.npy', npyFile('|u1', [1], [0]));
  put('deep/er/pets/cat/1.png', PNG.sync.write(new PNG({ width: 2, height: 1 })));
  const at = join(folder, 'deep/er');
  const names = [`mnist:${at}`, `idx:${at}/t10k-images-idx3-ubyte,${at}/t10k-labels-idx1-ubyte`, `cifar10:${at}/test_batch.bin.gz`, `npy:${at}/x.npy,${at}/y.npy`, `images:${at}/pets/`]
    .map((spec) => loadDataset(spec).name);
  expect(names).toEqual(['mnist test', 'idx t10k-images-idx3-ubyte', 'cifar10 test_batch.bin', 'npy x.npy', 'images of folder pets']);
});

describe('mnist folders', () => {
  it('takes the test files, packed or plain, and the training files on request', () => {
    put('m/t10k-images-idx3-ubyte.gz', gzipSync(idxImages(2, 3, 2)));
    put('m/t10k-labels-idx1-ubyte', idxLabels([4, 9]));
    put('m/train-images.idx3-ubyte', idxImages(3, 3, 2));
    put('m/train-labels.idx1-ubyte', idxLabels([1, 2, 3]));
    const test = loadDataset(`mnist:${folder}/m`);
    expect([...test.shape, ...test.labels]).toEqual([1, 3, 2, 4, 9]);
    expect([...loadDataset(`fashion-mnist:${folder}/m#train`).labels]).toEqual([1, 2, 3]);
  });
});

describe('cifar100 records', () => {
  const record = (labels: number[], pixel: number): Buffer => Buffer.concat([Buffer.from(labels), Buffer.alloc(3072, pixel)]);

  it('tells the fine-only record from the official one by the size', () => {
    const fine = put('fine.bin', Buffer.concat([record([99], 1), record([5], 2)]));
    const official = put('official.bin.gz', gzipSync(Buffer.concat([record([19, 98], 3), record([0, 7], 4)])));
    const [a, b] = [loadDataset(`cifar100:${fine}`), loadDataset(`cifar100:${official}`)];
    expect([...a.labels, ...b.labels]).toEqual([99, 5, 98, 7]);
    expect([a.images[3072], b.images[0], b.images[3072]]).toEqual([2, 3, 4]);
  });

  it('asks the labels where both sizes divide the file', () => {
    const records = Array.from({ length: 3074 }, (_, i) => record([i % 100], 200));
    const data = loadDataset(`cifar100:${put('both.bin', Buffer.concat(records))}`);
    expect(data.count).toBe(3074);
    expect([data.labels[0], data.labels[99], data.images[0]]).toEqual([0, 99, 200]);
  });
});

describe('npy arrays', () => {
  it('reads channels in front and behind to the same CHW images', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 7 }), fc.integer({ min: 5, max: 7 }), (n, c, h, w) => {
      const value = (i: number, k: number, y: number, x: number): number => (i * 131 + k * 57 + y * 11 + x * 3) % 256;
      const first: number[] = [];
      const last: number[] = [];
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < c; k++) for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) first.push(value(i, k, y, x));
        for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) for (let k = 0; k < c; k++) last.push(value(i, k, y, x));
      }
      const labels = put('l.npy', npyFile('<i8', [n], Array.from({ length: n }, (_, i) => i)));
      const a = loadDataset(`npy:${put('a.npy', npyFile('|u1', [n, c, h, w], first))},${labels}`);
      const b = loadDataset(`npy:${put('b.npy', npyFile('|u1', [n, h, w, c], last))},${labels}`);
      expect(a.shape).toEqual([c, h, w]);
      expect(b).toEqual({ ...a, name: b.name });
      expect([...a.images]).toEqual(first);
    }), { numRuns: 25 });
  });

  it.each(['<f4', '<f8'] as const)('keeps %s pixels as floats that need no normalisation', (type) => {
    const images = put('f.npy', npyFile(type, [2, 2, 2], [-1.5, 0, 0.25, 1, 2, 3, 4, 5]));
    for (const labelType of ['|u1', '<i4', '<u2', '<f4'] as const) {
      const data = loadDataset(`npy:${images},${put('fl.npy', npyFile(labelType, [2, 1], [7, 3]))}`);
      expect(data.images).toEqual(Float32Array.of(-1.5, 0, 0.25, 1, 2, 3, 4, 5));
      expect([...data.labels, ...data.shape]).toEqual([7, 3, 1, 2, 2]);
    }
  });
});

describe('image folders', () => {
  const picture = (colorType: 0 | 2, fill: readonly number[]): Buffer => {
    const png = new PNG({ width: 2, height: 1 });
    for (let p = 0; p < 2; p++) png.data.set([...fill.map((v) => v + p), 255], 4 * p);
    return PNG.sync.write(png, { colorType });
  };

  it('numbers classes by name and splits the colours into planes', () => {
    put('pets/dog/1.png', picture(2, [10, 20, 30]));
    put('pets/cat/b.png', picture(2, [40, 50, 60]));
    put('pets/cat/a.PNG', picture(0, [70, 70, 70]));
    put('pets/cat/.hidden', Buffer.from('x'));
    const data = loadDataset(`images:${folder}/pets`);
    expect([...data.labels, ...data.shape]).toEqual([0, 0, 1, 3, 1, 2]);
    expect([...data.images]).toEqual([70, 71, 70, 71, 70, 71, 40, 41, 50, 51, 60, 61, 10, 11, 20, 21, 30, 31]);
  });

  it('keeps one channel when every image is grey', () => {
    put('grey/a/1.png', picture(0, [9, 9, 9]));
    const data = loadDataset(`images:${folder}/grey`);
    expect([...data.shape, ...data.images]).toEqual([1, 1, 2, 9, 10]);
  });
});
