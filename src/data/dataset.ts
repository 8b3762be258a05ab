/**
 * Labelled images as every stage takes them: unsigned bytes (or floats that are already normalised)
 * in CHW order, one sample after another.
 */
export interface Dataset {
  readonly name: string;
  readonly count: number;
  /** [channels, height, width] of one image. */
  readonly shape: readonly [number, number, number];
  /** count * C * H * W bytes, or floats that need no normalisation. */
  readonly images: Uint8Array | Float32Array;
  /** Class of each image. */
  readonly labels: Uint16Array;
}
