/** Each pass alone: the values stay (afterPass checks them), and what it removes is gone. */
import { describe, expect, it } from 'vitest';
import type { Conv, Dense } from '../../src/graph/graph.js';
import { dropSoftmax } from '../../src/lower/drop-softmax.js';
import { foldAffine } from '../../src/lower/fold-affine.js';
import { foldBatchNorm } from '../../src/lower/fold-batch-norm.js';
import { lowerAveragePool } from '../../src/lower/lower-average-pool.js';
import { lowerConcat } from '../../src/lower/lower-concat.js';
import { lowerMaxPool } from '../../src/lower/lower-max-pool.js';
import { lowerPad } from '../../src/lower/lower-pad.js';
import { lowerSubtract } from '../../src/lower/lower-subtract.js';
import { normaliseReshapes } from '../../src/lower/normalise-reshapes.js';
import { removeTransposes } from '../../src/lower/remove-transposes.js';
import { afterPass, kindsOf } from './check.js';
import { graphBuilder } from './graph-builder.js';

describe('drop-softmax', () => {
  it('keeps the scores of the first output only', () => {
    const b = graphBuilder(1);
    const x = b.relu(b.dense(b.input([6]), 5));
    const scores = b.dense(x, 4);
    const soft = b.node('softmax', [scores], { axis: 0, log: true });
    const result = dropSoftmax(b.graph(soft, x), { report: () => { throw new Error('no report expected'); } } as never);
    expect(result.outputs).toEqual([scores]);
    expect(kindsOf(result)).toEqual({ input: 1, dense: 2, relu: 1 });
  });
});

describe('drop-softmax behind a reshape', () => {
  it('reshapes the scores instead', () => {
    const b = graphBuilder(1);
    const scores = b.conv(b.input([2, 1, 1]), 4, { kernel: [1, 1], pads: [0, 0, 0, 0] });
    const result = afterPass(b.graph(b.flatten(b.node('softmax', [scores], { axis: 0, log: false }))), dropSoftmax);
    expect(result.nodes.map((n) => n.id)).toEqual(['input1', 'conv1', 'reshape1:scores']);
  });
});

describe('remove-transposes', () => {
  it('cancels a channels-last network and permutes the dense columns', () => {
    const b = graphBuilder(2);
    const x = b.input([5, 4, 3]);
    const chw = b.node('transpose', [x], { permutation: [2, 0, 1] });
    const back = b.node('transpose', [b.conv(chw, 6)], { permutation: [1, 2, 0] });
    const rectified = b.relu(b.node('affine', [back], { scale: new Float32Array(120).map((_, i) => 1 + i % 6), shift: new Float32Array(120).map((_, i) => i % 6) }));
    const again = b.node('transpose', [rectified], { permutation: [2, 0, 1] });
    const last = b.relu(b.node('transpose', [b.conv(again, 2)], { permutation: [1, 2, 0] }));
    const result = afterPass(b.graph(b.dense(b.flatten(last), 3)), (g) => removeTransposes(g, { report: () => undefined } as never));
    expect(result.nodes.filter((n) => n.kind === 'transpose').map((n) => n.inputs)).toEqual([[x]]);
  });
});

describe('normalise-reshapes', () => {
  it('moves flattens behind element-wise nodes and merges chains', () => {
    const b = graphBuilder(3);
    const x = b.conv(b.node('reshape', [b.input([1, 48])], {}, [3, 4, 4]), 2);
    const flat = b.relu(b.flatten(x));
    const round = b.flatten(b.node('reshape', [flat], {}, [2, 16]));
    const result = afterPass(b.graph(b.dense(round, 4)), normaliseReshapes);
    expect(kindsOf(result)).toEqual({ input: 1, conv: 1, relu: 1, reshape: 1, dense: 1 });
  });
  it('takes [C] and [C, 1, 1] as the same thing', () => {
    const b = graphBuilder(4);
    const x = b.relu(b.dense(b.input([5]), 6));
    const y = b.relu(b.conv(b.node('reshape', [x], {}, [6, 1, 1]), 4, { kernel: [1, 1], pads: [0, 0, 0, 0] }));
    expect(kindsOf(afterPass(b.graph(b.dense(b.flatten(y), 2)), normaliseReshapes))).toEqual({ input: 1, dense: 3, relu: 2 });
  });
});

describe('fold-batch-norm', () => {
  it('folds into the layer before, under the batch norm name, with its statistics', () => {
    const b = graphBuilder(5);
    const norm = b.batchNorm(b.conv(b.input([3, 6, 6]), 4));
    const graph = b.graph(b.relu(norm));
    const result = afterPass(graph, foldBatchNorm);
    const conv = result.nodes[1] as Conv;
    const original = graph.nodes[2] as Extract<typeof graph.nodes[number], { kind: 'batch-norm' }>;
    expect(conv.id).toBe(norm);
    expect(conv.statistics).toEqual({ mean: original.beta, deviation: original.gamma.map(Math.abs) });
    expect(kindsOf(result)).toEqual({ input: 1, conv: 1, relu: 1 });
  });
  it('duplicates a convolution that others read, and reaches through pools', () => {
    const b = graphBuilder(6);
    const conv = b.conv(b.input([3, 6, 6]), 4);
    const pooled = b.batchNorm(b.pool('average-pool', conv, 2));
    const graph = b.graph(b.add(b.flatten(b.relu(pooled)), b.flatten(b.pool('max-pool', conv, 2))));
    expect(kindsOf(afterPass(graph, foldBatchNorm))).toEqual({ input: 1, conv: 2, 'average-pool': 1, 'max-pool': 1, relu: 1, reshape: 2, add: 1 });
  });
});

describe('fold-affine', () => {
  it('goes into dense columns, also through a flatten and place by place', () => {
    const b = graphBuilder(7);
    const x = b.input([2, 3, 3]);
    const scaled = b.node('affine', [x], { scale: new Float32Array(18).map((_, i) => i - 4), shift: new Float32Array(18).map((_, i) => i * i / 50) });
    const result = afterPass(b.graph(b.dense(b.flatten(scaled), 4)), foldAffine);
    expect(kindsOf(result)).toEqual({ input: 1, reshape: 1, dense: 1 });
  });
  it('is not folded over a dense layer where something else reads the value too', () => {
    const b = graphBuilder(7);
    const x = b.affine(b.input([4]));
    const result = afterPass(b.graph(b.add(b.dense(x, 4), x)), foldAffine);
    expect(kindsOf(result)).toEqual({ input: 1, dense: 2, add: 1 });
  });
  it('becomes a depthwise convolution or a diagonal dense layer', () => {
    const b = graphBuilder(8);
    const x = b.affine(b.relu(b.conv(b.input([2, 4, 4]), 3)));
    const y = b.relu(b.batchNorm(b.relu(b.dense(b.flatten(x), 5))));
    const result = afterPass(b.graph(b.relu(x), b.dense(y, 2)), foldAffine);
    expect(result.nodes.filter((n): n is Conv => n.kind === 'conv').map((n) => n.groups)).toEqual([1, 3]);
    expect(result.nodes.filter((n): n is Dense => n.kind === 'dense').map((n) => n.weight.length)).toEqual([240, 25, 10]);
  });
});

describe('lower-concat', () => {
  it('slices the weights of the layers behind it', () => {
    const b = graphBuilder(9);
    const x = b.input([2, 6, 6]);
    const joined = b.node('concat', [b.conv(x, 3), x, b.conv(x, 2)], { axis: 0 });
    const y = b.pool('max-pool', b.relu(b.batchNorm(joined)), 2);
    const result = afterPass(b.graph(b.conv(y, 4)), lowerConcat);
    expect(result.nodes.some((n) => n.kind === 'concat')).toBe(false);
  });
  it('puts parts in their places where the joined value is needed', () => {
    const b = graphBuilder(10);
    const x = b.input([2, 4, 4]);
    const joined = b.node('concat', [x, b.conv(x, 2)], { axis: 0 });
    const wide = b.node('concat', [joined, b.conv(x, 4)], { axis: 2 });
    const flat = b.node('concat', [b.flatten(wide), b.flatten(x)], { axis: 0 });
    const result = afterPass(b.graph(b.add(b.dense(flat, 3), b.dense(b.flatten(b.add(joined, b.conv(x, 4))), 3))), lowerConcat);
    expect(result.nodes.some((n) => n.kind === 'concat')).toBe(false);
  });
  it('keeps depthwise convolutions apart', () => {
    const b = graphBuilder(11);
    const x = b.input([2, 4, 4]);
    const joined = b.node('concat', [x, b.conv(x, 4)], { axis: 0 });
    const result = afterPass(b.graph(b.conv(b.conv(joined, 6, { groups: 6 }), 2, { groups: 2 })), lowerConcat);
    expect(result.nodes.some((n) => n.kind === 'concat')).toBe(false);
  });
});

describe('lower-subtract', () => {
  it('negates a layer in its weights and anything else by a depthwise convolution', () => {
    const b = graphBuilder(12);
    const x = b.input([2, 4, 4]);
    const y = b.relu(b.node('subtract', [x, b.conv(x, 2)], {}));
    const result = afterPass(b.graph(b.node('subtract', [y, b.relu(b.conv(x, 2))], {})), lowerSubtract);
    expect(kindsOf(result)).toEqual({ input: 1, conv: 3, add: 2, relu: 2 });
  });
});

describe('lower-pad', () => {
  it('becomes the padding of the convolution or average pool behind it', () => {
    const b = graphBuilder(13);
    const x = b.node('pad', [b.input([2, 4, 5])], { amounts: [[0, 0], [1, 2], [0, 1]], value: 0 });
    const y = b.node('pad', [b.conv(x, 3)], { amounts: [[0, 0], [0, 1], [0, 1]], value: 0 });
    expect(kindsOf(afterPass(b.graph(b.pool('average-pool', y, 2)), lowerPad))).toEqual({ input: 1, conv: 1, 'average-pool': 1 });
  });
  it('copies by convolutions elsewhere', () => {
    const b = graphBuilder(14);
    const x = b.input([4, 7, 8]);
    const sliced = b.node('slice', [x], { ranges: [{ start: 1, step: 2 }, { start: 1, step: 2 }, { start: 0, step: 3 }] }, [2, 3, 2]);
    const padded = b.node('pad', [sliced], { amounts: [[1, 1], [1, 0], [0, 2]], value: 0 });
    const cropped = b.node('pad', [padded], { amounts: [[0, 0], [-1, -1], [0, -1]], value: 0 });
    const flat = b.node('slice', [b.flatten(cropped)], { ranges: [{ start: 2, step: 3 }] }, [5]);
    expect(kindsOf(afterPass(b.graph(flat), lowerPad))).toEqual({ input: 1, conv: 3, reshape: 1, dense: 1 });
  });
});

describe('lower-max-pool', () => {
  const windows = [
    { name: '2x2', size: 2, stride: 2 }, { name: '3x3 overlapping, padded', size: 3, stride: 2, pads: [1, 1, 1, 1] as const },
    { name: '3x3 at stride 1', size: 3, stride: 1 }, { name: 'global', size: 8, stride: 1 }, { name: '4x4', size: 4, stride: 4 },
    { name: '3x3 with places left over', size: 3, stride: 3 },
  ];
  it.each(windows)('$name over values that are not negative', ({ size, stride, pads }) => {
    const b = graphBuilder(15);
    const x = b.relu(b.conv(b.input([2, 8, 8]), 3), 6);
    const result = afterPass(b.graph(b.pool('max-pool', x, size, { stride, ...(pads === undefined ? {} : { pads }) })), lowerMaxPool);
    expect(result.nodes.some((n) => n.kind === 'max-pool')).toBe(false);
    expect(result.nodes.every((n) => n.kind !== 'relu' || n.cap === 6)).toBe(true);
    expect(result.nodes.at(-1)?.kind).toBe('relu');
  });
  it('moves a ReLU behind it in front of it', () => {
    const b = graphBuilder(16);
    const x = b.conv(b.input([2, 8, 8]), 3);
    const result = afterPass(b.graph(b.relu(b.pool('max-pool', x, 3, { stride: 2, pads: [1, 1, 1, 1] }))), lowerMaxPool);
    expect(result.nodes[2]).toMatchObject({ kind: 'relu', inputs: [x] });
  });
  it('works on values of both signs', () => {
    const b = graphBuilder(17);
    const x = b.conv(b.input([2, 8, 8]), 3);
    expect(afterPass(b.graph(b.pool('max-pool', x, 4)), lowerMaxPool).nodes.at(-1)?.kind).toBe('add');
  });
});

describe('lower-average-pool', () => {
  it('leaves aligned pools, gives a window that fits once its own stride, and makes convolutions of the rest', () => {
    const b = graphBuilder(18);
    const x = b.relu(b.conv(b.input([2, 8, 8]), 3));
    const outputs = [
      b.pool('average-pool', x, 2), b.pool('average-pool', x, 8, { stride: 1 }), b.pool('average-pool', x, 3, { stride: 2 }),
      b.pool('average-pool', x, 3, { stride: 2, pads: [1, 1, 1, 1] }), b.pool('average-pool', x, 1, { stride: 2 }), b.pool('average-pool', x, 3),
    ];
    const result = afterPass(b.graph(...outputs), lowerAveragePool);
    expect(outputs.map((id) => result.nodes.find((n) => n.id === id)?.kind)).toEqual(['average-pool', 'average-pool', 'conv', 'conv', 'conv', 'conv']);
  });
});
