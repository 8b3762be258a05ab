// `spikeveil prune`: ONNX and trained networks from file to file, into the chip, and every refusal word for word:
// learn/pruning-voids-certificate, learn/pruned-on-other-data, learn/rewind-differs, learn/layer-emptied.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainedNetwork } from '../../src/learn/trained-network-file.js';
import { readProgram } from '../../src/program/read.js';
import { modelFile, plainSpec } from '../compile/tiny-models.js';
import { architecture, noiseData, trained } from './rememberer.js';
import { inFolder, runHere, SAMPLES } from './run-cli.js';

const first = ({ stderr }: { readonly stderr: string }): string => stderr.split('\n')[0];
const bits = (path: string): number => readProgram(readFileSync(path), path).cores.reduce((sum, c) => sum + c.use.synapticBits, 0);

describe('prune', () => {
  it('writes a sparser ONNX model that compiles to less memory and answers nearly as well', () => inFolder(async (folder) => {
    const out = join(folder, 'sparse.onnx');
    const found = await runHere(['prune', 'models/cnn_mnist/model.onnx', '--sparsity', '0.7', '-o', out, '--test', `${SAMPLES.mnist}:0-199`, '--workers', '1']);
    expect([found.code, found.stderr]).toEqual([0, `wrote ${join(folder, 'sparse.model.json')}: \`compile ${out} --card ${join(folder, 'sparse.model.json')}\`\n`]);
    for (const line of [/^dropped +the smallest weights of all layers: [\d,]+ of 206,\d+ weights are\n +left, sparsity 70\.00 %$/m, /^trained +not at all: no image was read$/m, /^accuracy +9\d\.\d\d % of 200 images of /m]) expect(found.stdout).toMatch(line);
    const dense = join(folder, 'dense.spk');
    const sparse = join(folder, 'sparse.spk');
    const common = ['--timesteps', '8', '--placement-effort', '0', '--workers', '1'];
    expect((await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', dense, ...common])).code).toBe(0);
    const compiled = await runHere(['compile', out, '--card', join(folder, 'sparse.model.json'), '-o', sparse, ...common]);
    expect(compiled.code, compiled.stderr).toBe(0);
    expect(bits(sparse)).toBeLessThan(0.75 * bits(dense));
  }));

  it('trains what is left in rounds, from an earlier state, the same for any number of workers', () => inFolder(async (folder) => {
    const spec = noiseData(folder);
    const [early, late] = [modelFile('prune-early', plainSpec()), modelFile('prune-late', plainSpec([0.3, 0.1, 0, 0.2]))];
    const words = (out: string, workers: string): string[] => ['prune', late, '--sparsity', '0.6', '--rounds', '2', '--epochs', '1', '--data', `${spec}:0-119`, '--rewind', early, '-o', join(folder, out), '--layout', 'NCHW', '--scale', '32', '--mean', '4', '--std', '1', '--workers', workers, '--json'];
    const [one, two] = [await runHere(words('one.onnx', '1')), await runHere(words('two.onnx', '2'))];
    expect(one.code, one.stderr).toBe(0);
    const answer = JSON.parse(one.stdout) as { sparsity: number; sha256: string };
    expect(answer.sparsity).toBeCloseTo(0.6, 2);
    expect(answer.sha256).toBe((JSON.parse(two.stdout) as { sha256: string }).sha256);
    expect(answer.sha256).toBe(createHash('sha256').update(readFileSync(join(folder, 'one.onnx'))).digest('hex'));
  }));

  it('keeps the certificate of a private network, and refuses to train it on data', () => inFolder(async (folder) => {
    const spec = noiseData(folder);
    writeFileSync(join(folder, 'a.json'), JSON.stringify(architecture));
    const [net, out] = [join(folder, 'net.snn'), join(folder, 'sparse.snn')];
    await runHere(['train', join(folder, 'a.json'), '--data', `${spec}:0-119`, '-o', net, '--dp', '--epsilon', '2', '--delta', '1e-3', '--expected-batch', '40', '--epochs', '2', '--workers', '1']);
    const found = await runHere(['prune', net, '--sparsity', '0.5', '--structure', 'filter', '-o', out, '--workers', '1']);
    expect([found.code, found.stderr]).toEqual([0, '']);
    expect(found.stdout).toMatch(/^privacy +epsilon \d\.\d{4} at delta 0\.001, for one labelled image/m);
    const [before, after] = [net, out].map((p) => readTrainedNetwork(readFileSync(p), p));
    expect(after.training).toEqual(before.training);
    expect(after.training.certificate).not.toBeNull();
    expect(after.network).not.toEqual(before.network);
    const refused = await runHere(['prune', net, '--sparsity', '0.5', '-o', out, '--data', `${spec}:0-119`]);
    expect([refused.code, first(refused)]).toEqual([1, `error[learn/pruning-voids-certificate] for --data: training the pruned network would read data again: the certificate of this network (epsilon ${before.training.certificate!.epsilon} at delta 0.001) would no longer hold`]);
  }));

  it('trains a spiking network on its own data alone, and counts the steps', () => inFolder(async (folder) => {
    const { spec, net } = await trained(folder, ['--epochs', '2', '--batch', '30']);
    const out = join(folder, 'sparse.snn');
    const found = await runHere(['prune', net, '--sparsity', '0.5', '--structure', 'butterfly', '--rounds', '2', '--epochs', '3', '--batch', '40', '--data', `${spec}:0-119`, '-o', out, '--workers', '1', '--test', `${spec}:0-119`]);
    expect(found.code, found.stderr).toBe(0);
    expect(readTrainedNetwork(readFileSync(out), out).training).toMatchObject({ steps: 8 + 2 * 3 * 3, certificate: null });
    const other = await runHere(['prune', net, '--sparsity', '0.5', '--data', `${spec}:1-120`, '-o', out]);
    expect(first(other)).toMatch(/^error\[learn\/pruned-on-other-data\] for --data: the network was trained on 120 examples with SHA-256 [0-9a-f]{12}, these have [0-9a-f]{12}: its record names one data set, and with two it would say less than is true$/);
  }));

  it('refuses word for word', () => inFolder(async (folder) => {
    const spec = noiseData(folder);
    const model = modelFile('prune-refused', plainSpec());
    const out = join(folder, 'out.onnx');
    const reading = ['--layout', 'NCHW', '--scale', '32', '--mean', '4', '--std', '1'];
    const run = (...words: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => runHere(['prune', model, '-o', out, ...words]);
    const rewind = await run('--sparsity', '0.5', '--data', spec, '--rewind', 'models/cnn_mnist/model.onnx', ...reading);
    expect(first(rewind)).toMatch(/^error\[learn\/rewind-differs\] in models\/cnn_mnist\/model\.onnx: the weights to go back to are those of another network: it is a float network with layers of .*, not a float network with layers of 3 x 9, 4 x 27, 5 x 64$/);
    const emptied = await run('--sparsity', '0.99', ...reading);
    expect([emptied.code, first(emptied)]).toEqual([0, expect.stringMatching(/^warning\[learn\/layer-emptied\] at node ".+": none of the \d+ weights of layer .+ is left: the scores no longer depend on what is before it$/)]);
    for (const [words, said] of [
      [['--sparsity', '1'], /from 0 to below 1 is wanted/], [['--sparsity', '0.5', '--rounds', '3'], /--rounds without --data: nothing is trained/],
      [['--sparsity', '0.5', '--structure', 'filter', '--scope', 'layer'], /--scope with --structure filter/], [[], /required option '--sparsity/], [['--sparsity', '0.5', '-o', 'x.snn'], /its name ends in \.onnx/],
    ] as const) {
      const usage = await run(...words);
      expect([usage.code, said.test(usage.stderr)], usage.stderr).toEqual([2, true]);
    }
  }));
});
