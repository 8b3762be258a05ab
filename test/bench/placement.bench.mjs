// What the placement saves on a network of VGG16's size: messages times hops, with the spikes that the
// compiler expects, over those of the same cores in linear order (routers row by row, chip after chip) and
// at random places. And how many cores networks are cut into beside the fewest that their totals allow.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fitModel } from '../../dist/commands/fit-model.js';
import { modelSource } from '../../dist/commands/model-source.js';
import { compileModel } from '../../dist/compile.js';
import { formatCount, formatPercent } from '../../dist/report/quantities.js';
import { loadTarget } from '../../dist/target/load-target.js';
import { vgg16Model } from './vgg16-model.mjs';

const models = fileURLToPath(new URL('../../models/', import.meta.url));
const RESETS = { loihi1: 'hard', loihi2: 'soft' };

/** The whole network fits two chips of loihi2; with half the cores a router it takes four. */
function halfChips() {
  const loihi2 = loadTarget('loihi2');
  return { ...loihi2, mesh: { ...loihi2.mesh, coresPerRouter: loihi2.mesh.coresPerRouter / 2 } };
}

async function compiled(target, narrow) {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-bench-'));
  try {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, vgg16Model({ narrow }));
    const { summary } = await compileModel(path, { target, timesteps: 32, seed: 1, normalisation: { scale: 255, mean: [0.5], std: [0.25] } });
    return { ...summary.mapping, seconds: summary.passes.find((p) => p.name === 'place').milliseconds / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function cases(options) {
  const narrow = options.quick ? 8 : 1;
  const on = (name, target) => {
    let whole;
    const vgg = () => (whole ??= compiled(target(), narrow));
    const over = (other, most, pick) => ({
      measure: `placement of a VGG16-size network on ${name}: message hops over those of a ${other} placement`,
      run: async () => {
        const r = await vgg();
        return { value: r.hops / pick(r), unit: 'times', bar: { atMost: most }, note: `${formatPercent(1 - r.hops / pick(r))} fewer: ${formatCount(r.hops)} hops an inference, ${formatCount(pick(r))} ${other}; ${formatCount(r.cores)} cores on ${r.chips} chips`, details: r };
      },
    });
    return [
      over('linear', 0.85, (r) => r.linearHops),
      over('random', 0.6, (r) => r.randomHops),
      { measure: `placement of a VGG16-size network on ${name}: seconds`, run: async () => ({ value: (await vgg()).seconds, unit: 's', bar: { atMost: 30 }, note: 'of the pass that places, at its default effort' }) },
    ];
  };
  return [
    ...on('4 chips of 64 cores', halfChips), ...on('5 chips of loihi1', () => loadTarget('loihi1')),
    ...Object.keys(RESETS).map((target) => ({ measure: `partition on ${target}: cores over the lower bound, models of the tree`, run: () => coresOver(target) })),
  ];
}

function coresOver(target) {
  const fits = readdirSync(models).filter((name) => existsSync(join(models, name, 'model.onnx'))).map((name) => {
    const path = join(models, name, 'model.onnx');
    const { cores, leastCores } = fitModel(modelSource(path, {}), { chip: loadTarget(target), reset: RESETS[target], code: 'bias', timesteps: 32, place: false });
    return { name, cores, least: leastCores };
  });
  const total = (pick) => fits.reduce((sum, f) => sum + pick(f), 0);
  return {
    value: total((f) => f.cores) / total((f) => f.least), unit: 'times', bar: null, details: fits,
    note: `${fits.map((f) => `${f.name} ${f.cores} (${f.least})`).join(', ')}; in brackets what the totals of each layer would take`,
  };
}
