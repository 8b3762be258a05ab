/** Every real model that should compile comes down to the normal form with the same values. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import type { ModelCard } from '../../src/onnx/model-card.js';
import { kindsOf, lowered } from './check.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = [join(root, 'models'), join(root, '../shared/models')].filter((f) => existsSync(f));
const models = new Map(folders.flatMap((folder) => readdirSync(folder, { withFileTypes: true })
  .filter((e) => e.isDirectory() && existsSync(join(folder, e.name, 'model.onnx')))
  .map((e) => [e.name, join(folder, e.name)] as const)));
if (folders.length < 2) console.log('skipped: the models of ../shared/models, which is not there');

const cardOf = (folder: string): ModelCard => JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as ModelCard;

/** What is left of each; a further ReLU would be a further population between it and its neighbours. */
const resnet20 = { input: 1, conv: 21, relu: 19, add: 9, 'average-pool': 1, reshape: 1, dense: 1 };
const simpnet = { input: 1, conv: 38, relu: 33, add: 10, reshape: 1, dense: 1 };
const leftOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  cnn_mnist: { input: 1, conv: 2, relu: 3, 'average-pool': 2, reshape: 1, dense: 2 },
  cnn_fashion: { input: 1, conv: 2, relu: 3, 'average-pool': 2, reshape: 1, dense: 2 },
  vgg_cifar10: { input: 1, conv: 7, relu: 8, 'average-pool': 4, reshape: 1, dense: 2 },
  resnet8_cifar10: { input: 1, conv: 9, relu: 7, add: 3, 'average-pool': 1, reshape: 1, dense: 1 },
  resnet20_cifar10: resnet20, resnet20_cifar10_bn: resnet20, resnet20_cifar10_ace: resnet20,
  simpnet_cifar10_300k: simpnet, simpnet_cifar10_600k: simpnet, simpnet_cifar100_600k: simpnet,
  fashion_edwin19: { input: 1, conv: 13, relu: 12, add: 4, reshape: 1, dense: 2 },
  marabou_cifar10_medium: { input: 1, conv: 2, relu: 4, reshape: 1, dense: 3 },
  mnist_fc_256x2: { input: 1, dense: 3, relu: 2 },
  mnist_convnet_avgpool: { input: 1, conv: 2, relu: 2, reshape: 1, dense: 1 },
  mnist_convnet_maxpool: { input: 1, conv: 11, relu: 9, add: 4, reshape: 1, dense: 1 },
};

describe('models in the tree and in ../shared/models', () => {
  const compiling = [...models].filter(([, folder]) => cardOf(folder).expect === 'compile');
  it.skipIf(compiling.length === 0).each(compiling)('%s', (_, folder) => {
    const card = cardOf(folder);
    const { graph } = importOnnx(join(folder, 'model.onnx'), { card, report: new Reporter() });
    const result = lowered(graph);
    expect(kindsOf(result)).toEqual(leftOf[card.name]);
  });
});
