// The main job from end to end: a pretrained CIFAR-10 network is compiled for Loihi 2 without any of
// its training data, run on virtual cores over real test images, and costed. Writes to out/.
//   npm run demo              500 images
//   npm run demo -- 1000      all images of the sample
import { mkdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { energyText } from '../dist/commands/energy-text.js';
import { listen } from '../dist/commands/listen.js';
import { main } from '../dist/commands/main.js';
import { readRunRecord } from '../dist/report/read-run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
listen();
mkdirSync('out', { recursive: true });
const images = process.argv[2] ?? '500';
const program = join('out', 'vgg_cifar10.spk');
const run = join('out', 'run.json');
const page = join('out', 'report.html');

/** Runs one command as a user would type it; the demo ends with its exit code where it fails. */
async function command(...words) {
  console.log(`\n$ spikeveil ${words.join(' ')}\n`);
  const code = await main(words);
  if (code !== 0) process.exit(code);
}

const started = performance.now();
await command('compile', 'models/vgg_cifar10/model.onnx', '-o', program, '--target', 'loihi2', '--timesteps', '32');
await command('simulate', program, '--data', 'cifar10:models/samples/cifar10-1000.bin.gz', '--limit', images, '--timing', 'pipeline', '--out', run);
console.log('\nThe energy of that run, line by line (as `spikeveil energy` prints it)\n');
console.log(energyText(readRunRecord(run).energy, false));
await command('report', run, '-o', page);

console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(0)} s. Written:`);
for (const file of [program, run, page]) console.log(`  ${file}  ${(statSync(file).size / 1e6).toFixed(2)} MB`);
console.log(`\nOpen ${relative(process.cwd(), page)} in a browser.`);
