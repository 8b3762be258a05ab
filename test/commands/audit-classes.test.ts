// `spikeveil audit classes`: a trained network and its program from files to tables, records and contact sheets, and refusals word for word.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isClassesRecord, type ClassesRecord } from '../../src/audit/records/classes.js';
import { CLASSES, shapes, SIDE } from '../audit/classes/shapes.js';
import { npyFile } from '../data/file-makers.js';
import { inFolder, runCli, runHere } from './run-cli.js';

const architecture = {
  name: 'shapes', image: [1, SIDE, SIDE], normalisation: { scale: 255, mean: [0.2], std: [0.35] }, timesteps: 4, code: 'direct',
  neuron: { model: 'if', reset: 'soft', start: 0.5 }, surrogate: { shape: 'triangle', width: 1 }, layers: [{ kind: 'fc', units: 24 }, { kind: 'fc', units: CLASSES }],
};

function spec(folder: string, name: string, count: number, seed: number): string {
  const { bytes, labels } = shapes(count, seed);
  writeFileSync(join(folder, `${name}.npy`), npyFile('|u1', [count, 1, SIDE, SIDE], [...bytes]));
  writeFileSync(join(folder, `${name}-labels.npy`), npyFile('<i4', [count], [...labels]));
  return `npy:${join(folder, `${name}.npy`)},${join(folder, `${name}-labels.npy`)}`;
}

interface Made { readonly net: string; readonly program: string; readonly members: string; readonly data: string }

async function made(folder: string): Promise<Made> {
  const [members, data] = [spec(folder, 'members', 320, 1), spec(folder, 'data', 480, 2)];
  writeFileSync(join(folder, 'a.json'), JSON.stringify(architecture));
  const [net, program] = [join(folder, 'net.snn'), join(folder, 'chip.spk')];
  const { code, stderr } = await runHere(['train', join(folder, 'a.json'), '--data', members, '-o', net, '--program', program, '--epochs', '6', '--batch', '32', '--workers', '1']);
  expect(code, stderr).toBe(0);
  return { net, program, members, data };
}

const SMALL = ['--seeds', '1', '--per-class', '2', '--steps', '12', '--restarts', '1', '--draws', '1', '--evaluator-epochs', '8', '--workers', '1'];
const said = (text: string): string => text.split('\n')[0];

it('tables, verdicts, records and sheets of a network and its program', () => inFolder(async (folder) => {
  const { net, program, members, data } = await made(folder);
  const out = join(folder, 'leakage');
  const words = ['audit', 'classes', net, `on the chip=${program}`, '--data', data, '--members', members, '--attacks', 'A,C', ...SMALL];
  const found = await runHere([...words, '-o', out, '--checkpoint', join(folder, 'kept')]);
  expect(found.code, found.stderr).toBe(0);
  for (const line of [
    /^suite +v1, 8 images an attack \(2 a class\), 1 seed, 12 steps, 1 restart$/m, /^net \(spiking network; right on \d+\.\d %, its weights read as an ANN on \d+\.\d %\)$/m,
    /^on the chip \(program; /m, /^floor: random images /m, /^ceiling: real images +\d+\.\d % /m, /^C rate equation, smooth prior +\d+\.\d % +-?\d\.\d\d \(no interval\) /m,
    /^verdict: (attack [AC] |no attack of suite v1 exceeded 0\.1)/m, /^subject +accuracy +as ANN +strongest attack /m,
  ]) expect(found.stdout).toMatch(line);
  expect(readdirSync(out).sort()).toEqual(['net.json', 'net.png', 'on-the-chip.json', 'on-the-chip.png']);
  const record = JSON.parse(readFileSync(join(out, 'on-the-chip.json'), 'utf8')) as ClassesRecord;
  expect(isClassesRecord(record)).toBe(true);
  expect(record).toMatchObject({ kind: 'classes', suite: 'v1', subject: { name: 'on the chip', kind: 'program' }, sheet: { file: 'on-the-chip.png', columns: 4 } });
  expect(record.attacks).toHaveLength(4);
  expect(record.sheet!.rows).toHaveLength(7);
  expect(record.cost!.subjects).toBe(2);
  expect([...readFileSync(join(out, 'net.png')).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);

  // a second run finds everything; a process of its own with two threads comes to the same figures
  const [again, json] = [await runHere([...words, '--checkpoint', join(folder, 'kept'), '--json']), await runCli([...words, '--attacks', 'A', '--json', '--workers', '2'])];
  expect(again.stderr).toMatch(/^3 of 11 attacks done\n11 of 11 attacks done\n$/);
  const figures = (text: string, id: string): unknown => (JSON.parse(text) as ClassesRecord[]).map((r) => r.attacks.filter((a) => a.id === id).map((a) => [a.name, a.figures, a.leakage]));
  expect(json.code, json.stderr).toBe(0);
  expect(figures(json.stdout, 'A')).toEqual(figures(again.stdout, 'A'));
}));

describe('what is refused', () => {
  it('in words', () => inFolder(async (folder) => {
    const { net, program, data } = await made(folder);
    const audit = (...words: string[]): ReturnType<typeof runHere> => runHere(['audit', 'classes', ...words, '--workers', '1']);
    const refused = async (...words: string[]): Promise<[number | null, string]> => {
      const { code, stderr } = await audit(...words);
      return [code, said(stderr)];
    };
    expect(await refused(net, '--data', data, '--per-class', '40')).toEqual([1, 'error[audit/too-few-real-images] for --data: class 0 has 120 real images, 160 are needed: for the evaluators to learn from, for the distances and for the ceiling']);
    expect(await refused(`x=${net}`, `x=${program}`, '--data', data)).toEqual([1, 'error[audit/subjects-alike]: two subjects are called x']);
    expect(await refused(net, '--data', data, '--members', data)).toEqual([1, expect.stringMatching(/^error\[audit\/split-not-disjoint\] for --data: 480 of the images of npy data\.npy are in npy data\.npy too: /)]);
    writeFileSync(join(folder, 'floats.npy'), npyFile('<f4', [8, 1, SIDE, SIDE], new Array(8 * SIDE * SIDE).fill(0.5)));
    writeFileSync(join(folder, 'eight.npy'), npyFile('<i4', [8], [0, 1, 2, 3, 0, 1, 2, 3]));
    expect(await refused(net, '--data', `npy:${join(folder, 'floats.npy')},${join(folder, 'eight.npy')}`)).toEqual([1, 'error[audit/data-not-bytes] for --data: the images are floats: they cannot be shown to evaluators and subjects with normalisations of their own']);
    expect(await refused(net, '--data', data, '-o', join(folder, 'no', 'where'))).toEqual([1, expect.stringContaining('error[run/output-not-writable]')]);
    expect(await refused(net, 'models/cnn_mnist/model.onnx', '--data', data)).toEqual([1, 'error[audit/subjects-differ]: cnn_mnist takes images of 1 x 28 x 28 and 10 classes, net images of 1 x 8 x 8 and 4 classes: their images cannot be compared']);
    expect((await audit(net)).code).toBe(2);
    expect((await audit(net, '--data', data, '--attacks', 'A,X')).stderr).toContain('Letters of the suite with commas between them are wanted: A,B,C,D,E,G.');
    expect((await audit(net, '--data', data, '--evaluators', '4')).stderr).toContain('An odd number is wanted: more than half of them decide.');
  }));
});
