/** Whether a set of made images belongs to a model, read in a certain way. */
import type { Reporter } from '../diagnostics.js';
import type { ImageSet } from './image-set.js';
import type { PictureNormalisation, PictureShape } from './picture.js';

export interface ExpectedModel {
  readonly sha256: string;
  readonly shape: PictureShape;
  readonly normalisation: PictureNormalisation;
}

/** Reports `synthesise/other-model`, `synthesise/wrong-shape` and `synthesise/other-normalisation` at `option`. */
export function checkImageSet(set: ImageSet, expected: ExpectedModel, option: string, report: Reporter): void {
  const where = { kind: 'option', option } as const;
  if (set.modelSha256 !== expected.sha256) {
    report.report('synthesise/other-model', where, { name: set.modelName, found: set.modelSha256, wanted: expected.sha256 });
    return;
  }
  if (set.shape.some((n, axis) => n !== expected.shape[axis])) report.report('synthesise/wrong-shape', where, { given: set.shape, expected: expected.shape });
  else if (!sameNormalisation(set.normalisation, expected.normalisation)) report.report('synthesise/other-normalisation', where, { given: set.normalisation, expected: expected.normalisation });
}

function sameNormalisation(a: PictureNormalisation, b: PictureNormalisation): boolean {
  const same = (x: readonly number[], y: readonly number[]): boolean => Array.from({ length: Math.max(x.length, y.length) }, (_, c) => x[c % x.length] === y[c % y.length]).every(Boolean);
  return a.scale === b.scale && same(a.mean, b.mean) && same(a.std, b.std);
}
