/**
 * What another engine has to offer to take the dense work of the float network over: the matrix product
 * and the convolution with its gradients, on arrays. The own kernels do not go through this; they work
 * in place in their own memory (`kernels/`). Without a backend, the own kernels do everything.
 */
import type { MatrixSizes } from '../kernels/sgemm.js';

/** Who did the dense work; printed beside results, since another engine rounds floats otherwise. */
export interface BackendIdentity {
  readonly name: 'own' | 'tensorflow';
  /** Of the libraries; null for the own kernels, which have the version of this tool. */
  readonly version: string | null;
}

export const OWN_KERNELS: BackendIdentity = { name: 'own', version: null };

/** In words: `own kernels`, or `TensorFlow (tfjs-node 4.22.0)`. */
export function describeBackend({ name, version }: BackendIdentity): string {
  switch (name) {
    case 'own': return 'own kernels';
    case 'tensorflow': return version === null ? 'TensorFlow' : `TensorFlow (${version})`;
  }
}

/** A convolution over pictures of [channels, height, width]; pairs are [y, x], pads top, left, bottom, right. */
export interface ConvolutionSizes {
  readonly input: readonly [number, number, number];
  readonly output: readonly [number, number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly groups: number;
}

/**
 * One layer with its weights. Arrays hold `count` samples one after another, each in row-major order
 * (pictures: NCHW). They are read during the call only and may lie in shared memory; results are new.
 */
export interface LayerOnBackend {
  /** y, [count, ...output], from x, [count, ...input]. */
  readonly forward: (x: Float32Array, count: number) => Float32Array;
  /** d loss / dx, from d loss / dy. */
  readonly inputGradient: (dy: Float32Array, count: number) => Float32Array;
  /** d loss / d weight, summed over the samples, in the layout of the weight. */
  readonly weightGradient: (x: Float32Array, dy: Float32Array, count: number) => Float32Array;
}

export interface DenseBackend {
  readonly identity: BackendIdentity;
  /** a * b, row-major; a is [rows, depth], b [depth, columns], unless transposed. */
  readonly multiply: (a: Float32Array, b: Float32Array, sizes: MatrixSizes) => Float32Array;
  /** `weight` is [Co, Ci / groups, Kh, Kw], `bias` [Co]. */
  readonly convolution: (sizes: ConvolutionSizes, weight: Float32Array, bias: Float32Array) => LayerOnBackend;
}
