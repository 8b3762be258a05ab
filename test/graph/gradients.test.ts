// Gradients with respect to the image: the kernels against a double-precision reference, and that
// against central differences; on small networks with every kind of step and on the models in the tree.
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { createDifferentiator, type Loss } from '../../src/graph/gradients.js';
import type { CoreNode, Graph, NodeId } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { lower } from '../../src/lower/lower.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { readModelCard } from '../../src/onnx/model-card.js';
import { graphBuilder, noise, windowOf } from './build-graph.js';
import { gradientCases as cases, headed, type GradientCase as Case } from './gradient-cases.js';
import { referenceEvaluate } from './reference-evaluate.js';
import { referenceGradient, referenceValues } from './reference-gradients.js';

/** The loss of `referenceGradient`. */
const lossOf = (mix: Float32Array): Loss => ({
  atOutput: () => mix,
  atNode: (_, value, gradient) => value.forEach((v, i) => { gradient[i] += v; }),
});

const outputSize = (graph: Graph<CoreNode>): number => sizeOf(graph.nodes.find((n) => n.id === graph.outputs[0])!.shape);
const row = (all: Float32Array, count: number, i: number): Float32Array => all.subarray((i * all.length) / count, ((i + 1) * all.length) / count);

/** |a - b| / |b| in the Euclidean norm. */
const distance = (a: ArrayLike<number>, b: Float64Array): number => Math.sqrt(b.reduce((s, v, i) => s + (v - a[i]) ** 2, 0) / b.reduce((s, v) => s + v * v, 0));

/** The kernels' gradient of `count` images, each held against the reference: the largest relative distance. */
function kernelsAgainstReference({ graph, inner }: Case, count: number): number {
  const images = noise(7, count * sizeOf(graph.nodes[0].shape));
  const mix = noise(8, count * outputSize(graph));
  const gradient = createDifferentiator(graph, createKernels(), inner === undefined ? [] : [inner]).differentiate(images, count, lossOf(mix));
  return Math.max(...Array.from({ length: count }, (_, i) =>
    distance(row(gradient, count, i), referenceGradient(graph, Float64Array.from(row(images, count, i)), Float64Array.from(row(mix, count, i)), inner))));
}

/** The reference held against central differences. */
function referenceAgainstDifferences({ graph, inner }: Case): number {
  const image = Float64Array.from(noise(7, sizeOf(graph.nodes[0].shape)));
  const mix = Float64Array.from(noise(8, outputSize(graph)));
  const value = (at: number, shift: number): number => {
    const values = referenceValues(graph, image.with(at, image[at] + shift));
    const scores = values.get(graph.outputs[0])!.reduce((sum, v, i) => sum + v * mix[i], 0);
    return inner === undefined ? scores : scores + values.get(inner)!.reduce((sum, v) => sum + (v * v) / 2, 0);
  };
  const quotients = image.map((_, at) => (value(at, 1e-5) - value(at, -1e-5)) / 2e-5);
  return distance(referenceGradient(graph, image, mix, inner), quotients);
}

describe.each(Object.entries(cases))('%s', (_, made) => {
  it('the plain values are those of the other reference', () => {
    const image = noise(7, sizeOf(made.graph.nodes[0].shape));
    const values = referenceValues(made.graph, Float64Array.from(image));
    for (const [id, want] of referenceEvaluate(made.graph, image)) expect(distance(values.get(id)!, want), id).toBeLessThan(1e-12);
  });
  it('the reference agrees with central differences', () => expect(referenceAgainstDifferences(made)).toBeLessThan(1e-6));
  it('the kernels agree with the reference', () => expect(kernelsAgainstReference(made, 3)).toBeLessThan(1e-5));
});

function lowered(name: string): Graph<CoreNode> {
  const report = new Reporter();
  const { graph } = importOnnx(`models/${name}/model.onnx`, { card: readModelCard(`models/${name}/model.json`, report), report });
  return lower(graph, { report, kernels: createKernels() });
}

describe.each(['resnet20_cifar10', 'resnet8_cifar10', 'cnn_mnist'])('%s', (name) => {
  const graph = lowered(name);
  const inner = graph.nodes.findLast((n) => n.kind === 'conv')!.id;

  it('the kernels agree with the reference to 1e-4', () => {
    expect(kernelsAgainstReference({ graph, inner }, 1)).toBeLessThan(1e-4);
  });

  it('an image has the same gradient, to the bit, alone and in any batch', () => {
    const count = 5;
    const images = noise(3, count * sizeOf(graph.nodes[0].shape));
    const mix = noise(4, count * outputSize(graph));
    const { differentiate } = createDifferentiator(graph, createKernels(), [inner]);
    const together = differentiate(images, count, lossOf(mix));
    for (const i of [0, 3]) expect(differentiate(row(images, count, i), 1, lossOf(row(mix, count, i)))).toEqual(row(together, count, i).slice());
  });
});

describe('misuse', () => {
  const { graph } = cases['a dense layer'];
  it('wrong length of the images', () => {
    expect(() => createDifferentiator(graph, createKernels()).differentiate(new Float32Array(5), 1, lossOf(new Float32Array(3)))).toThrow('1 samples of 9 numbers need 9 numbers, not 5');
  });
  it('a node that is not there, or is not watched', () => {
    expect(() => createDifferentiator(graph, createKernels(), ['nowhere' as NodeId])).toThrow('no node "nowhere"');
    const peek: Loss = { atOutput: (valueOf) => valueOf('input' as NodeId) };
    expect(() => createDifferentiator(graph, createKernels()).differentiate(new Float32Array(9), 1, peek)).toThrow('"input" is not watched');
  });
});
