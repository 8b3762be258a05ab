import { describe, expect, it } from 'vitest';
import { evaluateParallel, predict } from '../../src/graph/evaluate-parallel.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { graphBuilder, noise, windowOf } from './build-graph.js';

const b = graphBuilder(2);
const conv = b.conv(b.input([3, 6, 6]), 8, windowOf(3, { pads: [1, 1, 1, 1] }));
const graph = b.graph(b.dense(b.add([b.add([conv], { kind: 'relu', cap: Infinity })], { kind: 'reshape', shape: [288] }), 10));
const COUNT = 53;
const images = noise(5, COUNT * 108);

describe('evaluating over workers', () => {
  it.each([[1, 128], [1, 7], [2, 7], [3, 20]])('gives the bits of one evaluator with %i workers and chunks of %i', async (workers, chunk) => {
    const [want] = createEvaluator(graph, createKernels()).run(images, COUNT).outputs;
    const done: number[] = [];
    const got = await evaluateParallel(graph, images, COUNT, { workers, chunk, onDone: (n, total) => { expect(total).toBe(Math.ceil(COUNT / chunk)); done.push(n); } });
    expect(got).toEqual(want);
    expect(done).toEqual(Array.from({ length: Math.ceil(COUNT / chunk) }, (_, i) => i + 1));
  });

  it('names the class with the largest score', async () => {
    const scores = await evaluateParallel(graph, images, COUNT, { workers: 1 });
    const classes = await predict(graph, images, COUNT, { workers: 1 });
    expect(classes.length).toBe(COUNT);
    classes.forEach((c, i) => expect(scores[i * 10 + c]).toBe(Math.max(...scores.subarray(i * 10, i * 10 + 10))));
  });

  it('stops with the signal', async () => {
    const stop = new AbortController();
    const work = evaluateParallel(graph, images, COUNT, { workers: 2, chunk: 1, signal: stop.signal, onDone: () => stop.abort(new Error('enough')) });
    await expect(work).rejects.toThrow('enough');
  });

  it('has no work for no images', async () => {
    expect(await evaluateParallel(graph, new Float32Array(0), 0, { workers: 2 })).toEqual(new Float32Array(0));
  });
});
