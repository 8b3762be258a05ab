// How fast a program is simulated, everything included: normalising images, the host's first layer, all
// counters, and for pipeline timing the step times. The float network on the same image, the same run and
// one worker is the yardstick. A synthetic network at a known spike rate stands beside the real one.
import { readFileSync } from 'node:fs';
import { modelSource } from '../../dist/commands/model-source.js';
import { normalisedImages } from '../../dist/commands/normalised-images.js';
import { Reporter } from '../../dist/diagnostics.js';
import { predict } from '../../dist/graph/evaluate-parallel.js';
import { partition } from '../../dist/map/partition.js';
import { place } from '../../dist/map/place.js';
import { route } from '../../dist/map/route.js';
import { importOnnx } from '../../dist/onnx/import-onnx.js';
import { formatSeconds } from '../../dist/report/quantities.js';
import { simulate } from '../../dist/simulate/simulate.js';
import { compileBytes, imagesFor, modelPath } from './run-model.mjs';
import { syntheticImage, syntheticVgg } from './synthetic-vgg.mjs';

const BARS = { functional: 1e9, pipeline: 5e8 };
const MODEL = 'vgg_cifar10';
const TIMESTEPS = 64;

export function cases(options) {
  const images = first(imagesFor(MODEL, options, { full: false }).images, options.quick ? 4 : 32);
  let program;
  const vgg = async () => (program ??= await compileBytes(MODEL, { timesteps: TIMESTEPS }));
  return [
    ...['functional', 'pipeline'].map((timing) => ({
      measure: `simulation, ${timing}, ${MODEL}, one worker`,
      run: async () => {
        const run = await timed(await vgg(), images, { timing });
        const float = await floatSeconds(await vgg(), images);
        return {
          value: run.events / run.seconds, unit: 'events/s', bar: { atLeast: BARS[timing] },
          note: `${formatSeconds(run.seconds / images.count)} an image at T = ${TIMESTEPS}, ${(run.seconds / images.count / float).toPrecision(2)} times the ${formatSeconds(float)} of the float network in the same run`,
          details: { secondsPerImage: run.seconds / images.count, floatSecondsPerImage: float },
        };
      },
    })),
    {
      measure: `simulation, functional, ${MODEL}, two workers over one`,
      run: async () => {
        const one = await timed(await vgg(), images, { timing: 'functional' });
        const two = await timed(await vgg(), images, { timing: 'functional', workers: 2 });
        return { value: one.seconds / two.seconds, unit: 'times', bar: null, note: `${images.count} images, start of the threads included` };
      },
    },
    {
      measure: 'simulation, functional, synthetic VGG at a spike rate of 10 %, one worker',
      run: async () => {
        const data = syntheticData(options.quick ? 2 : 16);
        const run = await timed(syntheticProgram(), data, { timing: 'functional' });
        return { value: run.events / run.seconds, unit: 'events/s', bar: null, note: `${formatSeconds(run.seconds / data.count)} an image` };
      },
    },
  ];
}

/** The second of two runs: the first has compiled the code and filled the caches. */
async function timed(program, data, { timing, workers = 1 }) {
  await simulate(program, data, { timing, seed: 1, workers, limit: 2 * workers });
  const trace = await simulate(program, data, { timing, seed: 1, workers });
  return { seconds: trace.wallSeconds, events: trace.projections.reduce((sum, p) => sum + p.synapticOps, 0) };
}

/** Seconds an image of the float network, one worker. */
async function floatSeconds(program, images) {
  const path = modelPath(MODEL);
  const { graph } = importOnnx(path, { ...modelSource(path, {}).import, report: new Reporter() });
  const input = normalisedImages(program.normalisation, images);
  await predict(graph, input, images.count, { workers: 1 });
  const began = performance.now();
  await predict(graph, input, images.count, { workers: 1 });
  return (performance.now() - began) / 1000 / images.count;
}

const first = ({ name, images, labels, shape }, count) => ({ name, shape, count, labels: labels.subarray(0, count), images: images.subarray(0, count * shape[0] * shape[1] * shape[2]) });

function syntheticProgram() {
  const target = JSON.parse(readFileSync(new URL('../../targets/loihi2.json', import.meta.url), 'utf8'));
  const mapped = route(place(partition(syntheticVgg(TIMESTEPS), target, new Reporter()), { seed: 0 }));
  return { ...mapped, normalisation: { scale: 255, mean: [0.5], std: [0.25] }, source: { layers: [], parameters: 0 }, classes: [] };
}

function syntheticData(count) {
  const images = new Uint8Array(count * 3072);
  for (let i = 0; i < count; i++) images.set(syntheticImage(i).map((x) => Math.max(0, Math.min(255, (x * 0.25 + 0.5) * 255))), i * 3072);
  return { images, count, shape: [3, 32, 32] };
}
