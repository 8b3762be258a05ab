import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import type { Graph, Shape } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { verifyGraph } from '../../src/graph/verify.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { importOnnx, importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { findModelCard, readModelCard } from '../../src/onnx/model-card.js';
import { buildModel, floats, ints as longs, node, type ModelSpec } from '../onnx/build-model.js';
import { noise } from './build-graph.js';

const kernels = createKernels();
const root = fileURLToPath(new URL('../..', import.meta.url));
const modelFolders = ['models', join('..', 'shared', 'models')].flatMap((folder) => {
  const path = join(root, folder);
  if (!existsSync(path)) { console.log(`skipped: ${folder} is not there`); return []; }
  return readdirSync(path).map((name) => join(path, name)).filter((p) => existsSync(join(p, 'model.onnx')));
});

/** Our scores of each sample. */
function evaluate(graph: Graph, images: Float32Array, count: number): Float32Array {
  verifyGraph(graph);
  const mark = kernels.memory.mark();
  const [scores] = createEvaluator(graph, kernels).run(images, count).outputs;
  kernels.memory.release(mark);
  return scores;
}

/** onnxruntime's scores, one sample a run, since some models fix the batch at 1. */
async function evaluateOnnxruntime(model: Uint8Array, feeds: readonly { data: Float32Array; dims: readonly number[] }[], output?: string): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  const parts: number[] = [];
  for (const { data, dims } of feeds) {
    const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, dims) });
    parts.push(...results[output ?? session.outputNames[0]].data as Float32Array);
  }
  await session.release();
  return Float32Array.from(parts);
}

/** max |a - b| / max |b|. */
function relativeDifference(got: Float32Array, want: Float32Array): number {
  expect(got.length).toBe(want.length);
  const largest = want.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  return want.reduce((m, x, i) => Math.max(m, Math.abs(x - got[i])), 0) / (largest || 1);
}

function importFolder(folder: string): Graph | string {
  const path = join(folder, 'model.onnx');
  try {
    const report = new Reporter();
    const card = findModelCard(path);
    return importOnnx(path, { report, ...(card === undefined ? {} : { card: readModelCard(card, report) }) }).graph;
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics[0].code;
    throw error;
  }
}

/** [C, H, W] as [H, W, C]. */
function channelsLast(image: Float32Array, [channels, height, width]: Shape): Float32Array {
  return Float32Array.from({ length: image.length }, (_, i) => image[(i % channels) * height * width + Math.floor(i / channels)])
    .slice(0, channels * height * width);
}

describe('whole models agree with onnxruntime', () => {
  it.each(modelFolders.map((f) => [relative(root, f), f]))('%s', async (_, folder) => {
    const graph = importFolder(folder);
    const card = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as { expect: string; output?: string; input: { layout: string; shape: unknown[] } };
    if (typeof graph === 'string') { expect(card.expect, graph).toBe('reject'); return; }
    const { shape } = graph.nodes[0];
    const size = sizeOf(shape);
    const images = noise(31, 3 * size);
    const dims = card.input.shape.map((d) => (typeof d === 'number' ? d : 1));
    const feeds = [0, 1, 2].map((n) => {
      const image = images.subarray(n * size, (n + 1) * size);
      return { data: card.input.layout === 'NHWC' ? channelsLast(image, shape) : image, dims };
    });
    const want = await evaluateOnnxruntime(readFileSync(join(folder, 'model.onnx')), feeds, card.output);
    expect(relativeDifference(evaluate(graph, images, 3), want)).toBeLessThanOrEqual(1e-4);
  });
});

/** Builds a model, evaluates it both ways on two random samples of [4, 9, 10] and compares. */
async function agree(spec: Omit<ModelSpec, 'inputs'>): Promise<void> {
  const shape = [4, 9, 10];
  const bytes = buildModel({ ...spec, inputs: [{ name: 'x', dims: ['N', ...shape] }], irVersion: 8 });
  const { graph } = importOnnxBytes(bytes, { report: new Reporter(), name: 'test.onnx' });
  const images = noise(41, 720);
  const feeds = [0, 1].map((n) => ({ data: images.subarray(n * 360, (n + 1) * 360), dims: [1, ...shape] }));
  const want = await evaluateOnnxruntime(bytes, feeds);
  expect(relativeDifference(evaluate(graph, images, 2), want), JSON.stringify(spec.nodes)).toBeLessThanOrEqual(1e-5);
}

const one = fc.integer({ min: 1, max: 3 });
const pad = fc.integer({ min: 0, max: 2 });

describe('single operators agree with onnxruntime', () => {
  it('Conv with groups, stride, dilation and uneven pads', async () => {
    await fc.assert(fc.asyncProperty(fc.record({
      kernel: fc.tuple(one, one), strides: fc.tuple(one, one), dilations: fc.tuple(one, one), pads: fc.tuple(pad, pad, pad, pad),
      group: fc.constantFrom(1, 2, 4), wide: one,
    }), async ({ kernel, strides, dilations, pads, group, wide }) => {
      const dims = [group * wide, 4 / group, ...kernel];
      await agree({
        nodes: [node('Conv', ['x', 'w', 'b'], 'y', { kernel_shape: kernel, strides, dilations, pads, group })],
        initializers: [floats('w', dims, noise(1, sizeOf(dims))), floats('b', [group * wide], noise(2, group * wide))],
      });
    }), { numRuns: 40, seed: 8 });
  });

  it.each(['SAME_UPPER', 'SAME_LOWER', 'VALID'])('Conv with auto_pad %s', async (auto) => {
    await agree({
      nodes: [node('Conv', ['x', 'w'], 'y', { kernel_shape: [3, 4], strides: [2, 3], auto_pad: auto })],
      initializers: [floats('w', [5, 4, 3, 4], noise(1, 240))],
    });
  });

  it('MaxPool and AveragePool with pads and ceil mode', async () => {
    await fc.assert(fc.asyncProperty(fc.record({
      op: fc.constantFrom('MaxPool', 'AveragePool'), kernel: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 })),
      strides: fc.tuple(one, one), pads: fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1), fc.nat(1)), ceil: fc.nat(1), countPad: fc.nat(1),
    }), async ({ op, kernel, strides, pads, ceil, countPad }) => {
      const counting = op === 'AveragePool' ? { count_include_pad: countPad } : {};
      await agree({ nodes: [node(op, ['x'], 'y', { kernel_shape: kernel, strides, pads, ceil_mode: ceil, ...counting })] });
    }), { numRuns: 40, seed: 9 });
  });

  const flat = [node('Flatten', ['x'], 'f', { axis: 1 })];
  it.each([
    ['GlobalAveragePool', [node('GlobalAveragePool', ['x'], 'y')]],
    ['GlobalMaxPool', [node('GlobalMaxPool', ['x'], 'y')]],
    ['Transpose', [node('Transpose', ['x'], 'y', { perm: [0, 3, 1, 2] })]],
    ['Concat', [node('Relu', ['x'], 'r'), node('Concat', ['x', 'r', 'x'], 'y', { axis: 2 })]],
    ['Softmax', [...flat, node('Softmax', ['f'], 'y', { axis: 1 })]],
    ['LogSoftmax', [...flat, node('LogSoftmax', ['f'], 'y', { axis: 1 })]],
    ['Sub', [node('Relu', ['x'], 'r'), node('Sub', ['r', 'x'], 'y')]],
  ] as const)('%s', async (_, nodes) => { await agree({ nodes: [...nodes] }); });

  it('Gemm, BatchNormalization, Slice, Pad and Clip in one network', async () => {
    await agree({
      nodes: [
        node('BatchNormalization', ['x', 'gamma', 'beta', 'mean', 'variance'], 'n', { epsilon: 1e-3 }),
        node('Clip', ['n', 'zero', 'six'], 'c'),
        node('Pad', ['c', 'pads', 'half'], 'p'),
        node('Slice', ['p', 'starts', 'ends', 'axes', 'steps'], 's'),
        node('Flatten', ['s'], 'f', { axis: 1 }),
        node('Gemm', ['f', 'w', 'b'], 'y', { transB: 1 }),
      ],
      initializers: [
        floats('gamma', [4], noise(1, 4)), floats('beta', [4], noise(2, 4)), floats('mean', [4], noise(3, 4)), floats('variance', [4], noise(4, 4).map((v) => v * v)),
        floats('zero', [], [0]), floats('six', [], [6]), floats('half', [], [0.5]), longs('pads', [0, 0, 1, 2, 0, 0, 0, 1]),
        longs('starts', [9, 0]), longs('ends', [-20, 13]), longs('axes', [2, 3]), longs('steps', [-2, 3]),
        floats('w', [7, 4 * 5 * 5], noise(5, 700)), floats('b', [7], noise(6, 7)),
      ],
    });
  });
});
