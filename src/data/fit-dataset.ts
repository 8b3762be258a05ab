/** Whether a data set and a network belong together: the shape of the images, and labels among the classes. */
import { fail } from '../diagnostics.js';
import type { Dataset } from './dataset.js';

export interface NetworkEnds {
  /** [channels, height, width] */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
}

/**
 * The data set in the network's shape, its labels among the classes. A network that takes a vector takes
 * the image row by row, channel by channel. Throws `run/data-shape` and
 * `run/data-classes` for the option `named`.
 */
export function fitDataset(dataset: Dataset, { imageShape, classes }: NetworkEnds, named = '--data'): Dataset {
  const option = { kind: 'option', option: named } as const;
  const flat = imageShape[1] * imageShape[2] === 1 && imageShape[0] === dataset.shape.reduce((a, b) => a * b, 1);
  if (!flat && dataset.shape.some((n, axis) => n !== imageShape[axis])) fail('run/data-shape', option, { data: dataset.shape, program: imageShape });
  const label = dataset.labels.reduce((a, b) => Math.max(a, b), 0);
  if (label >= classes) fail('run/data-classes', option, { label, classes });
  return flat ? { ...dataset, shape: imageShape } : dataset;
}
