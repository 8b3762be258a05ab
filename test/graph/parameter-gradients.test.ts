// Gradients with respect to weights and biases: the kernels against central differences of a double-precision reference.
import { describe, expect, it } from 'vitest';
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { graphLayout, isWiring, readGraphParameters, withGraphParameters } from '../../src/graph/graph-parameters.js';
import { createParameterDifferentiator } from '../../src/graph/parameter-gradients.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { graphBuilder, noise, windowOf } from './build-graph.js';
import { gradientCases, headed, relu } from './gradient-cases.js';
import { referenceValues } from './reference-gradients.js';

const COUNT = 3;
const outputs = (graph: Graph<CoreNode>): number => sizeOf(graph.nodes.find((n) => n.id === graph.outputs[0])!.shape);
const kernels = createKernels();

/** Of the sum over the samples of mix * output. */
function gradientOf(graph: Graph<CoreNode>): Float32Array {
  const gradient = new Float32Array(graphLayout(graph).length);
  createParameterDifferentiator(graph, kernels).differentiate(noise(7, COUNT * sizeOf(graph.nodes[0].shape)), COUNT, () => noise(8, COUNT * outputs(graph)), gradient);
  return gradient;
}

/** The same loss in double precision with one parameter moved; the weights stay doubles on the way. */
function lossWith(graph: Graph<CoreNode>, parameters: Float64Array): number {
  const { slots } = graphLayout(graph);
  const moved = {
    ...graph, nodes: graph.nodes.map((n) => {
      const slot = slots.find((s) => s.id === n.id);
      return slot === undefined ? n : { ...n, weight: parameters.subarray(slot.weights, slot.biases), bias: parameters.subarray(slot.biases, slot.biases + slot.biasCount) };
    }),
  } as unknown as Graph<CoreNode>;
  const [size, classes] = [sizeOf(graph.nodes[0].shape), outputs(graph)];
  const [images, mix] = [noise(7, COUNT * size), noise(8, COUNT * classes)];
  let loss = 0;
  for (let i = 0; i < COUNT; i++) {
    const scores = referenceValues(moved, Float64Array.from(images.subarray(i * size, (i + 1) * size))).get(graph.outputs[0])!;
    scores.forEach((s, c) => { loss += s * mix[i * classes + c]; });
  }
  return loss;
}

/** At most 30 weights and 6 biases of each layer, spread over it. */
function places(graph: Graph<CoreNode>): number[] {
  const spread = (first: number, count: number, most: number): number[] => Array.from({ length: Math.min(count, most) }, (_, i) => first + Math.floor((i * count) / Math.min(count, most)));
  return graphLayout(graph).slots.flatMap((s) => [...spread(s.weights, s.weightCount, 30), ...spread(s.biases, s.biasCount, 6)]);
}

function differences(graph: Graph<CoreNode>, at: readonly number[]): number[] {
  const parameters = Float64Array.from(readGraphParameters(graph));
  return at.map((i) => (lossWith(graph, parameters.with(i, parameters[i] + 1e-6)) - lossWith(graph, parameters.with(i, parameters[i] - 1e-6))) / 2e-6);
}

const networks = {
  ...Object.fromEntries(Object.entries(gradientCases).map(([name, { graph }]) => [name, graph])),
  'small maps, of which several samples share a product': headed((b, x) => relu(b, b.conv(relu(b, b.conv(x, 3, windowOf(3, { stride: [3, 3] }))), 4, windowOf(2)))).graph,
};

describe.each(Object.entries(networks))('%s', (_, graph) => {
  it('has the gradient of central differences', () => {
    const at = places(graph);
    const [all, wanted] = [gradientOf(graph), differences(graph, at)];
    const found = at.map((i) => all[i]);
    const norm = Math.sqrt(wanted.reduce((s, v) => s + v * v, 0));
    expect(norm).toBeGreaterThan(0);
    expect(Math.sqrt(wanted.reduce((s, v, i) => s + (v - found[i]) ** 2, 0)) / norm).toBeLessThan(1e-5);
  });
});

describe('the flat vector', () => {
  const { graph } = gradientCases['groups'];
  it('puts back what it took', () => {
    const parameters = readGraphParameters(graph);
    expect(readGraphParameters(withGraphParameters(graph, parameters.map((p) => p + 1)))).toEqual(parameters.map((p) => p + 1));
    expect(() => withGraphParameters(graph, parameters.subarray(1))).toThrow(RangeError);
  });

  it('adds up over the samples whatever the batch', () => {
    const [size, classes, length] = [sizeOf(graph.nodes[0].shape), outputs(graph), graphLayout(graph).length];
    const [images, mix, sum] = [noise(7, COUNT * size), noise(8, COUNT * classes), new Float64Array(length)];
    const differentiator = createParameterDifferentiator(graph, kernels);
    for (let i = 0; i < COUNT; i++) {
      const one = new Float32Array(length);
      differentiator.differentiate(images.subarray(i * size, (i + 1) * size), 1, () => mix.subarray(i * classes, (i + 1) * classes), one);
      one.forEach((g, k) => { sum[k] += g; });
    }
    gradientOf(graph).forEach((g, k) => expect(g).toBeCloseTo(sum[k], 4));
  });

  it('refuses images and gradients of another length, and leaves out what it is told to', () => {
    const differentiator = createParameterDifferentiator(graph, kernels, new Set([graphLayout(graph).slots[0].id]));
    const [size, classes, { slots, length }] = [sizeOf(graph.nodes[0].shape), outputs(graph), graphLayout(graph)];
    expect(() => differentiator.differentiate(new Float32Array(size + 1), 1, (s) => s, new Float32Array(length))).toThrow(RangeError);
    expect(() => differentiator.differentiate(new Float32Array(size), 1, (s) => s, new Float32Array(length - 1))).toThrow(RangeError);
    const gradient = new Float32Array(length);
    differentiator.differentiate(noise(1, size), 1, () => noise(2, classes), gradient);
    expect(gradient.subarray(0, slots[1].weights).every((g) => g === 0)).toBe(true);
    expect(gradient.subarray(slots[1].weights).some((g) => g !== 0)).toBe(true);
  });
});

describe('wiring', () => {
  it('is a layer that picks and compares, not one that learns', () => {
    const layer = (weight: number[], bias: number[]): { weight: Float32Array; bias: Float32Array } => ({ weight: Float32Array.from(weight), bias: Float32Array.from(bias) });
    expect(isWiring(layer([1, 0, 0, -1, 0, 1], [0, 0]))).toBe(true);
    expect(isWiring(layer([1, 1, 1], [0]))).toBe(false);
    expect(isWiring(layer([1, 0, 0], [0.5]))).toBe(false);
    expect(isWiring(layer([0.5, 0, 0], [0]))).toBe(false);
    const b = graphBuilder(3);
    const plain = b.graph(b.dense(b.input([4]), 3)).nodes[1];
    expect(plain.kind === 'dense' && isWiring(plain)).toBe(false);
  });
});
