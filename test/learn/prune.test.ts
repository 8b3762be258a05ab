// Which weights go: by magnitude, whole filters with their readers, and what a butterfly pattern leaves; and pruning in rounds.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { buildNetwork } from '../../src/learn/build-network.js';
import { prunableGraph, prunableSpiking } from '../../src/learn/prunable.js';
import { butterflyGrid, butterflySparsity, masked, pruneMask, sparsityOf, sparsityOfRound, totalSparsity, type PrunableLayer } from '../../src/learn/prune.js';
import { pruneAndTrain } from '../../src/learn/prune-and-train.js';
import { readArchitecture } from '../../src/learn/read-architecture.js';
import { graphTrainee, spikingTrainee } from '../../src/learn/trainee.js';
import { reinitialise } from '../../src/learn/train-graph.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { normal, randomStream, uniform } from '../../src/random.js';
import { graphBuilder, windowOf } from '../graph/build-graph.js';

const layer = (offset: number, filters: number, perFilter: number, more: Partial<PrunableLayer> = {}): PrunableLayer => ({ id: `at ${offset}`, offset, filters, perFilter, biases: offset + filters * perFilter, scale: 1, last: false, ...more });
const zeros = (mask: Uint8Array): number => mask.reduce((n, k) => n + 1 - k, 0);

/** Conv, pool, conv in two groups, dense. */
function network(): Graph<CoreNode> {
  const b = graphBuilder(3);
  const half = { kind: 'average-pool', window: windowOf(2, { stride: [2, 2] }), countPad: false } as const;
  const first = b.add([b.add([b.conv(b.input([1, 8, 8]), 4, windowOf(3, { pads: [1, 1, 1, 1] }))], { kind: 'relu', cap: Infinity })], half);
  const second = b.add([b.conv(first, 6, windowOf(3, { pads: [1, 1, 1, 1] }))], { kind: 'relu', cap: Infinity });
  return reinitialise(b.graph(b.dense(b.add([second], { kind: 'reshape', shape: [sizeOf(b.shapeOf(second))] }), 5)) as Graph<CoreNode>, 5);
}

describe('single weights', () => {
  const values = Float32Array.of(5, -1, 3, 0.5, /* biases */ 0, 0, -4, 2, /* biases */ 0.1, 0.1);
  const layers = [layer(0, 2, 2), layer(6, 2, 1)];
  it('go by magnitude over all layers, or in each', () => {
    expect([...pruneMask(values, layers, { structure: 'weight', scope: 'global', sparsity: 0.5 })]).toEqual([1, 0, 1, 0, 1, 1, 1, 0, 1, 1]);
    expect([...pruneMask(values, layers, { structure: 'weight', scope: 'layer', sparsity: 0.5 })]).toEqual([1, 0, 1, 0, 1, 1, 1, 0, 1, 1]);
    expect([...pruneMask(values, [layers[0], layer(6, 2, 1, { scale: 100 })], { structure: 'weight', scope: 'global', sparsity: 0.5 })]).toEqual([1, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });
  it('that are gone stay gone and count', () => {
    const before = Uint8Array.of(0, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    expect([...pruneMask(values, layers, { structure: 'weight', scope: 'global', sparsity: 1 / 3 }, { before })]).toEqual([0, 1, 1, 0, 1, 1, 1, 1, 1, 1]);
  });
});

describe('filters', () => {
  const graph = network();
  const { layers, readersOf } = prunableGraph(graph);
  const values = graphTrainee(graph).parameters.map((v, i) => v + (layers.some((l) => i >= l.biases && i < l.biases + l.filters) ? 0.3 : 0));
  it('go with bias and readers, and the scores are those of the network without them', () => {
    const mask = pruneMask(values, layers, { structure: 'filter', scope: 'global', sparsity: 0.5 }, { readersOf });
    const parameters = masked(values, mask);
    const { graph: pruned } = graphTrainee(graph).networkOf(parameters) as { graph: Graph<CoreNode> };
    const left = sparsityOf(parameters, layers);
    // 2 of 4 filters, 3 of 6 filters of half the channels, 5 classes of half the features
    expect(left.map((l) => [l.kept, l.weights])).toEqual([[18, 36], [54, 216], [240, 480]]);
    // with the filters cut out but their readers kept the scores are the same: nothing was sent
    const unread = values.slice();
    for (const l of layers) for (let f = 0; f < l.filters; f++) {
      if (mask[l.biases + f] === 1) continue;
      unread.fill(0, l.offset + f * l.perFilter, l.offset + (f + 1) * l.perFilter);
      unread[l.biases + f] = 0;
    }
    const { graph: cut } = graphTrainee(graph).networkOf(unread) as { graph: Graph<CoreNode> };
    const images = Float32Array.from(uniform(randomStream(1), 64));
    const scores = (of: Graph<CoreNode>): readonly number[] => [...createEvaluator(of, createKernels()).run(images, 1).outputs[0]];
    expect(scores(pruned)).toEqual(scores(cut));
    expect(totalSparsity(sparsityOf(unread, layers))).toBeLessThan(totalSparsity(left));
  });
  it('of the smallest norm go first, the classes never', () => {
    const mask = pruneMask(values, layers, { structure: 'filter', scope: 'global', sparsity: 0.25 });
    const norms = [0, 1, 2, 3].map((f) => values.subarray(f * 9, f * 9 + 9).reduce((s, v) => s + v * v, 0));
    const gone = [0, 1, 2, 3].filter((f) => mask[f * 9] === 0);
    expect(gone).toEqual([norms.indexOf(Math.min(...norms))]);
    expect(zeros(mask.subarray(layers[2].offset))).toBe(0);
    expect(zeros(pruneMask(values, layers, { structure: 'filter', scope: 'global', sparsity: 0.99 }).subarray(0, 36))).toBe(27); // one stays
  });
});

describe('a butterfly', () => {
  it('has the diagonal and one block for each power of two', () => {
    expect([1, 2, 4, 8, 16].map(butterflySparsity)).toEqual([0, 0, 0.25, 0.5, 0.6875]);
    const square = layer(0, 16, 16);
    expect([0.25, 0.5, 0.6, 0.9].map((s) => butterflyGrid(square, s))).toEqual([4, 8, 16, 16]);
    const mask = pruneMask(new Float32Array(272).fill(1), [square], { structure: 'butterfly', scope: 'layer', sparsity: 0.6875 });
    for (let i = 0; i < 16; i++) for (let j = 0; j < 16; j++) expect(mask[i * 16 + j]).toBe([0, 1, 2, 4, 8].includes(i ^ j) ? 1 : 0);
  });
  it('takes the largest other blocks back up to the sparsity that was asked for, also of long matrices', () => {
    const long = layer(0, 16, 40);
    const values = Float32Array.from(normal(randomStream(2), 16 * 40 + 16));
    for (const sparsity of [0.3, 0.55, 0.6]) {
      const mask = pruneMask(values, [long], { structure: 'butterfly', scope: 'layer', sparsity });
      expect(zeros(mask) / 640).toBeGreaterThanOrEqual(sparsity - 1e-9);
      expect(zeros(mask) / 640).toBeLessThan(sparsity + 0.02);
    }
  });
  it('of more rounds lies within that of fewer', () => {
    const square = layer(0, 32, 32);
    const values = new Float32Array(32 * 33).fill(1);
    const [half, most] = [0.5, 0.8125].map((sparsity) => pruneMask(values, [square], { structure: 'butterfly', scope: 'layer', sparsity }));
    expect(half.every((k, i) => k >= most[i])).toBe(true);
  });
});

describe('pruning in rounds', () => {
  const graph = network();
  const count = 60;
  const images = { count, images: Float32Array.from(uniform(randomStream(7), count * 64)), labels: Uint16Array.from({ length: count }, (_, i) => i % 5) };
  const run = { epochs: 1, batch: 20, rate: 0.01, optimiser: { kind: 'sgd', momentum: 0 }, schedule: { kind: 'constant' }, seed: 1, workers: 1 } as const;
  it('drops the same share of what is left each time', () => {
    expect([1, 2, 3].map((r) => sparsityOfRound(0.875, r, 3))).toEqual([0.5, 0.75, 0.875]);
  });
  it('trains what is left, from the rewind point or on, and keeps zeros', async () => {
    const trainee = graphTrainee(graph);
    const rewind = trainee.initial(99);
    const starts: Float32Array[] = [];
    const spy = { ...trainee, train: (parameters: Float32Array, ...rest: [typeof images, never]) => { starts.push(parameters.slice()); return trainee.train(parameters, ...rest); } } as typeof trainee;
    const options = { structure: 'weight', scope: 'global', sparsity: 0.75, rounds: 2, training: { images, run } } as const;
    const back = await pruneAndTrain(spy, trainee.parameters, { ...options, rewind });
    expect(starts.map((s) => totalSparsity(sparsityOf(s, trainee.prunable.layers)).toFixed(2))).toEqual(['0.50', '0.75']);
    starts[1].forEach((v, i) => expect([0, rewind[i]]).toContain(v));
    expect(totalSparsity(sparsityOf(back.parameters, trainee.prunable.layers))).toBeCloseTo(0.75, 2);
    back.mask.forEach((k, i) => { if (k === 0) expect(back.parameters[i]).toBe(0); });
    expect(back.parameters).not.toEqual(starts[1]);
    starts.length = 0;
    await pruneAndTrain(spy, trainee.parameters, { ...options, rewind: null });
    expect(starts[1].some((v, i) => v !== 0 && v !== trainee.parameters[i] && v !== rewind[i])).toBe(true);
  });
  it('looks at no image without training, and then needs one round', async () => {
    const trainee = graphTrainee(graph);
    const { parameters } = await pruneAndTrain(trainee, trainee.parameters, { structure: 'weight', scope: 'layer', sparsity: 0.9, rounds: 5, rewind: null, training: null });
    parameters.forEach((v, i) => expect([0, trainee.parameters[i]]).toContain(v));
    for (const l of sparsityOf(parameters, trainee.prunable.layers)) expect(1 - l.kept / l.weights).toBeCloseTo(0.9, 1);
  });
});

describe('a spiking network', () => {
  const architecture = readArchitecture(JSON.stringify({
    name: 'small', image: [1, 8, 8], normalisation: { scale: 255, mean: [0], std: [1] }, timesteps: 3, code: 'direct', neuron: { model: 'if', reset: 'soft', start: 0.5 }, surrogate: { shape: 'triangle', width: 1 },
    layers: [{ kind: 'conv', channels: 4, kernel: 3, pad: 1 }, { kind: 'pool', size: 2 }, { kind: 'conv', channels: 6, kernel: 3, pad: 1 }, { kind: 'fc', units: 5 }],
  }), 'small.json');
  const untrained = buildNetwork(architecture, 2);
  const { layers, readersOf } = prunableSpiking(untrained);
  it('has the layers of the float network, with the pooled cell undone', () => {
    expect(layers.map((l) => [l.filters, l.perFilter, l.scale, l.last])).toEqual([[4, 9, 1, false], [6, 36, 4, false], [5, 96, 1, true]]);
  });
  it('loses filters with what reads them, and keeps zeros while it learns', async () => {
    const trainee = spikingTrainee(architecture, untrained);
    const mask = pruneMask(trainee.parameters, layers, { structure: 'filter', scope: 'global', sparsity: 0.5 }, { readersOf });
    expect(sparsityOf(masked(trainee.parameters, mask), layers).map((l) => l.kept)).toEqual([18, 54, 240]);
    const count = 16;
    const images = { count, images: Float32Array.from(uniform(randomStream(8), count * 64)), labels: Uint16Array.from({ length: count }, (_, i) => i % 5) };
    const run = { epochs: 2, batch: 8, rate: 0.02, optimiser: { kind: 'sgd', momentum: 0.9 }, schedule: { kind: 'constant' }, seed: 1, workers: 1, kept: mask } as const;
    const learned = await trainee.train(trainee.parameters, images, run);
    expect(learned.filter((v, i) => mask[i] === 0 && v !== 0)).toHaveLength(0);
    expect(learned.filter((v, i) => mask[i] === 1 && v !== trainee.parameters[i]).length).toBeGreaterThan(100);
    expect(await trainee.train(trainee.parameters, images, { ...run, workers: 2 })).toEqual(learned);
  });
});
