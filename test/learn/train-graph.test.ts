// Training of the float network: it learns, gives the same bytes for any number of workers and after any
// interruption, and keeps pruned weights at zero.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/load-dataset.js';
import { CompileError } from '../../src/diagnostics.js';
import { predict } from '../../src/graph/evaluate-parallel.js';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { graphLayout, readGraphParameters } from '../../src/graph/graph-parameters.js';
import type { LabelledImages } from '../../src/learn/private-task.js';
import { reinitialise, trainGraph, type GraphTrainOptions, type GraphTrainProgress } from '../../src/learn/train-graph.js';
import { crossEntropy } from '../../src/learn/train-graph-task.js';
import { graphBuilder, windowOf } from '../graph/build-graph.js';

const folder = mkdtempSync(join(tmpdir(), 'train-graph-'));
afterAll(() => rmSync(folder, { recursive: true }));

const samples = 'models/samples/mnist-1000';
const mnist = loadDataset(`idx:${samples}-images-idx3-ubyte.gz,${samples}-labels-idx1-ubyte.gz`);
const set: LabelledImages = { count: mnist.count, images: Float32Array.from(mnist.images, (b) => (b / 255 - 0.13) / 0.31), labels: Uint16Array.from(mnist.labels) };

function network(): Graph<CoreNode> {
  const b = graphBuilder(3);
  const half = { kind: 'average-pool', window: windowOf(2, { stride: [2, 2] }), countPad: false } as const;
  const first = b.add([b.add([b.conv(b.input([1, 28, 28]), 6, windowOf(5, { stride: [2, 2], pads: [2, 2, 2, 2] }))], { kind: 'relu', cap: Infinity })], half);
  const second = b.add([b.conv(first, 12, windowOf(3, { pads: [1, 1, 1, 1] }))], { kind: 'relu', cap: Infinity });
  const flat = b.add([second], { kind: 'reshape', shape: [sizeOf(b.shapeOf(second))] });
  return reinitialise(b.graph(b.dense(flat, 10)) as Graph<CoreNode>, 5);
}
const graph = network();
const base: GraphTrainOptions = { epochs: 2, seed: 4, workers: 1, batch: 100, rate: 0.003, subset: Array.from({ length: 350 }, (_, i) => i * 2) };
const learn = async (options: Partial<GraphTrainOptions> = {}): Promise<Float32Array> => readGraphParameters((await trainGraph(graph, set, { ...base, ...options })).graph);

describe('training a float network', () => {
  it('learns MNIST from 800 images', async () => {
    const { subset: _, ...rest } = base;
    const seen: GraphTrainProgress[] = [];
    const trained = await trainGraph(graph, set, { ...rest, subset: Array.from({ length: 800 }, (__, i) => i), epochs: 8, batch: 50, onStep: (p) => seen.push(p) });
    const answers = await predict(trained.graph, set.images.subarray(800 * 784), 200, { workers: 1 });
    const right = answers.filter((a, i) => a === set.labels[800 + i]).length / 200;
    const before = (await predict(graph, set.images.subarray(800 * 784), 200, { workers: 1 })).filter((a, i) => a === set.labels[800 + i]).length / 200;
    expect(before).toBeLessThan(0.3);
    expect(right).toBeGreaterThan(0.85);
    expect(seen.map((p) => p.step)).toEqual(Array.from({ length: 128 }, (__, i) => i + 1));
    expect(trained.last).toEqual(seen[127]);
    expect(seen[127].accuracy).toBeGreaterThan(0.95);
    expect(seen[127].rate).toBeLessThan(0.1 * seen[0].rate);
  });

  it('gives the same bytes for 1, 2 and 3 workers', async () => {
    const one = await learn();
    expect(await learn({ workers: 2 })).toEqual(one);
    expect(await learn({ workers: 3 })).toEqual(one);
    expect(await learn({ seed: 5 })).not.toEqual(one);
  });

  it('keeps at zero what the masks hold there, and trains the rest', async () => {
    const [first, second] = graphLayout(graph).slots;
    const mask = Uint8Array.from({ length: second.weightCount }, (_, i) => i % 3 === 0 ? 1 : 0);
    const after = await learn({ masks: new Map([[second.id, mask]]), weightDecay: 0.001 });
    const start = readGraphParameters(graph);
    mask.forEach((keep, i) => (keep === 0 ? expect(after[second.weights + i]).toBe(0) : expect(after[second.weights + i]).not.toBe(start[second.weights + i])));
    expect(after.subarray(first.weights, first.biases).every((w) => w !== 0)).toBe(true);
  });

  it('pulls weights and not biases under weight decay', async () => {
    const squares = (p: Float32Array): number => graphLayout(graph).slots.reduce((sum, s) => sum + p.subarray(s.weights, s.biases).reduce((a, w) => a + w * w, 0), 0);
    expect(squares(await learn({ weightDecay: 0.5 }))).toBeLessThan(0.95 * squares(await learn()));
  });

  it('runs a part of the course, which is how a network is rewound', async () => {
    const seen: number[] = [];
    const early = await trainGraph(graph, set, { ...base, until: 3, onStep: (p) => seen.push(p.step) });
    await trainGraph(early.graph, set, { ...base, from: 3, onStep: (p) => seen.push(p.step) });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await trainGraph(graph, set, { ...base, from: 8 })).last).toBeNull();
  });

  it('learns from targets in place of labels, and from views', async () => {
    const targets = new Float32Array(10 * set.count);
    set.labels.forEach((l, i) => { targets[10 * i + l] = 1; });
    expect(await learn({ targets })).toEqual(await learn());
    targets.fill(0.1);
    expect(await learn({ targets })).not.toEqual(await learn());
    const moved = await learn({ augmentation: { shift: 2, mirror: true }, background: [-0.42] });
    expect(moved).not.toEqual(await learn());
    expect(await learn({ augmentation: { shift: 2, mirror: true }, background: [-0.42], workers: 2 })).toEqual(moved);
  });
});

describe('a checkpoint', () => {
  const stopAfter = async (path: string, step: number): Promise<void> => {
    const control = new AbortController();
    await expect(trainGraph(graph, set, { ...base, checkpoint: { path, everySteps: 2 }, signal: control.signal, onStep: (p) => { if (p.step === step) control.abort(); } })).rejects.toThrow();
  };

  it('goes on to the same bytes', async () => {
    const path = join(folder, 'go-on');
    await stopAfter(path, 5);
    const seen: number[] = [];
    const resumed = await learn({ checkpoint: { path, everySteps: 2 }, onStep: (p) => seen.push(p.step) });
    expect(seen[0]).toBe(5);
    expect(resumed).toEqual(await learn());
    expect(await learn({ checkpoint: { path, everySteps: 2 }, onStep: () => { throw new Error('it was done'); } })).toEqual(resumed);
  });

  it('of another job is refused', async () => {
    const path = join(folder, 'other');
    await stopAfter(path, 2);
    expect(existsSync(path)).toBe(true);
    await expect(learn({ rate: 0.004, checkpoint: { path, everySteps: 2 } })).rejects.toThrow('learn/checkpoint-of-another-job');
    await expect(learn({ subset: [1, 2, 3], checkpoint: { path, everySteps: 2 } })).rejects.toThrow('learn/checkpoint-of-another-job');
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] ^= 1;
    writeFileSync(path, bytes);
    await expect(learn({ checkpoint: { path, everySteps: 2 } })).rejects.toThrow('learn/checkpoint-damaged');
  });
});

describe('what cannot work', () => {
  it('is refused, all at once', async () => {
    const problem = await trainGraph(graph, { ...set, count: 999 }, { ...base, rate: 0, batch: 0.5, epochs: 0, weightDecay: -1, targets: new Float32Array(4) }).catch((e: unknown) => e);
    expect(problem).toBeInstanceOf(CompileError);
    expect((problem as CompileError).diagnostics.map((d) => d.code)).toEqual(['learn/images-differ', 'learn/classes-differ', 'learn/bad-setting', 'learn/bad-setting', 'learn/bad-setting', 'learn/bad-setting']);
  });

  it('diverges with a diagnostic', async () => {
    await expect(learn({ rate: 1e38 })).rejects.toThrow('learn/diverged');
  });
});

describe('the pieces', () => {
  it('cross-entropy has the slope of its differences', () => {
    const [scores, target] = [Float32Array.of(0.5, -1, 2), Float32Array.of(0.2, 0, 0.7)];
    const slopes = new Float32Array(3);
    const loss = (s: Float32Array): number => crossEntropy(s, target, new Float32Array(3)).loss;
    expect(crossEntropy(scores, target, slopes).correct).toBe(true);
    slopes.forEach((slope, c) => expect(slope).toBeCloseTo((loss(scores.with(c, scores[c] + 0.01)) - loss(scores.with(c, scores[c] - 0.01))) / 0.02, 4));
  });

  it('an untrained network has the variance of He and no biases, and wiring stays', () => {
    const [, second, third] = graphLayout(graph).slots;
    const parameters = readGraphParameters(graph);
    for (const [slot, gain] of [[second, 2], [third, 1]] as const) {
      const weights = parameters.subarray(slot.weights, slot.biases);
      expect(weights.reduce((s, w) => s + w * w, 0) / weights.length * (slot.weightCount / slot.biasCount)).toBeCloseTo(gain, 0);
      expect(parameters.subarray(slot.biases, slot.biases + slot.biasCount).every((b) => b === 0)).toBe(true);
    }
    expect(readGraphParameters(reinitialise(graph, 6))).not.toEqual(parameters);
    expect(readGraphParameters(reinitialise(graph, 5))).toEqual(parameters);
    const b = graphBuilder(1);
    const pick = b.add([b.input([2])], { kind: 'dense', weight: Float32Array.of(1, -1, 0, 1), bias: new Float32Array(2), shape: [2] });
    const wired = b.graph(b.dense(pick, 2)) as Graph<CoreNode>;
    expect(reinitialise(wired, 1).nodes[1]).toEqual(wired.nodes[1]);
  });
});
