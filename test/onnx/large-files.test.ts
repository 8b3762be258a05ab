// Opening takes little memory beside the file: weights stay where they were read, turned round in place, and what
// side files and short numbers may grow to is bounded. The numbers are those that a careful copy has.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import type { Graph } from '../../src/graph/graph.js';
import { readTensor } from '../../src/onnx/constant.js';
import { readExternalData, tensorSource } from '../../src/onnx/external-data.js';
import { importOnnx, importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { mayOverwrite, transposeMatrix } from '../../src/onnx/transpose-matrix.js';
import { buildModel, floats, node, tensor, values, type ModelSpec, type TensorSpec } from './build-model.js';

const folder = mkdtempSync(join(tmpdir(), 'large-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const imported = (spec: ModelSpec): Graph => {
  const path = join(folder, `${files++}.onnx`);
  writeFileSync(path, buildModel(spec));
  return importOnnx(path, { report: new Reporter() }).graph;
};
const weightsOf = (graph: Graph): Float32Array[] => graph.nodes.flatMap((n) => (n.kind === 'dense' || n.kind === 'conv' ? [n.weight] : []));
const refusal = (work: () => unknown): string => {
  try { work(); } catch (error) { if (error instanceof CompileError) return error.message; throw error; }
  throw new Error('it was not refused');
};

it('a file and its bytes give the same weights, wherever the tensors lie', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), fc.string({ maxLength: 5 }), fc.boolean(), (sizes, prefix, transB) => {
    const dims = [8, ...sizes.map((s) => s * 5)];
    const spec: ModelSpec = {
      inputs: [{ name: 'x', dims: ['N', 8] }],
      nodes: sizes.map((_, i) => (transB ? node('Gemm', [i === 0 ? 'x' : `y${i}`, `${prefix}w${i}`], `y${i + 1}`, { transB: 1 }) : node('MatMul', [i === 0 ? 'x' : `y${i}`, `${prefix}w${i}`], `y${i + 1}`))),
      initializers: sizes.map((_, i) => floats(`${prefix}w${i}`, transB ? [dims[i + 1], dims[i]] : [dims[i], dims[i + 1]], values(dims[i] * dims[i + 1], i + 1))),
    };
    const bytes = buildModel(spec);
    const before = bytes.slice();
    const copied = importOnnxBytes(bytes, { name: 'x.onnx', report: new Reporter() }).graph;
    expect(weightsOf(imported(spec))).toEqual(weightsOf(copied));
    expect(bytes).toEqual(before); // the caller's bytes stay as they are
  }), { numRuns: 60, seed: 4 });
});

it('the weights of a file share its memory', () => {
  const graph = imported({ inputs: [{ name: 'x', dims: ['N', 64] }], nodes: [node('Gemm', ['x', 'a'], 'y', { transB: 1 }), node('MatMul', ['y', 'b'], 'z')], initializers: [floats('a', [64, 64], values(4096)), floats('b', [64, 32], values(2048))] });
  const [a, b] = weightsOf(graph);
  expect(a.buffer.byteLength).toBeGreaterThan(4 * (4096 + 2048));
  expect(a.buffer).toBe(b.buffer);
});

it('a matrix that two nodes read is turned round for each', () => {
  const graph = imported({ inputs: [{ name: 'x', dims: ['N', 3] }], nodes: [node('MatMul', ['x', 'w'], 'y'), node('MatMul', ['y', 'w'], 'z')], initializers: [floats('w', [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])] });
  expect(weightsOf(graph).map((w) => [...w])).toEqual([[1, 4, 7, 2, 5, 8, 3, 6, 9], [1, 4, 7, 2, 5, 8, 3, 6, 9]]);
});

it('transposing in place is transposing', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), (rows, columns) => {
    const data = values(rows * columns, rows + columns);
    const own = data.slice();
    mayOverwrite(own);
    const turned = transposeMatrix(own, rows, columns);
    expect(turned).toBe(own);
    expect(turned).toEqual(transposeMatrix(data, rows, columns));
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) if (turned[c * rows + r] !== data[r * columns + c]) throw new Error(`wrong at ${r}, ${c}`);
  }), { numRuns: 50, seed: 2 });
});

describe('what tensors may take is bounded', () => {
  const side = (name: string, location: string, fields: Record<string, number> = {}): TensorSpec => tensor(name, 'float', [64, 64], { dataLocation: 1, externalData: [{ key: 'location', value: location }, ...Object.entries(fields).map(([key, value]) => ({ key, value: String(value) }))] });
  const chain = (weights: readonly TensorSpec[]): ModelSpec => ({ inputs: [{ name: 'x', dims: ['N', 64] }], nodes: weights.map((w, i) => node('MatMul', [i === 0 ? 'x' : `y${i}`, w.tensor], `y${i + 1}`)), initializers: weights });
  const bytes = new Uint8Array(values(4096 + 16).buffer);
  writeFileSync(join(folder, 'side.bin'), bytes);
  mkdirSync(join(folder, 'deeper'));
  writeFileSync(join(folder, 'deeper', 'side.bin'), bytes);
  writeFileSync(join(folder, '..', 'large-files-secret.bin'), bytes);
  symlinkSync(join(folder, '..', 'large-files-secret.bin'), join(folder, 'link.bin'));
  afterAll(() => rmSync(join(folder, '..', 'large-files-secret.bin')));

  it('reads by offset and length, in folders below too', () => {
    const [a, b] = weightsOf(imported(chain([side('a', 'side.bin', { offset: 64, length: 16384 }), side('b', 'deeper/side.bin')])));
    expect(a).toEqual(transposeMatrix(values(4096 + 16).subarray(16), 64, 64));
    expect(b).toEqual(transposeMatrix(values(4096), 64, 64));
  });
  it.each(['../large-files-secret.bin', 'link.bin', '/etc/hostname', 'deeper/../../large-files-secret.bin', '..\\large-files-secret.bin'])('refuses %s', (location) => {
    expect(refusal(() => imported(chain([side('a', location)])))).toMatch(/^error\[onnx\/external-data\]/);
  });
  it('refuses to read the bytes of a side file again and again', () => {
    const source = { ...tensorSource(0, { folder, owned: false }), left: 0 };
    const read = (): object => readExternalData(new Map([['location', 'side.bin']]), bytes.length, source);
    for (let i = 0; i < 3; i++) expect(read()).toHaveProperty('bytes');
    expect(read()).toEqual({ problem: 'tensors name the bytes of "side.bin" again and again, more than 3 times in all' });
  });
  it('refuses short numbers that would grow beyond what a file of their size may take', () => {
    const record = { name: 'w', dims: [1000], type: 2, raw: new Uint8Array(1000), lists: { float: [], int32: [], int64: [], double: [], uint64: [] }, external: undefined };
    expect(readTensor(record, { ...tensorSource(0, { folder, owned: false }), left: 7999 })).toMatchObject({ problem: { problem: expect.stringContaining('more memory than a model of its size may') as string } });
    expect(readTensor(record, { ...tensorSource(0, { folder, owned: false }), left: 8000 })).toHaveProperty('constant');
  });
});
