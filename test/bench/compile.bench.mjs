// What compiling a network of VGG16's size takes: seconds, peak memory, bytes of program. Weights are
// shared, so the program must not grow with the synapses that a convolution stands for.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatCount, formatSeconds } from '../../dist/report/quantities.js';
import { vgg16Model } from './vgg16-model.mjs';

const child = fileURLToPath(new URL('./compile-child.mjs', import.meta.url));
const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Seconds of `fit`, the whole process. */
async function fitApart(model, target) {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-bench-'));
  try {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, model);
    const began = performance.now();
    const { stdout } = await run(process.execPath, [cli, 'fit', path, '--target', target, '--layout', 'NCHW', '--scale', '255', '--mean', '0.5', '--std', '0.25', '--json'], { maxBuffer: 2 ** 26 });
    return { seconds: (performance.now() - began) / 1000, fit: JSON.parse(stdout) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compileApart(model, target) {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-bench-'));
  try {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, model);
    return JSON.parse((await run(process.execPath, [child, path, target], { maxBuffer: 2 ** 26 })).stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function cases(options) {
  const narrow = options.quick ? 16 : 1;
  let whole;
  const vgg = () => (whole ??= compileApart(vgg16Model({ narrow }), 'loihi2'));
  return [
    {
      measure: 'compile of a VGG16-size network: seconds',
      run: async () => {
        const r = await vgg();
        const most = r.passes.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, 3).map((p) => `${p.name} ${formatSeconds(p.milliseconds / 1000)}`);
        return {
          value: r.seconds, unit: 's', bar: { atMost: 20 }, details: r,
          note: `${formatCount(r.parameters)} parameters, ${formatCount(r.neurons)} neurons, ${formatCount(r.synapses)} synapses on ${formatCount(r.cores)} cores of ${r.chips} chips; ${r.processorSeconds.toFixed(1)} s of processor time; ${most.join(', ')}`,
        };
      },
    },
    { measure: 'compile of a VGG16-size network: peak memory', run: async () => ({ value: (await vgg()).peakBytes, unit: 'B', bar: { atMost: 1.5e9 }, note: 'of the whole process, Node included' }) },
    {
      measure: 'compile of a VGG16-size network: bytes of program a parameter',
      run: async () => {
        const r = await vgg();
        return { value: r.programBytes / r.parameters, unit: 'B', bar: null, note: `${formatCount(r.programBytes)} bytes, ${(r.programBytes / r.synapses).toPrecision(2)} a synapse` };
      },
    },
    {
      measure: 'fit of a VGG16-size network: seconds',
      run: async () => {
        const { seconds, fit } = await fitApart(vgg16Model({ narrow }), 'loihi2');
        return { value: seconds, unit: 's', bar: { atMost: 1 }, note: `the whole process, Node included; ${formatCount(fit.parameters)} parameters, ${formatCount(fit.neurons)} neurons on ${formatCount(fit.cores)} cores` };
      },
    },
    {
      measure: 'compile, same weights on pictures of four times the area: growth of the program',
      run: async () => {
        // narrow, to be quick; on virtual cores: a real chip needs more cores for more neurons, and each core has an entry
        const at = (side) => compileApart(vgg16Model({ narrow: options.quick ? 16 : 8, side, pooled: true }), 'virtual');
        const [a, b] = [await at(32), await at(64)];
        return {
          value: b.programBytes / a.programBytes, unit: 'times', bar: { atMost: 1.01 },
          note: `synapses grow ${(b.synapses / a.synapses).toFixed(2)} times, from ${formatCount(a.synapses)} to ${formatCount(b.synapses)}`,
        };
      },
    },
  ];
}
