import { describe, expect, it } from 'vitest';
import onnxProto from 'onnx-proto';
import { buildModel, floats, ints, node } from './build-model.js';

describe('the test writer', () => {
  it('writes what onnx-proto reads back', () => {
    const bytes = buildModel({
      nodes: [node('Reshape', ['x', 'to'], 'y'), node('Mul', ['y', 'k'], 'z', { axis: 1, ratio: 0.5, pads: [1, 2], mode: 'constant' })],
      initializers: [ints('to', [0, -1]), floats('k', [1], [2])],
    });
    const model = onnxProto.onnx.ModelProto.decode(bytes);
    expect(model.graph?.node?.map((n) => n.opType)).toEqual(['Reshape', 'Mul']);
    expect(model.graph?.node?.[1]?.attribute?.map((a) => [a.name, a.type])).toEqual([['axis', 2], ['ratio', 1], ['pads', 7], ['mode', 3]]);
    expect(model.graph?.output?.map((o) => o.name)).toEqual(['z']);
  });
});
