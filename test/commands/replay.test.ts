// `simulate --snapshot` and `replay` as a user meets them: the replay's arrays are those of the run, and each refusal says what to do.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runHere, SAMPLES, type Finished } from './run-cli.js';

let folder: string;
let program: string;
let taken: Finished;
const path = (name: string): string => join(folder, name);
const simulate = (...more: string[]): Promise<Finished> => runHere(['simulate', program, '--data', SAMPLES.mnist, '--limit', '4', '--workers', '1', '--timing', 'functional', ...more]);
const PROBES = ['--probe', '/2/Relu:0/all/all', '--probe', '/6/Relu:7'];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'replay-'));
  program = path('net.spk');
  expect((await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', program, '--timesteps', '6'])).code).toBe(0);
  taken = await simulate(...PROBES, '--probe-out', path('run'), '--snapshot', path('s'), '--at-step', '4', '--sample', '2');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One row of neurons from an array of the shape [samples, steps, neurons] of 32-bit numbers. */
function row(file: string, sample: number, step: number): Int32Array {
  const bytes = readFileSync(file);
  const start = 10 + bytes.readUInt16LE(8);
  const [, steps, neurons] = /\(([\d, ]+)\)/.exec(bytes.subarray(10, start).toString('latin1'))![1].split(',').map(Number);
  const from = start + 4 * (sample * steps + step) * neurons;
  return new Int32Array(Uint8Array.from(bytes.subarray(from, from + 4 * neurons)).buffer);
}

it('goes on where the snapshot was taken, with the potentials of the run', async () => {
  expect([taken.code, taken.stderr]).toEqual([0, `4 of 1000 images, spread over the classes\nwrote ${path('run')}\nwrote ${path('s')}\n`]);
  const { code, stdout, stderr } = await runHere(['replay', path('s'), program, '--steps', '3', ...PROBES, '--probe-out', path('again')]);
  expect([code, stderr]).toEqual([0, `wrote ${path('again')}\n`]);
  expect(stdout).toMatch(/^program cnn_mnist, image 2; an inference has 9 chip steps\n\nstep {2}layer +local +spikes +active +clipped +lowest v +highest v\n {3}4 {2}\/2\/Relu +4 +[\d,.]+ /);
  expect(stdout.split('\n').filter((l) => l.length > 80)).toEqual([]);
  // chip steps 4, 5, 6 are local steps 4, 5 of the first layer (it has 6) and 3, 4, 5 of the second
  for (const [layer, first, count] of [['_2_Relu', 4, 2], ['_6_Relu', 3, 3]] as const) {
    for (let k = 0; k < count; k++) expect(row(join(path('again'), `${layer}.v.npy`), 0, k), `${layer} ${k}`).toEqual(row(join(path('run'), `${layer}.v.npy`), 2, first + k));
  }
  const index = JSON.parse(readFileSync(join(path('again'), 'probes.json'), 'utf8')) as { layers: object[] };
  expect(index.layers).toMatchObject([{ layer: '/2/Relu', firstStep: 4, steps: 2 }, { layer: '/6/Relu', firstStep: 3, steps: 3 }]);
});

it('--json gives the rows, to the end of the inference at most', async () => {
  const { code, stdout } = await runHere(['replay', path('s'), program, '--steps', '1000', '--json']);
  const { steps, ...rest } = JSON.parse(stdout) as { steps: { step: number; layer: string; localStep: number; spikes: number }[] };
  expect([code, rest]).toEqual([0, { program: 'cnn_mnist', sample: 2, seed: 0, stepsPerInference: 9 }]);
  expect(steps.map((r) => r.step)).toEqual([4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 7, 7, 8]);
  expect(steps.at(-1)).toMatchObject({ layer: '/11/Gemm', localStep: 5, spikes: 0 });
  expect(steps[0].spikes).toBeGreaterThan(0);
});

it('refuses steps and images that are not there, before it simulates', async () => {
  expect(await simulate('--snapshot', path('t'), '--at-step', '9')).toEqual({ code: 1, stdout: '', stderr: '4 of 1000 images, spread over the classes\n'
    + 'error[observe/no-such-step] for --at-step: there is no step 9: an inference of this program has the steps 0 to 8\n  hint: those are chip steps: the time steps of a layer begin at its depth\n' });
  expect((await simulate('--snapshot', path('t'), '--at-step', '1', '--sample', '4')).stderr).toContain(
    'error[observe/no-such-sample] for --sample: there is no image 4: the run has the images 0 to 3\n  hint: name an image of this run; --limit takes fewer than the file has\n');
  expect(existsSync(path('t'))).toBe(false);
  expect(readdirSync(folder).filter((n) => n.endsWith('.tmp'))).toEqual([]);
});

it('refuses what is no snapshot, a damaged one, and one of another program', async () => {
  const first = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runHere(['replay', ...words]);
    expect([code, stdout, stderr.match(/^error/gm)?.length]).toEqual([1, '', 1]);
    return /^error\[[^\]]+\]/.exec(stderr)![0];
  };
  expect(await first(program, program)).toBe('error[observe/not-a-snapshot]');
  const bytes = readFileSync(path('s'));
  bytes[bytes.length - 5] ^= 4;
  writeFileSync(path('damaged'), bytes);
  expect(await first(path('damaged'), program)).toBe('error[observe/snapshot-damaged]');
  await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', path('other.spk'), '--timesteps', '5']);
  expect(await first(path('s'), path('other.spk'))).toBe('error[observe/other-program]');
  expect(await first(path('s'), path('s'))).toBe('error[program/not-a-program]');
  expect(await first(path('s'), program, '--probe', '/2/Rel:1', '--probe-out', path('q'))).toBe('error[observe/unknown-layer]');
  expect(existsSync(path('q'))).toBe(false);
});
