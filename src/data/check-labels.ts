/** What every reader checks of labels: as many as images, and each the number of a class. */
import { fail } from '../diagnostics.js';
import { inFile } from './read-packed.js';

/** Throws `data/count-differs` in the label file. */
export function checkCounts(path: string, images: number, labels: number): void {
  if (images !== labels) fail('data/count-differs', inFile(path), { images, labels });
}

/** Throws `data/label-range` with the first label that is no integer from 0 to classes - 1. */
export function checkLabels(path: string, labels: ArrayLike<number>, classes: number): void {
  let bad = 0;
  let first = -1;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label >= 0 && label < classes && Number.isInteger(label)) continue;
    bad++;
    if (first < 0) first = i;
  }
  if (bad > 0) fail('data/label-range', inFile(path), { index: first, label: labels[first], classes, bad });
}
