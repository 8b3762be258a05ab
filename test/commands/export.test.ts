// `spikeveil export`: the files of one image, and what it refuses.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileModel } from '../../src/compile.js';
import { readArchitecture, readNetwork } from '../../src/interop/read-sana-fe.js';
import { readProgram } from '../../src/program/read.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { loadTarget } from '../../src/target/load-target.js';
import { npyFile } from '../data/file-makers.js';
import { modelFile, plainSpec, randomBytes } from '../compile/tiny-models.js';
import { runExplicit } from '../interop/run-explicit.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, 'tiny.spk');
const out = join(folder, 'made', 'here');
const data = `npy:${join(folder, 'images.npy')},${join(folder, 'labels.npy')}`;
const { images } = randomBytes(3, [1, 6, 6], 3);

beforeAll(async () => {
  const { bytes } = await compileModel(modelFile('export', plainSpec()), { target: loadTarget('loihi1'), timesteps: 8, reset: 'hard', normalisation: { scale: 255, mean: [0.5], std: [0.25] } });
  writeFileSync(program, bytes);
  writeFileSync(join(folder, 'images.npy'), npyFile('|u1', [3, 1, 6, 6], [...images]));
  writeFileSync(join(folder, 'labels.npy'), npyFile('|u1', [3], [0, 1, 2]));
});

describe('export', () => {
  it('writes both files, which spike as the program does', async () => {
    const { code, stdout, stderr } = await runHere(['export', program, '--format', 'sana-fe', '-o', out, '--data', data, '--image', '1', '--profile', 'sanafe-nahuku', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const summary = JSON.parse(stdout) as { steps: number; synapses: number; files: string[]; profile: string };
    expect(summary).toMatchObject({ profile: 'sanafe-nahuku', files: [join(out, 'architecture.yaml'), join(out, 'network.yaml')] });
    const network = readNetwork(readFileSync(join(out, 'network.yaml'), 'utf8'));
    expect(readArchitecture(readFileSync(join(out, 'architecture.yaml'), 'utf8')).units.dense_synapse.energy_process_spike).toBe(35.5e-12);

    const { network: wanted } = readProgram(readFileSync(program), program);
    const image = Float32Array.from(images.subarray(36, 72), (b) => (b / 255 - 0.5) / 0.25);
    const expected = evaluateInteger(wanted, image, { seed: 0, sample: 1 });
    expect(expected.counters.populations.reduce((sum, p) => sum + p.saturations, 0)).toBe(0);
    const { spikes } = runExplicit(network, summary.steps);
    wanted.populations.forEach((p, i) => expected.spikes[i].forEach((step, t) => {
      const first = network.first.get(`p${i}`)!;
      expect([...spikes[t + p.depth + 1].subarray(first, first + step.length)]).toEqual([...step]);
    }));
    expect(expected.spikes.flat(2).some((s) => s.includes(1))).toBe(true);
  });

  it('says what it wrote, in lines that fit', async () => {
    const { code, stdout } = await runHere(['export', program, '-o', out, '--data', data]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^image +0\nprofile +davies2018\nsteps to run +\d+\nsynapses +[\d,]+\nhelpers /);
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(out))).toEqual([]);
  });

  it('refuses an image that is not there, a tool it does not know, and a folder that is a file', async () => {
    const missing = await runHere(['export', program, '-o', out, '--data', data, '--image', '3']);
    expect([missing.code, missing.stderr]).toEqual([1, 'error[interop/no-such-image] for --image: there is no image 3: the data set has 3, counted from 0\n  hint: choose a smaller number for --image\n']);
    expect((await runHere(['export', program, '-o', out, '--data', data, '--format', 'brian2'])).code).toBe(2);
    const file = await runHere(['export', program, '-o', program, '--data', data]);
    expect(file.code).toBe(1);
    expect(file.stderr).toContain('error[run/output-not-writable]');
  });
});
