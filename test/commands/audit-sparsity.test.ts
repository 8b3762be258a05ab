// `spikeveil audit sparsity`: architectures from files to table, record, drawing and page, and refusals word for word.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSparsityRecord, type SparsityRecord } from '../../src/audit/records/sparsity.js';
import { modelFile, plainSpec } from '../compile/tiny-models.js';
import { inFolder, runHere } from './run-cli.js';
import { noiseData, trained } from './rememberer.js';

const words = (model: string, spec: string, more: string): string[] =>
  ['audit', 'sparsity', model, '--data', `${spec}:0-199`, '--test', `${spec}:200-299`, '--workers', '1', ...more.split(' ').filter((w) => w !== '')];
const first = ({ stderr }: { readonly stderr: string }): string => stderr.split('\n')[0];

describe('audit sparsity', () => {
  it('sweeps the architecture of a trained network, with its cost on the chip beside what leaks', () => inFolder(async (folder) => {
    const { spec, net } = await trained(folder, ['--epochs', '1']);
    const [out, plot, page] = ['s.json', 's.svg', 's.html'].map((f) => join(folder, f));
    const found = await runHere(words(net, spec, `--sparsities 0.9 --epochs 6 --batch 40 --learning-rate 0.03 --chip-images 8 --out ${out} --plot ${plot}`));
    expect(found.code, found.stderr).toBe(0);
    expect(found.stderr.trim().split('\n')).toEqual([...Array.from({ length: 12 }, (_, k) => `network ${k + 1} of 12 is trained`), `wrote ${out}`, `wrote ${plot}`]);
    expect(Math.max(...found.stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(100);
    for (const line of [/^architecture +of rememberer, spiking networks/m, /^networks +6 seeds, each learns 100 of 200 images of npy images.npy, images\s+0-199 for\s+6 epochs, dense ones for 1 more$/m, /^ +90\.0 % /m, /^AUC with sparsity +r = /m, /programs for loihi2, 3 time steps, 8 images/, /^No statement on sparsity and privacy/m]) expect(found.stdout).toMatch(line);
    const record = JSON.parse(readFileSync(out, 'utf8')) as SparsityRecord;
    expect(isSparsityRecord(record)).toBe(true);
    const [dense, pruned] = [record.dense, record.levels[0].pruned];
    expect(dense.areas[0].area.mean).toBeGreaterThan(0.6);
    expect(pruned.chip!.weights.mean).toBeLessThan(0.2 * dense.chip!.weights.mean);
    expect(pruned.chip!.synapticOps.mean).toBeLessThan(dense.chip!.synapticOps.mean);
    // what the page says of privacy is the record's verdict and nothing else
    expect((await runHere(['report', out, '-o', page])).code).toBe(0);
    const text = readFileSync(page, 'utf8');
    expect(text).toContain(`<p>${record.verdict}</p>`);
    expect(text.replaceAll(record.verdict, '')).not.toMatch(/more private|less private/);
    expect(readFileSync(plot, 'utf8')).toContain('dense, finished');
  }), 60_000);

  it('sweeps the architecture of an ONNX model', () => inFolder(async (folder) => {
    const found = await runHere(words(modelFile('swept', plainSpec()), noiseData(folder), '--layout NCHW --scale 32 --mean 4 --std 1 --sparsities 0.5 --structure filter --course one-shot --no-rewind --epochs 1 --chip-images 2 --timesteps 4 --target loihi1 --json'));
    expect(found.code, found.stderr).toBe(0);
    const record = JSON.parse(found.stdout) as SparsityRecord;
    expect(record.settings).toMatchObject({ structure: 'filter', course: 'one-shot', rewindEpochs: null, chip: { target: 'loihi1', images: 2, timesteps: 4 } });
    expect(record.subject.kind).toBe('ann');
    expect(record.levels[0].pruned.chip!.accuracy.values).toHaveLength(6);
  }), 60_000);

  it('refuses what cannot be swept', () => inFolder(async (folder) => {
    const { spec, net, program } = await trained(folder, ['--epochs', '1']);
    expect(first(await runHere(words(program, spec, '')))).toMatch(/^error\[learn\/not-a-trained-network\]/);
    expect(first(await runHere(['audit', 'sparsity', net, '--data', `${spec}:0-199`, '--test', `${spec}:150-299`]))).toBe('error[audit/test-in-pool] for --test: 50 of the 150 test images are among those that the networks learn from, pixel for pixel');
    for (const [more, says] of [
      ['--seeds 5', /whole number from 6 to 64/], ['--seeds 7', /even number/], ['--sparsities 0.9,0.5', /rising shares/], ['--sparsities 0,0.5', /rising shares/], ['--sparsities 0.5,1', /rising shares/],
      ['--structure filter --scope layer', /--scope with --structure filter/], ['--timesteps 4', /--timesteps with a \.snn file/], ['--chip-images 0 --target loihi1', /--target with --chip-images 0/],
    ] as const) {
      const { code, stderr } = await runHere(words(net, spec, more));
      expect([code, stderr], more).toEqual([2, expect.stringMatching(says)]);
    }
    writeFileSync(join(folder, 'bad.json'), JSON.stringify({ format: 'spikeveil-audit', version: 1, kind: 'sparsity' }));
    expect(first(await runHere(['report', join(folder, 'bad.json')]))).toMatch(/^error\[report\/not-an-audit\]/);
  }), 60_000);
});
