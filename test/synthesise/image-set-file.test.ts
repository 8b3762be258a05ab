// The file of a set: what is read is what was written, byte for byte; every way to be broken has its message.
import { beforeAll, describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { checkImageSet, type ExpectedModel } from '../../src/synthesise/check-image-set.js';
import type { ImageSet } from '../../src/synthesise/image-set.js';
import { readImageSet, writeImageSet } from '../../src/synthesise/image-set-file.js';
import { synthesise } from '../../src/synthesise/synthesise.js';
import { MODEL, NORMALISATION, SHAPE, smallNetwork } from './small-network.js';

let made: { readonly set: ImageSet; readonly file: Uint8Array };
beforeAll(async () => {
  made = await synthesise(smallNetwork(), { recipe: 'mixed', count: 5, seed: 1, workers: 1, changes: { steps: 2 }, normalisation: NORMALISATION, model: MODEL });
});

const problem = (file: Uint8Array): string => {
  try { readImageSet(file, 'a.images'); } catch (error) { return (error as Error).message; }
  return 'no problem';
};
const changed = (change: (file: Buffer) => void): Uint8Array => {
  const copy = Buffer.from(made.file);
  change(copy);
  return copy;
};
const AGAIN = 'copy the file again in binary mode, or make the set again with `spikeveil synthesise`';

describe('a set that is written and read', () => {
  it('is the same set, and is written as the same bytes', () => {
    const read = readImageSet(made.file, 'a.images');
    expect(read).toEqual({ ...made.set, bytes: Uint8Array.from(made.set.bytes) });
    expect(Buffer.from(writeImageSet(read).file).equals(made.file)).toBe(true);
  });

  it('carries labels that are distributions', () => {
    const { targets, classes } = readImageSet(made.file, 'a.images');
    expect([targets.length, classes]).toEqual([15, 3]);
    for (let n = 0; n < 5; n++) expect(targets.subarray(n * 3, n * 3 + 3).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  });
});

describe('a file that is no good', () => {
  it('synthesise/not-an-image-set: an empty file, a foreign one', () => {
    const hint = '\n  hint: name an .images file; `spikeveil synthesise MODEL` makes one';
    expect(problem(new Uint8Array(0))).toBe(`error[synthesise/not-an-image-set] in a.images: the file is empty${hint}`);
    expect(problem(Buffer.from('PK\x03\x04 a zip'))).toBe(`error[synthesise/not-an-image-set] in a.images: this is not a set of made images: it begins with 50 4b 03 04 20 61 20 7a${hint}`);
  });

  it('synthesise/other-version', () => {
    expect(problem(changed((f) => f.writeUInt32LE(9, 8)))).toBe('error[synthesise/other-version] in a.images: the set has format version 9, this tool reads version 1\n'
      + '  hint: make the set again with `spikeveil synthesise` of this version');
  });

  it('synthesise/cut-short, wherever the cut is', () => {
    const { length } = made.file;
    expect(problem(made.file.subarray(0, length - 1))).toBe(`error[synthesise/cut-short] in a.images: the file has ${length - 1} bytes of ${length}: it is cut short\n  hint: ${AGAIN}`);
    for (let bytes = 1; bytes < length; bytes += 37) expect(problem(made.file.subarray(0, bytes))).toMatch(/^error\[synthesise\/cut-short\]/);
  });

  it('synthesise/damaged: a changed byte, bytes too many', () => {
    const want = `error[synthesise/damaged] in a.images: the file does not match its checksum: some of it has changed\n  hint: ${AGAIN}`;
    expect(problem(changed((f) => { f[f.length - 100] ^= 1; }))).toBe(want);
    expect(problem(Buffer.concat([made.file, Buffer.of(0)]))).toBe(want);
  });

  it('synthesise/malformed: a header that is no header', () => {
    const hint = '\n  hint: it was not written by this tool; make the set again with `spikeveil synthesise`';
    expect(problem(changed((f) => { f[16] = 0x20; }))).toBe(`error[synthesise/malformed] in a.images: the set cannot be read: its header is not JSON${hint}`);
    const at = Buffer.from(made.file).indexOf('"recipe":"mixed"');
    expect(problem(changed((f) => { f.write('"recipe":"mixes"', at); }))).toBe(`error[synthesise/malformed] in a.images: the set cannot be read: header /recipe must be equal to one of the allowed values${hint}`);
  });
});

describe('a set and a model', () => {
  const expected: ExpectedModel = { sha256: MODEL.sha256, shape: SHAPE, normalisation: NORMALISATION };
  const check = (changes: Partial<ExpectedModel>): string => {
    const report = new Reporter();
    checkImageSet(made.set, { ...expected, ...changes }, '--images', report);
    try { report.finish(); } catch (error) { return (error as Error).message; }
    return 'no problem';
  };

  it('belong together; one mean for all channels is the same as one each', () => {
    expect(check({})).toBe('no problem');
    const grey = { ...made.set, normalisation: { scale: 1, mean: [0.5, 0.5, 0.5], std: [1] } };
    const report = new Reporter();
    checkImageSet(grey, { ...expected, normalisation: { scale: 1, mean: [0.5], std: [1, 1, 1] } }, '--images', report);
    expect(report.errors).toEqual([]);
  });

  it('synthesise/other-model', () => {
    expect(check({ sha256: '0'.repeat(64) })).toBe('error[synthesise/other-model] for --images: the images were made from another model (small, SHA-256 abababababab); this file has 000000000000\n'
      + '  hint: make a set from this model with `spikeveil synthesise`, or leave --images out');
  });

  it('synthesise/wrong-shape', () => {
    expect(check({ shape: [8, 8, 3] })).toBe('error[synthesise/wrong-shape] for --images: the images are 3 x 8 x 8, the network takes 8 x 8 x 3 (channels, rows, columns)\n'
      + '  hint: give the same --layout, --mean and --std as when the set was made, or make it again');
  });

  it('synthesise/other-normalisation', () => {
    expect(check({ normalisation: { ...NORMALISATION, scale: 1 } })).toBe('error[synthesise/other-normalisation] for --images: the images were made for '
      + 'x = (byte / 255 - 0.5,0.4,0.3) / 0.2,0.3,0.25, here it is (byte / 1 - 0.5,0.4,0.3) / 0.2,0.3,0.25\n'
      + '  hint: give the same card or --scale, --mean and --std as when the set was made, or make it again');
  });
});
