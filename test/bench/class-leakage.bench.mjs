// The class-leakage suite on four forms of cnn_mnist: the ANN, its conversion, what temporal learning makes of that, and the
// pruned ANN (where `prune` is not built, a conversion with fewer steps): minutes for all of them with the default
// settings and three seeds, whether floor and ceiling stand where they should, and the strongest attack on each.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatPercent } from '../../dist/report/quantities.js';

const run = promisify(execFile);
const file = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const MODEL = file('models/cnn_mnist/model.onnx');
const spikeveil = (...words) => run(process.execPath, [file('dist/cli.js'), ...words], { maxBuffer: 2 ** 26 });
const MEASURE = 'class-leakage suite v1, cnn_mnist, four variants, 3 seeds: minutes';
const BAR = { atMost: 60 };

async function variants(folder, timesteps) {
  const [converted, learned] = ['converted', 'learned'].map((name) => join(folder, `${name}.spk`));
  await spikeveil('compile', MODEL, '-o', converted, '--timesteps', timesteps);
  await spikeveil('compile', MODEL, '-o', learned, '--timesteps', timesteps, '--encrypt');
  const fourth = join(folder, existsSync(file('dist/commands/prune.js')) ? 'model.onnx' : 'fewer-steps.spk');
  if (fourth.endsWith('.onnx')) await spikeveil('prune', MODEL, '--sparsity', '0.8', '-o', fourth);
  else await spikeveil('compile', MODEL, '-o', fourth, '--timesteps', '4');
  return [`ann=${MODEL}`, `converted=${converted}`, `learned=${learned}`, `${fourth.endsWith('.onnx') ? 'pruned' : 'fewer steps'}=${fourth}`];
}

async function suite({ quick, data, workers }) {
  if (!existsSync(join(data, 'mnist'))) return { value: null, unit: 'min', bar: BAR, note: 'the data set is not there' };
  const folder = mkdtempSync(join(tmpdir(), 'class-leakage-'));
  try {
    const subjects = await variants(folder, quick ? '4' : '16');
    const began = performance.now();
    const settings = quick ? ['--seeds', '1', '--per-class', '1', '--steps', '5', '--restarts', '1', '--draws', '1', '--queries', '30', '--distil-queries', '50', '--evaluator-epochs', '2'] : ['--seeds', '3'];
    const { stdout } = await spikeveil('audit', 'classes', ...subjects, '--data', `mnist:${join(data, 'mnist')}`, ...settings, '--workers', String(workers), '--json');
    const minutes = (performance.now() - began) / 60_000;
    const records = JSON.parse(stdout);
    const [{ floor, ceiling, cost }] = records;
    const [low, high] = [Math.max(floor.random.success.mean, floor.untrained.success.mean), ceiling.success.mean];
    return [
      { measure: MEASURE, value: minutes, unit: 'min', bar: BAR, note: `${workers} workers, ${(cost.processorSeconds / 60).toFixed(1)} minutes of processor time` },
      { measure: 'class-leakage suite v1, cnn_mnist: floor (guessing is 10 %) and ceiling of success', value: 100 * high, unit: '%', bar: { text: 'floor at most 20 %, ceiling at least 90 %', met: low <= 0.2 && high >= 0.9 }, note: `floor ${formatPercent(low, 1)}` },
      ...records.map((r) => {
        const top = r.attacks.find((a) => a.name === r.strongest);
        const { mean, interval } = top.leakage.success;
        return { measure: `class leakage of cnn_mnist, ${r.subject.name}: normalised, by the strongest attack`, value: mean, unit: 'ratio', bar: null, note: `${r.strongest}${interval === null ? '' : `; 95 % ${interval.map((v) => v.toFixed(2)).join(' to ')}`}; accuracy ${formatPercent(r.accuracy, 1)}, read as an ANN ${formatPercent(r.asAnnAccuracy, 1)}` };
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const cases = (options) => [{ measure: MEASURE, run: () => suite(options) }];
