/**
 * A part of a data set. Files are often ordered by class, so the first hundred images may be of one
 * class: a stratified part takes equally many of each class, evenly spaced, in the order of the file.
 */
import { permutation, randomStream, substream } from '../random.js';
import type { Dataset } from './dataset.js';

export interface SubsetOptions {
  /** Images to keep, at most. */
  readonly limit: number;
  /** Spread over the classes and over the file (the default), or the first ones. */
  readonly stratified?: boolean;
}

/** At most `limit` images, always the same ones for the same data set and limit. */
export function subset(dataset: Dataset, { limit, stratified = true }: SubsetOptions): Dataset {
  if (limit >= dataset.count) return dataset;
  return take(dataset, stratified ? spread(dataset.labels, limit) : Array.from({ length: limit }, (_, i) => i));
}

/** The images at these indices, in this order. */
export function take(dataset: Dataset, indices: readonly number[]): Dataset {
  const size = dataset.images.length / dataset.count;
  const Pixels = dataset.images instanceof Uint8Array ? Uint8Array : Float32Array;
  const images = new Pixels(indices.length * size);
  indices.forEach((from, to) => images.set(dataset.images.subarray(from * size, (from + 1) * size), to * size));
  return { ...dataset, count: indices.length, images, labels: Uint16Array.from(indices, (i) => dataset.labels[i]) };
}

/** Share of the images of a class that `splitOf` keeps for testing. */
const TEST_SHARE = 0.2;

/** One of two parts that share no image, for data that come without a split: of each class a fifth, drawn by the seed, is for testing. In the order of the file. */
export function splitOf(dataset: Dataset, part: 'train' | 'test', seed: number): Dataset {
  const stream = substream(randomStream(seed), 'split');
  const chosen = [...membersOf(dataset.labels)].flatMap(([label, group]) => {
    const order = permutation(substream(stream, label), group.length);
    const tests = Math.round(TEST_SHARE * group.length);
    return [...order].slice(...(part === 'test' ? [0, tests] : [tests])).map((i) => group[i]);
  });
  return take({ ...dataset, name: `${dataset.name} ${part}` }, chosen.sort((a, b) => a - b));
}

/** Round after round one image of every class that has any left, until `limit` are shared out; then evenly spaced within each class. */
function spread(labels: Uint16Array, limit: number): number[] {
  const groups = [...membersOf(labels)].sort(([a], [b]) => a - b).map(([, group]) => group);
  const quota = groups.map(() => 0);
  for (let left = limit; left > 0;) {
    for (let g = 0; g < groups.length && left > 0; g++) {
      if (quota[g] === groups[g].length) continue;
      quota[g]++;
      left--;
    }
  }
  const chosen = groups.flatMap((group, g) => Array.from({ length: quota[g] }, (_, i) => group[Math.floor((i * group.length) / quota[g])]));
  return chosen.sort((a, b) => a - b);
}

/** Class to images, in the order of the file. */
function membersOf(labels: Uint16Array): Map<number, number[]> {
  const members = new Map<number, number[]>();
  labels.forEach((label, i) => {
    const group = members.get(label);
    if (group === undefined) members.set(label, [i]);
    else group.push(i);
  });
  return members;
}
