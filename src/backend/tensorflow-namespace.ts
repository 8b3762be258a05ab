/**
 * The part of the TensorFlow.js namespace that the adapter calls, as an interface of our own: the
 * package is an optional peer, so its types may be missing. Any backend of TensorFlow.js has it, the
 * one in plain JavaScript too, on which the adapter is tested.
 */

export interface Tensor {
  readonly shape: readonly number[];
  dataSync(): unknown;
}

export interface TensorFlow {
  /** Versions of the packages, by package; the core alone has none. */
  readonly version?: Readonly<Record<string, string>>;
  ready(): Promise<void>;
  getBackend(): string;
  backend(): unknown;
  memory(): { readonly numTensors: number };
  /** Frees every tensor that `work` made. */
  tidy(work: () => void): unknown;
  tensor(values: Float32Array, shape: readonly number[], dtype: 'float32'): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  transpose(x: Tensor, permutation: readonly number[]): Tensor;
  pad(x: Tensor, paddings: readonly (readonly [number, number])[]): Tensor;
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  split(x: Tensor, parts: number, axis: number): readonly Tensor[];
  concat(parts: readonly Tensor[], axis: number): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor;
  conv2d(x: Tensor, filter: Tensor, strides: readonly [number, number], pad: 'valid'): Tensor;
  depthwiseConv2d(x: Tensor, filter: Tensor, strides: readonly [number, number], pad: 'valid'): Tensor;
  /** Gradient kernels have no function of their own in the namespace. */
  engine(): { runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attributes: Readonly<Record<string, unknown>>): unknown };
}

const FUNCTIONS: readonly (keyof TensorFlow)[] = [
  'ready', 'getBackend', 'backend', 'memory', 'tidy', 'tensor', 'add', 'transpose', 'pad', 'slice', 'split', 'concat', 'matMul', 'conv2d', 'depthwiseConv2d', 'engine',
];

/** Which functions an imported module lacks; none if it is a TensorFlow.js namespace. */
export function missingFunctions(module: object): readonly string[] {
  const found = module as Readonly<Record<string, unknown>>;
  return FUNCTIONS.filter((name) => typeof found[name] !== 'function');
}
