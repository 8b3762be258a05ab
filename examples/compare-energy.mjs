// Prices the same run with every set of energy constants that a chip has: what one inference costs
// depends on whose measurements are believed. Static power needs a latency, hence the pipeline timing.
//   node examples/compare-energy.mjs
import { fileURLToPath } from 'node:url';
import { compileModel, energyReport, findModelCard, loadDataset, loadTarget, readModelCard, Reporter, simulate, subset } from 'spikeveil';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const model = here('../models/cnn_mnist/model.onnx');
const samples = here('../models/samples/mnist-1000');
const card = readModelCard(findModelCard(model), new Reporter());
const target = loadTarget('loihi1');
const { program } = await compileModel(model, { card, normalisation: card.input, target, timesteps: 16, reset: 'soft-two-compartment' });
const images = subset(loadDataset(`idx:${samples}-images-idx3-ubyte.gz,${samples}-labels-idx1-ubyte.gz`), { limit: 10 });

for (const { name, title } of target.profiles) {
  const trace = await simulate(program, images, { timing: 'pipeline', profile: name, seed: 1, workers: 1 });
  const { perInference, latencySeconds, ratios } = energyReport(program, trace, { profile: name });
  console.log(`${name} (${title})`);
  for (const line of perInference.lines.filter((l) => l.joules > 0).toSorted((a, b) => b.joules - a.joules).slice(0, 4)) {
    console.log(`  ${line.name}: ${(line.joules * 1e6).toFixed(1)} uJ`);
  }
  console.log(`  total ${(perInference.totalJoules * 1e6).toFixed(1)} uJ in ${(latencySeconds * 1e3).toFixed(2)} ms`);
  console.log(`  ${ratios[0].name}: ${ratios[0].value?.toPrecision(2)}`);
}
