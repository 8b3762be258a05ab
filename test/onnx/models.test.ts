// The pretrained models of the tree, and those of a shared folder beside the repository if it is there:
// what their cards promise is what the importer finds, and the graph computes what onnxruntime does.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { sizeOf } from '../../src/graph/graph.js';
import { verifyGraph } from '../../src/graph/verify.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { findModelCard, readModelCard, type ModelCard } from '../../src/onnx/model-card.js';
import { values } from './build-model.js';

interface Model { readonly name: string; readonly path: string; readonly card: ModelCard }

function modelsIn(url: URL): Model[] {
  const root = fileURLToPath(url);
  if (!existsSync(root)) return [];
  return readdirSync(root).filter((name) => existsSync(`${root}/${name}/model.onnx`)).map((name) => {
    const path = `${root}/${name}/model.onnx`;
    return { name, path, card: readModelCard(findModelCard(path) as string, new Reporter()) };
  });
}

const ours = modelsIn(new URL('../../models', import.meta.url));
const shared = modelsIn(new URL('../../../shared/models', import.meta.url));
if (shared.length === 0) console.log('skipped: the shared models are not beside the repository');

/** A channels-first image in the order of the model's input. */
function inOrderOf(card: ModelCard, image: Float32Array, shape: readonly number[]): Float32Array {
  if (card.input.layout === 'NCHW') return image;
  const [c, h, w] = shape;
  return Float32Array.from(image, (_, i) => image[(i % c) * h * w + Math.floor(i / c)]);
}

async function agreesWithRuntime({ path, card }: Model): Promise<void> {
  const report = new Reporter();
  const model = importOnnx(path, { card, report });
  verifyGraph(model.graph);
  expect(report.warnings).toEqual([]);
  expect(model.operators).toEqual(card.ops);
  expect([model.opset, model.sha256]).toEqual([card.opset, card.sha256]);
  const { shape } = model.graph.nodes[0];
  const image = values(sizeOf(shape), 5).map((v) => (card.input.scale === 1 ? Math.round(Math.abs(v) * 255) : v * 2));
  const [scores] = createEvaluator(model.graph, createKernels()).run(image, 1).outputs;
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const feed = new Tensor('float32', inOrderOf(card, image, shape), card.input.shape.map((d) => (typeof d === 'number' ? d : 1)));
  const expected = (await session.run({ [session.inputNames[0]]: feed }))[card.output ?? ''].data as Float32Array;
  expect(scores.length).toBe(card.classes);
  const scale = Math.max(...expected.map(Math.abs));
  expect(Math.max(...expected.map((v, i) => Math.abs(v - scores[i]))) / scale).toBeLessThan(1e-4);
}

describe('models of the tree', () => {
  it('are all there', () => expect(ours.map((m) => m.name)).toEqual(['cnn_fashion', 'cnn_mnist', 'resnet20_cifar10', 'resnet8_cifar10', 'vgg_cifar10']));
  for (const model of ours) it(`${model.name} computes what onnxruntime computes`, () => agreesWithRuntime(model));
});

describe.skipIf(shared.length === 0)('shared models', () => {
  for (const model of shared.filter((m) => m.card.expect === 'compile')) it(`${model.name} computes what onnxruntime computes`, () => agreesWithRuntime(model));

  const refused = (name: string): string[] => {
    const model = shared.find((m) => m.name === name) as Model;
    try {
      importOnnx(model.path, { card: model.card, report: new Reporter() });
    } catch (error) {
      if (error instanceof CompileError) return error.diagnostics.map((d) => `${d.code} ${d.where.kind === 'node' ? d.where.node : ''}`);
    }
    throw new Error(`${name} was not refused`);
  };
  it('mnist_sigmoid is refused at each sigmoid', () => {
    expect(refused('mnist_sigmoid')).toEqual([6, 8, 10, 12, 14, 16].map((n) => `onnx/unsupported-op Sigmoid_${n}`));
  });
  it('tfc_1w1a is refused at each custom operator', () => {
    expect(refused('tfc_1w1a')).toEqual([11, 14, 19, 22, 27, 30, 35, 38].map((n) => `onnx/unsupported-op BipolarQuant_${n}`).sort());
  });
  it('vit_cifar10 is refused at each product and softmax of its attention, and more', () => {
    const problems = refused('vit_cifar10');
    expect(problems.filter((p) => p.startsWith('onnx/two-activations')).length).toBe(4);
    expect(problems.filter((p) => p.startsWith('onnx/softmax-inside')).length).toBe(2);
  });
});
