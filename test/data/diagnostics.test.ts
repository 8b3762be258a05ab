// Each message about data, set off by a real bad file, word for word.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/load-dataset.js';
import { CompileError } from '../../src/diagnostics.js';
import { idxImages, idxLabels, matFile, npyFile } from './file-makers.js';

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'data-')); });
afterAll(() => rmSync(folder, { recursive: true }));

type Files = Readonly<Record<string, Uint8Array>>;

/** Writes the files, loads the spec and gives the whole message; `DIR` stands for the folder in both. */
function refusal(spec: string, files: Files = {}): string {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  try {
    loadDataset(spec.replaceAll('DIR', folder));
  } catch (error) {
    if (error instanceof CompileError) return error.message.replaceAll(folder, 'DIR');
    throw error;
  }
  throw new Error(`${spec} was accepted`);
}

const labels2 = idxLabels([0, 1]);
const png = (width: number, height: number): Buffer => PNG.sync.write(new PNG({ width, height }));

const cases: readonly (readonly [code: string, spec: string, files: Files, text: string])[] = [
  ['data/unknown-scheme', 'DIR/x.bin', {}, `error[data/unknown-scheme] for --data: the data spec "DIR/x.bin" does not begin with a known kind of data
  hint: write KIND:PATH; the kinds are mnist, fashion-mnist, cifar10, cifar100, idx, npy, mat, images`],
  ['data/bad-spec', 'idx:one', {}, `error[data/bad-spec] for --data: the data spec "idx:one" does not name two files with a comma between them
  hint: write idx:IMAGES,LABELS`],
  ['data/bad-spec (no path)', 'cifar10:', {}, `error[data/bad-spec] for --data: the data spec "cifar10:" has no path
  hint: write cifar10:FILE or cifar10:FILE.gz`],
  ['data/bad-spec (part)', 'mnist:DIR#half', {}, `error[data/bad-spec] for --data: the data spec "mnist:DIR#half" names the part "half"
  hint: write mnist:DIR for the test images or mnist:DIR#train`],
  ['data/missing', 'cifar10:DIR/none.bin', {}, `error[data/missing]: DIR/none.bin is not there
  hint: check the path; it is taken from the folder the command runs in`],
  ['data/missing (names tried)', 'mnist:DIR/none', {}, `error[data/missing]: t10k-images-idx3-ubyte is not there
  hint: looked for DIR/none/t10k-images-idx3-ubyte.gz, DIR/none/t10k-images-idx3-ubyte, DIR/none/t10k-images.idx3-ubyte`],
  ['data/unreadable', 'cifar10:DIR', {}, `error[data/unreadable] in DIR: the file cannot be read: it is a folder
  hint: name a regular file that you may read`],
  ['data/too-large (bomb)', 'cifar10:DIR/bomb.gz', { 'bomb.gz': gzipSync(Buffer.alloc(2 ** 27)) }, `error[data/too-large] in DIR/bomb.gz: the data inflate to more than 67108864 bytes
  hint: the file is damaged or was made to fill the memory; unpack it by hand if you trust it`],
  ['data/broken-gzip', 'cifar10:DIR/cut.gz', { 'cut.gz': gzipSync(Buffer.alloc(3073)).subarray(0, 30) }, `error[data/broken-gzip] in DIR/cut.gz: the file is not a whole gzip file: unexpected end of file
  hint: copy or download it again; a file that is not packed must not end in .gz`],
  ['data/bad-magic', 'idx:DIR/l,DIR/i', { l: Buffer.concat([labels2, labels2]), i: idxImages(2, 2, 2) }, `error[data/bad-magic] in DIR/l: the file begins with 0x00000801, an IDX image file begins with 0x00000803
  hint: name an IDX image file; images come before labels in the spec`],
  ['data/wrong-size (records)', 'cifar10:DIR/odd.bin', { 'odd.bin': Buffer.alloc(3000) }, `error[data/wrong-size] in DIR/odd.bin: the data are 3000 bytes long, they should be a multiple of 3073 (one record)
  hint: the file is cut short, or it is of another format; copy it again or name its format in the spec`],
  ['data/wrong-size (header)', 'idx:DIR/i,DIR/l', { i: idxImages(2, 2, 2).subarray(0, 20), l: labels2 }, `error[data/wrong-size] in DIR/i: the data are 20 bytes long, they should be 24 for 2 images of 2 x 2 and a header of 16
  hint: the file is cut short, or it is of another format; copy it again or name its format in the spec`],
  ['data/empty', 'idx:DIR/i,DIR/l', { i: idxImages(0, 2, 2), l: idxLabels([]) }, `error[data/empty] in DIR/i: there is no image in it: 0 images of 2 x 2
  hint: a data set needs at least one image`],
  ['data/label-range', 'cifar10:DIR/c.bin', { 'c.bin': Buffer.alloc(6146, 10) }, `error[data/label-range] in DIR/c.bin: label 10 of image 0 is not a class from 0 to 9 (2 such labels)
  hint: labels are class numbers that count from 0; check that the file is of the data set you named`],
  ['data/count-differs', 'idx:DIR/i,DIR/l', { i: idxImages(3, 2, 2), l: labels2 }, `error[data/count-differs] in DIR/l: there are 3 images but 2 labels
  hint: name the label file that belongs to these images (test with test, training with training)`],
  ['data/npy-header', 'npy:DIR/a,DIR/b', { a: Buffer.from('{"not": "numpy"}'), b: labels2 }, `error[data/npy-header] in DIR/a: the npy header is not there: the file does not begin with \\x93NUMPY
  hint: write the file with numpy.save(path, array)`],
  ['data/npy-type', 'npy:DIR/a,DIR/b', { a: npyFile('>f4', [1, 1, 1], [1]), b: labels2 }, `error[data/npy-type] in DIR/a: the images are stored as ">f4"; |u1, <f4, <f8 can be read
  hint: convert with array.astype("uint8" or "float32")`],
  ['data/npy-order', 'npy:DIR/a,DIR/b', { a: npyFile('|u1', [1, 1, 1], [1], 'True'), b: labels2 }, `error[data/npy-order] in DIR/a: the array is stored column by column (Fortran order)
  hint: save numpy.ascontiguousarray(array) instead`],
  ['data/npy-shape', 'npy:DIR/a,DIR/b', { a: npyFile('|u1', [1, 9, 9, 9], []), b: labels2 }, `error[data/npy-shape] in DIR/a: the array has the shape (1, 9, 9, 9); (N, H, W), (N, C, H, W) and (N, H, W, C) can be read
  hint: reshape the array before it is saved; 1 to 4 channels, in front of or behind rows and columns`],
  ['data/not-finite', 'npy:DIR/a,DIR/b', { a: npyFile('<f4', [2, 1, 1], [0, NaN]), b: labels2 }, `error[data/not-finite] in DIR/a: a pixel of image 1 is NaN
  hint: pixels must be finite numbers; clean the array before it is saved`],
  ['data/mat-broken', 'DIR/m.mat', { 'm.mat': Buffer.from('not MATLAB') }, `error[data/mat-broken] in DIR/m.mat: the file cannot be read as a MATLAB file: it does not have the header of a level 5 file
  hint: save it again in MATLAB with save(file, ..., "-v7") or in Python with scipy.io.savemat`],
  ['data/mat-version', 'mat:DIR/m.mat', { 'm.mat': matFile([], 0x0200) }, `error[data/mat-version] in DIR/m.mat: the MATLAB file has version 2.0; level 5 files (-v6 and -v7) can be read
  hint: save it again with save(file, ..., "-v7"); a file of -v7.3 is HDF5`],
  ['data/mat-variables', 'mat:DIR/m.mat', { 'm.mat': matFile([{ name: 'fea', shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] }]) }, `error[data/mat-variables] in DIR/m.mat: the MATLAB file has no array of images beside a vector with a label for each; it holds fea (4 x 2)
  hint: images are pixels x N or N x pixels (square ones), H x W x N or H x W x C x N; labels are a row or a column of N`],
  ['data/bad-spec (part of a MATLAB file)', 'DIR/m.mat#half', {}, `error[data/bad-spec] for --data: the data spec "mat:DIR/m.mat#half" names the part "half"
  hint: write FILE.mat, FILE.mat#train or FILE.mat#test (a fifth of each class), by another seed FILE.mat#train,seed=1`],
  ['data/no-classes', 'images:DIR/flat', { 'flat/1.png': png(1, 1) }, `error[data/no-classes] in DIR/flat: the folder has no folder in it
  hint: put the images of each class in a folder of its own: DIR/cat/1.png, DIR/dog/1.png, ...; classes are numbered in the order of the names`],
  ['data/image-type', 'images:DIR/mixed', { 'mixed/a/1.png': png(1, 1), 'mixed/a/2.jpg': Buffer.from('x'), 'mixed/b/note.txt': Buffer.from('x') }, `error[data/image-type] in DIR/mixed: 2 files are not PNG: DIR/mixed/a/2.jpg, DIR/mixed/b/note.txt
  hint: convert them to PNG or move them elsewhere; hidden files are passed over`],
  ['data/image-broken', 'images:DIR/bad', { 'bad/a/1.png': png(2, 2).subarray(0, 40), 'bad/a/2.png': Buffer.from('x') }, `error[data/image-broken] in DIR/bad/a/1.png: the image cannot be read: There are some read requests waitng on finished stream
  hint: open and save it again as PNG, or remove it
error[data/image-broken] in DIR/bad/a/2.png: the image cannot be read: it does not begin as a PNG file does
  hint: open and save it again as PNG, or remove it`],
  ['data/image-size', 'images:DIR/sizes', { 'sizes/a/1.png': png(2, 2), 'sizes/b/1.png': png(3, 2) }, `error[data/image-size] in DIR/sizes/b/1.png: the image is 3 x 2, the first one is 2 x 2
  hint: bring all images to one size`],
];

it.each(cases)('%s', (_code, spec, files, text) => {
  expect(refusal(spec, files)).toBe(text);
});

it('refuses a plain file beyond the bound without reading it', () => {
  const path = join(folder, 'huge.bin');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 30 + 1);
  expect(refusal(`cifar10:${path}`)).toBe(`error[data/too-large] in DIR/huge.bin: the data are more than 1073741824 bytes
  hint: split the file and use one part`);
});
