/**
 * The proof that the conversion means what the model means, layer by layer on the same images: the graph
 * after each pass of the lowering against the import, and the rates of the converted network, in floats
 * and in integers, against the ANN's activations clipped at the threshold. An error of the lowering
 * is a share of the value's scale; an error of a rate is a share of the threshold, so that 1 / T is one spike.
 */

/** Of one layer over all images and neurons. */
export interface LayerError {
  readonly largest: number;
  readonly mean: number;
}

export interface PassProof {
  readonly pass: string;
  /** Values that bear the same name in the import. */
  readonly compared: number;
  /** The value that differs most; null where none is compared. */
  readonly worst: { readonly layer: string; readonly error: number } | null;
}

export interface LayerProof {
  readonly layer: string;
  /** Largest error after any pass of the lowering; null for a layer that the lowering made. */
  readonly lowered: number | null;
  /** Rates of the spiking network in floats; null where learning changed its weights, and for the output. */
  readonly converted: LayerError | null;
  /** Rates of the integers, those of the output as a share of the scores' largest. */
  readonly integers: LayerError;
}

export interface Proof {
  readonly images: number;
  /** What the images are, in words. */
  readonly recipe: string;
  readonly timesteps: number;
  readonly passes: readonly PassProof[];
  /** Populations in order, the output last. */
  readonly layers: readonly LayerProof[];
}

/** The spiking layer whose integers are furthest from the ANN on the mean: where accuracy is lost. */
export const worstLayer = ({ layers }: Proof): LayerProof => layers.slice(0, Math.max(1, layers.length - 1)).reduce((a, b) => (b.integers.mean > a.integers.mean ? b : a));

/** Largest and mean |found - wanted| / unit; `unit` is per channel, [count, C, ...]. */
export function layerError(found: Float32Array, wanted: Float32Array, unit: Float32Array, count: number): LayerError {
  const pixels = wanted.length / count / unit.length;
  let largest = 0;
  let sum = 0;
  for (let i = 0; i < wanted.length; i++) {
    const theta = unit[Math.floor(i / pixels) % unit.length];
    const error = Math.abs(found[i] - Math.min(wanted[i], theta)) / theta;
    if (error > largest) largest = error;
    sum += error;
  }
  return { largest, mean: wanted.length === 0 ? 0 : sum / wanted.length };
}
