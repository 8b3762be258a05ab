/**
 * The picture behind a network's input: its channels, rows and columns, how its bytes become the numbers
 * that the network takes, and moving it about. While an image is made it lives in [-1, 1], from
 * byte 0 to byte 255, whatever the network's normalisation is.
 */
import type { Shape } from '../graph/graph.js';

export type PictureShape = readonly [channels: number, height: number, width: number];

/** x = (byte / scale - mean) / std; one mean and std a channel. */
export interface PictureNormalisation {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A flattened picture of c channels is the square it probably was; otherwise one long row. */
export function pictureShape(input: Shape, channels: number): PictureShape {
  if (input.length === 3 && input[1] * input[2] > 1) return [input[0], input[1], input[2]];
  const places = input[0] / channels;
  const side = Math.sqrt(places);
  if (Number.isInteger(side)) return [channels, side, side];
  return Number.isInteger(places) ? [channels, 1, places] : [1, 1, input[0]];
}

/** The network's numbers from bytes: [count, channels, height, width]. */
export function normaliseBytes(bytes: Uint8Array, [channels, height, width]: PictureShape, { scale, mean, std }: PictureNormalisation): Float32Array {
  const plane = height * width;
  return Float32Array.from(bytes, (byte, i) => {
    const c = Math.floor(i / plane) % channels;
    return (byte / scale - mean[c % mean.length]) / std[c % std.length];
  });
}

/** The middle of each channel's range in the network's numbers, and half its width. */
export function channelRanges(channels: number, { scale, mean, std }: PictureNormalisation): { readonly middle: Float64Array; readonly half: Float64Array } {
  const at = (c: number): { readonly m: number; readonly s: number } => ({ m: mean[c % mean.length], s: std[c % std.length] });
  return {
    middle: Float64Array.from({ length: channels }, (_, c) => (127.5 / scale - at(c).m) / at(c).s),
    half: Float64Array.from({ length: channels }, (_, c) => 127.5 / (scale * at(c).s)),
  };
}

/** Clipped to [-1, 1] and rounded to bytes. */
export const toBytes = (pictures: Float32Array): Uint8Array => Uint8Array.from(pictures, (v) => Math.round((Math.min(1, Math.max(-1, v)) + 1) * 127.5));

/** Rolls pictures round by some rows and columns, and mirrors them after that. */
export interface Move { readonly rows: number; readonly columns: number; readonly mirror: boolean }

/**
 * Where each place of the moved picture comes from: [height * width]. `moved[i] = picture[table[i]]`;
 * gradients go back by `gradient[table[i]] = moved[i]`.
 */
export function moveTable([, height, width]: PictureShape, { rows, columns, mirror }: Move): Int32Array {
  const wrap = (v: number, n: number): number => ((v % n) + n) % n;
  return Int32Array.from({ length: height * width }, (_, i) => {
    const x = i % width;
    return wrap(Math.floor(i / width) - rows, height) * width + wrap((mirror ? width - 1 - x : x) - columns, width);
  });
}
