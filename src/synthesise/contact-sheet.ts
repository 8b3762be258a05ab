/** All images of a set on one PNG, in rows, to be looked at. */
import { PNG } from 'pngjs';
import type { PictureShape } from './picture.js';

export interface Pictures {
  readonly count: number;
  readonly shape: PictureShape;
  /** [count, C, H, W] */
  readonly bytes: Uint8Array;
}

const GAP = 2;
const GROUND = 255;
/** Images on a sheet; more would be too small to see. */
export const MOST_ON_A_SHEET = 400;

/**
 * The bytes of a PNG with the first images in rows of `columns`. Three channels are red, green and blue;
 * of any other number the first is shown in grey.
 */
export function contactSheet({ count, shape, bytes }: Pictures, columns = 20): Uint8Array {
  const [channels, height, width] = shape;
  const shown = Math.min(count, MOST_ON_A_SHEET);
  const across = Math.min(columns, shown);
  const png = new PNG({ width: across * (width + GAP) + GAP, height: Math.ceil(shown / across) * (height + GAP) + GAP });
  png.data.fill(GROUND);
  for (let i = 0; i < shown; i++) {
    const top = GAP + Math.floor(i / across) * (height + GAP);
    const left = GAP + (i % across) * (width + GAP);
    for (let p = 0; p < height * width; p++) {
      const to = ((top + Math.floor(p / width)) * png.width + left + (p % width)) * 4;
      for (let c = 0; c < 3; c++) png.data[to + c] = bytes[(i * channels + (channels === 3 ? c : 0)) * height * width + p];
    }
  }
  return PNG.sync.write(png);
}
