/**
 * Views of an image for training: moved by some pixels, and mirrored where that makes sense. In
 * private training the gradients of all views of an image are averaged before the clip, so that more views cost
 * time and no privacy (De et al., "Unlocking high-accuracy differentially private image classification", 2022).
 */
import { uniform, type RandomStream } from '../random.js';

export interface ViewOptions {
  /** K: views of each image in a step; 1 with no shift: the image itself. */
  readonly views: number;
  /** Most pixels along each axis. */
  readonly shift: number;
  readonly mirror: boolean;
}

export const NO_VIEWS: ViewOptions = { views: 1, shift: 0, mirror: false };

/** One view of [C, H, W]; what comes in at the border is `background`, one number a channel. */
export function viewOf(image: Float32Array, shape: readonly [number, number, number], background: ArrayLike<number>, { shift, mirror, stream }: Pick<ViewOptions, 'shift' | 'mirror'> & { readonly stream: RandomStream }): Float32Array {
  const [channels, rows, columns] = shape;
  const [down, right, flip] = uniform(stream, 3);
  const [dy, dx] = [down, right].map((u) => Math.floor(u * (2 * shift + 1)) - shift);
  const mirrored = mirror && flip < 0.5;
  const out = new Float32Array(image.length);
  for (let c = 0, at = 0; c < channels; c++) for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++, at++) {
    const from = [y - dy, mirrored ? columns - 1 - (x - dx) : x - dx];
    const inside = from[0] >= 0 && from[0] < rows && from[1] >= 0 && from[1] < columns;
    out[at] = inside ? image[(c * rows + from[0]) * columns + from[1]] : background[c];
  }
  return out;
}
