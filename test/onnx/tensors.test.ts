// Every element type, as raw bytes and in its typed field, as onnx-proto writes them; and how long a
// large file takes.
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { bfloatToNumber, halfToNumber } from '../../src/onnx/constant.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { buildModel, floats, node, tensor, values, type DataType } from './build-model.js';

/** What a tensor holds, seen through the shift of an affine node. */
function readBack(type: DataType, count: number, fields: Record<string, unknown>): number[] {
  const model = buildModel({ nodes: [node('Cast', ['w'], 'c', { to: 1 }), node('Add', ['x', 'c'], 'y')], inputs: [{ name: 'x', dims: [1, count] }], initializers: [tensor('w', type, [count], fields)] });
  const affine = importOnnxBytes(model, { name: 'm', report: new Reporter() }).graph.nodes[1];
  return affine.kind === 'affine' ? [...affine.shift] : [];
}
const raw = (array: ArrayBufferView<ArrayBuffer>): Record<string, unknown> => ({ rawData: new Uint8Array(array.buffer) });

describe('element types', () => {
  const cases: [DataType, readonly number[], Record<string, unknown>, Record<string, unknown>][] = [
    ['float', [1.5, -2], raw(Float32Array.of(1.5, -2)), { floatData: [1.5, -2] }],
    ['double', [1.5, -2], raw(Float64Array.of(1.5, -2)), { doubleData: [1.5, -2] }],
    ['float16', [1.5, -2], raw(Uint16Array.of(0x3e00, 0xc000)), { int32Data: [0x3e00, 0xc000] }],
    ['bfloat16', [1.5, -2], raw(Uint16Array.of(0x3fc0, 0xc000)), { int32Data: [0x3fc0, 0xc000] }],
    ['int8', [127, -128], raw(Int8Array.of(127, -128)), { int32Data: [127, -128] }],
    ['uint8', [127, 255], raw(Uint8Array.of(127, 255)), { int32Data: [127, 255] }],
    ['int16', [32767, -32768], raw(Int16Array.of(32767, -32768)), { int32Data: [32767, -32768] }],
    ['uint16', [1, 65535], raw(Uint16Array.of(1, 65535)), { int32Data: [1, 65535] }],
    ['int32', [2 ** 30, -(2 ** 31)], raw(Int32Array.of(2 ** 30, -(2 ** 31))), { int32Data: [2 ** 30, -(2 ** 31)] }],
    ['uint32', [1, 2 ** 31], raw(Uint32Array.of(1, 2 ** 31)), { uint64Data: [1, 2 ** 31] }],
    ['int64', [2 ** 52, -(2 ** 40), -1], raw(BigInt64Array.of(2n ** 52n, -(2n ** 40n), -1n)), { int64Data: [2 ** 52, -(2 ** 40), -1] }],
    ['uint64', [2 ** 52, 3], raw(BigUint64Array.of(2n ** 52n, 3n)), { uint64Data: [2 ** 52, 3] }],
    ['bool', [1, 0], raw(Uint8Array.of(1, 0)), { int32Data: [1, 0] }],
  ];
  for (const [type, expected, asBytes, asField] of cases) {
    it(`${type}, as bytes and in its field`, () => {
      expect(readBack(type, expected.length, asBytes)).toEqual(expected);
      expect(readBack(type, expected.length, asField)).toEqual(expected);
    });
  }

  it('the smallest, largest and special numbers of the short float types', () => {
    expect([0x0001, 0x03ff, 0x0400, 0x7bff, 0x8000, 0xfc00].map(halfToNumber)).toEqual([2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -0, -Infinity]);
    expect(halfToNumber(0x7e00)).toBeNaN();
    expect([0x0001, 0x7f7f, 0x8000, 0xff80].map(bfloatToNumber)).toEqual([2 ** -133, 255 * 2 ** 120, -0, -Infinity]);
  });
});

it('a file of 60 MB is read in under three seconds', () => {
  const side = 2750;
  const weights = values(side * side);
  const bytes = buildModel({
    nodes: [node('MatMul', ['x', 'a'], 'h'), node('Gemm', ['h', 'b'], 'y', { transB: 1 })],
    inputs: [{ name: 'x', dims: ['N', side] }],
    initializers: [floats('a', [side, side], weights), floats('b', [side, side], weights)],
  });
  expect(bytes.length).toBeGreaterThan(60e6);
  const start = process.cpuUsage();
  const { graph } = importOnnxBytes(bytes, { name: 'large.onnx', report: new Reporter() });
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(3000);
  expect(graph.nodes.map((n) => n.kind)).toEqual(['input', 'dense', 'dense']);
});
