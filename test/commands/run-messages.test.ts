// Each message about a run, set off by a real mistake at the command line, word for word.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { idxImages, idxLabels } from '../data/file-makers.js';
import { inFolder, runHere, SAMPLES } from './run-cli.js';

const MODEL = 'models/cnn_mnist/model.onnx';

/** Runs the words, in which DIR stands for the folder, and expects code 1, this text on stderr and nothing on stdout. */
async function refused(folder: string, words: string, text: string): Promise<void> {
  const { code, stdout, stderr } = await runHere(words.split(' ').map((w) => w.replaceAll('DIR', folder)));
  expect(stderr.replaceAll(folder, 'DIR')).toBe(`${text}\n`);
  expect([code, stdout]).toEqual([1, '']);
}

describe('before any work', () => {
  it('run/output-not-writable', () => inFolder((folder) => refused(folder, `compile ${MODEL} -o DIR/none/m.spk`,
    `error[run/output-not-writable] in DIR/none/m.spk: the result cannot be written here: the folder DIR/none is not there
  hint: name a file in a folder that exists and that you may write in, with room on its disk`)));

  it('run/unreadable', () => inFolder((folder) => refused(folder, `simulate DIR/none.spk --data ${SAMPLES.mnist}`,
    `error[run/unreadable] in DIR/none.spk: the file cannot be read: it does not exist
  hint: check the path; it is taken from the folder the command runs in`)));
});

describe('with a program', () => {
  it('run/unknown-pass, run/data-shape, run/rates-of-another-model, run/data-classes, run/ann-differs', () => inFolder(async (folder) => {
    writeFileSync(join(folder, 'm.spk'), 'older');
    await refused(folder, `compile ${MODEL} -o DIR/m.spk --print-after digest`,
      `error[run/unknown-pass] for --print-after: no pass is called "digest"
  hint: the passes of this compile were check-options, import, evaluate, drop-softmax, lower-interleaved, remove-transposes, normalise-reshapes, fold-batch-norm, lower-concat, fold-affine, lower-subtract, lower-pad, lower-max-pool, lower-average-pool, normal-form, normalisation, synthesise, calibrate, convert, check-reset, quantise, partition, place, route, weigh, emit`);
    expect(readFileSync(join(folder, 'm.spk'), 'utf8')).toBe('older');

    expect((await runHere(['compile', MODEL, '-o', join(folder, 'm.spk'), '--timesteps', '4'])).code).toBe(0);
    expect(existsSync(join(folder, 'm.compile.json'))).toBe(true);
    await refused(folder, `simulate DIR/m.spk --data ${SAMPLES.cifar}`,
      `error[run/data-shape] for --data: the images are 3 x 32 x 32, the program takes 1 x 28 x 28 (channels, rows, columns)
  hint: name the data set that the network was trained for`);

    expect((await runHere(['simulate', join(folder, 'm.spk'), '--data', SAMPLES.mnist, '--limit', '10', '--out', join(folder, 'run.json')])).code).toBe(0);
    await refused(folder, 'compile models/cnn_fashion/model.onnx -o DIR/f.spk --rates DIR/run.json',
      `error[run/rates-of-another-model] in DIR/run.json: the run is of a program of another model, "cnn_mnist": its spikes say nothing about models/cnn_fashion/model.onnx
  hint: name the file that \`simulate --out\` wrote for a program of this model file`);
    const placed = await runHere(['compile', MODEL, '-o', join(folder, 'placed.spk'), '--timesteps', '4', '--rates', join(folder, 'run.json'), '--json']);
    expect(JSON.parse(placed.stdout)).toMatchObject({ mapping: { rates: 'measured' } });
    expect((await runHere(['compile', MODEL, '-o', join(folder, 'placed.spk'), '--timesteps', '4', '--rates', join(folder, 'run.json')])).stdout).toMatch(/placed for\s+the\s+spikes\s+of[^]*private data read +yes/);

    writeFileSync(join(folder, 'i'), idxImages(2, 28, 28));
    writeFileSync(join(folder, 'l'), idxLabels([3, 47]));
    await refused(folder, 'simulate DIR/m.spk --data idx:DIR/i,DIR/l',
      `error[run/data-classes] for --data: the data have a class 47, the program tells 10 classes apart (0 to 9)
  hint: name the data set that the network was trained for`);

    await refused(folder, `simulate DIR/m.spk --data ${SAMPLES.mnist} --ann models/cnn_fashion/model.onnx`,
      `error[run/ann-differs] in models/cnn_fashion/model.onnx: this is not the model that the program was compiled from: its SHA-256 begins with ffd3c854e38d, the program names 753312215ca9
  hint: name the model file that was compiled, or compile this one`);
  }));
});
