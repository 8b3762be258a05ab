// Which images a spec means: ranges, single images and files of them, and every refusal.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { loadDataset } from '../../src/data/load-dataset.js';
import { splitSelection } from '../../src/data/select-images.js';

const folder = mkdtempSync(join(tmpdir(), 'select-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SPEC = 'idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz';
const whole = loadDataset(SPEC);
const problem = (spec: string): string => {
  try {
    loadDataset(spec, '--members');
  } catch (error) {
    if (error instanceof CompileError) return error.message.split('\n')[0];
    throw error;
  }
  return '';
};

describe('a selection', () => {
  it('is what stands behind the last colon, if it is numbers or a file', () => {
    expect(splitSelection('mnist:DIR#train:0-9,12')).toEqual({ source: 'mnist:DIR#train', selection: '0-9,12' });
    expect(splitSelection('mnist:DIR:@chosen.txt')).toEqual({ source: 'mnist:DIR', selection: '@chosen.txt' });
    for (const spec of ['mnist:DIR', 'cifar10:2020', 'images:C:\\pictures', 'npy:a.npy,b.npy']) expect(splitSelection(spec)).toEqual({ source: spec, selection: null });
  });

  it('takes images in the order it names them', () => {
    const { count, labels, images, name } = loadDataset(`${SPEC}:990-999,3,0-1`);
    const indices = [...Array.from({ length: 10 }, (_, k) => 990 + k), 3, 0, 1];
    expect(count).toBe(13);
    expect([...labels]).toEqual(indices.map((i) => whole.labels[i]));
    expect([...images.subarray(10 * 784, 11 * 784)]).toEqual([...whole.images.subarray(3 * 784, 4 * 784)]);
    expect(name).toBe('idx mnist-1000-images-idx3-ubyte, images 990-999,3,0-1');
  });

  it('can stand in a file', () => {
    const path = join(folder, 'chosen.txt');
    writeFileSync(path, '5\n7-9\n\n20, 21\n');
    const { labels, name } = loadDataset(`${SPEC}:@${path}`);
    expect([...labels]).toEqual([5, 7, 8, 9, 20, 21].map((i) => whole.labels[i]));
    expect(name).toMatch(/, 6 chosen images$/);
  });

  it('is refused word for word where it cannot be meant', () => {
    expect(problem(`${SPEC}:9-3`)).toBe('error[data/bad-selection] for --members: the selection "9-3" ends before it begins');
    expect(problem(`${SPEC}:990-1000`)).toBe('error[data/bad-selection] for --members: the selection "990-1000" goes beyond the 1000 images, which count from 0 to 999');
    expect(problem(`${SPEC}:0-5,3`)).toBe('error[data/bad-selection] for --members: the selection "3" takes image 3 a second time');
    const path = join(folder, 'bad.txt');
    writeFileSync(path, '5\nsix\n');
    expect(problem(`${SPEC}:@${path}`)).toBe(`error[data/bad-selection] in ${path}: the selection "six" is no number and no range`);
    writeFileSync(path, '\n');
    expect(problem(`${SPEC}:@${path}`)).toMatch(/names no image$/);
    expect(problem(`${SPEC}:@${join(folder, 'none.txt')}`)).toMatch(/^error\[data\/missing\]/);
  });
});
