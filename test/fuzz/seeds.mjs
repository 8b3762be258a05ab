// The good files that mutants are made from: small ones of each form that is read, and the models in the tree.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const models = fileURLToPath(new URL('../../models', import.meta.url));

const numbers = (count, seed) => Float32Array.from({ length: count }, (_, i) => ((((i + 1) * 7919 * seed) % 129) - 64) / 64 / Math.sqrt(count));
const size = (dims) => dims.reduce((a, b) => a * b, 1);
const floats = (name, dims, values = numbers(size(dims), name.length + dims.length)) => ({ name, dims, dataType: 1, rawData: new Uint8Array(Float32Array.from(values).buffer) });
const longs = (name, values, dims = [values.length]) => ({ name, dims, dataType: 7, rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) });
const attribute = (name, v) => (typeof v === 'number' ? (Number.isInteger(v) ? { name, type: 2, i: v } : { name, type: 1, f: v }) : typeof v === 'string' ? { name, type: 3, s: new TextEncoder().encode(v) } : v.dims ? { name, type: 4, t: v } : { name, type: 7, ints: v });
const node = (opType, input, output, attributes = {}) => ({ opType, name: `${opType}:${output}`, input, output: [output], attribute: Object.entries(attributes).map(([k, v]) => attribute(k, v)) });
const value = (name, dims) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) } } } });
const model = (nodes, initializer, { input = ['N', 1, 6, 6], opset = 17 } = {}) => ({
  irVersion: 8, producerName: 'spikeveil-fuzz', opsetImport: [{ domain: '', version: opset }],
  graph: { name: 'g', node: nodes, input: [value('x', input)], output: [{ name: nodes.at(-1).output[0] }], initializer },
});
const headed = (nodes, last, features) => [[...nodes, node('Flatten', [last], 'flat'), node('Gemm', ['flat', 'w9', 'b9'], 'scores', { transB: 1 })], [floats('w9', [5, features]), floats('b9', [5])]];

function small() {
  const conv = (input, name, out, more = {}) => [node('Conv', [input, name], out, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], ...more })];
  const forms = [
    ['plain', [...conv('x', 'w1', 'c1'), node('Relu', ['c1'], 'r1')], 'r1', 108, [floats('w1', [3, 1, 3, 3])]],
    ['batch-norm', [...conv('x', 'w1', 'c1'), node('BatchNormalization', ['c1', 'g', 'b', 'm', 'v'], 'n1', { epsilon: 1e-5 }), node('Relu', ['n1'], 'r1'), node('MaxPool', ['r1'], 'p1', { kernel_shape: [2, 2], strides: [2, 2] })], 'p1', 27, [floats('w1', [3, 1, 3, 3]), floats('g', [3], [1, 1, 1]), floats('b', [3]), floats('m', [3]), floats('v', [3], [1, 2, 3])]],
    ['residual', [...conv('x', 'w1', 'c1'), node('Relu', ['c1'], 'r1'), ...conv('r1', 'w2', 'c2', { group: 1 }), node('Add', ['c2', 'r1'], 'a1'), node('Clip', ['a1', 'lo', 'hi'], 'r2'), node('GlobalAveragePool', ['r2'], 'p2')], 'p2', 3, [floats('w1', [3, 1, 3, 3]), floats('w2', [3, 3, 3, 3]), floats('lo', [], [0]), floats('hi', [], [6])]],
    ['concat', [...conv('x', 'w1', 'c1'), node('Relu', ['c1'], 'r1'), ...conv('x', 'w2', 'c2', { strides: [1, 1] }), node('Relu', ['c2'], 'r2'), node('Concat', ['r1', 'r2'], 'k', { axis: 1 }), node('AveragePool', ['k'], 'p', { kernel_shape: [2, 2], strides: [2, 2] })], 'p', 45, [floats('w1', [3, 1, 3, 3]), floats('w2', [2, 1, 3, 3])]],
    ['shapes', [...conv('x', 'w1', 'c1'), node('Relu', ['c1'], 'r1'), node('Shape', ['r1'], 's'), node('Gather', ['s', 'i0'], 's0', { axis: 0 }), node('Unsqueeze', ['s0', 'i0v'], 's1'), node('Concat', ['s1', 'minus'], 's2', { axis: 0 }), node('Reshape', ['r1', 's2'], 'h'), node('Pad', ['r1', 'pads'], 'pd'), node('Slice', ['pd', 'st', 'en', 'ax', 'sp'], 'sl')], 'sl', 27, [floats('w1', [3, 1, 3, 3]), longs('i0', [0], []), longs('i0v', [0]), longs('minus', [-1]), longs('pads', [0, 0, 1, 1, 0, 0, 0, 0]), longs('st', [0, 0]), longs('en', [6, 6]), longs('ax', [2, 3]), longs('sp', [2, 2])]],
    ['constants', [node('Constant', [], 'k1', { value: floats('k', [1, 1, 1, 1], [0.5]) }), node('Mul', ['x', 'k1'], 'm1'), ...conv('m1', 'w1', 'c1', { dilations: [1, 1], auto_pad: 'SAME_UPPER', pads: [0, 0, 0, 0] }), node('Relu', ['c1'], 'r1')], 'r1', 72, [floats('w1', [2, 1, 3, 3])]],
  ];
  return forms.map(([name, nodes, last, features, weights]) => { const [all, extra] = headed(nodes, last, features); return [name, model(all, [...weights, ...extra])]; });
}

const dense = () => ['dense', model([node('Transpose', ['x'], 't', { perm: [0, 2, 3, 1] }), node('Transpose', ['t'], 'u', { perm: [0, 3, 1, 2] }), node('Flatten', ['u'], 'f'), node('MatMul', ['f', 'w1'], 'm'), node('Add', ['m', 'b1'], 'a'), node('Relu', ['a'], 'r'), node('Gemm', ['r', 'w2'], 'g', { alpha: 0.5, transB: 1 }), node('Softmax', ['g'], 'scores', { axis: 1 })], [floats('w1', [36, 8]), floats('b1', [8]), floats('w2', [5, 8])], { opset: 13 })];

/**
 * Each seed: its name, its bytes, a function that gives it as an object to change (small ones only), and its
 * share of the mutants. Large files are damaged where their structure is: in the first and last bytes.
 */
export function seeds() {
  const made = [...small(), dense()].map(([name, spec]) => {
    const bytes = Uint8Array.from(onnx.ModelProto.encode(onnx.ModelProto.fromObject(spec)).finish());
    return { name, bytes, model: () => onnx.ModelProto.toObject(onnx.ModelProto.decode(bytes), { longs: Number, arrays: true }), weight: 10 };
  });
  const tree = readdirSync(models).filter((m) => existsSync(join(models, m, 'model.onnx'))).sort().map((name) => {
    const bytes = readFileSync(join(models, name, 'model.onnx'));
    const decoded = () => onnx.ModelProto.toObject(onnx.ModelProto.decode(bytes), { longs: Number, arrays: true });
    return { name, bytes: new Uint8Array(bytes), model: bytes.length < 1.5e6 ? decoded : undefined, weight: bytes.length < 1e6 ? 1 : bytes.length < 2e6 ? 0.5 : 0.2 };
  });
  return [...made, ...tree];
}

/** One of the seeds by their weights. */
export function pickSeed(list, draws) {
  let left = draws.next() * list.reduce((sum, s) => sum + s.weight, 0);
  return list.find((s) => (left -= s.weight) < 0) ?? list[0];
}
