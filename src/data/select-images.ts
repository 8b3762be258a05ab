/**
 * Which images of a data set are meant: what stands behind the last colon of a spec. `:0-9999` and `:0-499,1000-1499`
 * are numbers and ranges that count from 0, both ends included; `:@FILE` reads them from a text file, one or
 * several a line. The order is kept, and no image is taken twice.
 */
import { fail } from '../diagnostics.js';
import type { Dataset } from './dataset.js';
import { inFile, readPacked } from './read-packed.js';
import { take } from './subset.js';

const RANGES = /^(.*:.*):(@.+|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/;
/** A longer selection is named by its length. */
const LONGEST_NAME = 40;

/** The data and the selection behind it; null where all are meant. */
export function splitSelection(spec: string): { readonly source: string; readonly selection: string | null } {
  const found = RANGES.exec(spec);
  return found === null ? { source: spec, selection: null } : { source: found[1], selection: found[2] };
}

/** The selected images. Throws `data/bad-selection`, and what `readPacked` throws. */
export function selectImages(dataset: Dataset, { selection, option }: { readonly selection: string; readonly option: string }): Dataset {
  const indices = indicesOf(selection, dataset.count, option);
  const named = selection.length <= LONGEST_NAME && !selection.startsWith('@') ? `images ${selection}` : `${indices.length} chosen images`;
  return { ...take(dataset, indices), name: `${dataset.name}, ${named}` };
}

function indicesOf(selection: string, count: number, option: string): number[] {
  const path = selection.startsWith('@') ? selection.slice(1) : null;
  const refuse = (text: string, problem: string): never => fail('data/bad-selection', path === null ? { kind: 'option', option } : inFile(path), { text, problem });
  const words = path === null ? selection.split(',') : wordsOf(path);
  if (words.length === 0) refuse(selection, 'names no image');
  const taken = new Uint8Array(count);
  return words.flatMap((word) => {
    const range = /^(\d+)(?:-(\d+))?$/.exec(word) ?? refuse(word, 'is no number and no range');
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (last < first) refuse(word, 'ends before it begins');
    if (last >= count) refuse(word, `goes beyond the ${count} images, which count from 0 to ${count - 1}`);
    return Array.from({ length: last - first + 1 }, (_, k) => {
      if (taken[first + k] === 1) refuse(word, `takes image ${first + k} a second time`);
      taken[first + k] = 1;
      return first + k;
    });
  });
}

const wordsOf = (path: string): readonly string[] => Buffer.from(readPacked(path)).toString('utf8').split(/[\s,]+/).filter((w) => w !== '');
