// Compiles a pretrained network for Loihi 2 without its training data, runs it on virtual cores over
// 50 real test images, and compares its answers with the float network's. Run `npm run build` first.
//   node examples/compile-and-simulate.mjs [PROGRAM]      writes the program where PROGRAM says
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  compileModel, energyReport, findModelCard, importOnnx, loadDataset, loadTarget, normalisedImages,
  predict, readModelCard, readProgram, Reporter, runFigures, simulate, subset,
} from 'spikeveil';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const model = here('../models/cnn_mnist/model.onnx');
const samples = here('../models/samples/mnist-1000');

// the card beside the model says how bytes become its input
const card = readModelCard(findModelCard(model), new Reporter());
const { bytes, summary } = await compileModel(model, { card, normalisation: card.input, target: loadTarget('loihi2'), timesteps: 32 });
if (process.argv[2] !== undefined) writeFileSync(process.argv[2], bytes);

// the program is what counts: everything below is measured on what was read back from its bytes
const program = readProgram(bytes, 'cnn_mnist.spk');
const images = subset(loadDataset(`idx:${samples}-images-idx3-ubyte.gz,${samples}-labels-idx1-ubyte.gz`), { limit: 50 });
const trace = await simulate(program, images, { timing: 'pipeline', seed: 1, workers: 1 });
const energy = energyReport(program, trace);

const { graph } = importOnnx(model, { card, report: new Reporter() });
const ann = await predict(graph, normalisedImages(program.normalisation, images), images.count, { workers: 1 });
const figures = runFigures(program, trace, energy, { labels: images.labels, ann });

console.log(`${summary.neurons} neurons on ${figures.coresUsed} cores, program of ${bytes.length} bytes`);
console.log(`accuracy ${figures.accuracy} beside the ANN's ${figures.annAccuracy} on ${figures.samples} images`);
console.log(`${Math.round(figures.spikesPerInference)} spikes and ${Math.round(figures.sopsPerInference)} synaptic operations per inference`);
console.log(`${figures.energyPerInferenceJoules.toExponential(2)} J and ${figures.latencySeconds.toExponential(2)} s per inference (${figures.profile})`);
