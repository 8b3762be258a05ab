// The models in the tree are what their cards say, may be passed on, and have images to run.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import { readModelCard } from '../../src/onnx/model-card.js';

const MODELS = ['vgg_cifar10', 'resnet20_cifar10', 'resnet8_cifar10', 'cnn_mnist', 'cnn_fashion'];
const readme = readFileSync('models/README.md', 'utf8');

describe.each(MODELS)('%s', (name) => {
  const card = readModelCard(`models/${name}/model.json`, new Reporter());

  it('has a valid card that belongs to the file', () => {
    const bytes = readFileSync(`models/${name}/model.onnx`);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(card.sha256);
    expect([card.name, card.bytes, card.classes, card.accuracy?.samples]).toEqual([name, bytes.length, 10, 10000]);
  });

  it('has a licence that lets it be passed on, named in models/README.md', () => {
    expect(['Apache-2.0', 'BSD-2-Clause']).toContain(card.licence);
    const row = readme.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? '';
    expect(row).toContain(card.licence);
    expect(row).toContain(`${((card.accuracy?.value ?? 0) * 100).toFixed(2)} %`);
    expect(row).toContain(String(card.parameters));
  });

  it('has a sample of its data set', () => {
    const files = card.dataset === 'cifar10' ? ['cifar10-1000.bin.gz'] : [`${card.dataset}-1000-images-idx3-ubyte.gz`, `${card.dataset}-1000-labels-idx1-ubyte.gz`];
    expect(files.filter((f) => !existsSync(`models/samples/${f}`))).toEqual([]);
  });
});
