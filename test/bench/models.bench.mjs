// The front end on real models: those of ../shared/models where they are, else those in the tree. Every one that is
// marked `compile` compiles and its float network is as accurate as its card says, on the full test set; every
// one marked `reject` is refused with its nodes named. Beside them: seconds of import and lowering, of `fit`, and the
// memory that opening a model of 500 MB takes, with weights in the file and beside it.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { normalisedImages } from '../../dist/program/normalised-images.js';
import { compileModel } from '../../dist/compile.js';
import { loadDataset } from '../../dist/data/load-dataset.js';
import { subset } from '../../dist/data/subset.js';
import { CompileError, Reporter } from '../../dist/diagnostics.js';
import { predict } from '../../dist/graph/evaluate-parallel.js';
import { importOnnx } from '../../dist/onnx/import-onnx.js';
import { readModelCard } from '../../dist/onnx/model-card.js';
import { loadTarget } from '../../dist/target/load-target.js';
import { writeLargeModel } from './large-model.mjs';
import { vgg16Model } from './vgg16-model.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const child = fileURLToPath(new URL('./import-child.mjs', import.meta.url));

const SETS = {
  mnist: (data) => `idx:${data}/mnist/t10k-images-idx3-ubyte.gz,${data}/mnist/t10k-labels-idx1-ubyte.gz`,
  'fashion-mnist': (data) => `idx:${data}/fashion-mnist/t10k-images-idx3-ubyte.gz,${data}/fashion-mnist/t10k-labels-idx1-ubyte.gz`,
  cifar10: (data) => `cifar10:${data}/cifar10/test_batch.bin.gz`,
  cifar100: (data) => `cifar100:${data}/cifar100/test_fine.bin.gz`,
};

/** Folders of models that have a card with `expect`. */
function models(options) {
  const folder = [resolve(options.data, '..', 'models'), join(root, 'models')].find((f) => existsSync(f));
  return readdirSync(folder).filter((m) => existsSync(join(folder, m, 'model.json')) && existsSync(join(folder, m, 'model.onnx'))).sort()
    .map((name) => ({ name, path: join(folder, name, 'model.onnx'), card: readModelCard(join(folder, name, 'model.json'), new Reporter()) }));
}

async function compiles({ path, card }) {
  const { summary } = await compileModel(path, { target: loadTarget('loihi2'), timesteps: 8, card, normalisation: card.input, placementEffort: 0 });
  return summary;
}

/** Top-1 of the float network and what the card says of it, in points. */
async function accuracy({ path, card }, options) {
  const whole = loadDataset(SETS[card.dataset](options.data));
  const dataset = options.quick ? subset(whole, { limit: 200 }) : whole;
  const { graph } = importOnnx(path, { card, report: new Reporter() });
  const answers = await predict(graph, normalisedImages(card.input, dataset), dataset.count, { workers: options.workers });
  return { found: 100 * answers.filter((a, i) => a === dataset.labels[i]).length / dataset.count, stated: 100 * card.accuracy.value, count: dataset.count };
}

async function refusal({ path, card }) {
  try {
    await compiles({ path, card });
    return null;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics;
  }
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-bench-'));
  try { return await work(folder); } finally { rmSync(folder, { recursive: true, force: true }); }
}

const opened = async (path, ...more) => JSON.parse((await run(process.execPath, [child, path, ...more])).stdout);

export function cases(options) {
  const all = models(options);
  const data = existsSync(join(options.data, 'cifar10'));
  return [
    {
      measure: 'models marked "compile" that compile',
      run: async () => {
        const wanted = all.filter((m) => m.card.expect !== 'reject');
        const failed = [];
        for (const model of wanted) {
          options.progress(model.name);
          try { await compiles(model); } catch (error) { failed.push(`${model.name}: ${error.message.split('\n')[0]}`); }
        }
        return { value: (wanted.length - failed.length) / wanted.length, unit: 'ratio', bar: { atLeast: 1 }, note: `${wanted.length - failed.length} of ${wanted.length}${failed.length === 0 ? '' : `; ${failed.join('; ')}`}` };
      },
    },
    ...all.filter((m) => m.card.expect !== 'reject' && data).map((model) => ({
      measure: `float accuracy of ${model.name} against its card: difference`,
      run: async () => {
        const { found, stated, count } = await accuracy(model, options);
        return { value: Math.abs(found - stated), unit: 'points', bar: { atMost: 0.05 }, note: `${found.toFixed(2)} % of ${count} images, the card says ${stated.toFixed(2)} %` };
      },
    })),
    ...all.filter((m) => m.card.expect === 'reject').map((model) => ({
      measure: `refusal of ${model.name}`,
      run: async () => {
        const found = await refusal(model);
        const named = found?.every((d) => d.where.kind === 'node') === true;
        return { value: found?.length ?? 0, unit: 'diagnostics', bar: { text: 'names its nodes', met: named }, note: found === null ? 'it compiled' : found.slice(0, 2).map((d) => `${d.code} at ${d.where.node}`).join('; ') };
      },
    })),
    {
      measure: 'import and lowering of a 60 MB model: seconds',
      run: () => inFolder(async (folder) => {
        const path = join(folder, 'model.onnx');
        writeFileSync(path, vgg16Model({ narrow: options.quick ? 16 : 1 }));
        const r = await opened(path, 'lower');
        return { value: r.lowered, unit: 's', bar: { atMost: 3 }, note: `${(readFileSync(path).length / 1e6).toFixed(0)} MB, of it import ${r.imported.toFixed(2)} s` };
      }),
    },
    {
      measure: 'fit of a VGG16-size network, loihi2: seconds of the whole command',
      run: () => inFolder(async (folder) => {
        const path = join(folder, 'model.onnx');
        writeFileSync(path, vgg16Model({ narrow: options.quick ? 16 : 1 }));
        const seconds = [];
        let fit;
        for (let i = 0; i < 3; i++) {
          const began = performance.now();
          fit = JSON.parse((await run(process.execPath, [join(root, 'dist', 'cli.js'), 'fit', path, '--target', 'loihi2', '--json'], { maxBuffer: 2 ** 26 })).stdout);
          seconds.push((performance.now() - began) / 1000);
        }
        return { value: Math.min(...seconds), unit: 's', bar: { atMost: 1 }, note: `best of three, Node's start included; ${fit.neurons} neurons on ${fit.cores} cores` };
      }),
    },
    ...[false, true].map((external) => ({
      measure: `opening a 500 MB model, weights ${external ? 'in a file beside it' : 'in the file'}: peak memory`,
      run: () => inFolder(async (folder) => {
        const { path, bytes } = writeLargeModel(folder, { bytes: options.quick ? 6.4e7 : 5e8, external });
        const r = await opened(path);
        return { value: r.peakBytes / bytes, unit: 'times', bar: { atMost: 1.5 }, note: `${(r.peakBytes / 1e6).toFixed(0)} MB for ${(bytes / 1e6).toFixed(0)} MB, Node included, in ${r.imported.toFixed(1)} s` };
      }),
    })),
  ];
}
