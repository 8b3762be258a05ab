// Writes a model whose weights take `bytes`, without holding it in memory: dense layers of 4096 x 4096 on a
// flat picture, in one file or with the weights in a file beside it. For the memory that opening takes.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { randomStream, uniform } from '../../dist/random.js';

const { onnx } = onnxProto;
const SIDE = 4096;
const TENSOR_BYTES = 4 * SIDE * SIDE;

/** A block of seeded weights of the usual size, written for every layer. */
const block = () => Buffer.from(Float32Array.from(uniform(randomStream(16), SIDE * SIDE), (u) => (2 * u - 1) / 64).buffer);

const varint = (value) => { const out = []; for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128); return Buffer.from([...out, value]); };
const field = (number, length) => Buffer.concat([varint(number * 8 + 2), varint(length)]);
const value = (name, dims) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) } } } });

/** Gives the path of the model in `folder` and the bytes of model and side file together. */
export function writeLargeModel(folder, { bytes, external }) {
  const layers = Math.max(1, Math.round(bytes / TENSOR_BYTES));
  const names = Array.from({ length: layers }, (_, i) => `w${i}`);
  const node = names.flatMap((name, i) => [
    { opType: 'MatMul', name: `m${i}`, input: [i === 0 ? 'x' : `r${i - 1}`, name], output: [`m${i}`] },
    { opType: 'Relu', name: `r${i}`, input: [`m${i}`], output: [`r${i}`] },
  ]);
  const head = (name) => ({ name, dims: [SIDE, SIDE], dataType: 1 });
  const entries = (i) => [['location', 'weights.bin'], ['offset', i * TENSOR_BYTES], ['length', TENSOR_BYTES]].map(([key, v]) => ({ key, value: String(v) }));
  const graph = Buffer.from(onnx.GraphProto.encode({ name: 'large', node, input: [value('x', ['N', SIDE])], output: [value(`r${layers - 1}`, ['N', SIDE])], initializer: external ? names.map((n, i) => ({ ...head(n), dataLocation: 1, externalData: entries(i) })) : [] }).finish());
  const tensors = external ? [] : names.map((n) => Buffer.from(onnx.TensorProto.encode(head(n)).finish()));
  const rawHead = field(9, TENSOR_BYTES);
  const sizes = tensors.map((t) => t.length + rawHead.length + TENSOR_BYTES);
  const graphBytes = graph.length + sizes.reduce((sum, s) => sum + field(5, s).length + s, 0);
  const front = Buffer.from(onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }] }).finish());
  const path = join(folder, 'model.onnx');
  const weights = block();
  const file = openSync(path, 'w');
  let written = 0;
  const write = (part, to = file) => { written += writeSync(to, part); };
  for (const part of [front, field(7, graphBytes), graph]) write(part);
  tensors.forEach((t, i) => { for (const part of [field(5, sizes[i]), t, rawHead, weights]) write(part); });
  closeSync(file);
  if (external) {
    const side = openSync(join(folder, 'weights.bin'), 'w');
    for (let i = 0; i < layers; i++) write(weights, side);
    closeSync(side);
  }
  return { path, bytes: written };
}

