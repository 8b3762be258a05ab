// What is written as .npy is read back by the reader of data sets, and begins as numpy.save begins.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNpy } from '../../src/data/npy.js';
import { npyHeader, npyNumbers } from '../../src/data/write-npy.js';
import { npyFile } from './file-makers.js';

it('has the header of numpy.save', () => {
  for (const shape of [[3], [2, 5, 7], [10000, 64, 65536]]) {
    const made = npyFile('<i4', shape, []);
    expect(Buffer.from(npyHeader('<i4', shape)).toString('latin1')).toBe(made.toString('latin1'));
  }
  expect(npyHeader('|i1', [1]).length % 64).toBe(0);
});

it('is read back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'npy-'));
  try {
    const [images, labels, bytes] = ['i.npy', 'l.npy', 'b.npy'].map((n) => join(folder, n));
    writeFileSync(images, npyFile('|u1', [3, 1, 1], [1, 2, 3]));
    writeFileSync(labels, Buffer.concat([npyHeader('<i4', [3]), npyNumbers(Int32Array.of(5, 70, 65535))]));
    writeFileSync(bytes, Buffer.concat([npyHeader('|i1', [3]), npyNumbers(Int8Array.of(5, 70, 127))]));
    expect([...readNpy('x', images, labels).labels]).toEqual([5, 70, 65535]);
    expect([...readNpy('x', images, bytes).labels]).toEqual([5, 70, 127]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
