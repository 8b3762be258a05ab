/** The SHA-256 of a labelled data set: shape, number, images and labels, wherever and however packed the files lie. */
import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.js';

/** In hexadecimal. The name does not count. */
export function datasetSha256({ shape, count, images, labels }: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify({ shape, count, floats: images instanceof Float32Array }));
  const labelBytes = new Uint8Array(2 * labels.length);
  labels.forEach((label, i) => { labelBytes[2 * i] = label & 255; labelBytes[2 * i + 1] = label >> 8; });
  return hash.update(new Uint8Array(images.buffer, images.byteOffset, images.byteLength)).update(labelBytes).digest('hex');
}
