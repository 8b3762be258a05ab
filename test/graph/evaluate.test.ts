import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph, NodeId, Window } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { verifyGraph } from '../../src/graph/verify.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { graphBuilder, noise, windowOf } from './build-graph.js';
import { referenceEvaluate } from './reference-evaluate.js';

const kernels = createKernels();

/** Evaluates every node on `count` random samples and compares each with the reference. */
function check(graph: Graph, count = 3): void {
  verifyGraph(graph);
  const mark = kernels.memory.mark();
  const size = sizeOf(graph.nodes[0].shape);
  const images = noise(11, count * size);
  const { kept } = createEvaluator(graph, kernels).run(images, count, { keep: 'all' });
  for (let n = 0; n < count; n++) {
    const want = referenceEvaluate(graph, images.subarray(n * size, (n + 1) * size));
    for (const node of graph.nodes) {
      const length = sizeOf(node.shape);
      const got = kept.get(node.id)!.subarray(n * length, (n + 1) * length);
      const expected = want.get(node.id)!;
      const largest = expected.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
      const worst = expected.reduce((m, x, i) => Math.max(m, Math.abs(x - got[i])), 0);
      expect(worst / largest, `${node.id}, sample ${n}`).toBeLessThan(1e-5);
    }
  }
  kernels.memory.release(mark);
}

const small = fc.integer({ min: 0, max: 2 });
const windows: fc.Arbitrary<Window> = fc.record({
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  pads: fc.tuple(small, small, small, small),
});
const picture = fc.tuple(fc.integer({ min: 7, max: 12 }), fc.integer({ min: 7, max: 12 }));

describe('evaluate', () => {
  it('convolves with any window, groups and picture', () => {
    fc.assert(fc.property(windows, picture, fc.constantFrom(1, 2, 4), fc.integer({ min: 1, max: 3 }), (window, [height, width], groups, wide) => {
      const b = graphBuilder(3);
      const x = b.input([4, height, width]);
      check(b.graph(b.conv(x, groups * wide, window, groups)));
    }), { numRuns: 60, seed: 5 });
  });

  it('pools with any window', () => {
    fc.assert(fc.property(windows, picture, fc.boolean(), (window, [height, width], countPad) => {
      fc.pre(window.pads.every((p, i) => p < window.kernel[i % 2] * window.dilation[i % 2] && p < 3 && (window.kernel[i % 2] - 1) * window.dilation[i % 2] >= p));
      const b = graphBuilder(4);
      const x = b.input([2, height, width]);
      check(b.graph(b.add([x], { kind: 'average-pool', window, countPad }), b.add([x], { kind: 'max-pool', window })));
    }), { numRuns: 60, seed: 6 });
  });

  it('evaluates every kind of node', () => {
    const b = graphBuilder();
    const x = b.input([3, 8, 8]);
    const first = b.conv(x, 6, windowOf(3, { pads: [1, 1, 1, 1] }));
    const norm = b.add([first], {
      kind: 'batch-norm', gamma: noise(1, 6), beta: noise(2, 6), mean: noise(3, 6), variance: noise(4, 6).map((v) => v * v), epsilon: 1e-3,
    });
    const relu = b.add([norm], { kind: 'relu', cap: 1 });
    const scaled = b.add([relu], { kind: 'affine', scale: noise(5, 384), shift: noise(6, 384) });
    const sum = b.add([scaled, relu, first, scaled], { kind: 'add' });
    const minus = b.add([sum, relu], { kind: 'subtract' });
    const wide = b.add([minus, x, sum], { kind: 'concat', axis: 0 });
    const turned = b.add([wide], { kind: 'transpose', permutation: [1, 2, 0] });
    const padded = b.add([turned], { kind: 'pad', amounts: [[1, -2], [-1, 0], [2, 3]], value: 0.5 });
    const cut = b.add([padded], { kind: 'slice', shape: [3, 4, 5], ranges: [{ start: 6, step: -2 }, { start: 1, step: 1 }, { start: 0, step: 4 }] });
    const flat = b.add([cut], { kind: 'reshape', shape: [60] });
    const scores = b.dense(flat, 10);
    const soft = b.add([scores], { kind: 'softmax', axis: 0, log: false });
    const logs = b.add([cut], { kind: 'softmax', axis: 1, log: true });
    check(b.graph(soft, logs));
  });

  it('works in place only where nobody reads the input later', () => {
    const b = graphBuilder();
    const x = b.input([4, 4, 4]);
    const flat = b.add([x], { kind: 'reshape', shape: [64] });
    const rectified = b.add([flat], { kind: 'relu', cap: Infinity }); // must not spoil x, which the sum reads
    const back = b.add([rectified], { kind: 'reshape', shape: [4, 4, 4] });
    const twice = b.add([x, x], { kind: 'add' });
    const thrice = b.add([twice, back, twice], { kind: 'add' }); // the third term is the buffer of the first
    check(b.graph(b.add([thrice, back], { kind: 'subtract' })));
  });

  const deep = (): { graph: Graph; nodes: NodeId[] } => {
    const b = graphBuilder(9);
    let x = b.input([3, 9, 9]);
    const nodes = [x];
    for (const channels of [5, 12, 7]) {
      x = b.add([b.conv(x, channels, windowOf(3, { pads: [1, 1, 1, 1], stride: channels === 12 ? [2, 2] : [1, 1] }))], { kind: 'relu', cap: 6 });
      nodes.push(x);
    }
    return { graph: b.graph(b.dense(b.add([x], { kind: 'reshape', shape: [175] }), 10)), nodes };
  };

  it('gives a sample the same bits in a batch of any size', () => {
    const { graph, nodes } = deep();
    const run = createEvaluator(graph, kernels).run;
    const images = noise(2, 243 * 150);
    const together = run(images, 150, { keep: nodes });
    for (const n of [0, 1, 64, 149]) {
      const alone = run(images.subarray(n * 243, (n + 1) * 243), 1, { keep: nodes });
      expect(alone.outputs[0]).toEqual(together.outputs[0].slice(n * 10, (n + 1) * 10));
      for (const id of nodes) {
        const size = alone.kept.get(id)!.length;
        expect(alone.kept.get(id)).toEqual(together.kept.get(id)!.slice(n * size, (n + 1) * size));
      }
    }
  });

  it('frees all memory but its constants after a run', () => {
    const { graph } = deep();
    const evaluator = createEvaluator(graph, kernels);
    const mark = kernels.memory.mark();
    evaluator.run(noise(2, 243 * 3), 3);
    expect(kernels.memory.mark()).toBe(mark);
  });

  it('refuses a batch of another size', () => {
    const { graph } = deep();
    expect(() => createEvaluator(graph, kernels).run(noise(1, 100), 1)).toThrow('1 samples of 243 numbers need 243 numbers, not 100');
  });
});
