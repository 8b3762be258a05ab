// TensorFlow.js as a dense backend: what our own evaluator, gradients and product say, it says to 1e-5, and it keeps no tensor.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ConvolutionSizes, DenseBackend } from '../../src/backend/dense-backend.js';
import { tensorFlowBackend } from '../../src/backend/tensorflow.js';
import type { TensorFlow } from '../../src/backend/tensorflow-namespace.js';
import { Reporter } from '../../src/diagnostics.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { evaluateParallel, predict } from '../../src/graph/evaluate-parallel.js';
import { createDifferentiator, type Loss } from '../../src/graph/gradients.js';
import { sizeOf, windowOutput, type CoreNode, type Graph, type Window } from '../../src/graph/graph.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { multiplyMatrices } from '../../src/kernels/sgemm.js';
import { lower } from '../../src/lower/lower.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { readModelCard } from '../../src/onnx/model-card.js';
import { observeActivations } from '../../src/spiking/observe-activations.js';
import { graphBuilder, noise, windowOf } from '../graph/build-graph.js';
import { randomNetwork } from '../lower/random-network.js';
import { engines, javascript } from './tensorflow-engines.js';

const kernels = createKernels();
const COUNT = 3;

/** Largest difference over the largest magnitude of what is expected, or over 1 if that is larger. */
function apart(got: Float32Array, want: Float32Array): number {
  if (got.length !== want.length) return Infinity;
  const largest = want.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
  return want.reduce((worst, x, i) => Math.max(worst, Number.isFinite(got[i]) ? Math.abs(x - got[i]) : Infinity), 0) / largest;
}

function onOwnMemory<R>(work: () => R): R {
  const mark = kernels.memory.mark();
  try {
    return work();
  } finally {
    kernels.memory.release(mark);
  }
}

/** Every node of the graph on both, on random samples: the largest difference. */
const forwardApart = (graph: Graph, backend: DenseBackend, images = noise(11, COUNT * sizeOf(graph.nodes[0].shape)), count = COUNT): number => onOwnMemory(() => {
  const want = createEvaluator(graph, kernels).run(images, count, { keep: 'all' }).kept;
  const got = createEvaluator(graph, kernels, backend).run(images, count, { keep: 'all' }).kept;
  return Math.max(...[...want].map(([id, values]) => apart(got.get(id)!, values)));
});

/** The gradient with respect to the images of a random mix of the outputs, on both. */
const gradientApart = (graph: Graph<CoreNode>, backend: DenseBackend, count = COUNT): number => onOwnMemory(() => {
  const images = noise(7, count * sizeOf(graph.nodes[0].shape));
  const mix = noise(8, count * sizeOf(graph.nodes.find((n) => n.id === graph.outputs[0])!.shape));
  const loss: Loss = { atOutput: () => mix };
  const want = createDifferentiator(graph, kernels).differentiate(images, count, loss);
  const got = createDifferentiator(graph, kernels, [], backend).differentiate(images, count, loss);
  return apart(got, want);
});

/** y is linear in the weight: d<dy, y> / d weight k is <dy, y> where weight k is 1 and all others and the bias are 0. */
function ownWeightGradient(sizes: ConvolutionSizes, length: number, x: Float32Array, dy: Float32Array): Float32Array {
  return Float32Array.from({ length }, (_, k) => onOwnMemory(() => {
    const b = graphBuilder();
    const input = b.input(sizes.input);
    const conv = b.add([input], { kind: 'conv', weight: new Float32Array(length).fill(1, k, k + 1), bias: new Float32Array(sizes.output[0]), window: sizes, groups: sizes.groups });
    const [y] = createEvaluator(b.graph(conv), kernels).run(x, COUNT).outputs;
    return y.reduce((sum, v, i) => sum + v * dy[i], 0);
  }));
}

interface Case { readonly shape: readonly [number, number, number]; readonly outputs: number; readonly window: Window; readonly groups: number }

const plain: Case = { shape: [4, 7, 6], outputs: 5, window: windowOf(3), groups: 1 };
const cases: Readonly<Record<string, Case>> = {
  'without padding': plain,
  'one pixel, one channel': { shape: [1, 4, 4], outputs: 1, window: windowOf(1), groups: 1 },
  'with padding': { ...plain, window: windowOf(3, { pads: [1, 1, 1, 1] }) },
  'uneven pads': { ...plain, window: windowOf(3, { pads: [2, 0, 1, 3] }) },
  'stride 2, which leaves a row over': { ...plain, window: windowOf(3, { stride: [2, 2], pads: [1, 0, 1, 0] }) },
  'unequal strides': { ...plain, window: windowOf(3, { stride: [2, 1], pads: [1, 1, 1, 1] }) },
  'a stride above the kernel': { ...plain, window: windowOf(1, { stride: [2, 3] }) },
  'dilation': { ...plain, window: windowOf(3, { dilation: [2, 1], pads: [2, 1, 2, 1] }) },
  'dilation and stride': { ...plain, window: windowOf(2, { dilation: [2, 3], stride: [3, 2], pads: [2, 1, 0, 2] }) },
  'two groups': { ...plain, outputs: 6, groups: 2, window: windowOf(3, { stride: [2, 1], pads: [1, 1, 1, 1] }) },
  'one filter a channel': { ...plain, outputs: 4, groups: 4, window: windowOf(3, { pads: [1, 1, 1, 1] }) },
  'one filter a channel, stride and dilation': { ...plain, outputs: 4, groups: 4, window: windowOf(2, { stride: [2, 2], dilation: [2, 3], pads: [1, 0, 2, 1] }) },
  'three filters a channel, uneven pads': { ...plain, outputs: 12, groups: 4, window: windowOf(3, { stride: [2, 2], pads: [0, 2, 1, 0] }) },
  'one filter a channel, unequal strides': { ...plain, outputs: 4, groups: 4, window: windowOf(3, { stride: [1, 2], pads: [1, 1, 1, 1] }) },
};

function headed({ shape, outputs, window, groups }: Case): Graph<CoreNode> {
  const b = graphBuilder(3);
  return b.graph(b.conv(b.input(shape), outputs, window, groups)) as Graph<CoreNode>;
}

const pools: Readonly<Record<string, Partial<Window> & { readonly size: number; readonly countPad: boolean }>> = {
  'side by side': { size: 2, stride: [2, 2], countPad: false },
  'overlapping, padding left out': { size: 3, stride: [2, 1], pads: [1, 1, 0, 1], countPad: false },
  'overlapping, padding counted': { size: 3, stride: [2, 2], pads: [1, 1, 1, 1], countPad: true },
  'dilated': { size: 2, dilation: [2, 3], pads: [1, 2, 1, 0], countPad: false },
  'over all': { size: 6, countPad: false },
};

const mnist = (): Graph => importOnnx('models/cnn_mnist/model.onnx', { card: readModelCard('models/cnn_mnist/model.json', new Reporter()), report: new Reporter() }).graph;

describe.each(engines.map((e) => [e.name, e] as const))('%s', (_, { backend, tensors }) => {
  const before = tensors();
  afterAll(() => { expect(tensors(), 'tensors left over').toBe(before); });

  describe.each(Object.entries(cases))('a convolution %s', (_name, made) => {
    const graph = headed(made);
    it('forward', () => expect(forwardApart(graph, backend)).toBeLessThan(1e-5));
    it('gradient of the input', () => expect(gradientApart(graph, backend)).toBeLessThan(1e-5));
    it('gradient of the weight', () => {
      const { shape: input, outputs, window, groups } = made;
      const sizes: ConvolutionSizes = { ...window, input, output: [outputs, ...windowOutput(window, input[1], input[2])], groups };
      const weight = noise(1, (outputs * input[0] / groups) * sizeOf(window.kernel));
      const [x, dy] = [noise(2, COUNT * sizeOf(input)), noise(3, COUNT * sizeOf(sizes.output))];
      const got = backend.convolution(sizes, weight, new Float32Array(outputs)).weightGradient(x, dy, COUNT);
      expect(apart(got, ownWeightGradient(sizes, weight.length, x, dy))).toBeLessThan(1e-5);
    });
    it('keeps no tensor', () => expect(tensors()).toBe(before));
  });

  describe.each(Object.entries(pools))('an average pool %s', (_name, { size, countPad, ...rest }) => {
    const b = graphBuilder(5);
    const graph = b.graph(b.add([b.input([3, 7, 6])], { kind: 'average-pool', window: windowOf(size, rest), countPad })) as Graph<CoreNode>;
    it('forward', () => expect(forwardApart(graph, backend)).toBeLessThan(1e-5));
    it('gradient', () => expect(gradientApart(graph, backend)).toBeLessThan(1e-5));
  });

  it('a dense layer, forward and back', () => {
    const b = graphBuilder(6);
    const graph = b.graph(b.dense(b.input([9]), 5)) as Graph<CoreNode>;
    expect(Math.max(forwardApart(graph, backend), gradientApart(graph, backend))).toBeLessThan(1e-5);
  });

  it.each([[false, false], [true, false], [false, true], [true, true]])('a product, left transposed %s, right transposed %s', (transposeA, transposeB) => {
    const sizes = { rows: 4, columns: 3, depth: 7, transposeA, transposeB };
    const [a, b] = [noise(1, 28), noise(2, 21)];
    expect(apart(backend.multiply(a, b, sizes), onOwnMemory(() => multiplyMatrices(kernels, a, b, sizes)))).toBeLessThan(1e-5);
  });

  it('takes arrays in shared memory, and its result is another array', () => {
    const a = new Float32Array(new SharedArrayBuffer(16));
    a.set([1, 0, 0, 1]);
    const product = backend.multiply(a, a, { rows: 2, columns: 2, depth: 2 });
    a.fill(0);
    expect([...product]).toEqual([1, 0, 0, 1]);
    const same = backend.convolution({ ...windowOf(1), input: [1, 1, 2], output: [1, 1, 2], groups: 1 }, Float32Array.of(1), Float32Array.of(0)).inputGradient(a.subarray(2), 1);
    a.fill(5);
    expect([...same]).toEqual([0, 0]);
  });

  it('whole random networks with every kind of node, and their gradients once lowered', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 4 }), (seed, blocks) => {
      const graph = randomNetwork(seed, blocks);
      expect(forwardApart(graph, backend)).toBeLessThan(1e-5);
      expect(gradientApart(lower(graph, { report: new Reporter(), kernels: createKernels() }), backend)).toBeLessThan(1e-5);
    }), { numRuns: 12, seed: 9 });
    expect(tensors()).toBe(before);
  });

  it('cnn_mnist on two images: scores and gradient', () => {
    const graph = mnist();
    const images = noise(4, 2 * sizeOf(graph.nodes[0].shape));
    expect(forwardApart(graph, backend, images, 2)).toBeLessThan(1e-5);
    expect(gradientApart(lower(graph, { report: new Reporter(), kernels: createKernels() }), backend, 2)).toBeLessThan(1e-5);
  });

  describe('where the float network runs in bulk', () => {
    const b = graphBuilder(2);
    const relu = b.add([b.conv(b.input([3, 6, 6]), 4, windowOf(3))], { kind: 'relu', cap: Infinity });
    const graph = b.graph(b.dense(b.add([relu], { kind: 'reshape', shape: [64] }), 10)) as Graph<CoreNode>;
    const images = noise(5, 20 * 108);

    it('scores in chunks, in this thread, and says how far it is', async () => {
      const done: number[] = [];
      const scores = await evaluateParallel(graph, images, 20, { workers: 2, chunk: 7, backend, onDone: (n) => { done.push(n); } });
      expect(apart(scores, await evaluateParallel(graph, images, 20, { workers: 1 }))).toBeLessThan(1e-5);
      expect(done).toEqual([1, 2, 3]);
      expect(await predict(graph, images, 20, { workers: 1, backend })).toEqual(await predict(graph, images, 20, { workers: 1 }));
    });

    it('stops with the signal', async () => {
      const stop = new AbortController();
      await expect(evaluateParallel(graph, images, 20, { workers: 1, chunk: 1, backend, signal: stop.signal, onDone: () => stop.abort(new Error('enough')) })).rejects.toThrow('enough');
    });

    it('the activations that thresholds are chosen on', () => {
      const want = observeActivations(graph, images, 20);
      const got = observeActivations(graph, images, 20, backend);
      for (const [id, channels] of want) channels.forEach((c, i) => expect(apart(got.get(id)![i], c)).toBeLessThan(1e-5));
    });
  });
});

it('names the libraries and their versions as far as it knows them', () => {
  const named = (version: TensorFlow['version'], engine: unknown): string | null => tensorFlowBackend({ ...javascript, ...(version === undefined ? {} : { version }), backend: () => engine }).identity.version;
  expect(named({ 'tfjs-core': '4.22.0', 'tfjs-node': '4.22.0' }, { binding: { TF_Version: '2.9.1' } })).toBe('tfjs-node 4.22.0, libtensorflow 2.9.1');
  expect(named({ 'tfjs-node': '4.22.0' }, {})).toBe('tfjs-node 4.22.0');
  expect(named(undefined, {})).toBe(null);
});
