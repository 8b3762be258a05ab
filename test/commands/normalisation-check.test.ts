// A model that is fed wrongly normalised images: simulate names the normalisation that works, and is silent where all is well.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkNormalisation } from '../../src/commands/normalisation-check.js';
import { loadDataset } from '../../src/data/load-dataset.js';
import { subset } from '../../src/data/subset.js';
import { Reporter } from '../../src/diagnostics.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { readModelCard } from '../../src/onnx/model-card.js';
import { runHere, SAMPLES } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'normalisation-'));
afterAll(() => rmSync(folder, { recursive: true }));
const network = (name: string) => {
  const card = readModelCard(`models/${name}/model.json`, new Reporter());
  return { graph: importOnnx(`models/${name}/model.onnx`, { report: new Reporter() }).graph, card };
};

it('the whole text, at the command line', async () => {
  const model = join(folder, 'digits.onnx'); // without its card
  cpSync('models/cnn_mnist/model.onnx', model);
  const program = join(folder, 'digits.spk');
  await runHere(['compile', model, '-o', program, '--timesteps', '4', '--scale', '1', '--mean', '100', '--std', '0.01']);
  const { code, stderr } = await runHere(['simulate', program, '--data', SAMPLES.mnist, '--limit', '100', '--timing', 'functional']);
  expect(code).toBe(0);
  expect(stderr.slice(stderr.indexOf('warning'))).toMatchInlineSnapshot(`
    "warning[run/normalisation]: the images are probably normalised wrongly: the float network answers 18.0 % of 100 images right, and 99.0 % with the normalisation of MNIST; what reaches its first batch norm is 3764.0 deviations off what training recorded, then 0.0
      hint: compile with --scale 255 --mean 0.1307 --std 0.3081, or say so in model.json
    "
  `);
});

describe('the check', () => {
  const { graph, card } = network('cnn_mnist');
  const dataset = subset(loadDataset(SAMPLES.mnist), { limit: 60 });
  const raw = { scale: 1, mean: [100], std: [0.01] };
  it('says nothing where the network answers well, or where no normalisation helps', async () => {
    expect(await checkNormalisation({ graph, normalisation: raw, dataset, workers: 1 }, 0.1)).not.toBeNull();
    expect(await checkNormalisation({ graph, normalisation: raw, dataset, workers: 1 }, 0.9)).toBeNull();
    expect(await checkNormalisation({ graph, normalisation: card.input, dataset, workers: 1 }, 0.1)).toBeNull();
    const shuffled = { ...dataset, labels: dataset.labels.map((label) => (label + 1) % 10) };
    expect(await checkNormalisation({ graph, normalisation: raw, dataset: shuffled, workers: 1 }, 0.1)).toBeNull();
  });
});
