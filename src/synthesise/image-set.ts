/**
 * A set of made images: the bytes of each picture, the label that was asked of it, how it was made, and
 * which model file it was made from. From a set and its model anybody can check that no image of any
 * person went in: the same model, recipe, settings and seed give the same bytes.
 */
import { createHash } from 'node:crypto';
import { normaliseBytes, type PictureNormalisation, type PictureShape } from './picture.js';
import type { SampleSet } from './procedural-images.js';
import type { RecipeName } from './recipes.js';

/** What is written in a set's file beside its pictures. */
export interface ImageSetOrigin {
  readonly recipeName: RecipeName;
  /** Every setting of the recipe, by name. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly seed: number;
  /** SHA-256 of the model file, in hexadecimal. */
  readonly modelSha256: string;
  readonly modelName: string;
  readonly normalisation: PictureNormalisation;
}

export interface ImageSet extends SampleSet, ImageSetOrigin {
  /** [count, C, H, W]; `images` of the set are these, normalised. */
  readonly bytes: Uint8Array;
  readonly classes: number;
  /** Soft labels, [count, classes]. Procedural images have none: the array is then empty and `classes` 0. */
  readonly targets: Float32Array;
  /** SHA-256 of the file that holds the set, less its last 32 bytes, which are this hash. */
  readonly sha256: string;
}

export interface ImageSetParts extends ImageSetOrigin {
  readonly shape: PictureShape;
  readonly bytes: Uint8Array;
  readonly classes: number;
  readonly targets: Float32Array;
}

/** The words by which reports call the set. */
export function describeRecipe({ recipeName, settings, shape, bytes }: ImageSetParts): string {
  const count = bytes.length / (shape[0] * shape[1] * shape[2]);
  const steps = settings['steps'] === undefined ? '' : `, ${settings['steps']} steps`;
  return `${count} synthetic image${count === 1 ? '' : 's'} (recipe ${recipeName}${steps})`;
}

/** A set from its parts; `sha256` is that of its file. */
export function imageSet(parts: ImageSetParts, sha256: string): ImageSet {
  const [channels, height, width] = parts.shape;
  return {
    ...parts, sha256, count: parts.bytes.length / (channels * height * width),
    images: normaliseBytes(parts.bytes, parts.shape, parts.normalisation), recipe: describeRecipe(parts),
  };
}

/** SHA-256 in hexadecimal. */
export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
