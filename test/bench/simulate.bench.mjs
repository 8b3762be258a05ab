// How fast a program is simulated, everything included: normalising images, the host's first layer,
// all counters, and for pipeline timing the step times. One worker. `run()` gives rows of the table.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileModel } from '../../dist/compile.js';
import { compileOptions } from '../../dist/commands/compile-options.js';
import { loadDataset } from '../../dist/data/load-dataset.js';
import { Reporter } from '../../dist/diagnostics.js';
import { simulate } from '../../dist/simulate/simulate.js';
import { partition } from '../../dist/map/partition.js';
import { place } from '../../dist/map/place.js';
import { route } from '../../dist/map/route.js';
import { syntheticImage, syntheticVgg } from './synthetic-vgg.mjs';

const SAMPLES = 16;
const BARS = { functional: 1e9, pipeline: 5e8 };

/** vgg_cifar10 compiled for loihi2 at T = 64, on real test images. */
async function compiledVgg() {
  const model = fileURLToPath(new URL('../../models/vgg_cifar10/model.onnx', import.meta.url));
  const options = compileOptions(model, { target: 'loihi2', timesteps: 64, neuron: 'if', code: 'bias', seed: 0 });
  const { program } = await compileModel(model, options);
  const data = loadDataset(`cifar10:${fileURLToPath(new URL('../../models/samples/cifar10-1000.bin.gz', import.meta.url))}`);
  return { program, data: { images: data.images, count: SAMPLES, shape: data.shape } };
}

function syntheticProgram() {
  const target = JSON.parse(readFileSync(new URL('../../targets/loihi2.json', import.meta.url), 'utf8'));
  const mapped = route(place(partition(syntheticVgg(64), target, new Reporter()), { seed: 0 }));
  return { ...mapped, normalisation: { scale: 255, mean: [0.5], std: [0.25] }, source: { layers: [], parameters: 0 }, classes: [] };
}

function syntheticData(shape) {
  const images = new Uint8Array(SAMPLES * 3072);
  for (let i = 0; i < SAMPLES; i++) images.set(syntheticImage(i).map((x) => Math.max(0, Math.min(255, (x * 0.25 + 0.5) * 255))), i * 3072);
  return { images, count: SAMPLES, shape };
}

async function time(name, program, data) {
  const rows = [];
  for (const timing of ['functional', 'pipeline']) {
    await simulate(program, data, { timing, seed: 1, workers: 1, limit: 2 });
    const trace = await simulate(program, data, { timing, seed: 1, workers: 1 });
    const operations = trace.projections.reduce((sum, p) => sum + p.synapticOps, 0);
    rows.push({ measure: `simulation, ${timing}, ${name}, one worker`, value: operations / trace.wallSeconds, unit: 'synaptic events/s', bar: BARS[timing] });
    rows.push({ measure: `simulation, ${timing}, ${name}, one image`, value: trace.wallSeconds / trace.samples, unit: 's', bar: null });
  }
  return rows;
}

export async function run() {
  const vgg = await compiledVgg();
  return [...await time('vgg_cifar10', vgg.program, vgg.data), ...await time('synthetic VGG at 10 %', syntheticProgram(), syntheticData([3, 32, 32]))];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run());
