/** Small ONNX files for the tests of the whole compiler, written by `onnx-proto`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { randomStream, uniform } from '../../src/random.js';
import { buildModel, floats, node, values, type ModelSpec, type NodeSpec } from '../onnx/build-model.js';

const folder = mkdtempSync(join(tmpdir(), 'tiny-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the model beside the others and gives its path. */
export function modelFile(name: string, spec: ModelSpec): string {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, buildModel(spec));
  return path;
}

/** Values as a trained layer has them: about 1 / sqrt(fan-in). */
const weights = (name: string, dims: readonly number[], seed: number) => {
  const fanIn = dims.slice(1).reduce((a, b) => a * b, 1);
  return floats(name, dims, values(dims.reduce((a, b) => a * b, 1), seed).map((v) => (2 * v) / Math.sqrt(fanIn)));
};

const headed = (body: readonly NodeSpec[], last: string): NodeSpec[] => [...body, node('Flatten', [last], 'flat'), node('Gemm', ['flat', 'w9', 'b9'], 'scores', { transB: 1 })];

/** Two convolutions and a dense layer on 1 x 6 x 6 pictures; `bias` is that of the second convolution. */
export const plainSpec = (bias: readonly number[] = [0.1, -0.2, 0.3, 0]): ModelSpec => ({
  inputs: [{ name: 'image', dims: ['N', 1, 6, 6] }],
  nodes: headed([
    node('Conv', ['image', 'w1', 'b1'], 'c1'), node('Relu', ['c1'], 'r1'),
    node('Conv', ['r1', 'w2', 'b2'], 'c2', { pads: [1, 1, 1, 1] }), node('Relu', ['c2'], 'r2'),
  ], 'r2'),
  initializers: [weights('w1', [3, 1, 3, 3], 1), floats('b1', [3], [0.1, 0, -0.1]), weights('w2', [4, 3, 3, 3], 2), floats('b2', [4], bias), weights('w9', [5, 64], 3), floats('b9', [5], values(5, 4))],
});

/** `plainSpec` with other activations. */
export const activatedSpec = (op: string, attributes: NodeSpec['attributes']): ModelSpec => {
  const spec = plainSpec();
  return { ...spec, nodes: spec.nodes.map((n) => (n.op === 'Relu' ? { ...n, op, attributes } : n)) };
};

/** Halves that are rectified on their own and joined the other way round, then a transposed convolution of stride 2. */
export const transposedSpec: ModelSpec = {
  inputs: [{ name: 'image', dims: ['N', 1, 6, 6] }],
  nodes: headed([
    node('Conv', ['image', 'w1', 'b1'], 'c1', { strides: [2, 2], pads: [1, 1, 1, 1] }), node('Split', ['c1'], ['p', 'q'], { axis: 1 }),
    node('Relu', ['p'], 'r1'), node('LeakyRelu', ['q'], 'r2', { alpha: 0.25 }), node('Concat', ['r2', 'r1'], 'joined', { axis: 1 }),
    node('ConvTranspose', ['joined', 'w2', 'b2'], 't', { strides: [2, 2] }), node('Relu', ['t'], 'r3'),
  ], 'r3'),
  opset: 13,
  initializers: [weights('w1', [4, 1, 3, 3], 9), floats('b1', [4], [0.1, 0, -0.1, 0.2]), weights('w2', [4, 2, 2, 2], 10), floats('b2', [2], [0.1, -0.1]), weights('w9', [5, 72], 11), floats('b9', [5], values(5, 12))],
};

/** Max pooling behind a convolution. */
export const maxPoolSpec: ModelSpec = {
  inputs: [{ name: 'image', dims: ['N', 1, 8, 8] }],
  nodes: headed([
    node('Conv', ['image', 'w1', 'b1'], 'c1', { pads: [1, 1, 1, 1] }), node('Relu', ['c1'], 'r1'),
    node('MaxPool', ['r1'], 'p1', { kernel_shape: [2, 2], strides: [2, 2] }),
    node('Conv', ['p1', 'w2'], 'c2'), node('Relu', ['c2'], 'r2'),
  ], 'r2'),
  initializers: [weights('w1', [3, 1, 3, 3], 5), floats('b1', [3], [0.1, 0, -0.1]), weights('w2', [4, 3, 3, 3], 6), weights('w9', [5, 16], 7), floats('b9', [5], values(5, 8))],
};

/** A picture that arrives flattened. */
export const flatSpec: ModelSpec = {
  inputs: [{ name: 'image', dims: ['N', 36] }],
  nodes: [node('Gemm', ['image', 'w1', 'b1'], 'd1', { transB: 1 }), node('Relu', ['d1'], 'r1'), node('Gemm', ['r1', 'w2'], 'd2', { transB: 1 }), node('Relu', ['d2'], 'r2'), node('Gemm', ['r2', 'w9', 'b9'], 'scores', { transB: 1 })],
  initializers: [weights('w1', [16, 36], 9), floats('b1', [16], values(16, 10).map((v) => v / 16)), weights('w2', [12, 16], 11), weights('w9', [5, 12], 12), floats('b9', [5], values(5, 13).map((v) => v / 16))],
};

/** Random bytes as images, all of class 0. */
export function randomBytes(count: number, shape: Dataset['shape'], seed = 1): Dataset {
  const size = shape[0] * shape[1] * shape[2];
  return { name: 'random bytes', count, shape, images: Uint8Array.from(uniform(randomStream(seed), count * size), (v) => v * 256), labels: new Uint16Array(count) };
}
